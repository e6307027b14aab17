#include "apps/common/option_values.hpp"

#include "libswill/base/text.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace swill::apps {

namespace {

constexpr const char* empty_too = "empty, too";

template <class Number>
std::string text_of(Number n) {
  std::ostringstream out;
  out << n;
  return out.str();
}

template <class Number>
CLI::Validator between(Number least, Number most, const char* what) {
  const auto check = [least, most, what](const std::string& text) -> std::string {
    Number n{};
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, n);
    const bool is_octal = text.size() > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9'; // to CLI11
    if (read.ec == std::errc{} && read.ptr == end && n >= least && n <= most && !is_octal) return {};
    return "'" + text + "' is no " + what + " from " + text_of(least) + " to " + text_of(most);
  };
  return {check, ""};
}

std::string check_not_empty(const std::string& text) {
  return text.empty() ? "is empty; a value would be right, or no such option" : std::string{};
}

std::string check_switch(const std::string& text) {
  const std::string_view words[] = {"true", "on", "yes", "1", "false", "off", "no", "0"};
  const bool is_known = std::any_of(std::begin(words), std::end(words),
                                    [&text](std::string_view w) { return same_in_any_case(w, text); });
  return is_known ? std::string{} : "'" + text + "' is none of true, on, yes, 1, false, off, no, 0";
}

bool has_meaning_when_empty(CLI::Option& o) {
  try {
    o.get_validator(empty_too);
    return true;
  } catch (const CLI::OptionNotFound&) {
    return false;
  }
}

} // namespace

CLI::Validator whole_number(std::uint64_t least, std::uint64_t most) { return between(least, most, "whole number"); }

CLI::Validator number(double least, double most) { return between(least, most, "number"); }

CLI::Validator may_be_empty() {
  return {[](const std::string&) { return std::string{}; }, "", empty_too};
}

void refuse_empty_values(CLI::App& program) {
  const auto takes_a_value = [](const CLI::Option* o) { return o->get_items_expected_min() != 0; };
  for (CLI::Option* o : program.get_options(takes_a_value)) {
    if (!has_meaning_when_empty(*o)) o->check(CLI::Validator{check_not_empty, ""});
  }
  for (CLI::App* verb : program.get_subcommands({})) refuse_empty_values(*verb);
}

void refuse_odd_switches(CLI::App& program) {
  const auto is_switch = [](const CLI::Option* o) { return o->get_items_expected_max() == 0; };
  for (CLI::Option* o : program.get_options(is_switch)) o->check(CLI::Validator{check_switch, ""});
}

void require_effect(const CLI::Option* o, bool has_effect, const std::string& why) {
  if (!has_effect && o->count() != 0) throw std::invalid_argument(o->get_name() + ": has no effect " + why);
}

} // namespace swill::apps
