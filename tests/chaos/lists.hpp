#pragma once

#include <map>
#include <string>

// Who is there, as gateways tell it.

namespace swill::chaos {

/// Ids of connections, by their users.
using ids_by_user = std::multimap<std::string, std::string>;

/// The members of the topic, as one gateway knows them; nothing when it does not answer.
ids_by_user present(const std::string& gateway, const std::string& topic);

/// The connections that are subscribed to the topic, on all nodes, as one gateway lists them; nothing when it does not answer, or misses
/// the answer of another.
ids_by_user listed(const std::string& gateway, const std::string& topic);

} // namespace swill::chaos
