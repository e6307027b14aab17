#include "actors/workers/worker_lane.hpp"

#include "libswill/wire/codec.hpp"
#include "libswill/wire/envelope.hpp"
#include "tests/actors/world.hpp"

#include <string>
#include <vector>

// What an image of a client's connection hands to the worker's app, and when.

namespace swill::actors::workers {
namespace {

using namespace swill::test;
using wire::request_type;

/// The gateway's end, which says what the test says.
class speaker final : public link_lane {
public:
  using link_lane::link_lane;
  const char* name() const override { return "test.gateway"; }
  void send(record kind, std::uint32_t seq, request_type type) {
    wire::writer w{begin_record(kind, 1, seq)};
    wire::write_request(w, seq, {}, "sum", type, {});
    end_record();
  }
  void connect() {
    wire::writer w{begin_record(record::connect, 1, 0)};
    wire::write_value(w, value::map({{"id", "c"}, {"target", "/ws"}}));
    end_record();
  }
  std::vector<std::uint32_t> bounced;
  std::vector<std::size_t> responses; ///< how many bytes each has

private:
  void on_record(record kind, std::uint32_t, std::uint32_t seq, bytes_view content,
                 const caf::strong_actor_ptr&) override {
    if (kind == record::bounce) bounced.push_back(seq);
    if (kind == record::response) responses.push_back(content.size());
  }
  void on_broken() override { FAIL(); }
};

/// The worker's app, which takes every connection and notes what it is handed: "7 cancel".
struct listener final : gate, message_sink {
  void on_handshake(std::shared_ptr<handshake> h) override { port = h->accept({}, *this); }
  void on_message(bytes_view message) override {
    const auto in = wire::decode_request(message, limits{});
    heard.push_back(std::to_string(in.envelope.seq) + (in.envelope.type == request_type::cancel ? " cancel" : ""));
  }
  void on_writable() override {}
  void on_closed(const close_reason&) override { port = nullptr; }
  message_port* port = nullptr;
  std::vector<std::string> heard;
};

using words = std::vector<std::string>;

struct ImagePort : testing::Test {
  app a;
  test_server s{a};
  unit& u = s.runtime().unit_of(s.loop());
  listener app_side;
  worker_options options;
  std::atomic<bool> leaving{false};
  caf::strong_actor_ptr worker_actor = spawn_on<worker_lane>(u, app_side, options, leaving);
  caf::strong_actor_ptr gateway_actor = spawn_on<speaker>(u, std::size_t{1} << 20);
  worker_lane& worker = as<worker_lane>(worker_actor);
  speaker& gateway = as<speaker>(gateway_actor);

  ImagePort() {
    worker.set_peer(gateway_actor);
    gateway.set_peer(worker_actor);
    gateway.connect();
    s.run();
  }
  ~ImagePort() override {
    worker.end();
    gateway.quit();
    s.run();
  }
};

TEST_F(ImagePort, PausesOfReadingNest) {
  app_side.port->pause_reading(true);
  app_side.port->pause_reading(true);
  gateway.send(record::open, 7, request_type::message);
  s.run();
  EXPECT_EQ(app_side.heard, words{});

  app_side.port->pause_reading(false);
  s.run();
  EXPECT_EQ(app_side.heard, words{});

  app_side.port->pause_reading(false);
  s.run();
  EXPECT_EQ(app_side.heard, words{"7"});
}

TEST_F(ImagePort, CancelOvertakesWhatWaits) {
  gateway.send(record::open, 7, request_type::metadata);
  s.run();
  app_side.port->pause_reading(true);
  gateway.send(record::further, 7, request_type::message);
  gateway.send(record::open, 8, request_type::message);
  gateway.send(record::further, 7, request_type::message);
  gateway.send(record::further, 7, request_type::cancel);
  s.run();
  EXPECT_EQ(app_side.heard, (words{"7", "7 cancel"}));

  app_side.port->pause_reading(false);
  s.run();
  EXPECT_EQ(app_side.heard, (words{"7", "7 cancel", "8"}));
}

/// A message of so many arrays within each other: a byte for each, and one for nil.
void write_nested(message_port& to, std::size_t levels) {
  wire::writer w{to.begin_message()};
  for (std::size_t i = 0; i < levels; ++i) w.array(1);
  w.nil();
  to.end_message();
}

TEST_F(ImagePort, SendsNothingThatTheGatewayCouldNotRead) {
  constexpr std::size_t most = wire::reader::deepest;

  write_nested(*app_side.port, most);
  EXPECT_THROW(write_nested(*app_side.port, most + 1), wire::encode_error);
  write_nested(*app_side.port, 1);
  s.run();

  EXPECT_EQ(gateway.responses, (std::vector<std::size_t>{most + 1, 2}));
}

TEST_F(ImagePort, RestOfAnUploadThatWasNotBegunOpensNothing) {
  leaving = true;
  gateway.send(record::open, 7, request_type::metadata);
  gateway.send(record::further, 7, request_type::message);
  gateway.send(record::further, 7, request_type::message);
  s.run();
  EXPECT_EQ(gateway.bounced, std::vector<std::uint32_t>{7});
  EXPECT_EQ(app_side.heard, words{});
}

} // namespace
} // namespace swill::actors::workers
