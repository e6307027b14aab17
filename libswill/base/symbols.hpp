#pragma once

#include <string>

namespace swill::detail {

/// Appends where a return address is, as lines "\n  at function (file:line)": one, or more where the compiler inlined calls. Without debug
/// information "program+0xOFFSET", which addr2line understands, takes the place of file and line, and without a symbol stands alone.
void append_frame(std::string& out, void* return_address);

/// A type's or function's name as it is written in C++; other text as it is.
std::string demangled(const char* name);

} // namespace swill::detail
