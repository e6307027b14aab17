#pragma once

#include "apps/cli/described_api.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace swill::cli {

/// What a change of an API means for clients that were written for what it was.
enum class impact : std::uint8_t {
  breaks, ///< some of what they send is refused, or some of what comes is not what they know
  risky,  ///< it goes on, but perhaps not as it was meant
  safe
};

/// "breaks", "risky", "safe"
const char* word_of(impact i) noexcept;

/// One change. docs/cli.md has a table of the rules.
struct api_change {
  impact what;
  std::string rule;    ///< its name in that table
  std::string handler; ///< of which handler
  std::string place;   ///< "request.lines[].quantity"; empty: the handler itself
  std::string text;    ///< "at least 1, was at least 0"
};

/// The changes from one API to the other, by handler and, within one, in the order of the description.
std::vector<api_change> changes_between(const described_api& before, const described_api& after);

} // namespace swill::cli
