#include "libswill/net/http/date.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace swill::net::http {

namespace {

constexpr std::array<const char*, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                             "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/// The number that `digits` characters at `at` are; -1 where they are none.
int number_at(std::string_view text, std::size_t at, std::size_t digits) noexcept {
  int n = 0;
  for (const char c : text.substr(at, digits)) {
    if (c < '0' || c > '9') return -1;
    n = n * 10 + (c - '0');
  }
  return n;
}

} // namespace

std::string date_text(std::time_t when) {
  std::tm t{};
  ::gmtime_r(&when, &t);
  char text[64];
  std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[static_cast<std::size_t>(t.tm_wday)],
                t.tm_mday, months[static_cast<std::size_t>(t.tm_mon)], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
  return text;
}

std::optional<std::time_t> read_date(std::string_view text) {
  constexpr std::string_view form = "Sun, 06 Nov 1994 08:49:37 GMT";
  if (text.size() != form.size()) return std::nullopt;
  const auto month = std::find(months.begin(), months.end(), text.substr(8, 3));
  if (month == months.end()) return std::nullopt;
  std::tm t{};
  t.tm_mday = number_at(text, 5, 2);
  t.tm_mon = static_cast<int>(month - months.begin());
  t.tm_year = number_at(text, 12, 4) - 1900;
  t.tm_hour = number_at(text, 17, 2);
  t.tm_min = number_at(text, 20, 2);
  t.tm_sec = number_at(text, 23, 2);
  const std::time_t when = ::timegm(&t);
  if (date_text(when) != text) return std::nullopt; // whatever was wrong with it
  return when;
}

std::string_view date_now() {
  thread_local std::time_t made = -1;
  thread_local std::string text;
  if (const std::time_t now = std::time(nullptr); now != made) {
    text = date_text(now);
    made = now;
  }
  return text;
}

} // namespace swill::net::http
