#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace swill {

/// A place in a topic: after the message `offset` of its incarnation `epoch`. Offsets count from 1, without holes; a topic that was
/// forgotten and begins anew has another epoch, a random number from 1 to 2^53-1, and counts from 1 again.
struct position {
  std::uint64_t epoch = 0;
  std::uint64_t offset = 0;
  bool operator==(const position&) const = default;
};

template <class D>
void describe(D& d, position& p) {
  d.field("epoch", p.epoch);
  d.field("offset", p.offset);
}

/// A new epoch.
std::uint64_t make_epoch();

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
