#pragma once

#include "libswill/base/whole_file.hpp"

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

// Small files that options name. Each function reads at most 64 KiB, and refuses directories, devices and sockets: whoever mistypes a path
// is told so, and a file without an end (/dev/zero) fills no memory.

namespace swill::programs {

/// A file cannot be read, or is not of the kind that the option wants: the option's value is wrong. The text names the option and the file.
class file_error : public std::invalid_argument {
public:
  using std::invalid_argument::invalid_argument;
};

/// The size of the largest file that is read, in bytes.
constexpr std::size_t largest_small_file = 64 * 1024;

/// The whole content of the file that `option` names by `path`; std::nullopt when there is none. Symbolic links are followed; one that
/// leads nowhere is an error. Throws file_error.
std::optional<std::string> read_small_file(const std::string& option, const std::string& path, pipes p);

/// A secret, from a file rather than the command line, where everybody on the machine could read it. The characters of `trimmed` are
/// removed from its end. Throws file_error also when there is no file, when fewer than `least` bytes remain, and when all of them are zeros.
std::string read_secret(const std::string& option, const std::string& path, std::size_t least = 1,
                        std::string_view trimmed = " \t\r\n");

} // namespace swill::programs
