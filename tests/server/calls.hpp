#pragma once

#include "libswill/server/test_client.hpp"

#include "libswill/base/await.hpp"
#include "libswill/wire/envelope.hpp"
#include "tests/support/counted.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>
#include <string>
#include <vector>

// What tests of calls share. In a test, declare what handlers refer to first, then the app, the server, the clients.

namespace swill::test {

/// An app that keeps its log.
class logged_app : public app {
public:
  logged_app() {
    limits().connections = 100; // fits into any limit of descriptors, so that the log says nothing about it
    set_log([this](const log_entry& e) {
      const std::lock_guard lock{mutex_};
      lines_.push_back(std::string{name_of(e.level)} + " " + std::string{e.text});
    });
  }
  std::vector<std::string> lines() const {
    const std::lock_guard lock{mutex_};
    return lines_;
  }

private:
  mutable std::mutex mutex_; // guards lines_
  std::vector<std::string> lines_;
};

/// Keeps how requests ended, by the hook after_request.
struct outcomes {
  std::vector<std::string> seen;
  void note(const context& c, const outcome& o) {
    static constexpr const char* names[] = {"ok", "error", "cancelled"};
    std::string text = std::string{c.rpc()} + " " + names[static_cast<int>(o.how)];
    if (o.how == outcome::kind::error) text += " " + std::to_string(o.code);
    seen.push_back(std::move(text));
  }
  void listen(app& a) {
    a.after_request([this](context& c, const outcome& o) { note(c, o); });
  }
};

/// The swill::error that f throws.
template <class F>
error error_of(F f) {
  try {
    f();
  } catch (const error& e) {
    return e;
  }
  ADD_FAILURE() << "no error was thrown";
  return {0, "no error"};
}

template <class T>
bytes encoded(const T& v) {
  return detail::encoded_message(v);
}

/// Any envelope, right or wrong; it arrives with the next turn of the server.
inline void send_envelope(test_client& c, std::uint64_t seq, std::string_view rpc, wire::request_type type,
                          const bytes& data = {}, const metadata& m = {}) {
  buffer map;
  if (!m.empty()) {
    wire::writer w{map};
    m.encode(w);
  }
  buffer out;
  wire::writer w{out};
  wire::write_request(w, seq, data, rpc, type, map.view());
  c.pipe().send(out.view());
}

template <class T>
void send_message(test_client& c, std::uint64_t seq, std::string_view rpc, const T& data, const metadata& m = {}) {
  send_envelope(c, seq, rpc, wire::request_type::message, encoded(data), m);
}

/// All envelopes that are there for a seq, in short: "m:1" (an int item), "end", "meta", "e:404", with "+l" and "+t" for metadata.
inline std::vector<std::string> arrived(test_client& c, std::uint64_t seq) {
  std::vector<std::string> out;
  while (const auto r = c.receive(seq)) {
    std::string text;
    switch (r->type) {
      case wire::response_type::message: text = "m:" + to_text(r->as<value>()); break;
      case wire::response_type::end_of_stream: text = "end"; break;
      case wire::response_type::metadata: text = "meta"; break;
      case wire::response_type::error: text = "e:" + std::to_string(r->failure->code); break;
    }
    if (!r->leading.empty()) text += "+l";
    if (!r->trailing.empty()) text += "+t";
    out.push_back(std::move(text));
  }
  return out;
}

using strings = std::vector<std::string>;

} // namespace swill::test
