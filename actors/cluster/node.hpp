#pragma once

#include "libswill/base/mistakes.hpp"

#include <string>
#include <string_view>

namespace swill {

/// One of the nodes that work together: a process with a server.
struct node_info {
  std::string id;
  std::string name; ///< what it is called; empty when that is not known
  bool operator==(const node_info&) const = default;
};

/// A node with a new id, and the name that node_name_or_host gives.
node_info make_node(const std::string& name);
/// What a node is called that was given this name: that, or, when it is empty, what the host is called.
std::string node_name_or_host(const std::string& name);
/// Adds a mistake for a name that no node can have.
void check_node_name(std::string path, std::string_view name, mistake_list& out);

} // namespace swill
