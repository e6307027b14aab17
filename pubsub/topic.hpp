#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace swill {

/// A name that a topic may have: segments with dots between them, such as "chat.room.7". Valid UTF-8 without control characters; no
/// segment is empty.
bool is_topic(std::string_view name) noexcept;

/// Names that begin with "$" are for the library itself; clients can neither subscribe nor publish to them.
bool is_reserved_topic(std::string_view name) noexcept;

/// A pattern of topics: segments as in a topic, of which `*` stands for any one segment, and `**`, at the end only, for one or more.
/// "chat.*" fits "chat.7" but not "chat.7.typing"; "chat.**" fits both; "**" fits every topic that is not reserved. A pattern fits
/// reserved topics only when it begins with "$" itself.
class topic_pattern {
public:
  /// Throws std::invalid_argument for text that is no pattern.
  explicit topic_pattern(std::string_view text);

  bool matches(std::string_view topic) const noexcept;
  /// Whether this pattern fits every topic that the other one fits.
  bool covers(const topic_pattern& other) const noexcept { return (open_ || !other.open_) && matches(other.text_); }
  const std::string& text() const noexcept { return text_; }

private:
  std::string text_;
  bool open_ = false; ///< ends in `**`
};

} // namespace swill
