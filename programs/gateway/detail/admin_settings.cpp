#include "programs/gateway/detail/admin_settings.hpp"

#include "actors/connections/connections.hpp"
#include "libswill/base/digest.hpp"
#include "libswill/base/header_fields.hpp"
#include "programs/options/small_file.hpp"

#include <utility>

namespace swill::programs {

namespace {

constexpr std::size_t shortest = 16;

bool equal(std::string_view a, std::string_view b) noexcept { return equal_in_constant_time(as_bytes(a), as_bytes(b)); }

bool shows(context& c, const std::string& token) {
  const value* shown = c.metadata().find("admin_token");
  const auto* text = shown != nullptr ? shown->get_if<std::string>() : nullptr;
  if (text != nullptr && equal(*text, token)) return true;
  const auto header = c.connection().header("Authorization");
  const auto in_header = header ? header_fields::bearer_token(*header) : std::nullopt;
  return in_header && equal(*in_header, token);
}

} // namespace

void admin_settings::add_to(command_line& program) {
  program.add(
      {"--admin-token-file", token_file_,
       "file with a token of at least 16 bytes: who shows it may list and close connections; none: nobody may"});
}

std::shared_ptr<connections> admin_settings::apply(app& a, std::shared_ptr<pubsub> bus) const {
  auto all = std::make_shared<connections>(std::move(bus));
  if (!token_file_.empty()) {
    auto token = read_secret("--admin-token-file", token_file_, shortest);
    all->allow_admin([token = std::move(token)](context& c) { return shows(c, token); });
  }
  a.use(all);
  return all;
}

} // namespace swill::programs
