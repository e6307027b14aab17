#include "tests/server/calls.hpp"

#include <functional>
#include <map>
#include <random>

// A message that its handler's decoder is the first to look at (wire::usual_request) is served or refused as one that was looked at before: an
// array header that is longer than it needs to be makes any envelope one of the latter.

namespace swill {
namespace {

using namespace test;

struct part {
  std::int32_t n = 0;
  std::optional<std::string> text;
  std::vector<part> parts;
};
template <class D>
void describe(D& d, part& p) {
  d.field("n", p.n, ge{-5});
  d.field("text", p.text);
  d.field("parts", p.parts, defaulted{});
}

struct whole {
  std::variant<std::int64_t, std::string, std::vector<bool>, part> any;
  std::map<std::string, std::uint16_t> counts;
  value free;
  raw kept;
  std::chrono::sys_time<std::chrono::nanoseconds> when{};
};
template <class D>
void describe(D& d, whole& w) {
  d.field("any", w.any, defaulted{});
  d.field("counts", w.counts, defaulted{});
  d.field("free", w.free, defaulted{});
  d.field("kept", w.kept, defaulted{});
  d.field("when", w.when, defaulted{});
}

struct strict_pair {
  std::pair<int, double> both;
  bytes data;
};
template <class D>
void describe(D& d, strict_pair& p) {
  d.strict();
  d.field("both", p.both);
  d.field("data", p.data);
}

struct reading_app : logged_app {
  int served = 0;
  bool refuses = false; ///< the hook before requests
  bool waits = false;   ///< the one that may
  int hooks = 0;        ///< what they have seen
  reading_app() {
    limits().nesting = 6;
    limits().elements_on_loop = 40;
    limits().elements = 60;
    limits().decoded_size = 4096;
    add<std::pair<int, int>>("pair");
    add<part>("part");
    add<whole>("whole");
    add<strict_pair>("strict");
    add<value>("value");
    add<std::vector<std::optional<std::int64_t>>>("numbers");
    handle("later", [this](request<whole> r) -> task<bytes> {
      co_await sleep_for(std::chrono::milliseconds{0});
      ++served;
      co_return detail::encoded_message(r.data());
    });
    handle("items", [this](streaming_request<part> in) -> task<int> {
      int n = 0;
      while (const auto p = co_await in.next()) {
        ++served;
        n += p->n;
      }
      co_return n;
    });
    blueprint hooked{"hooked"};
    hooked.before_request([this](context&) {
      ++hooks;
      if (refuses) throw error{error_code::forbidden, "not now"};
    });
    hooked.after_request([this](context&, const outcome& o) {
      hooks += 10 * (1 + static_cast<int>(o.how)) + 100 * static_cast<int>(o.items_in + 2 * o.items_out);
    });
    hooked.handle("part", [this](request<part> r) {
      ++served;
      return detail::encoded_message(r.data());
    });
    hooked.handle("later", [this](request<whole> r) -> task<bytes> {
      ++served;
      co_return detail::encoded_message(r.data());
    });
    mount(std::move(hooked));
    blueprint awaited{"awaited"};
    awaited.before_request([this](context&) -> task<void> {
      ++hooks;
      if (waits) co_await sleep_for(std::chrono::milliseconds{0});
      if (waits && refuses) throw error{error_code::forbidden, "not now"};
    });
    awaited.before_request([this](context&) {
      ++hooks;
      if (refuses) throw error{error_code::forbidden, "not now, either"};
    });
    awaited.before_request_message([this](context&, any_message& m) { hooks += 1000 + (m.get_if<part>() ? 1 : 0); });
    awaited.after_request([this](context&, const outcome& o) {
      hooks += 10 * (1 + static_cast<int>(o.how)) + 100 * static_cast<int>(o.items_in + 2 * o.items_out) +
               100'000 * static_cast<int>(o.bytes_in);
    });
    awaited.handle("part", [this](request<part> r) {
      ++served;
      return detail::encoded_message(r.data());
    });
    mount(std::move(awaited));
  }
  template <class T>
  void add(std::string_view name) {
    handle(name, [this](request<T> r) {
      ++served;
      return detail::encoded_message(r.data());
    });
  }
};

std::string hex_of(const std::optional<bytes>& b) { return b ? to_text(value{*b}, 1 << 16) : std::string{}; }

/// A connection, and what became of what was sent to it.
struct line {
  reading_app& app;
  test_server& server;
  std::optional<test_client> client;
  bool goes_on = true; ///< the last message was served, and nothing was said of it

  void prime(const std::string& rpc, const bytes& good) {
    if (client && !client->pipe().closed() && (rpc != "items" || goes_on)) return;
    client.emplace(server);
    send(0x93, envelope(1, rpc, good));
  }
  static bytes envelope(std::uint8_t seq, const std::string& rpc, const bytes& data) {
    buffer out;
    wire::writer to{out};
    wire::write_request(to, seq, data, rpc);
    return {out.view().begin() + 1, out.view().end()};
  }
  /// What the server says, and how many functions it has called, for that array header before an envelope.
  std::string send(unsigned header, const bytes& rest) {
    const int before = app.served;
    app.hooks = 0;
    bytes message;
    if (header < 0x100)
      message = {static_cast<std::byte>(header)};
    else
      message = {std::byte{0xdc}, std::byte{0}, static_cast<std::byte>(header & 0xfU)};
    message.insert(message.end(), rest.begin(), rest.end());
    client->pipe().send(message);
    server.run();
    std::string said = std::to_string(app.served - before);
    while (const auto answer = client->pipe().receive()) said += " " + hex_of(answer);
    if (const auto why = client->pipe().closed()) said += " closed " + std::to_string(why->code) + why->reason;
    if (app.hooks != 0) said += " hooks " + std::to_string(app.hooks);
    goes_on = said == "1";
    return said;
  }
};

using random_source = std::mt19937;

std::size_t up_to(random_source& r, std::size_t n) { return std::uniform_int_distribution<std::size_t>{0, n}(r); }

/// Some bytes of what is valid changed, left out, doubled, or in the middle of it.
bytes spoiled(random_source& r, bytes b) {
  for (std::size_t times = up_to(r, 3); times != 0 && !b.empty(); --times) {
    const auto at = b.begin() + static_cast<std::ptrdiff_t>(up_to(r, b.size() - 1));
    static constexpr unsigned telling[] = {0x00, 0x01, 0x7f, 0x80, 0x81, 0x90, 0x91, 0x95, 0xa0, 0xa1, 0xc0,
                                           0xc1, 0xc2, 0xc4, 0xc7, 0xca, 0xcb, 0xcc, 0xcd, 0xcf, 0xd0, 0xd3,
                                           0xd4, 0xd6, 0xd9, 0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0xe0, 0xff};
    const auto some = static_cast<std::byte>(up_to(r, 1) == 0 ? telling[up_to(r, std::size(telling) - 1)]
                                                              : static_cast<unsigned>(up_to(r, 255)));
    switch (up_to(r, 4)) {
      case 0: *at = some; break;
      case 1: b.erase(at); break;
      case 2: b.insert(at, some); break;
      case 3: b.insert(at, up_to(r, 12), some); break;
      default: {
        const bytes tail(at, b.end());
        b.insert(b.begin() + static_cast<std::ptrdiff_t>(up_to(r, b.size() - 1)), tail.begin(),
                 tail.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(tail.size(), up_to(r, 20))));
      }
    }
  }
  return b;
}

part some_part(random_source& r, int levels) {
  part p;
  p.n = static_cast<std::int32_t>(up_to(r, 300)) - 8;
  if (up_to(r, 1) == 0) p.text = std::string(up_to(r, 40), 'x');
  for (std::size_t n = levels == 0 ? 0 : up_to(r, 3); n != 0; --n) p.parts.push_back(some_part(r, levels - 1));
  return p;
}

whole some_whole(random_source& r) {
  whole w;
  switch (up_to(r, 3)) {
    case 0: w.any = std::int64_t{1} << up_to(r, 40); break;
    case 1: w.any = "text"; break;
    case 2: w.any = std::vector<bool>(up_to(r, 20), true); break;
    default: w.any = some_part(r, 2);
  }
  for (std::size_t n = up_to(r, 6); n != 0; --n) w.counts[std::string(n, 'k')] = static_cast<std::uint16_t>(n * 9000);
  w.free = value::array({value::map({{"a", 1.5}}), value::array({}), "b"});
  w.kept.data = detail::encoded_message(some_part(r, 1));
  return w;
}

bytes some_data(random_source& r, const std::string& rpc) {
  using detail::encoded_message;
  if (rpc == "pair") return encoded_message(std::pair{static_cast<int>(up_to(r, 1 << 20)), -3});
  if (rpc == "part" || rpc == "items" || rpc.ends_with(".part")) return encoded_message(some_part(r, 4));
  if (rpc == "whole" || rpc.ends_with("later"))
    return up_to(r, 9) == 0 ? bytes{std::byte{0xc0}} : encoded_message(some_whole(r));
  if (rpc == "strict") return encoded_message(strict_pair{{7, 0.5}, bytes(up_to(r, 300))});
  if (rpc == "value") return encoded_message(some_whole(r));
  return encoded_message(std::vector<std::optional<std::int64_t>>(up_to(r, 70), 1000));
}

class DecodedOnce : public testing::TestWithParam<const char*> {};

TEST_P(DecodedOnce, IsServedAndRefusedAsIfLookedAtBefore) {
  const std::string rpc = GetParam();
  random_source r{20261126};
  reading_app a;
  test_server s{a};
  line at_once{a, s, {}}, looked_at{a, s, {}};
  const bytes good = detail::encoded_message(value::map({{"n", 1}, {"any", 1}}));
  int refused = 0;
  int answered = 0;

  for (int i = 0; i < 4000; ++i) {
    at_once.prime(rpc, good);
    looked_at.prime(rpc, good);
    const bool spoils_all = up_to(r, 2) == 0;
    bytes data = some_data(r, rpc);
    if (!spoils_all) data = spoiled(r, std::move(data));
    bytes rest = line::envelope(rpc == "items" ? 1 : 2, rpc, data);
    const unsigned more = static_cast<unsigned>(up_to(r, 8)); // the type, and the metadata, as they are left out
    const unsigned elements = more == 1 ? 4 : more == 2 ? 5 : 3;
    if (elements >= 4) rest.push_back(std::byte{0});
    if (elements == 5) rest.push_back(std::byte{0xc0});
    if (spoils_all) rest = spoiled(r, std::move(rest));

    a.refuses = up_to(r, 5) == 0;
    a.waits = up_to(r, 2) == 0;
    const std::string one = at_once.send(0x90U | elements, rest);
    const std::string other = looked_at.send(0x100U | elements, rest);

    ASSERT_EQ(one, other) << i << ": " << hex_of(rest);
    ++(one.front() == '0' ? refused : answered);
  }
  EXPECT_GT(refused, 300);
  EXPECT_GT(answered, 300);
}

INSTANTIATE_TEST_SUITE_P(Types, DecodedOnce,
                         testing::Values("pair", "part", "whole", "strict", "value", "numbers", "later", "items",
                                         "hooked.part", "hooked.later", "awaited.part"));

} // namespace
} // namespace swill
