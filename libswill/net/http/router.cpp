#include "libswill/net/http/router.hpp"

#include "libswill/base/printable.hpp"
#include "libswill/net/http/path.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace swill::net::http {

namespace {

bool leads_to(const route& r, std::string_view path) noexcept {
  if (!path.starts_with(r.path)) return false;
  if (path.size() == r.path.size()) return true;
  return r.below && (r.path == "/" || path[r.path.size()] == '/');
}

} // namespace

router::router(std::vector<route> all) : routes_(std::move(all)) {
  for (const route& r : routes_) {
    if (!r.path.starts_with('/')) throw std::invalid_argument("no path of a route: " + printable(r.path));
    const auto same = [&r](const route& other) { return &other != &r && other.path == r.path; };
    if (std::any_of(routes_.begin(), routes_.end(), same))
      throw std::invalid_argument("two routes have the path " + printable(r.path));
  }
  std::sort(routes_.begin(), routes_.end(),
            [](const route& a, const route& b) { return a.path.size() > b.path.size(); });
}

router::match router::find(std::string_view target) const {
  const std::string_view written = target.substr(0, target.find('?'));
  for (const route& r : routes_)
    if (r.to == nullptr && !r.is_absent && r.path == written) return {&r, {}};
  auto path = decoded_path(target);
  if (!path) return {};
  for (const route& r : routes_)
    if ((r.to != nullptr || r.is_absent) && leads_to(r, *path))
      return r.is_absent ? match{} : match{&r, std::move(*path)};
  return {};
}

} // namespace swill::net::http
