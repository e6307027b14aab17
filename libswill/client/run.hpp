#pragma once

#include "libswill/base/scope.hpp"
#include "libswill/base/task.hpp"
#include "libswill/net/event_loop.hpp"

#include <utility>

namespace swill {

namespace client_detail {

/// Stops the loop when its task has ended.
template <class T>
class main_scope final : public scope {
public:
  main_scope(net::event_loop& l, task<T>& t) : scope(l), loop_(l), task_(t) {}

protected:
  void on_idle() override {
    if (task_.done()) loop_.stop();
  }

private:
  net::event_loop& loop_;
  task<T>& task_;
};

} // namespace client_detail

/// Runs a coroutine on this thread, which is the loop's until it has ended; gives its value, or throws what it threw. `on_start` gets
/// its scope, to cancel it by a post to the loop. For main() and for tests. Once for each loop.
template <class T, class OnStart>
T run_client(net::event_loop& l, task<T> t, const OnStart& on_start) {
  client_detail::main_scope<T> s{l, t};
  on_start(s);
  l.post([&] { t.start(s); });
  l.run();
  return t.take();
}
template <class T>
T run_client(net::event_loop& l, task<T> t) {
  return run_client(l, std::move(t), [](scope&) {});
}

} // namespace swill
