#include "apps/gateway/options.hpp"

#include "apps/gateway/limit_options.hpp"

#include <CLI/CLI.hpp>

#include <map>

namespace swill::gateway {

namespace {

std::map<std::string, log_level> log_levels() {
  std::map<std::string, log_level> all;
  for (const auto level : {log_level::trace, log_level::debug, log_level::info, log_level::warning, log_level::error}) {
    all.emplace(name_of(level), level);
  }
  return all;
}

} // namespace

void options::add_to(CLI::App& program) {
  listen_.add_to(program);
  program.add_option("--workers", workers_, "threads for blocking handlers; 0: as many as cores, at least 4")
      ->envname("SWILL_WORKERS")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  program
      .add_option("--origin", origins_,
                  "browsers may come from here, such as https://example.org; repeatable; none: from anywhere")
      ->envname("SWILL_ORIGIN")
      ->delimiter(',')
      ->take_all();
  program.add_option("--path", path_, "of the WebSocket endpoint")->envname("SWILL_PATH")->capture_default_str();
  program.add_option("--log-level", least_logged_, "least level of what is logged")
      ->envname("SWILL_LOG_LEVEL")
      ->transform(CLI::CheckedTransformer(log_levels()).description("trace, debug, info, warning, error"))
      ->default_str(std::string{name_of(least_logged_)});
  program.add_flag("--debug", debug_, "tell clients what went wrong inside; not for strangers to see")
      ->envname("SWILL_DEBUG");
  add_limit_options(program, limits_);
}

server_options options::server() const {
  server_options out = listen_.server();
  out.workers = workers_;
  out.origins = origins_;
  out.path = path_;
  return out;
}

} // namespace swill::gateway
