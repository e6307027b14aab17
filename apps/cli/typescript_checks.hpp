#pragma once

#include "apps/cli/described_api.hpp"
#include "apps/cli/type_names.hpp"

#include <string>

namespace swill::cli {

/// Whether a server may refuse what a function of that type of message sends: nil, and what is not looked at, it takes.
bool may_be_refused(const schema::node& type);

/// Functions that say what the server would refuse, in its words: one for each struct that is sent, and one for each handler. They use
/// `@swill/swill/check` by the name `is`. Empty when there is nothing to check.
std::string typescript_checks(const described_api& api, const type_names& names, bool has_types);

} // namespace swill::cli
