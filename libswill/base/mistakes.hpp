#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace swill {

/// One thing in an app or in options that cannot be meant.
struct mistake {
  std::string path; ///< where it stands: "limits.nesting", "handlers.shop.quote.default_deadline"
  std::string text; ///< what it is, and what would be right: "is 300; 2 to 256 would be right"
  bool operator==(const mistake&) const = default;
};

/// Thrown by app::validate, and by the start of every server: all mistakes at once. what() has one line for each, `PATH: TEXT`; of those that
/// say the same of many handlers or types only the first five, and how many more there are.
class invalid_configuration : public std::invalid_argument {
public:
  explicit invalid_configuration(std::vector<mistake> all);
  const std::vector<mistake>& mistakes() const noexcept { return *all_; }

private:
  std::shared_ptr<const std::vector<mistake>> all_; // shared by the copies of the exception
};

/// What to say on standard error of an exception that ends a program: its text, made printable. That of an invalid_configuration has a line
/// for each mistake.
std::string failure_text(const std::exception& e);

/// Gathers the mistakes of a configuration. What is found twice stands there once.
class mistake_list {
public:
  /// The largest size and the longest time that a check lets pass: sums of a few of them do not overflow.
  static constexpr std::uint64_t largest_size = std::uint64_t{1} << 60;
  static constexpr std::chrono::milliseconds longest_time = std::chrono::hours{24 * 365 * 100};

  void add(std::string path, std::string text);
  void add(mistake m) { add(std::move(m.path), std::move(m.text)); }

  /// Adds a mistake unless `is` lies between the two, both included.
  void check_size(std::string path, std::uint64_t is, std::uint64_t least = 0, std::uint64_t most = largest_size);
  void check_time(std::string path, std::chrono::milliseconds is,
                  std::chrono::milliseconds least = std::chrono::milliseconds{0},
                  std::chrono::milliseconds most = longest_time);

  /// Adds a mistake where the text is longer than `most` bytes, or holds what printable() would escape.
  void check_text(std::string path, std::string_view is, std::size_t most);

  /// "250 ms", "30 s", "5 min", "2 h", "7 d": in the largest unit of which it is a whole number.
  static std::string text_of(std::chrono::milliseconds t);

  bool empty() const noexcept { return all_.empty(); }
  const std::vector<mistake>& all() const noexcept { return all_; }
  /// Throws invalid_configuration when there are mistakes.
  void throw_if_any() const;

private:
  std::vector<mistake> all_;
};

} // namespace swill
