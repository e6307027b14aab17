// A worker that tests start beside them, stop and kill: GATEWAY,... NAME KIND SECRET.
#include "actors/workers/worker.hpp"
#include "libswill/server/server.hpp"
#include "libswill/swill.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

namespace {

using namespace swill;
using namespace std::chrono_literals;

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream in{text};
  for (std::string word; std::getline(in, word, ',');) out.push_back(word);
  return out;
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const std::string name = argv[2];
  const std::string kind = argv[3];
  app a;
  a.set_log(stderr_log(log_level::error));
  if (kind == "other types") {
    a.handle("who", [](request<int>) { return 1; });
    a.handle("own", [](request<>) { return 1; });
  } else {
    a.handle("who", [name](request<>) { return name; });
    a.handle("sleepy",
             [name](request<>) -> task<std::string> {
               co_await sleep_for(1h);
               co_return name;
             },
             {.idempotent = true});
    a.handle("sleepy_once", [](request<>) -> task<int> {
      co_await sleep_for(1h);
      co_return 1;
    });
    a.handle("forever", [](request<>) -> stream<int> {
      co_yield 0;
      co_await sleep_for(1h);
    });
    a.handle("sum", [](streaming_request<int> in) -> task<int> {
      int n = 0;
      while (const auto i = co_await in.next()) n += *i;
      co_return n;
    });
    a.handle("mirror", [](streaming_request<int> in) -> stream<int> {
      while (const auto i = co_await in.next()) co_yield *i;
    });
    const auto flooded = std::make_shared<std::int64_t>(0); // its one loop's
    a.handle("flood", [flooded](request<>) -> stream<std::string> {
      const std::string item(1000, 'x');
      for (;; ++*flooded) co_yield item;
    });
    a.handle("flooded", [flooded](request<>) { return *flooded; });
    // Answers by name at once when told so, and waits when it is the first: so that a retry can be seen.
    a.handle("first_waits",
             [name](request<std::string> r) -> task<std::string> {
               const std::string waits = r.data();
               if (name == waits) co_await sleep_for(1h);
               co_return name;
             },
             {.idempotent = true});
    a.handle("heard_then_waits",
             [name](request<std::string> r) -> task<std::string> {
               co_await r.context().send_leading(metadata{"by", name});
               if (name == r.data()) co_await sleep_for(1h);
               co_return name;
             },
             {.idempotent = true});
    a.handle("first_waits_then_echoes",
             [name](request<std::string> r) -> task<std::string> {
               if (r.data().starts_with(name)) co_await sleep_for(1h);
               co_return name + " " + r.data();
             },
             {.idempotent = true});
    a.handle("short_nap", [](request<int> r) -> task<int> {
      co_await sleep_for(std::chrono::milliseconds{r.data()});
      co_return 7;
    });
  }
  a.use(std::make_shared<worker>(worker_options{.gateways = split(argv[1]),
                                                .secret = argv[4],
                                                .name = name,
                                                .health_name = {},
                                                .first_pause = 10ms,
                                                .longest_pause = 100ms}));
  server{a, {.listen = {}, .io_threads = 1}}.run();
}
