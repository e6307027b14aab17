#include "libswill/logging/detail/targets.hpp"

#include "libswill/logging/detail/log_file.hpp"

#include <cerrno>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace swill::detail {

namespace {

class copied_descriptor {
public:
  explicit copied_descriptor(int of) noexcept : number_(::fcntl(of, F_DUPFD_CLOEXEC, 3)), lines_(number_) {}
  copied_descriptor& operator=(copied_descriptor&&) = delete;
  ~copied_descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  bool write(const std::string& line) noexcept { return lines_.write(line); }

private:
  int number_;
  line_output lines_;
};

void tell_of_loss(const std::string& path, int why) noexcept {
  try {
    print_in_time(STDERR_FILENO, "the log cannot be written to " + path + " (" + std::generic_category().message(why) +
                                     "); its lines are lost until it can\n");
  } catch (...) { // nor the memory to say so
  }
}

} // namespace

line_writer::target descriptor_target(int descriptor) {
  return
      [copy = std::make_shared<copied_descriptor>(descriptor)](const std::string& line) { return copy->write(line); };
}

line_writer::target file_target(const std::string& path, std::size_t size, std::size_t old_files) {
  return [file = std::make_shared<log_file>(path, size, old_files), path,
          is_told = false](const std::string& line) mutable {
    bool is_written = false;
    int why = ENOMEM;
    try {
      errno = 0;
      is_written = file->write(line);
      if (errno != 0) why = errno;
    } catch (...) { // without memory there is no line
    }
    // Whoever looks at the file sees nothing, and what is lost is told there only when there is room again.
    if (!is_written && !std::exchange(is_told, true)) tell_of_loss(path, why);
    if (is_written) is_told = false;
    return is_written;
  };
}

} // namespace swill::detail
