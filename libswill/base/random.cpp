#include "libswill/base/random.hpp"

#include "libswill/base/encoding.hpp"

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <sys/mman.h>
#include <sys/random.h>
#include <system_error>
#include <utility>

namespace swill {

namespace {

void ask_system(void* to, std::size_t size) {
  char* at = static_cast<char*>(to);
  while (size != 0) {
    const ssize_t got = ::getrandom(at, size, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw std::system_error(errno, std::generic_category(), "getrandom");
    at += got;
    size -= static_cast<std::size_t>(got);
  }
}

/// Random bytes that a thread keeps, so that names and keys of a few bytes take one system call for some dozens of them. They are in a page
/// that the kernel empties in a child of fork(), which therefore asks for its own; what was taken is wiped.
class store {
public:
  static constexpr std::size_t largest = 64; // that is taken from it

  store() noexcept {
    void* const page = ::mmap(nullptr, sizeof(content), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return;
    if (::madvise(page, sizeof(content), MADV_WIPEONFORK) == 0)
      content_ = static_cast<content*>(page);
    else
      ::munmap(page, sizeof(content));
  }
  ~store() {
    if (content_ != nullptr) ::munmap(std::exchange(content_, nullptr), sizeof(content));
  }
  store& operator=(store&&) = delete;

  /// False where the kernel has no such page.
  bool take(void* to, std::size_t size) {
    if (content_ == nullptr) return false;
    if (content_->left < size) {
      ask_system(content_->bytes.data(), content_->bytes.size());
      content_->left = content_->bytes.size();
    }
    std::byte* const from = content_->bytes.data() + (content_->left -= size);
    std::memcpy(to, from, size);
    std::memset(from, 0, size);
    return true;
  }

private:
  struct content {
    std::size_t left; // at the front of bytes; 0 in a page that is new, or was emptied
    std::array<std::byte, 1024 - sizeof(std::size_t)> bytes;
  };
  content* content_ = nullptr;
};

} // namespace

void fill_random(void* to, std::size_t size) {
  thread_local store kept;
  if (size > store::largest || !kept.take(to, size)) ask_system(to, size);
}

std::string random_hex(std::size_t size) {
  std::array<std::byte, store::largest> few;
  if (size <= few.size()) {
    fill_random(few.data(), size);
    return to_hex(bytes_view{few}.first(size));
  }
  bytes many(size);
  fill_random(many.data(), size);
  return to_hex(many);
}

std::chrono::microseconds with_jitter(std::chrono::microseconds d) {
  std::uint32_t dice = 0;
  fill_random(&dice, sizeof dice);
  return d / 2 + std::chrono::microseconds{dice % (d.count() / 2 + 1)};
}

} // namespace swill
