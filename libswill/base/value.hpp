#pragma once

#include "libswill/base/bytes.hpp"

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace swill {

/// A MessagePack extension: an application's type (0…127) or a predefined one (-1 is a timestamp), and its bytes.
struct extension {
  std::int8_t type = 0;
  bytes data;
  bool operator==(const extension&) const = default;
};

class value;
using value_array = std::vector<value>;
using value_map = std::vector<std::pair<value, value>>; ///< entries in the order of the wire; keys of any type

/// Any MessagePack value (introspected as `Any`). Integers are int64 where they fit, else uint64; float32 and float64 stay apart.
/// Values copy deeply and compare by type and content: value{1} != value{1.0}.
class value {
public:
  using storage = std::variant<std::monostate, bool, std::int64_t, std::uint64_t, float, double, std::string, bytes,
                               value_array, value_map, extension>;

  value() noexcept; ///< nil
  value(const value&);
  value(value&&) noexcept;
  value& operator=(const value&);
  value& operator=(value&&) noexcept;
  ~value();
  value(std::nullptr_t) noexcept;
  value(bool b) noexcept;
  template <std::integral I>
  requires(!std::same_as<I, bool>) value(I i)
      : value(integer<std::conditional_t<std::is_signed_v<I>, std::int64_t, std::uint64_t>>{i}) {}
  value(float f) noexcept;
  value(double d) noexcept;
  value(const char* s);
  value(std::string_view s);
  value(std::string s) noexcept;
  value(bytes b) noexcept;
  value(value_array a) noexcept;
  value(value_map m) noexcept;
  value(extension e) noexcept;

  /// `value::map({{"a", 1}, {"b", "x"}})`, `value::array({1, 2})`
  static value map(std::initializer_list<std::pair<value, value>> entries);
  static value array(std::initializer_list<value> items);

  bool is_nil() const noexcept { return v_.index() == 0; }
  template <class T>
  const T* get_if() const noexcept {
    return std::get_if<T>(&v_);
  }
  template <class T>
  T* get_if() noexcept {
    return std::get_if<T>(&v_);
  }

  /// The last entry of a map under a str key (the last duplicate wins), or null when there is none or this is no map.
  const value* find(std::string_view key) const noexcept;
  /// The same when it is a T, else null: `find<std::string>("name")`.
  template <class T>
  const T* find(std::string_view key) const noexcept {
    const value* v = find(key);
    return v != nullptr ? v->get_if<T>() : nullptr;
  }

  /// Sets the entry of a map under a str key; nil becomes an empty map first, any other kind is replaced by one.
  void set(std::string_view key, value v);

  const storage& variant() const noexcept { return v_; }
  storage& variant() noexcept { return v_; }

  bool operator==(const value& other) const;

private:
  template <class I>
  struct integer {
    I i;
  };
  explicit value(integer<std::int64_t> i) noexcept;
  explicit value(integer<std::uint64_t> u) noexcept;

  storage v_;
};

/// A compact, JSON-like rendering for logs and the command line; at most `limit` bytes, cut with "…".
std::string to_text(const value& v, std::size_t limit = 4096);

} // namespace swill
