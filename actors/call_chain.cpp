#include "actors/call_chain.hpp"

namespace swill {

std::shared_ptr<const call_chain> call_chain::extended(const std::shared_ptr<const call_chain>& before,
                                                       std::string name) {
  static constexpr const char* left_out = "...";
  auto next = std::make_shared<call_chain>();
  if (before != nullptr) *next = *before;
  auto& all = next->names_;
  all.push_back(std::move(name));
  if (all.size() > longest) {
    const auto middle = all.begin() + longest / 2;
    *middle = left_out;
    all.erase(middle + 1);
  }
  if (before == nullptr) next->last_ = std::make_shared<last_link>();
  next->note();
  return next;
}

void call_chain::note() const {
  const std::lock_guard lock{last_->mutex};
  last_->names = names_;
}

error call_chain::named(error e) const {
  if (!e.is(error_code::deadline_exceeded) || e.data.find("chain") != nullptr) return e;
  const std::lock_guard lock{last_->mutex};
  if (last_->names.size() < 2) return e;
  value_array names;
  for (const std::string& name : last_->names) {
    e.message += (names.empty() ? ": " : " -> ") + name;
    names.emplace_back(name);
  }
  e.data = value::map({{"chain", value{std::move(names)}}});
  return e;
}

namespace actors {

std::string chain_name(std::string_view rpc, std::string_view key) {
  constexpr std::size_t longest_key = 64;
  std::string out{rpc};
  out += '[';
  out += key.substr(0, longest_key);
  if (key.size() > longest_key) out += "...";
  return out += ']';
}

} // namespace actors
} // namespace swill
