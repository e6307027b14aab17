#include "libswill/logging/detail/targets.hpp"

#include "libswill/logging/detail/log_file.hpp"

#include <memory>

#include <fcntl.h>
#include <unistd.h>

namespace swill::detail {

namespace {

class copied_descriptor {
public:
  explicit copied_descriptor(int of) noexcept : number_(::fcntl(of, F_DUPFD_CLOEXEC, 3)), lines_(number_) {}
  copied_descriptor(const copied_descriptor&) = delete;
  copied_descriptor& operator=(const copied_descriptor&) = delete;
  ~copied_descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  bool write(const std::string& line) noexcept { return lines_.write(line); }

private:
  int number_;
  line_output lines_;
};

} // namespace

line_writer::target descriptor_target(int descriptor) {
  return
      [copy = std::make_shared<copied_descriptor>(descriptor)](const std::string& line) { return copy->write(line); };
}

line_writer::target file_target(const std::string& path, std::size_t size, std::size_t old_files) {
  return [file = std::make_shared<log_file>(path, size, old_files)](const std::string& line) {
    try {
      return file->write(line);
    } catch (...) { // without memory there is no line
      return false;
    }
  };
}

} // namespace swill::detail
