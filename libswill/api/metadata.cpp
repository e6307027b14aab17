#include "libswill/api/metadata.hpp"

#include "libswill/wire/codec.hpp"
#include "libswill/wire/reader.hpp"

#include <algorithm>

namespace swill {

const value* metadata::find(std::string_view key) const noexcept {
  const auto it = std::find_if(entries_.begin(), entries_.end(), [key](const entry& e) { return e.first == key; });
  return it == entries_.end() ? nullptr : &it->second;
}

void metadata::set(std::string_view key, value v) {
  const auto it = std::find_if(entries_.begin(), entries_.end(), [key](const entry& e) { return e.first == key; });
  if (it != entries_.end()) {
    it->second = std::move(v);
  } else {
    entries_.emplace_back(std::string{key}, std::move(v));
  }
}

bool metadata::erase(std::string_view key) {
  return std::erase_if(entries_, [key](const entry& e) { return e.first == key; }) != 0;
}

bool metadata::decode(bytes_view encoded, const limits& l, metadata& out) {
  out.clear();
  if (encoded.empty()) return true;
  value whole;
  wire::reader in{encoded};
  std::size_t budget = l.decoded_size;
  if (wire::read_value(in, whole, l.nesting, budget) != wire::value_status::ok) return false;
  auto* entries = whole.get_if<value_map>();
  if (entries == nullptr) return false;
  // Sorting keeps a hostile map of thousands of keys from costing a comparison of each with each.
  std::vector<std::size_t> order(entries->size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  const auto key = [entries](std::size_t i) { return (*entries)[i].first.get_if<std::string>(); };
  for (const std::size_t i : order) {
    if (key(i) == nullptr) return false;
  }
  std::stable_sort(order.begin(), order.end(), [&key](std::size_t a, std::size_t b) { return *key(a) < *key(b); });
  std::vector<bool> superseded(entries->size());
  for (std::size_t i = 0; i + 1 < order.size(); ++i) superseded[order[i]] = *key(order[i]) == *key(order[i + 1]);
  out.entries_.reserve(entries->size());
  for (std::size_t i = 0; i < entries->size(); ++i) {
    if (!superseded[i])
      out.entries_.emplace_back(std::move(*(*entries)[i].first.get_if<std::string>()), std::move((*entries)[i].second));
  }
  return true;
}

void metadata::encode(wire::writer& out) const {
  out.map(entries_.size());
  for (const auto& [k, v] : entries_) {
    out.str(k);
    wire::write_value(out, v);
  }
}

} // namespace swill
