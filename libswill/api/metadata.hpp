#pragma once

#include "libswill/base/limits.hpp"
#include "libswill/base/value.hpp"
#include "libswill/wire/writer.hpp"

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace swill {

/// Metadata of one request or response: str keys, any values, in the order they were set (docs/protocol.md §6). A value type.
class metadata {
public:
  using entry = std::pair<std::string, value>;

  metadata() = default;
  /// One entry. (g++ 12 cannot compile a braced list of entries within a co_await; with more, name a variable first.)
  metadata(std::string_view key, value v) { set(key, std::move(v)); }
  metadata(std::initializer_list<entry> entries) {
    for (const auto& [k, v] : entries) set(k, v);
  }

  /// The value under a key, or null.
  const value* find(std::string_view key) const noexcept;
  bool contains(std::string_view key) const noexcept { return find(key) != nullptr; }

  /// Sets or replaces.
  void set(std::string_view key, value v);
  bool erase(std::string_view key);
  void clear() noexcept { entries_.clear(); }

  bool empty() const noexcept { return entries_.empty(); }
  std::size_t size() const noexcept { return entries_.size(); }
  auto begin() const noexcept { return entries_.begin(); }
  auto end() const noexcept { return entries_.end(); }

  /// Reads an encoded map; false when it is none, has a key that is no str, or is beyond the limits. A duplicate key: the last wins.
  static bool decode(bytes_view encoded, const limits& l, metadata& out);
  /// Appends the map. Throws encode_error when a str is not valid UTF-8.
  void encode(wire::writer& out) const;

private:
  std::vector<entry> entries_;
};

} // namespace swill
