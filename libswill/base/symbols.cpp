#include "libswill/base/symbols.hpp"

#include <cxxabi.h>
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <unordered_map>

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

/// A program's or library's file, as long as one look into it takes.
class elf_file {
public:
  explicit elf_file(const char* path) {
    const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    struct ::stat facts {};
    if (::fstat(fd, &facts) == 0 && facts.st_size > 0) {
      size_ = static_cast<std::size_t>(facts.st_size);
      void* all = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd, 0);
      if (all != MAP_FAILED) begin_ = static_cast<const char*>(all);
    }
    ::close(fd);
  }
  elf_file& operator=(elf_file&&) = delete;
  ~elf_file() {
    if (begin_ != nullptr) ::munmap(const_cast<char*>(begin_), size_);
  }

  /// The name of the function at that address of the file; nothing when its symbols do not tell.
  std::string function_at(std::uintptr_t address) const {
    const auto* header = at<ElfW(Ehdr)>(0, 1);
    if (header == nullptr || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) return {};
    const auto* sections = at<ElfW(Shdr)>(header->e_shoff, header->e_shnum);
    if (sections == nullptr) return {};
    for (std::size_t i = 0; i < header->e_shnum; ++i) {
      const auto& s = sections[i];
      if (s.sh_type != SHT_SYMTAB || s.sh_link >= header->e_shnum) continue;
      return find(s, sections[s.sh_link], address);
    }
    return {};
  }

private:
  template <class T>
  const T* at(std::size_t offset, std::size_t count) const noexcept {
    if (begin_ == nullptr || offset > size_ || count > (size_ - offset) / sizeof(T) || offset % alignof(T) != 0)
      return nullptr;
    return reinterpret_cast<const T*>(begin_ + offset);
  }

  std::string find(const ElfW(Shdr) & table, const ElfW(Shdr) & names, std::uintptr_t address) const {
    const std::size_t count = table.sh_size / sizeof(ElfW(Sym));
    const auto* symbols = at<ElfW(Sym)>(table.sh_offset, count);
    const char* text = at<char>(names.sh_offset, names.sh_size);
    if (symbols == nullptr || text == nullptr || names.sh_size == 0 || text[names.sh_size - 1] != '\0') return {};
    for (std::size_t i = 0; i < count; ++i) {
      const auto& s = symbols[i];
      constexpr unsigned type_bits = 0xf;
      if ((s.st_info & type_bits) != STT_FUNC || address < s.st_value || address - s.st_value >= s.st_size) continue;
      return s.st_name < names.sh_size ? demangled(text + s.st_name) : std::string{};
    }
    return {};
  }

  const char* begin_ = nullptr;
  std::size_t size_ = 0;
};

/// What stands in the log for a return address.
std::string describe(void* return_address) {
  // The call itself: what follows it may belong to another function.
  const std::uintptr_t pc = reinterpret_cast<std::uintptr_t>(return_address) - 1;
  Dl_info info{};
  link_map* module = nullptr;
  char offset[40];
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  if (dladdr1(reinterpret_cast<void*>(pc), &info, reinterpret_cast<void**>(&module), RTLD_DL_LINKMAP) == 0) {
    std::snprintf(offset, sizeof offset, "%#zx", static_cast<std::size_t>(pc));
    return offset;
  }
  // Not from the module's first byte, but from what it was moved by: nothing, when it is a program at a fixed address.
  const std::uintptr_t address = pc - module->l_addr;
  std::snprintf(offset, sizeof offset, "+%#zx", static_cast<std::size_t>(address));
  const std::string place = base_name(info.dli_fname) + std::string{offset};
  const bool is_program = module->l_name == nullptr || *module->l_name == '\0';
  const std::string name = info.dli_sname != nullptr
                               ? demangled(info.dli_sname)
                               : elf_file{is_program ? "/proc/self/exe" : module->l_name}.function_at(address);
  return name.empty() ? place : name + " (" + place + ")";
}

} // namespace

void append_frame(std::string& out, void* return_address) {
  // What is thrown once is thrown again: then it costs next to nothing.
  constexpr std::size_t most_known = 4096;
  static std::mutex mutex;
  static std::unordered_map<void*, std::string> known; // guarded by mutex
  const std::lock_guard lock{mutex};
  if (known.size() >= most_known) known.clear();
  const auto [it, fresh] = known.try_emplace(return_address);
  if (fresh) it->second = describe(return_address);
  out.append("\n  at ").append(it->second);
}

} // namespace swill::detail
