#include "libswill/programs/options/option_values.hpp"

#include "libswill/base/text.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>
#include <sstream>
#include <string_view>
#include <system_error>

namespace swill::programs {

namespace {

template <class Number>
std::string shown(Number n) {
  std::ostringstream out;
  out << n;
  return out.str();
}

template <class Number>
option_value between(Number present, Number least, Number most, const char* what, std::function<void(Number)> set) {
  const auto read = [least, most](const std::string& text) -> std::optional<Number> {
    Number n{};
    const char* const end = text.data() + text.size();
    const auto [stop, problem] = std::from_chars(text.data(), end, n);
    const bool is_octal = text.size() > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9'; // to many a program
    if (problem != std::errc{} || stop != end || !(n >= least && n <= most) || is_octal)
      return std::nullopt; // NaN is neither
    return n;
  };
  option_value v;
  v.set = [read, set = std::move(set)](const std::string& text) { set(*read(text)); };
  v.check = [read, least, most, what](const std::string& text) {
    if (read(text)) return std::string{};
    return "'" + text + "' is no " + what + " from " + shown(least) + " to " + shown(most);
  };
  if (present >= least && present <= most) v.standard = shown(present);
  return v;
}

} // namespace

option_value whole_number(std::uint64_t present, std::uint64_t least, std::uint64_t most,
                          std::function<void(std::uint64_t)> set) {
  return between(present, least, most, "whole number", std::move(set));
}

option_value number(double& to, double least, double most) {
  return between<double>(to, least, most, "number", [&to](double n) { to = n; });
}

option_value checked(std::vector<std::string>& to, value_check check) {
  option_value v{to};
  v.check = std::move(check);
  return v;
}

std::string check_switch(const std::string& text) {
  const std::string_view words[] = {"true", "on", "yes", "1", "false", "off", "no", "0"};
  const bool is_known = std::any_of(std::begin(words), std::end(words),
                                    [&text](std::string_view w) { return same_in_any_case(w, text); });
  return is_known ? std::string{} : "'" + text + "' is none of true, on, yes, 1, false, off, no, 0";
}

} // namespace swill::programs
