#pragma once

#include "actors/handle_actor.hpp"
#include "tests/actors/world.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

// What tests of actors that a server makes for its app share.

namespace swill::test {

/// What became of the actors that a test has made.
struct chronicle {
  int made = 0;
  int alive = 0;
  int most_alive = 0;
  std::map<std::string, int> alive_by_key;
  bool doubled = false; ///< two of one key at a time
};
/// Notes one of them.
struct life {
  explicit life(chronicle& c, std::string k = {}) : of(&c), key(std::move(k)) {
    ++of->made;
    of->most_alive = std::max(of->most_alive, ++of->alive);
    if (++of->alive_by_key[key] > 1) of->doubled = true;
  }
  life(const life&) = delete;
  life& operator=(const life&) = delete;
  ~life() {
    --of->alive;
    --of->alive_by_key[key];
  }
  chronicle* of;
  std::string key;
};
struct lives {
  std::unique_ptr<life> is;
  std::vector<caf::response_promise> open;
};

/// Answers v with v + 1; 0 never, -1 by throwing, -2 by dying with that of the others in its mailbox, -3 by ending well.
inline caf::behavior worker(caf::stateful_actor<lives>* self, chronicle* all) {
  self->state.is = std::make_unique<life>(*all);
  return {[self](int v) -> caf::result<int> {
    if (v == 0) {
      self->state.open.push_back(self->make_response_promise());
      return self->state.open.back();
    }
    if (v == -1) throw std::runtime_error("ill");
    if (v == -2) self->quit(caf::exit_reason::unhandled_exception);
    if (v == -3) self->quit();
    return v + 1;
  }};
}

struct Roster : testing::Test {
  chronicle all, others;
  logged_app a;
  std::optional<test_server> server;
  std::optional<test_client> client;

  test_client& serve() {
    server.emplace(a);
    return client.emplace(*server);
  }
  auto maker() {
    return [this](caf::stateful_actor<lives>* self) { return worker(self, &all); };
  }
  bool has_logged(const std::string& text) const {
    const strings lines = a.lines();
    return std::any_of(lines.begin(), lines.end(), [&](const auto& l) { return l.find(text) != std::string::npos; });
  }
  strings answer(std::uint64_t seq) { return arrived(*client, seq); }
  static int outcome_of(test_client& c, const char* rpc, int v) {
    try {
      return c.call<int>(rpc, v);
    } catch (const error& e) {
      return -static_cast<int>(e.code);
    }
  }
  void end() {
    client.reset();
    server.reset();
  }
};

} // namespace swill::test
