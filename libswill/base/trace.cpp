#include "libswill/base/trace.hpp"

#include "libswill/base/error.hpp"

#include <cxxabi.h>
#include <dlfcn.h>
#include <execinfo.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <typeinfo>

namespace swill {

namespace {

struct recorded_throw {
  std::array<void*, 48> frames{};
  int count = 0;
  const void* object = nullptr;
};

thread_local int armed = 0;
thread_local recorded_throw last_throw;

std::string demangled(const char* name) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text{abi::__cxa_demangle(name, nullptr, nullptr, &status), std::free};
  return status == 0 ? text.get() : name;
}

std::string frame_text(void* address) {
  Dl_info info{};
  char place[40];
  if (dladdr(address, &info) == 0 || info.dli_sname == nullptr) {
    std::snprintf(place, sizeof place, "%p", address);
    return place;
  }
  const auto offset = static_cast<char*>(address) - static_cast<char*>(info.dli_saddr);
  std::snprintf(place, sizeof place, " + 0x%zx", static_cast<std::size_t>(offset));
  return demangled(info.dli_sname) + place;
}

std::string trace_text() {
  std::string out;
  constexpr int own_frames = 2; // record_throw and __cxa_throw
  for (int i = own_frames; i < last_throw.count; ++i) {
    out.append("\n  at ").append(frame_text(last_throw.frames[static_cast<std::size_t>(i)]));
  }
  return out;
}

bool is_expected(const std::type_info& thrown, void* object) {
  for (const std::type_info* known : {&typeid(error), &typeid(cancelled), &typeid(close_connection)}) {
    void* adjusted = object;
    if (known->__do_catch(&thrown, &adjusted, 1)) return true;
  }
  return false;
}

} // namespace

trace_scope::trace_scope() noexcept { ++armed; }
trace_scope::~trace_scope() { --armed; }

/// Called for every throw of this process, before the exception is on its way.
void record_throw(void* object, const std::type_info* type) noexcept {
  if (armed == 0 || is_expected(*type, object)) {
    if (last_throw.object == object) last_throw.object = nullptr; // its address is in use again
    return;
  }
  last_throw.count = backtrace(last_throw.frames.data(), static_cast<int>(last_throw.frames.size()));
  last_throw.object = object;
}

std::string describe_exception(std::exception_ptr e) {
  std::string out;
  const void* object = nullptr;
  try {
    std::rethrow_exception(e);
  } catch (const std::exception& known) {
    out = demangled(typeid(known).name()) + ": " + known.what();
    object = dynamic_cast<const void*>(&known);
  } catch (...) {
    const std::type_info* type = abi::__cxa_current_exception_type();
    out = type != nullptr ? "exception of type " + demangled(type->name()) : "exception of unknown type";
    object = last_throw.object; // its address cannot be asked for: the last one thrown on this thread
  }
  return object != nullptr && object == last_throw.object ? out + trace_text() : out;
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
  swill::record_throw(object, static_cast<const std::type_info*>(type));
  next(object, type, destroy);
  std::abort();
}
