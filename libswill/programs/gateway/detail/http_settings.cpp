#include "libswill/programs/gateway/detail/http_settings.hpp"

#include <algorithm>
#include <stdexcept>

namespace swill::programs {

void http_settings::add_to(command_line& program) {
  program.add({.name = "--static",
               .value = static_,
               .text = "serve the files of a directory at this path and below; repeatable",
               .unit = "PATH=DIRECTORY",
               .is_one_word = true});
  fallback_ = program.add({"--static-fallback", files_.fallback,
                           "the file below the directory of each --static that stands for paths of no file: "
                           "index.html for an application of one page",
                           "FILE"});
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

void http_settings::apply(app& a) const {
  for (const auto option : {fallback_, cache_}) require_effect(option, !static_.empty(), "without --static");
  for (const std::string& text : static_) {
    const auto at = text.find('=');
    if (at == std::string::npos || at + 1 == text.size())
      throw std::invalid_argument("--static: '" + text + "' is no PATH=DIRECTORY, such as /=/srv/www");
    a.add_route(detail::http_routes::directory{text.substr(0, at), text.substr(at + 1), files_, "--static"});
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
