#pragma once

#include <string>

namespace swill::detail {

/// Appends where a return address is, as a line "\n  at function (program+0xOFFSET)"; without the function where the symbols of the program's
/// file do not tell it. addr2line finds file and line by the offset. The first time that an address is asked for, the
/// file's symbols are looked through, which takes a fraction of a millisecond. From any thread.
void append_frame(std::string& out, void* return_address);

/// A type's or function's name as it is written in C++; other text as it is.
std::string demangled(const char* name);

} // namespace swill::detail
