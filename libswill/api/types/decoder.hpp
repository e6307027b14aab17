#pragma once

#include "libswill/api/types/kinds.hpp"
#include "libswill/base/error.hpp"
#include "libswill/base/limits.hpp"
#include "libswill/wire/reader.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace swill::detail {

/// What a value on the wire is to a type: another one; the right one with something wrong inside; or one that it can hold (which may
/// still break rules).
enum class fit : std::uint8_t { wrong, partly, whole };

/// How well a kind suits an alternative of a union.
enum class affinity : std::uint8_t { none, converts, exact };

struct struct_table;

/// Decodes one message: the bytes, what it may still cost, and the problems so far. Problems lie on a stack; whoever knows the place
/// (an index, a key, a field) wraps what has come on top of its mark. A good message never touches that stack.
class decoder {
public:
  /// `is_checked`: raw is one well-formed value, whose nesting somebody has looked at. Otherwise it is looked at here, as part of an
  /// envelope; and a value that is made of more than limits::elements_on_loop values, or limits::elements, stops the decoder.
  decoder(bytes_view raw, const limits& l, bool is_checked = true) noexcept
      : reader(raw), limits_(&l), memory_(l.decoded_size), effort_(16 * raw.size() + 65536) {
    if (is_checked) return;
    depth_ = 1;
    const std::size_t most = std::min(l.elements_on_loop, l.elements);
    if (raw.size() <= most) return; // a value takes a byte at least
    values_ = most;
    count(1);
  }

  wire::reader reader;

  bool clean() const noexcept { return marks_ == 0 && state_ == state::going; }
  /// Nothing more is decoded: a limit is used up. Everything returns fit::wrong from here on.
  bool stopped() const noexcept { return state_ >= state::too_large; }
  /// The reason why the message was refused: error 422, 413 or 400.
  void fail(std::optional<error>& failure, bool is_struct);

  // --- arrays and maps
  /// False when it is none, or too deep (then it has stopped).
  bool begin_array(std::uint32_t& n) { return reader.read_array(n) && count(n) && enter(); }
  bool begin_map(std::uint32_t& n) { return reader.read_map(n) && count(std::size_t{2} * n) && enter(); }
  void end() noexcept { --depth_; }
  /// What charge() has taken.
  std::size_t allocated() const noexcept { return limits_->decoded_size - memory_; }
  /// Takes memory off limits::decoded_size; false when it is used up.
  bool charge(std::size_t count, std::size_t each) {
    if (memory_ / each < count) return stop_too_large();
    memory_ -= count * each;
    return true;
  }
  bool read_dynamic(value& out);
  bool read_undecoded(bytes_view& out);
  /// An integer of 2^32 or more, to either side, and at most 2^53, that came as float64, as JavaScript's encoders send it. False, and
  /// nothing consumed, for anything else.
  bool read_integer_as_real(std::int64_t& out) noexcept;
  /// What kind of value comes next, to a type that holds integers and no reals.
  wire::kind peek_as_integer() const noexcept;
  /// At the beginning: when the message is nil and nothing else, and all fields of that struct may be absent, reads on as if it were empty.
  void read_nil_as_empty(const struct_table& table) noexcept;
  void skip();
  /// Passes this very key if it is next, in its shortest form.
  bool take_key(const char* name, std::size_t size) noexcept {
    const bytes_view rest = reader.rest();
    if (rest.size() <= size || rest[0] != static_cast<std::byte>(0xa0 | size)) return false;
    if (std::memcmp(rest.data() + 1, name, size) != 0) return false;
    reader = wire::reader{rest.subspan(1 + size)};
    return true;
  }

  // --- problems
  std::size_t mark() const noexcept { return marks_; }
  void problem(std::string description);
  /// `Expected …, got …`; passes the value.
  fit wrong(std::string_view expected);
  fit wrong_integer(std::int64_t least, std::uint64_t most);
  /// The same for an integer that has been read.
  fit out_of_range(std::int64_t least, std::uint64_t most, std::string_view got);
  fit wrong_count(wire::reader at, std::size_t expected, std::size_t got);
  fit invalid_text();
  void wrap_index(std::size_t mark, std::size_t index);
  void wrap_key(std::size_t mark, bytes_view key);
  void wrap_field(std::size_t mark, std::string_view name);
  void missing_field(std::string_view name);
  /// For a struct that is strict. A name that is no UTF-8, or no name at all, is not repeated.
  void unknown_field(std::string_view name);
  void further_items(std::size_t expected, std::size_t further);
  void merge_fields(std::size_t mark);
  /// Forgets what was wrong with an earlier duplicate.
  void drop_field(std::size_t mark, std::string_view name);
  void drop_key(std::size_t mark, bytes_view key);

  // --- attempts of a union
  struct bookmark {
    wire::reader reader;
    std::size_t depth, mark, reported;
  };
  bookmark here() const noexcept { return {reader, depth_, marks_, reported_}; }
  /// Back to b. What the attempt cost counts: nested unions may not multiply it without bound.
  void go_back(const bookmark& b);
  /// Looking at the same bytes again, as unions do, has a budget for the whole message: takes n off it; false when nothing is left.
  bool spend(std::size_t n);

private:
  enum class state : std::uint8_t { going, crowded, too_large, too_deep, malformed };

  bool enter() {
    if (depth_ >= limits_->nesting) return stop(state::too_deep);
    ++depth_;
    return true;
  }
  /// Of a value that has begun: that so many more are within it.
  bool count(std::size_t values) noexcept {
    if (values_ < values) [[unlikely]]
      return stop_too_large();
    values_ -= values;
    return true;
  }
  std::size_t levels_left() const noexcept { return limits_->nesting - std::min(depth_, limits_->nesting); }
  bool counts() const noexcept { return values_ < uncounted / 2; }
  bool stop(state s) noexcept;
  bool stop_too_large() noexcept;
  std::string got() const;
  void push(value problem);
  value take_from(std::size_t mark);
  template <class Doomed>
  void drop(std::size_t mark, Doomed doomed);
  void push_wrapped(std::string_view what, value place, std::size_t mark);

  const limits* limits_;
  std::size_t memory_;
  std::size_t effort_;
  std::size_t depth_ = 0;
  static constexpr std::size_t uncounted = SIZE_MAX;
  std::size_t values_ = uncounted; ///< that may still come
  std::size_t reported_ = 0;
  std::size_t marks_ = 0;                        ///< size of the stack of problems
  std::unique_ptr<std::vector<value>> problems_; ///< made when there is one, so that a good message pays nothing
  state state_ = state::going;
};

/// A rule that is checked on a value itself: see rules.hpp.
template <class R, class T>
concept checks = requires(const R& rule, const T& v) {
  { rule.holds(v) } -> std::same_as<bool>;
  { rule.problem(v) } -> std::convertible_to<std::string>;
};

template <class T, class R>
void check(decoder& in, const T& v, fit f, const R& rule) {
  if constexpr (checks<R, T>) {
    // What is only partly there has its length, but no value yet.
    if (f == fit::wrong || (f == fit::partly && !requires { R::looks_at_size; })) return;
    if (!rule.holds(v)) [[unlikely]]
      in.problem(rule.problem(v));
  }
}

/// Reads the next value into `out`, which is fresh, and checks it.
template <class T, class... R>
fit decode(decoder& in, T& out, const R&... rules) {
  if constexpr (requires { codec<T>::passes_rules; }) {
    return codec<T>::decode(in, out, rules...);
  } else if constexpr (requires { codec<T>::takes_rules; }) {
    const fit f = codec<T>::decode(in, out, rules...);
    (check(in, out, f, rules), ...);
    return f;
  } else {
    const fit f = codec<T>::decode(in, out);
    (check(in, out, f, rules), ...);
    return f;
  }
}

} // namespace swill::detail
