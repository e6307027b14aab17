#include "libswill/programs/gateway/detail/http_settings.hpp"

#include "libswill/base/printable.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace swill::programs {

void http_settings::add_to(command_line& program) {
  program.add({.name = "--static",
               .value = static_,
               .text = "serve the files of a directory at this path and below; repeatable",
               .unit = "PATH=DIRECTORY",
               .is_one_word = true});
  fallback_ = program.add({.name = "--static-fallback",
                           .value = fallbacks_,
                           .text = "the file below the directory of each --static that stands for paths of no file: "
                                   "index.html for an application of one page; PATH=FILE: only of the one at PATH, "
                                   "whatever is said of all; repeatable",
                           .unit = "[PATH=]FILE",
                           .is_one_word = true});
  cache_ = program.add({.name = "--static-cache-control",
                        .value = files_.cache_control,
                        .text = "what Cache-Control says of files; empty: nothing",
                        .unit = "TEXT",
                        .may_be_empty = true});
  program.add({.name = "--internal-listen",
               .value = internal_,
               .text = "as --listen, for those who run the gateway: /livez and /readyz, and no WebSocket; repeatable",
               .unit = "ADDRESS",
               .is_one_word = true});
  program.add({"--health", health_, "answer /livez and /readyz where clients come, too"});
}

/// "/app=index.html", which is of the files at "/app" alone; "index.html" is of all. No name of a file below a directory begins with a slash.
struct http_settings::fallback {
  explicit fallback(std::string_view text)
      : path(text.starts_with('/') ? text.substr(0, text.find('=')) : std::string_view{}),
        file(path.empty() || path.size() == text.size() ? text : text.substr(path.size() + 1)) {}

  std::string_view path; ///< empty: of all
  std::string_view file;
};

void http_settings::check_fallbacks() const {
  std::vector<std::string_view> seen;
  for (const std::string& text : fallbacks_) {
    const std::string is = "--static-fallback: '" + printable(text) + "' ";
    const fallback f{text};
    const std::string path = printable(f.path);
    if (f.file.empty() || f.path.size() == text.size())
      throw std::invalid_argument(is + "is neither FILE nor PATH=FILE, such as index.html or /=index.html");
    if (!f.path.empty() && !has(f.path))
      throw std::invalid_argument(is + "is of the files at " + path + ", and there is no --static " + path +
                                  "=DIRECTORY; the PATH of one that is given would be right");
    if (std::find(seen.begin(), seen.end(), f.path) != seen.end())
      throw std::invalid_argument(is + "is the second of " + (path.empty() ? "all directories" : path) +
                                  "; one would be right");
    seen.push_back(f.path);
  }
}

std::string http_settings::fallback_of(std::string_view path) const {
  std::string of_all;
  for (const std::string& text : fallbacks_) {
    const fallback f{text};
    if (f.path == path) return std::string{f.file};
    if (f.path.empty()) of_all = f.file;
  }
  return of_all;
}

void http_settings::apply(app& a) const {
  for (const auto option : {fallback_, cache_}) require_effect(option, !static_.empty(), "without --static");
  check_fallbacks();
  for (const std::string& text : static_) {
    const auto at = text.find('=');
    if (at == std::string::npos || at + 1 == text.size())
      throw std::invalid_argument("--static: '" + text + "' is no PATH=DIRECTORY, such as /=/srv/www");
    file_options files = files_;
    files.fallback = fallback_of(text.substr(0, at));
    a.add_route(detail::http_routes::directory{text.substr(0, at), text.substr(at + 1), std::move(files), "--static"});
  }
}

void http_settings::add_to(listening_places& all) const {
  for (const std::string& address : internal_) all.add("--internal-listen", address);
}

void http_settings::apply(server_options& o) const {
  for (const std::string& address : internal_) {
    require_address("--internal-listen", address);
    o.listen.push_back(internal_listener(address));
  }
  o.health = health_;
}

bool http_settings::has(std::string_view path) const {
  return std::any_of(static_.begin(), static_.end(),
                     [path](std::string_view text) { return text.substr(0, text.find('=')) == path; });
}

} // namespace swill::programs
