#include "libswill/api/types/time.hpp"

#include <chrono>

namespace swill::detail {

namespace {

class scanner {
public:
  explicit scanner(std::string_view s) : rest_(s) {}

  bool digits(std::size_t n, int least, int greatest, int& out) {
    if (rest_.size() < n) return false;
    out = 0;
    for (std::size_t i = 0; i < n; ++i) {
      if (!is_digit(rest_[i])) return false;
      out = out * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(n);
    return out >= least && out <= greatest;
  }
  bool one_of(std::string_view choices) {
    if (rest_.empty() || choices.find(rest_.front()) == std::string_view::npos) return false;
    last_ = rest_.front();
    rest_.remove_prefix(1);
    return true;
  }
  bool fraction(std::uint32_t& nanoseconds) {
    std::uint32_t unit = 100'000'000;
    if (rest_.empty() || !is_digit(rest_.front())) return false;
    for (; !rest_.empty() && is_digit(rest_.front()); rest_.remove_prefix(1), unit /= 10) {
      nanoseconds += static_cast<std::uint32_t>(rest_.front() - '0') * unit;
    }
    return true;
  }
  char last() const { return last_; }
  bool at_end() const { return rest_.empty(); }

private:
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  std::string_view rest_;
  char last_ = 0;
};

} // namespace

std::optional<instant> parse_time(std::string_view s) noexcept {
  scanner in{s};
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, offset_hours = 0, offset_minutes = 0;
  instant t;
  const bool date = in.digits(4, 0, 9999, year) && in.one_of("-") && in.digits(2, 1, 12, month) && in.one_of("-") &&
                    in.digits(2, 1, 31, day);
  if (!date || !in.one_of("Tt ")) return {};
  const bool time = in.digits(2, 0, 23, hour) && in.one_of(":") && in.digits(2, 0, 59, minute) && in.one_of(":") &&
                    in.digits(2, 0, 60, second);
  if (!time || (in.one_of(".") && !in.fraction(t.nanoseconds)) || !in.one_of("Zz+-")) return {};
  const bool numeric = in.last() == '+' || in.last() == '-';
  const int sign = in.last() == '-' ? -1 : 1;
  if (numeric && !(in.digits(2, 0, 23, offset_hours) && in.one_of(":") && in.digits(2, 0, 59, offset_minutes)))
    return {};
  if (!in.at_end()) return {};

  using namespace std::chrono;
  const year_month_day on{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                          std::chrono::day{static_cast<unsigned>(day)}};
  if (!on.ok()) return {};
  const std::int64_t days = sys_days{on}.time_since_epoch().count();
  t.seconds = days * 86400 + hour * 3600 + minute * 60 + second - sign * (offset_hours * 3600 + offset_minutes * 60);
  return t;
}

} // namespace swill::detail
