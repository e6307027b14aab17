#include "actors/workers/remote_handlers.hpp"

#include "libswill/wire/codec.hpp"
#include "libswill/wire/envelope.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/workers/world.hpp"

#include <atomic>

// Uploads to workers that are refused, by the gateway or by the worker: the rest of one never is the whole of another.

namespace swill {
namespace {

using namespace worker_tests;
using wire::request_type;

/// A client that goes on with an upload whatever it is told.
class stubborn_client {
public:
  explicit stubborn_client(const gateway_world& g) : raw_("127.0.0.1:" + std::to_string(g.host->port())) {
    raw_.upgrade();
  }
  void send(std::uint64_t seq, const std::string& rpc, std::optional<int> item) {
    buffer data;
    if (item) {
      wire::writer w{data};
      wire::write_value(w, value{*item});
    }
    buffer out;
    wire::writer w{out};
    wire::write_request(w, seq, data.view(), rpc, item ? request_type::message : request_type::end_of_stream, {});
    raw_.send_message(as_text(out.view()));
  }
  struct answer {
    std::uint64_t seq = 0;
    wire::response_type type = wire::response_type::message;
    value data;
  };
  answer read() {
    const std::string message = raw_.read_message();
    const auto in = wire::decode_response(as_bytes(message), limits{});
    answer out{in.envelope.seq, in.envelope.type, {}};
    wire::reader from{in.envelope.data};
    EXPECT_TRUE(wire::read_value(from, out.data, wire::reader::deepest));
    return out;
  }

private:
  test::raw_client raw_;
};

std::int64_t code_in(const stubborn_client::answer& a) {
  const value* code = a.data.find("code");
  const auto* n = a.type == wire::response_type::error && code != nullptr ? code->get_if<std::int64_t>() : nullptr;
  return n != nullptr ? *n : 0;
}

struct counted_sum {
  std::atomic<int> opened{0};
  void operator()(app& a) {
    a.handle("sum", [this](streaming_request<int> in) -> task<int> {
      ++opened;
      int sum = 0;
      while (const auto i = co_await in.next()) sum += *i;
      co_return sum;
    });
  }
};

class UploadBeforeItsWorker : public testing::TestWithParam<std::chrono::milliseconds> {};

TEST_P(UploadBeforeItsWorker, IsRefusedAsAWhole) {
  gateway_world g{
      {.first_workers = GetParam()}, 1, [](app& a) { a.handle("here", [](request<int> r) { return r.data(); }); }};
  stubborn_client c{g};
  c.send(5, "sum", 1);
  const auto refused = c.read();
  EXPECT_EQ(refused.seq, 5U);
  EXPECT_EQ(code_in(refused), GetParam() > 0ms ? 503 : 404);

  counted_sum sum;
  worker_world w{[&](app& a) { sum(a); }, {.gateways = {g.worker_address()}}};
  blocking_client other{g.url()};
  ASSERT_TRUE(serves(other, "sum"));
  for (int i = 2; i < 100; ++i) c.send(5, "sum", i);
  c.send(5, "sum", std::nullopt);
  c.send(6, "here", 7);

  const auto next = c.read();
  EXPECT_EQ(next.seq, 6U) << "nothing more is said of the upload";
  EXPECT_EQ(sum.opened, 0);
  // After its end its number is free.
  c.send(5, "sum", 40);
  c.send(5, "sum", 2);
  c.send(5, "sum", std::nullopt);
  const auto sum_of_all = c.read();
  EXPECT_EQ(sum_of_all.seq, 5U);
  EXPECT_EQ(sum_of_all.data, value{42});
}

INSTANTIATE_TEST_SUITE_P(At, UploadBeforeItsWorker, testing::Values(0ms, 3600000ms),
                         [](const auto& p) { return p.param > 0ms ? "AGatewayThatAwaitsWorkers" : "AGateway"; });

TEST(WorkerUploads, RefusedByTheWorkerIsRefusedAsAWhole) {
  gateway_world g{{}, 1, [](app& a) { a.handle("here", [](request<int> r) { return r.data(); }); }};
  counted_sum sum;
  std::atomic<int> refusals{1};
  worker_world w{[&](app& a) {
                   sum(a);
                   a.before_request([&](context&) {
                     if (refusals-- > 0) throw error{429, "not now"};
                   });
                 },
                 {.gateways = {g.worker_address()}}};
  blocking_client other{g.url()};
  ASSERT_TRUE(serves(other, "sum"));
  stubborn_client c{g};
  for (int i = 1; i < 100; ++i) c.send(5, "sum", i);
  const auto refused = c.read();
  EXPECT_EQ(refused.seq, 5U);
  EXPECT_EQ(code_in(refused), 429);
  for (int i = 1; i < 100; ++i) c.send(5, "sum", i);
  c.send(5, "sum", std::nullopt);
  c.send(6, "here", 7);

  EXPECT_EQ(c.read().seq, 6U);
  EXPECT_EQ(sum.opened, 0);
  EXPECT_EQ((other.upload<int, int>("sum").finish()), 0);
}

} // namespace
} // namespace swill
