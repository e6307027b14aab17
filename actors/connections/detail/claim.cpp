#include "actors/connections/detail/claim.hpp"

#include <charconv>

namespace swill::detail {

std::optional<client_claim> claim_of(const connection& c) {
  constexpr std::size_t shortest = 32;
  constexpr std::size_t longest = 64;
  if (c.query().find("client_number=") == std::string_view::npos) return std::nullopt; // most say nothing
  auto id = c.argument("client");
  const auto text = c.argument("client_number");
  if (!id || id->size() < shortest || id->size() > longest || !text) return std::nullopt;
  client_claim claim{std::move(*id)};
  const char* const end = text->data() + text->size();
  const auto [at, problem] = std::from_chars(text->data(), end, claim.number);
  if (problem != std::errc{} || at != end) return std::nullopt;
  return claim;
}

} // namespace swill::detail
