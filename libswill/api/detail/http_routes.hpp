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
    std::string giver{}; ///< what has given it, for mistakes: "the playground"; empty: app.http
  };
  struct directory {
    std::string path;
    std::string name;
    file_options options;
    /// The option of a command line that has given it, for mistakes: "--static". What is wrong with a member of `options` is told of the
    /// option with that member's name at its end: "--static-fallback". Empty: app.files.
    std::string option{};
  };
  /// A path that the server needs itself, and what it is there: "the path of the WebSocket endpoint".
  struct taken_path {
    std::string path;
    std::string what;
  };

  std::vector<function> functions;
  std::vector<directory> directories;

  /// Adds what cannot be meant: two of one path, paths that no request has, directories that are not there.
  void check(mistake_list& out) const;
  /// Adds those that have one of these paths.
  void check_taken(const std::vector<taken_path>& taken, mistake_list& out) const;
};

/// Why no request has such a path; empty where one may.
std::string problem_of_path(const std::string& path);

} // namespace swill::detail
