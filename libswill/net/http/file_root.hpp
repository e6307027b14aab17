#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <string>
#include <utility>

namespace swill::net::http {

/// A file that is open for reading, or why there is none. Closed by its destructor.
class open_file {
public:
  enum class kind : std::uint8_t {
    regular,
    directory,
    missing,   ///< there is none, it is no file, or its name leads out of the directory
    forbidden, ///< the process may not read it
    failed,    ///< not now: no descriptors, the root is gone, an error of the disk
  };

  open_file() = default;
  open_file(kind k, int error) noexcept : what_(k), error_(error) {}
  explicit open_file(int fd) noexcept;
  open_file(open_file&& other) noexcept { *this = std::move(other); }
  open_file& operator=(open_file&& other) noexcept;
  ~open_file();

  kind what() const noexcept { return what_; }
  bool is_regular() const noexcept { return what_ == kind::regular; }
  int error() const noexcept { return error_; } ///< errno, where it failed
  std::uint64_t size() const noexcept { return size_; }
  /// When its content was changed last, in nanoseconds.
  std::int64_t changed() const noexcept { return changed_; }
  std::time_t changed_second() const noexcept { return static_cast<std::time_t>(changed_ / nanoseconds); }

  /// Up to `room` bytes from `at`; 0 at its end, and where it cannot be read.
  std::size_t read(std::uint64_t at, std::byte* to, std::size_t room) const noexcept;

private:
  static constexpr std::int64_t nanoseconds = 1000000000;
  int fd_ = -1;
  kind what_ = kind::missing;
  int error_ = 0;
  std::uint64_t size_ = 0;
  std::int64_t changed_ = 0;
};

/// A directory whose files are opened by names that strangers choose. Nothing outside of it is ever opened: the kernel resolves names beneath
/// it (openat2 with RESOLVE_BENEATH, Linux 5.6), and follows symbolic links only where they stay there; where it cannot, each part of a name is opened
/// by itself, and no link is followed. The directory is looked up anew for each file, so that another may take its place. From any thread; blocks.
class file_root {
public:
  explicit file_root(std::string directory) : directory_(std::move(directory)) {}

  const std::string& directory() const noexcept { return directory_; }
  /// `name` has no slash at its beginning; an empty one is the directory itself.
  open_file open(const std::string& name) const;
  /// As on a kernel without openat2.
  open_file open_by_parts(const std::string& name) const;

private:
  int open_root() const noexcept;
  std::string directory_;
};

} // namespace swill::net::http
