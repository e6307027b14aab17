#pragma once

#include "libswill/base/line_writer.hpp"

#include <cstddef>
#include <string>

namespace swill::detail {

/// Writes to a copy of this descriptor, so that another file which gets its number later never gets lines. What is closed drops all lines.
line_writer::target descriptor_target(int descriptor);

/// Writes to the end of a file that is renamed when it is full. Throws as `logging` does.
line_writer::target file_target(const std::string& path, std::size_t size, std::size_t old_files);

} // namespace swill::detail
