#include "apps/conformance/handlers.hpp"
#include "apps/conformance/types.hpp"

#include <chrono>
#include <thread>

namespace swill::conformance {

namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

task<slow> sleep_a_little(request<integer> r) {
  const integer before = r.data();
  co_await sleep_for(300ms); // of this request's own: its neighbours go on
  co_return slow{before, r.data(), r.context().is_cancelled()};
}

/// Blocks its thread, as a slow computation or an old database driver would.
integer block(request<integer> r) {
  std::this_thread::sleep_for(milliseconds{r.data()});
  return r.data();
}

bytes make_blob(request<integer> n) { return bytes(static_cast<std::size_t>(n.data()), std::byte{0xab}); }

} // namespace

void add_timing_handlers(app& to, hook_log& log) {
  to.handle("slow", sleep_a_little);
  to.handle("sleep_ms", [&log](request<integer> r) -> task<integer> {
    const end_of_handler end{log, r.context()};
    co_await sleep_for(milliseconds{r.data()});
    co_return r.data();
  });
  to.handle("block_ms", blocking(block));
  to.handle("blob", make_blob);
  to.handle("blob_len", [](request<bytes> r) { return r.data().size(); });
}

} // namespace swill::conformance
