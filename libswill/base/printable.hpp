#pragma once

#include <string>
#include <string_view>

namespace swill {

/// Whether a terminal, or what shows a log, obeys this character instead of showing it: control characters (C0, DEL, C1), separators of
/// lines and paragraphs, and marks that turn the direction of what follows (Unicode TR 36 §3.1, "Trojan Source").
bool is_control_character(char32_t c) noexcept;

enum class newlines : unsigned char { escaped, kept };

/// Text that somebody else has written, for a terminal or a log: characters as above become "\x1b" or "\u202e", bytes that are not UTF-8
/// "\xff". Nobody forges a line by it where newlines are escaped, too; they may stay in text of several lines of our own.
std::string printable(std::string_view s, newlines n = newlines::escaped);

} // namespace swill
