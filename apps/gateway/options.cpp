#include "apps/gateway/options.hpp"

#include "apps/gateway/limit_options.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>

namespace swill::gateway {

namespace {

constexpr std::array levels{log_level::trace, log_level::debug, log_level::info, log_level::warning, log_level::error};

std::vector<std::string> level_names() {
  std::vector<std::string> names;
  names.reserve(levels.size());
  for (const auto level : levels) names.emplace_back(name_of(level));
  return names;
}

log_level level_of(const std::string& name) {
  return *std::find_if(levels.begin(), levels.end(), [&name](log_level l) { return name_of(l) == name; });
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
  const auto set_level = [this](const std::string& name) { least_logged_ = level_of(name); };
  program.add_option_function<std::string>("--log-level", set_level, "least level of what is logged")
      ->envname("SWILL_LOG_LEVEL")
      ->check(CLI::IsMember(level_names()))
      ->default_str(std::string{name_of(least_logged_)});
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
