// The code of docs/handlers.md about actors, compiled and run over a socket. See handlers_test.cpp.
#include "actors/actor_stream.hpp"
#include "actors/handle_actor.hpp"
#include "libswill/api/app.hpp"
#include "libswill/server/server.hpp"
#include "libswill/server/test_client.hpp"
#include "libswill/wire/codec.hpp"
#include "libswill/wire/envelope.hpp"
#include "tests/support/raw_client.hpp"

#include <caf/all.hpp>
#include <gmock/gmock.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

// [message]
struct basket {
  std::string sku;
  int quantity = 1;
};

template <class D>
void describe(D& d, basket& b) {
  d.field("sku", b.sku);
  d.field("quantity", b.quantity, swill::ge{1});
}

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(basket) // stays in this process; to travel to another it needs inspect() and a name
// [/message]

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(swill::value)

namespace {

using namespace std::chrono_literals;
using swill::value;

// --- What the handlers are

// [unary]
caf::behavior pricing() {
  return {[](const basket& b) -> caf::result<double> {
    if (b.sku == "XYZ000") return swill::to_caf(swill::error{swill::error_code::conflict, "sold out"});
    return 2.5 * b.quantity;
  }};
}

// A typed actor does as well.
using stock = caf::typed_actor<caf::replies_to<std::string>::with<std::int32_t>>;

stock::behavior_type count_stock() {
  return {[](const std::string& sku) -> std::int32_t { return sku == "ABC123" ? 5 : 0; }};
}
// [/unary]

// [ask]
swill::task<double> worth_of(caf::actor prices, stock on_stock, swill::request<std::string> r) {
  const std::int32_t pieces = co_await swill::ask<std::int32_t>(on_stock, 1s, r.data());
  if (pieces == 0) co_return 0;
  const basket all{r.data(), pieces};
  co_return co_await swill::ask<double>(prices, 2s, all);
}
// [/ask]

// [trace]
caf::behavior pricing_on_record(caf::event_based_actor* self, swill::log_sink log) {
  return {[self, log](const basket& b) {
    log({.text = "priced " + b.sku, .trace = swill::trace_of(self->current_sender())});
    return 2.5 * b.quantity;
  }};
}
// [/trace]

caf::behavior echo_any() {
  return {[](value v) { return v; }};
}

// [download]
caf::behavior countdown(caf::event_based_actor* self) {
  return swill::streaming(self, [](swill::outgoing<std::int32_t> to, std::int32_t from) {
    if (from < 0) return to.fail(swill::error{400, "from must not be negative"});
    to.produce([from]() mutable { return from > 0 ? std::optional{from--} : std::nullopt; });
  });
}
// [/download]

// [upload]
caf::behavior add_up(caf::event_based_actor* self) {
  return swill::streaming(self, [](swill::incoming<double> from) {
    const auto sum = std::make_shared<double>(0);
    from.on_item([sum](double n) { *sum += n; });
    from.on_end([sum] { return *sum; }); // the response
  });
}
// [/upload]

// --- A client that sends envelopes and looks at what comes

class client {
public:
  explicit client(const swill::server& s) : line_("127.0.0.1:" + std::to_string(s.port())) {
    if (line_.upgrade().status != 101) throw std::runtime_error("no upgrade");
  }
  template <class T>
  void send(std::uint64_t seq, std::string_view rpc, const T& data,
            swill::wire::request_type type = swill::wire::request_type::message) {
    swill::buffer encoded, out;
    swill::wire::writer data_writer{encoded}, w{out};
    swill::encode_message(data_writer, data);
    swill::wire::write_request(w, seq, encoded.view(), rpc, type);
    line_.send_message(swill::as_text(out.view()));
  }
  void end(std::uint64_t seq, std::string_view rpc) {
    send(seq, rpc, swill::nothing{}, swill::wire::request_type::end_of_stream);
  }

  /// The next envelope's type and data.
  std::pair<int, value> receive() {
    const std::string message = line_.read_message();
    const auto in = swill::wire::decode_response(swill::as_bytes(message), swill::limits{});
    swill::wire::reader data{in.envelope.data};
    value v;
    swill::wire::read_value(data, v, 32);
    return {static_cast<int>(in.envelope.type), v};
  }
  template <class T>
  value call(std::string_view rpc, const T& data) {
    send(++last_, rpc, data);
    return receive().second;
  }
  std::uint64_t last_ = 0;

private:
  swill::test::raw_client line_;
};

// --- They serve

TEST(HandlerActors, Serve) {
  // [serve]
  swill::app app;
  swill::server server{app, {.listen = {"127.0.0.1:0"}}}; // its actor system is there from now on

  const caf::actor prices = server.system().spawn(pricing);
  const stock on_stock = server.system().spawn(count_stock);

  app.handle_actor<basket, double>("price", prices, swill::actor_options{.timeout = 2s});
  app.handle_actor("stock", on_stock); // typed, with one message type: it says itself what it takes and gives
  app.handle("worth",
             [prices, on_stock](swill::request<std::string> r) { return worth_of(prices, on_stock, std::move(r)); });

  server.start();
  // [/serve]
  std::optional<client> line{server};
  client& c = *line;

  EXPECT_EQ(c.call("price", basket{"ABC123", 4}), value{10.0});
  EXPECT_EQ(*c.call("price", basket{"XYZ000", 1}).find("code"), value{409});
  EXPECT_EQ(c.call("stock", std::string{"ABC123"}), value{5});
  EXPECT_EQ(c.call("worth", std::string{"ABC123"}), value{12.5});
  EXPECT_EQ(c.call("worth", std::string{"other"}), value{0.0});
  line.reset();
  // [end]
  caf::anon_send_exit(prices, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(on_stock, caf::exit_reason::user_shutdown);
  server.stop(); // waits for them
  // [/end]
}

TEST(HandlerActors, KnowTheTraceOfTheRequest) {
  swill::app app;
  swill::test_server server;
  std::vector<std::string> lines;
  const caf::actor prices =
      server.system().spawn(pricing_on_record, swill::log_sink{[&lines](const swill::log_entry& e) {
                              lines.push_back(std::string{e.text} + " " + std::string{e.trace});
                            }});
  app.handle_actor<basket, double>("price", prices, swill::actor_options{});
  server.serve(app);
  swill::test_client client{server};
  const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  client.call<double>("price", basket{"ABC123", 4}, {"traceparent", "00-" + trace + "-00f067aa0ba902b7-01"});
  EXPECT_THAT(lines, testing::ElementsAre("priced ABC123 " + trace));
}

TEST(HandlerActors, ServeWhatTheyDoNotKnow) {
  swill::app app;
  swill::server server{app, {.listen = {"127.0.0.1:0"}}};
  const caf::actor any = server.system().spawn(echo_any);
  // [dynamic]
  app.handle_actor<value, value>("anything", any, swill::actor_options{});
  // [/dynamic]
  server.start();
  client c{server};

  EXPECT_EQ(c.call("anything", value::array({1, "two", nullptr})), value::array({1, "two", nullptr}));
  caf::anon_send_exit(any, caf::exit_reason::user_shutdown);
}

// [test]
TEST(HandlerActors, TellPrices) {
  swill::app app;
  swill::test_server server;
  const caf::actor prices = server.system().spawn(pricing);
  app.handle_actor<basket, double>("price", prices, swill::actor_options{});
  server.serve(app);
  swill::test_client client{server};

  EXPECT_EQ(client.call<double>("price", basket{"ABC123", 4}), 10.0);
}
// [/test]

TEST(HandlerActors, Stream) {
  swill::app app;
  swill::server server{app, {.listen = {"127.0.0.1:0"}}};
  const caf::actor down = server.system().spawn(countdown);
  const caf::actor up = server.system().spawn(add_up);
  // [serve-streams]
  app.handle_actor<std::int32_t, swill::stream_of<std::int32_t>>("countdown", down, swill::actor_options{.window = 2});
  app.handle_actor<swill::stream_of<double>, double>("add_up", up, swill::actor_options{});
  // [/serve-streams]
  server.start();
  client c{server};

  c.send(1, "countdown", 3);
  EXPECT_EQ(c.receive(), (std::pair<int, value>{0, 3}));
  EXPECT_EQ(c.receive(), (std::pair<int, value>{0, 2}));
  EXPECT_EQ(c.receive(), (std::pair<int, value>{0, 1}));
  EXPECT_EQ(c.receive(), (std::pair<int, value>{1, {}}));
  c.send(2, "countdown", -1);
  EXPECT_EQ(*c.receive().second.find("code"), value{400});

  c.send(3, "add_up", 1.5);
  c.send(3, "add_up", 2.5);
  c.end(3, "add_up");
  EXPECT_EQ(c.receive(), (std::pair<int, value>{0, 4.0}));
  caf::anon_send_exit(down, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(up, caf::exit_reason::user_shutdown);
}

} // namespace
