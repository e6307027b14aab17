#pragma once

#include "libswill/api/types/applicable.hpp"
#include "libswill/api/types/decoder.hpp"
#include "libswill/api/types/tables.hpp"

#include <memory>

namespace swill::detail {

/// D of `describe` that reads a struct. As long as fields come in their declared order it reads in one go. From the first that does
/// not, it notes where the values of the rest begin, and reads each when its turn comes. Duplicates of what was read before that get
/// a second pass, so the last wins and yet no value is decoded twice.
class field_reader {
public:
  field_reader(decoder& in, const struct_table& table) noexcept : in_(in), table_(table), mark_(in.mark()) {}

  /// False when the next value is no such struct.
  bool begin();
  template <std::size_t N, class M, class... R>
  void field(const char (&name)[N], M& member, const R&... rules);
  template <class M, class... R>
  void as(M& member, const R&... rules);
  template <class T, class Write, class Read, class... R>
  void convert(T& object, const Write& write, const Read& read, const R&... rules);
  /// True when `describe` must run once more.
  bool again();
  bool whole() const noexcept { return wrong_ == 0; }
  fit finish();

  void as_array() noexcept {}
  void omit_defaults() noexcept {}
  void strict() noexcept {}
  void name(std::string_view) noexcept {}
  void doc(std::string_view) noexcept {}
  template <class F>
  void rule(std::string_view, const F&) noexcept {}

private:
  enum class order : std::uint8_t { declared, array, noted, second, alone };

  template <std::size_t N, class M, class... R>
  void read_field(const char (&name)[N], M& member, const R&... rules);
  bool find(std::size_t i, const char* name, std::size_t size) noexcept {
    if (order_ == order::declared && left_ != 0 && size < 32 && in_.take_key(name, size)) [[likely]] {
      --left_;
      return true;
    }
    return find_elsewhere(i);
  }
  bool find_elsewhere(std::size_t i) noexcept;
  void note_rest(std::size_t from);
  const std::byte*& place(std::size_t i) noexcept { return far_ ? far_[i] : near_[i]; }
  void missing(std::size_t i);
  void not_convertible(std::string_view got);
  void bad(std::size_t i, fit f, std::size_t mark);

  static constexpr std::size_t near = 16;

  decoder& in_;
  const struct_table& table_;
  const std::size_t mark_;
  std::size_t next_ = 0;
  std::size_t split_ = 0; ///< fields before this one were read before the rest was noted
  std::uint32_t left_ = 0;
  order order_ = order::declared;
  bool duplicates_ = false;
  std::uint64_t wrong_ = 0; ///< one bit for each field that has not its type; the last for all from 63 on
  const std::byte* near_[near];
  std::unique_ptr<const std::byte*[]> far_;
  wire::reader end_{bytes_view{}};
};

template <std::size_t N, class M, class... R>
void field_reader::field(const char (&name)[N], M& member, const R&... rules) {
  if constexpr (is_message<M>)
    read_field<N, M>(name, member, rules...); // if it cannot travel, the surveyor has said so
}

template <std::size_t N, class M, class... R>
void field_reader::read_field(const char (&name)[N], M& member, const R&... rules) {
  static_assert((applies<R, M>() && ...), "swill: a rule does not fit the type of its field (docs/types.md)");
  const std::size_t i = next_++;
  if (!find(i, name, N - 1)) {
    if constexpr (!may_be_absent<M, R...>) missing(i);
    return;
  }
  if constexpr ((std::same_as<R, defaulted> || ...)) {
    // A second pass has a value of the first before it, which is no default any more.
    if (in_.reader.peek() == wire::kind::nil && order_ != order::second &&
        codec<M>::suits(wire::kind::nil) == affinity::none) [[unlikely]] {
      in_.reader.read_nil();
      return;
    }
  }
  // What the struct around sets a member to is no default for the fields within.
  if constexpr (described<M> || fixed_list<M>) member = M{};
  const std::size_t mark = in_.mark();
  const fit f = decode(in_, member, rules...);
  if (f != fit::whole || in_.mark() != mark) [[unlikely]]
    bad(i, f, mark);
}

template <class M, class... R>
void field_reader::as(M& member, const R&... rules) {
  static_assert(is_message<M>,
                "swill: the member that a type travels as must be one that travels itself (docs/types.md)");
  static_assert((applies<R, M>() && ...), "swill: a rule does not fit the type of the member (docs/types.md)");
  if (decode(in_, member, rules...) != fit::whole) [[unlikely]]
    wrong_ = 1;
}

template <class T, class Write, class Read, class... R>
void field_reader::convert(T& object, const Write&, const Read& read, const R&... rules) {
  using M = converted<T, Write>;
  M travelled{};
  as(travelled, rules...);
  if (in_.mark() != mark_) {
    wrong_ = 1; // what breaks its rules is not converted, so there is no object yet
  } else if (std::optional<T> made = read(std::as_const(travelled))) {
    object = std::move(*made);
  } else {
    not_convertible(codec<M>::text());
  }
}

/// D of `describe` that checks the rules of a whole struct.
template <class T>
class rule_checker {
public:
  rule_checker(decoder& in, const T& object) : in_(in), object_(object) {}

  template <class F>
  void rule(std::string_view text, const F& holds) {
    if (holds(object_)) return;
    const std::size_t mark = in_.mark();
    in_.problem(std::string{text});
    if (in_.mark() != mark && !table_of<T>().travels_as) in_.wrap_field(mark, "*");
  }
  template <std::size_t N, class M, class... R>
  void field(const char (&)[N], M&, const R&...) noexcept {}
  template <class M, class... R>
  void as(M&, const R&...) noexcept {}
  template <class Write, class Read, class... R>
  void convert(T&, const Write&, const Read&, const R&...) noexcept {}
  void as_array() noexcept {}
  void omit_defaults() noexcept {}
  void strict() noexcept {}
  void name(std::string_view) noexcept {}
  void doc(std::string_view) noexcept {}

private:
  decoder& in_;
  const T& object_;
};

/// D of `describe` that writes a struct.
class field_writer {
public:
  field_writer(encoder& out, const struct_table& table);

  template <std::size_t N, class M, class... R>
  void field(const char (&name)[N], M& member, const R&...) {
    const std::size_t start = out_.to.out().size();
    if (!as_array_) out_.to.str({name, N - 1});
    const std::size_t content = out_.to.out().size();
    if constexpr (is_message<M>) encode(out_, static_cast<const M&>(member));
    if (omit_) leave_out_default(start, content);
  }
  template <class M, class... R>
  void as(M& member, const R&...) {
    encode(out_, static_cast<const M&>(member));
  }
  template <class T, class Write, class Read, class... R>
  void convert(T& object, const Write& write, const Read&, const R&...) {
    const converted<T, Write> made = write(std::as_const(object));
    encode(out_, made);
  }
  void finish();

  void as_array() noexcept {}
  void omit_defaults() noexcept {}
  void strict() noexcept {}
  void name(std::string_view) noexcept {}
  void doc(std::string_view) noexcept {}
  template <class F>
  void rule(std::string_view, const F&) noexcept {}

private:
  void leave_out_default(std::size_t start, std::size_t content);

  encoder& out_;
  const struct_table& table_;
  const bool as_array_;
  const bool omit_;
  std::size_t begin_ = 0;
  std::size_t next_ = 0;
  std::size_t count_ = 0;
};

affinity struct_suits(const struct_table& table, wire::kind k);
std::string struct_text(const struct_table& table);

template <described T>
struct codec<T> {
  static_assert(!described_as_copy<T>, "swill: the describe of this struct does not take it by a reference to what can "
                                       "be changed: write void describe(D& d, order& o)");
  static fit decode(decoder& in, T& out) {
    const struct_table& table = table_of<T>();
    field_reader fields{in, table};
    if (!fields.begin()) return in.wrong(table.name);
    do {
      describe(fields, out);
    } while (fields.again());
    if (!table.rules.empty() && fields.whole()) {
      rule_checker<T> rules{in, out};
      describe(rules, out);
    }
    return fields.finish();
  }
  static void encode(encoder& out, const T& object) {
    field_writer fields{out, table_of<T>()};
    describe(fields, const_cast<T&>(object)); // reads only: `describe` takes the same struct for both directions
    fields.finish();
  }
  static value introspect(introspector& i) { return i.structure(survey_of<T>(), fill_table<T>); }
  static affinity suits(wire::kind k) { return struct_suits(table_of<T>(), k); }
  static std::string text() { return struct_text(table_of<T>()); }
};

} // namespace swill::detail
