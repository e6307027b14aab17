#include "libswill/base/trace.hpp"

#include "libswill/base/error.hpp"
#include "libswill/base/printable.hpp"
#include "libswill/base/symbols.hpp"

#include <dlfcn.h>
#include <execinfo.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <cxxabi.h>
#include <new>
#include <typeinfo>

namespace swill {

namespace detail {

/// The stack of one throw.
struct recorded_throw {
  std::array<void*, 48> frames{};
  int count = 0;
  const void* thrower = nullptr; ///< the frame that throws: those before it are ours
  const void* object = nullptr;
  const std::type_info* type = nullptr;

  bool is_of(const std::exception_ptr& e) const noexcept;
  std::string text() const;
};

} // namespace detail

namespace {

constinit thread_local int armed = 0;
constinit thread_local detail::recorded_throw last_throw;

/// The thrown object, whose address is all that an exception_ptr of libstdc++ holds.
const void* object_of(const std::exception_ptr& e) noexcept {
  static_assert(sizeof e == sizeof(const void*));
  const void* object = nullptr;
  std::memcpy(&object, &e, sizeof object); // NOLINT(bugprone-undefined-memory-manipulation): it is looked at only
  return object;
}

bool is_expected(const std::type_info& thrown, void* object) {
  for (const std::type_info* known : {&typeid(error), &typeid(cancelled), &typeid(close_connection)}) {
    void* adjusted = object;
    if (known->__do_catch(&thrown, &adjusted, 1)) return true;
  }
  return false;
}

} // namespace

namespace detail {

// An object that was not thrown here may have the address of an earlier one. Seldom has it its type as well.
bool recorded_throw::is_of(const std::exception_ptr& e) const noexcept {
  return object != nullptr && object == object_of(e) && *type == *e.__cxa_exception_type();
}

std::string recorded_throw::text() const {
  std::string out;
  auto first = frames.begin();
  const auto end = frames.begin() + count;
  if (const auto found = std::find(first, end, thrower); found != end) first = found;
  for (; first != end; ++first) append_frame(out, *first);
  return out;
}

carried_exception::carried_exception() noexcept = default;
carried_exception::~carried_exception() = default;

void carried_exception::capture() noexcept {
  exception_ = std::current_exception();
  if (!last_throw.is_of(exception_)) return;
  record_.reset(new (std::nothrow) recorded_throw{last_throw});
  last_throw.object = nullptr; // it may die elsewhere, which nobody tells this thread
}

void carried_exception::rethrow() const {
  if (record_ != nullptr) last_throw = *record_;
  std::rethrow_exception(exception_);
}

} // namespace detail

trace_scope::trace_scope() noexcept { ++armed; }
trace_scope::~trace_scope() { --armed; }

/// Called for every throw of this process, before the exception is on its way. `thrower` is the return address of __cxa_throw.
void record_throw(void* object, const std::type_info* type, const void* thrower) noexcept {
  if (armed == 0 || is_expected(*type, object)) {
    if (last_throw.object == object) last_throw.object = nullptr; // its address is in use again
    return;
  }
  last_throw.count = backtrace(last_throw.frames.data(), static_cast<int>(last_throw.frames.size()));
  last_throw.thrower = thrower;
  last_throw.object = object;
  last_throw.type = type;
}

std::string name_exception(const std::exception_ptr& e) {
  try {
    std::rethrow_exception(e);
  } catch (const std::exception& known) {
    return detail::demangled(typeid(known).name()) + ": " + printable(known.what());
  } catch (...) {
    const std::type_info* type = abi::__cxa_current_exception_type();
    return type != nullptr ? "exception of type " + detail::demangled(type->name()) : "exception of unknown type";
  }
}

std::string describe_exception(std::exception_ptr e) {
  std::string out = name_exception(e);
  return last_throw.is_of(e) ? out + last_throw.text() : out;
}

} // namespace swill

// The C++ runtime calls this for `throw`. Ours records the stack, then the runtime's own goes on. Linked into a program, it comes before
// libstdc++'s, which is what the Itanium C++ ABI's symbol lookup makes possible. The compilers declare it on their own, each with another
// type.
#ifdef __clang__
using thrown_type = std::type_info;
#else
using thrown_type = void;
#endif

extern "C" __attribute__((noreturn)) void __cxa_throw(void* object, thrown_type* type, void (*destroy)(void*)) {
  using throw_function = void (*)(void*, thrown_type*, void (*)(void*));
  static const auto next = reinterpret_cast<throw_function>(dlsym(RTLD_NEXT, "__cxa_throw"));
  swill::record_throw(object, static_cast<const std::type_info*>(type), __builtin_return_address(0));
  next(object, type, destroy);
  std::abort();
}
