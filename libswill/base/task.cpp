#include "libswill/base/task.hpp"

#include <stdexcept>

namespace swill::detail {

void throw_no_result() { throw std::logic_error("a coroutine ended without co_return, so it has no result"); }

void throw_awaited_twice() { throw std::logic_error("a task is awaited once, and this one was before, or is empty"); }

void throw_wrong_frame() {
  throw std::logic_error("g++ 12 cannot compile this coroutine: it has a co_await in a condition, and no variable. "
                         "Declare one: while (auto item = co_await in.next()) {}");
}

} // namespace swill::detail
