#include "libswill/client/detail/rejection.hpp"

#include "libswill/client/options.hpp"

#include <string>

namespace swill::client_detail {

namespace {

constexpr std::size_t longest_shown = 200;

std::string_view without_query(std::string_view target) { return target.substr(0, target.find_first_of("?#")); }

/// Of an answer below 400, or that nothing is there: what may be meant.
std::string advice_on(const upgrade_answer& a, std::string_view path) {
  if (a.status < 200) return {};
  if (const auto to = cut_text(without_query(a.location), longest_shown); a.status >= 300 && !to.empty())
    return "; it points to " + std::string{to};
  const std::string usual = client_options{}.path;
  return path == usual ? "; another path may be right" : "; another path may be right, such as " + usual;
}

} // namespace

connect_error rejected_upgrade(const upgrade_answer& a) {
  constexpr int least_refusal = 400;
  constexpr int not_found = 404;
  std::string text = "the server answered HTTP " + std::to_string(a.status);
  const std::string_view path = without_query(a.target);
  const bool is_of_path = a.status < least_refusal || a.status == not_found;
  if (is_of_path && !path.empty())
    text += " at " + std::string{cut_text(path, longest_shown)}; // in memory there may be none
  if (a.status < least_refusal) text += ", and not with a WebSocket";
  if (const auto body = cut_text(a.body, longest_shown); a.status >= least_refusal && !body.empty())
    text.append(": ").append(body);
  if (is_of_path) text += advice_on(a, path);
  return {connect_error::kind::rejected, std::move(text), a.status};
}

} // namespace swill::client_detail
