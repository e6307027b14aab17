#pragma once

#include "libswill/base/result.hpp"

#include <chrono>
#include <cstddef>
#include <string>

namespace swill {

/// What read_whole_file makes of a FIFO.
enum class pipes {
  refused,
  read ///< to its end: `--option <(command)`. Waits for whoever writes, for pipe_patience
};

/// How long a pipe that is read may take until its writer has closed it.
constexpr std::chrono::seconds pipe_patience{30};

/// The whole content of the file at `path`, at most `most` bytes of it. Symbolic links are followed. Directories, devices and sockets are
/// refused without waiting for them, and so is what calls itself a regular file but has to be waited for, such as /proc/kmsg, so that a path which was mistyped ends in an error and nowhere else. The error has a message to follow the
/// file's name, such as "is no regular file"; its code is not_found when there is nothing of that name, else bad_request. From any thread; blocks.
result<std::string> read_whole_file(const std::string& path, std::size_t most, pipes p = pipes::refused);

} // namespace swill
