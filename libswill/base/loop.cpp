#include "libswill/base/loop.hpp"

#include <future>
#include <memory>

namespace swill {

namespace {

std::future<void> begin_on(loop& l, std::function<void()> f) {
  const auto job = std::make_shared<std::packaged_task<void()>>(std::move(f)); // with the loop until it has run
  std::future<void> ran = job->get_future();
  if (l.is_current()) {
    (*job)();
  } else {
    l.post([job] { (*job)(); });
  }
  return ran;
}

} // namespace

void run_on(loop& l, std::function<void()> f) { begin_on(l, std::move(f)).get(); }

void run_on(loop& l, std::function<void()> f, std::chrono::milliseconds longest) {
  begin_on(l, std::move(f)).wait_for(longest);
}

} // namespace swill
