#pragma once

#include "libswill/base/http.hpp"
#include "libswill/base/mistakes.hpp"

#include <string>
#include <vector>

namespace swill::detail {

/// What an app serves by HTTP beside its handlers.
struct http_routes {
  struct function {
    std::string path;
    http_handler f;
    http_listeners where = http_listeners::all;
  };
  struct directory {
    std::string path;
    std::string name;
    file_options options;
  };

  std::vector<function> functions;
  std::vector<directory> directories;

  /// Adds what cannot be meant: two of one path, paths that no request has, directories that are not there.
  void check(mistake_list& out) const;
  /// Adds those that have one of these paths, which the server needs itself.
  void check_taken(const std::vector<std::string>& taken, mistake_list& out) const;
};

/// Why no request has such a path; empty where one may.
std::string problem_of_path(const std::string& path);

} // namespace swill::detail
