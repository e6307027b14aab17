#pragma once

#include <cstdint>
#include <string>

namespace CLI {
class App;
class Option;
class Validator;
} // namespace CLI

// What options of programs take, for Option::check. CLI11 by itself takes "010" for 8, and "-1" for the largest number of all.

namespace swill::apps {

/// A whole number, of decimal digits. Option::type_name says of what: "BYTES".
CLI::Validator whole_number(std::uint64_t least, std::uint64_t most);

/// A number that may have a fraction.
CLI::Validator number(double least, double most);

/// Of an option whose empty value means something: that it may be given.
CLI::Validator may_be_empty();

/// Lets the program refuse an empty value of every other option of its own and of its verbs: in a script, that of a variable that nobody
/// has set. To be called when all options are there; parse_command_line() does.
void refuse_empty_values(CLI::App& program);

/// The same for switches, on the command line and in the environment: what is neither true, on, yes or 1 nor false, off, no or 0 is refused.
/// CLI11 by itself takes "10k" for yes and "0x10" for no.
void refuse_odd_switches(CLI::App& program);

/// To be called after the command line was read. Throws std::invalid_argument when `o` was given, there or by the environment, although it
/// has no effect, `why`: "without --redis".
void require_effect(const CLI::Option* o, bool has_effect, const std::string& why);

} // namespace swill::apps
