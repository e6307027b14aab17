#include "actors/workers/unary_exchange.hpp"

#include "libswill/api/types/codec.hpp"
#include "libswill/wire/envelope.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/workers/worker_process.hpp"
#include "tests/workers/world.hpp"

#include <atomic>

// Calls of one message each way: what they carry beside it, hooks of the gateway, and workers that go.

namespace swill {
namespace {

using namespace worker_tests;

/// Envelopes by hand, to see each one that comes.
class envelopes {
public:
  explicit envelopes(const gateway_world& g) : client_("127.0.0.1:" + std::to_string(g.host->port())) {
    client_.upgrade();
  }
  void send(std::uint64_t seq, const std::string& rpc, const value& data) {
    buffer encoded, request;
    wire::writer inner{encoded}, to{request};
    encode_message(inner, data);
    wire::write_request(to, seq, encoded.view(), rpc);
    client_.send_message(as_text(request.view()));
  }
  /// Borrows until the next one.
  wire::response_envelope next() {
    last_ = client_.read_message();
    const auto in = wire::decode_response(as_bytes(last_), limits{});
    EXPECT_EQ(in.status, wire::decode_status::ok);
    return in.envelope;
  }

private:
  test::raw_client client_;
  std::string last_;
};

template <class T>
T in(bytes_view encoded) {
  T out{};
  std::optional<error> failure;
  EXPECT_TRUE(decode_message(encoded, limits{}, out, failure));
  return out;
}

metadata map_in(bytes_view encoded) {
  metadata m;
  EXPECT_TRUE(metadata::decode(encoded, limits{}, m));
  return m;
}

void serve_metadata(app& a) {
  a.handle("early", [](request<int> r) -> task<int> {
    co_await r.context().send_leading(metadata{"first", 1});
    r.context().trailing().set("last", 2);
    co_return r.data() + 1;
  });
  a.handle("with", [](request<int> r) {
    r.context().set_leading(metadata{"first", 1});
    return r.data() + 1;
  });
  a.handle("text", [](request<std::string> r) { return r.data() + "!"; });
}

TEST(UnaryExchange, CarriesMetadataBeforeAndWithItsMessage) {
  gateway_world g;
  worker_world w{serve_metadata, {.gateways = {g.worker_address()}}};
  blocking_client c{g.url()};
  ASSERT_TRUE(serves(c, "text"));
  envelopes e{g};

  e.send(1, "early", 4);
  auto r = e.next();
  EXPECT_EQ(r.type, wire::response_type::metadata);
  EXPECT_EQ(*map_in(r.leading).find("first"), value{1});
  r = e.next();
  EXPECT_EQ(r.type, wire::response_type::message);
  EXPECT_TRUE(r.leading.empty());
  EXPECT_EQ(*map_in(r.trailing).find("last"), value{2});
  EXPECT_EQ(in<int>(r.data), 5);

  e.send(2, "with", 5);
  r = e.next();
  EXPECT_EQ(r.type, wire::response_type::message);
  EXPECT_EQ(*map_in(r.leading).find("first"), value{1});
  EXPECT_EQ(in<int>(r.data), 6);
}

TEST(UnaryExchange, HooksOfTheGatewayMayChangeMessagesAndWait) {
  gateway_world g{{}, 2, [](app& a) {
                    a.before_request_message([](context&, any_message& m) {
                      if (m.to_value() == value{"ask"}) m.assign("asked");
                    });
                    a.before_leading_metadata([](context&, metadata& m) -> task<void> {
                      co_await sleep_for(1ms); // the worker's message comes meanwhile
                      m.set("hook", true);
                    });
                    a.before_response_message([](context&, any_message& m) -> task<void> {
                      co_await sleep_for(1ms);
                      if (m.to_value() == value{"asked!"}) m.assign("answered");
                    });
                  }};
  worker_world w{serve_metadata, {.gateways = {g.worker_address()}}};
  blocking_client c{g.url()};
  ASSERT_TRUE(serves(c, "text"));

  EXPECT_EQ(c.call<std::string>("text", std::string{"ask"}), "answered");
  EXPECT_EQ(c.call<std::string>("text", std::string(1000, 'x')), std::string(1000, 'x') + "!");
  EXPECT_EQ(c.try_call<std::string>("text", 5).error().code, 422);
  envelopes e{g};
  e.send(1, "early", 4);
  auto r = e.next();
  EXPECT_EQ(r.type, wire::response_type::metadata);
  EXPECT_EQ(*map_in(r.leading).find("hook"), value{true});
  r = e.next();
  EXPECT_EQ(in<int>(r.data), 5);
}

TEST(UnaryExchange, AHookThatRefusesLeadingMetadataEndsTheCall) {
  gateway_world g{{}, 1, [](app& a) {
                    a.before_leading_metadata([](context&, metadata& m) -> task<void> {
                      co_await sleep_for(1ms);
                      if (m.find("first") != nullptr) throw error{403, "not that"};
                    });
                  }};
  worker_world w{serve_metadata, {.gateways = {g.worker_address()}}};
  blocking_client c{g.url()};
  ASSERT_TRUE(serves(c, "text"));

  EXPECT_EQ(c.try_call<int>("early", 1).error().code, 403);
  EXPECT_EQ(c.call<std::string>("text", std::string{"a"}), "a!");
}

TEST(UnaryExchange, IsNotAskedAgainOnceTheClientHasHeardOfIt) {
  gateway_world g;
  worker_process one{g.worker_address(), "one"};
  blocking_client c{g.url()};
  ASSERT_TRUE(serves(c, "heard_then_waits"));
  envelopes e{g};
  e.send(1, "heard_then_waits", "one");
  EXPECT_EQ(e.next().type, wire::response_type::metadata);
  worker_process two{g.worker_address(), "two"};
  ASSERT_TRUE(g.log.wait_for("worker two serves"));

  one.send(SIGKILL);

  const auto r = e.next();
  EXPECT_EQ(r.type, wire::response_type::error);
  EXPECT_EQ(*in<value>(r.data).find("code"), value{503});
}

TEST(UnaryExchange, IsAskedAgainWithAllOfItsMessage) {
  gateway_world g;
  worker_process one{g.worker_address(), "one"};
  blocking_client c{g.url()};
  ASSERT_TRUE(serves(c, "first_waits_then_echoes"));
  envelopes e{g};
  const std::string text = "one " + std::string(5000, 'x');
  e.send(1, "first_waits_then_echoes", text);
  e.send(2, "who", nullptr); // has gone the same way, so the one before has arrived
  EXPECT_EQ(in<std::string>(e.next().data), "one");
  worker_process two{g.worker_address(), "two"};
  ASSERT_TRUE(g.log.wait_for("worker two serves"));

  one.send(SIGKILL);

  EXPECT_EQ(in<std::string>(e.next().data), "two " + text);
}

} // namespace
} // namespace swill
