#pragma once

#include "pubsub/options.hpp"
#include "sessions/options.hpp"

#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace caf {
class actor_system_config;
}

namespace swill {

class connections;
class pubsub;
class sessions;
namespace redis {
struct place;
}

/// An option that an application adds to its program: `{"--price-list", &file, "file with the prices"}`, which may also come from the environment,
/// as SWILL_PRICE_LIST. `value` gives what holds when it is not given, must outlive run(), and holds what was given when the application's function is
/// called: a switch, a text, or a text for each time that it was given.
struct program_option {
  std::string name;
  std::variant<bool*, std::string*, std::vector<std::string>*> value;
  std::string text; ///< for --help
};

/// What a program says of itself, and what holds in it where no option says otherwise.
struct program_settings {
  /// What --help says on top.
  std::string about{};
  /// What --version says; empty: the version of Swill.
  std::string version{};
  /// Commands of the tool `swill` that are shown to whoever starts a gateway at a terminal: "call shop.price '{\"sku\": \"ABC123\"}'".
  std::vector<std::string> examples{"ls"};
  /// Those of the application, beside the library's.
  std::vector<program_option> options{};
  /// What holds for sessions where no option says otherwise.
  session_options sessions{};
  /// The same for topics.
  pubsub_options topics{};
  /// server_options::actor_system of its server.
  std::shared_ptr<caf::actor_system_config> actor_system{};
};

/// What the nodes share: in the Redis that --redis names, else in the memory of this process. The application may keep copies of the pointers;
/// the app owns what they point to, too.
struct backends {
  std::shared_ptr<swill::sessions> sessions;
  std::shared_ptr<swill::pubsub> pubsub;
  std::shared_ptr<swill::connections> connections; ///< of a gateway; none in a worker
  const redis::place* redis = nullptr; ///< for what else is kept there; null: memory. Lives until run() returns
};

namespace programs {

class command_line;

/// The application's own options, after all others. Throws std::invalid_argument for one that the program has already.
void add_own_options(command_line& program, const program_settings& s);

/// The last part of argv[0].
std::string program_name(int argc, const char* const* argv);

} // namespace programs
} // namespace swill
