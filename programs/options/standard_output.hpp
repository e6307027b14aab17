#pragma once

#include <stdexcept>
#include <string_view>

// What programs print as their answer. Whoever reads it must not take a part for the whole, so that what cannot be written is an error.

namespace swill::programs {

/// Standard output takes no more: the disk is full, or it is not open.
class output_error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// Prints text on standard output, which may hold it back until flush_output(). Throws output_error.
void print(std::string_view text);

/// Returns when standard output has taken all that was printed. Throws output_error, also when some of it was lost before.
void flush_output();

} // namespace swill::programs
