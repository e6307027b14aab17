#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>

namespace swill::detail {

/// A file of lines that is renamed when it is full: "a.log" to "a.1.log", that to "a.2.log", and so on. For one thread.
///
/// Lines that cannot be written are lost, those that were written never: where the file cannot be renamed it stays as it is, and what would
/// make it too large is dropped until it can be. Whatever fails is tried again, renaming and opening once a second at most.
class log_file {
public:
  /// Opens it, for its end. Throws std::invalid_argument for what cannot be, std::runtime_error when it cannot be written to, or not renamed.
  log_file(std::filesystem::path path, std::size_t size, std::size_t old_files);
  log_file& operator=(log_file&&) = delete;
  ~log_file();

  /// False when the line is lost; nothing of it is in the file then.
  bool write(const std::string& line);

private:
  bool open();
  void close() noexcept;
  bool has_room_for(const std::string& line);
  bool rename_all() const;
  bool is_in_place() const noexcept;
  std::filesystem::path old(std::size_t number) const;

  const std::filesystem::path path_;
  const std::size_t most_;
  const std::size_t old_files_;
  int descriptor_ = -1;
  std::size_t size_ = 0;
  std::chrono::steady_clock::time_point next_try_{};
};

} // namespace swill::detail
