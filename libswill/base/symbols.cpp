#include "libswill/base/symbols.hpp"

#include <cxxabi.h>
#include <dlfcn.h>
#include <link.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <utility>

#ifdef SWILL_HAS_LIBBACKTRACE
// What is used of backtrace.h. GCC installs it where only GCC looks.
extern "C" {
struct backtrace_state;
using backtrace_error_callback = void (*)(void* data, const char* message, int error);
using backtrace_full_callback = int (*)(void* data, std::uintptr_t pc, const char* file, int line,
                                        const char* function);
using backtrace_syminfo_callback = void (*)(void* data, std::uintptr_t pc, const char* name, std::uintptr_t begin,
                                            std::uintptr_t size);
backtrace_state* backtrace_create_state(const char* program, int threaded, backtrace_error_callback on_error,
                                        void* data);
int backtrace_pcinfo(backtrace_state* state, std::uintptr_t pc, backtrace_full_callback on_place,
                     backtrace_error_callback on_error, void* data);
int backtrace_syminfo(backtrace_state* state, std::uintptr_t pc, backtrace_syminfo_callback on_symbol,
                      backtrace_error_callback on_error, void* data);
}
#endif

namespace swill::detail {

std::string demangled(const char* name) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text{abi::__cxa_demangle(name, nullptr, nullptr, &status), std::free};
  return status == 0 ? text.get() : name;
}

namespace {

const char* base_name(const char* path) {
  const char* slash = std::strrchr(path, '/');
  return slash == nullptr ? path : slash + 1;
}

/// What the dynamic linker knows: an exported name, or nothing, and "module+0xOFFSET".
struct linker_facts {
  std::string name;
  std::string place;
};

linker_facts ask_linker(std::uintptr_t pc) {
  Dl_info info{};
  link_map* module = nullptr;
  char offset[40];
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  if (dladdr1(reinterpret_cast<void*>(pc), &info, reinterpret_cast<void**>(&module), RTLD_DL_LINKMAP) == 0) {
    std::snprintf(offset, sizeof offset, "%#zx", static_cast<std::size_t>(pc));
    return {{}, offset};
  }
  // Not from the module's first byte, but from what it was moved by: nothing, when it is a program at a fixed address.
  std::snprintf(offset, sizeof offset, "+%#zx", static_cast<std::size_t>(pc - module->l_addr));
  return {info.dli_sname != nullptr ? demangled(info.dli_sname) : std::string{},
          base_name(info.dli_fname) + std::string{offset}};
}

#ifdef SWILL_HAS_LIBBACKTRACE

void ignore(void*, const char*, int) {} // what it cannot read has less of a name

/// The names and lines that the files of this process's modules hold, read when they are first asked for.
class symbol_table {
public:
  symbol_table() : state_(backtrace_create_state(nullptr, 0, ignore, nullptr)) {}

  /// The symbol's name, demangled, or nothing.
  std::string name(std::uintptr_t pc) {
    std::string out;
    if (state_ != nullptr) backtrace_syminfo(state_, pc, take_name, ignore, &out);
    return out;
  }

  /// Calls f(function or null, file, line) for each inlined call at pc, from within, and then for the function itself.
  template <class F>
  void places(std::uintptr_t pc, F f) {
    if (state_ != nullptr) backtrace_pcinfo(state_, pc, take_place<F>, ignore, &f);
  }

private:
  static void take_name(void* out, std::uintptr_t, const char* name, std::uintptr_t, std::uintptr_t) {
    if (name != nullptr) *static_cast<std::string*>(out) = demangled(name);
  }
  template <class F>
  static int take_place(void* f, std::uintptr_t, const char* file, int line, const char* function) {
    if (file != nullptr) (*static_cast<F*>(f))(function, file, line);
    return 0;
  }

  backtrace_state* state_;
};

#endif

} // namespace

void append_frame(std::string& out, void* return_address) {
  // The call itself: what follows it may belong to another line, or another function.
  const std::uintptr_t pc = reinterpret_cast<std::uintptr_t>(return_address) - 1;
  std::string name, place;
#ifdef SWILL_HAS_LIBBACKTRACE
  static std::mutex mutex;
  const std::lock_guard lock{mutex};
  static symbol_table table;
  table.places(pc, [&](const char* function, const char* file, int line) {
    if (!place.empty()) out.append("\n  at ").append(name).append(" (").append(place).append(")");
    name = function != nullptr ? demangled(function) : "?";
    place = std::string{file} + ":" + std::to_string(line);
  });
  // The last one is the function itself. Its symbol says more than this name, which may lack what is around it.
  if (std::string symbol = table.name(pc); !symbol.empty()) name = std::move(symbol);
#endif
  if (name.empty() || place.empty()) {
    linker_facts known = ask_linker(pc);
    if (name.empty()) name = std::move(known.name);
    if (place.empty()) place = std::move(known.place);
  }
  out.append("\n  at ");
  if (name.empty()) {
    out.append(place);
  } else {
    out.append(name).append(" (").append(place).append(")");
  }
}

} // namespace swill::detail
