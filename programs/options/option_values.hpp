#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

// What options of programs take, and where it goes. The object that takes it must live until the command line has been read.

namespace swill::programs {

/// Says why a text is no value of an option: "'x' is no port"; nothing when it is one.
using value_check = std::function<std::string(const std::string&)>;

/// The value of an option: one of three kinds, a switch, a text, or texts as often as it is given.
struct option_value {
  option_value() = default;
  option_value(bool& to) : on{&to}, standard{to ? "true" : ""} {}
  option_value(std::vector<std::string>& to) : all{&to} {}
  option_value(std::string& to) : set{[&to](const std::string& given) { to = given; }}, standard{to} {}

  bool* on = nullptr;
  std::vector<std::string>* all = nullptr;
  std::function<void(const std::string&)> set;
  value_check check;              ///< of each text
  std::vector<std::string> words; ///< the texts that are right; none: all
  std::string standard;           ///< what holds when it is not given, for --help; empty: not shown
};

/// A whole number, of decimal digits. A present one that is out of these bounds means that there is none.
option_value whole_number(std::uint64_t present, std::uint64_t least, std::uint64_t most,
                          std::function<void(std::uint64_t)> set);

template <class Number>
requires std::is_integral_v<Number> option_value whole_number(Number& to, std::uint64_t least, std::uint64_t most) {
  return whole_number(static_cast<std::uint64_t>(to), least, most,
                      [&to](std::uint64_t n) { to = static_cast<Number>(n); });
}

/// That of a unit of time, by itself that of `to`: whole_number<std::chrono::minutes>(idle, 0, 60).
template <class Unit = void, class Rep, class Period>
option_value whole_number(std::chrono::duration<Rep, Period>& to, std::uint64_t least, std::uint64_t most) {
  using duration = std::chrono::duration<Rep, Period>;
  using unit = std::conditional_t<std::is_void_v<Unit>, duration, Unit>;
  const auto present = std::chrono::duration_cast<unit>(to).count();
  return whole_number(static_cast<std::uint64_t>(present), least, most,
                      [&to](std::uint64_t n) { to = unit{static_cast<typename unit::rep>(n)}; });
}

/// A number that may have a fraction.
option_value number(double& to, double least, double most);

/// One of a few words, each with what it means. What none of them means is not shown as what holds.
template <class Meaning>
option_value one_of(Meaning& to, std::vector<std::pair<std::string, Meaning>> words) {
  option_value v;
  for (const auto& [word, meaning] : words) {
    v.words.push_back(word);
    if (meaning == to) v.standard = word;
  }
  v.set = [&to, words = std::move(words)](const std::string& given) {
    for (const auto& [word, meaning] : words) {
      if (word == given) to = meaning;
    }
  };
  return v;
}

/// Texts that must each pass a check.
option_value checked(std::vector<std::string>& to, value_check check);

/// Checks a switch on the command line and in the environment: it is true, on, yes or 1, or false, off, no or 0.
std::string check_switch(const std::string& text);

} // namespace swill::programs
