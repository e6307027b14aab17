#include "pubsub/topic.hpp"

#include "libswill/base/random.hpp"
#include "libswill/base/utf8.hpp"

#include <algorithm>
#include <stdexcept>

namespace swill {

namespace {

/// The first segment of s, which is cut off it.
std::string_view take_segment(std::string_view& s) noexcept {
  const std::size_t end = std::min(s.find('.'), s.size());
  const std::string_view segment = s.substr(0, end);
  s.remove_prefix(std::min(end + 1, s.size()));
  return segment;
}

std::uint64_t random_seed() {
  std::uint64_t seed = 0;
  fill_random(&seed, sizeof seed);
  return seed;
}

/// SplitMix64 (Steele, Lea, Flood 2014) from a seed of the system's: epochs are no secrets, and one is made for each publish to Redis.
std::uint64_t next_random() {
  thread_local std::uint64_t state = random_seed();
  std::uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

} // namespace

std::uint64_t make_epoch() {
  std::uint64_t e = 0;
  while (e == 0) e = next_random() >> 11; // 53 bits: what every client can hold
  return e;
}

bool is_topic(std::string_view name) noexcept {
  const auto control = [](char c) { return (c >= 0 && c < 32) || c == 127; };
  if (name.empty() || name.front() == '.' || name.back() == '.') return false;
  if (name.find("..") != std::string_view::npos || std::any_of(name.begin(), name.end(), control)) return false;
  return valid_utf8(name);
}

bool is_reserved_topic(std::string_view name) noexcept { return name.starts_with('$'); }

topic_pattern::topic_pattern(std::string_view text) : text_(text) {
  if (!is_topic(text)) throw std::invalid_argument("no pattern of topics: " + text_);
  const std::size_t open = text.find("**");
  open_ = open != std::string_view::npos;
  if (open_ && (open + 2 != text.size() || (open != 0 && text[open - 1] != '.')))
    throw std::invalid_argument("** stands for the rest of a topic, so only at the end: " + text_);
  for (std::string_view rest = text_; !rest.empty();) {
    const std::string_view segment = take_segment(rest);
    if (segment != "*" && segment != "**" && segment.find('*') != std::string_view::npos)
      throw std::invalid_argument("* stands for a whole segment of a topic, as in chat.*, so not within one: " + text_);
  }
}

bool topic_pattern::matches(std::string_view topic) const noexcept {
  if (is_reserved_topic(topic) && text_.front() != '$') return false;
  std::string_view pattern = text_;
  while (!pattern.empty() && !topic.empty()) {
    const std::string_view wanted = take_segment(pattern);
    if (open_ && pattern.empty()) return true;
    const std::string_view segment = take_segment(topic);
    if (wanted != "*" && wanted != segment) return false;
  }
  return pattern.empty() && topic.empty();
}

} // namespace swill
