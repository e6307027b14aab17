#pragma once

#include "libswill/api/types/encoder.hpp"
#include "libswill/api/types/introspector.hpp"
#include "libswill/api/types/nested_rules.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <typeinfo>
#include <vector>

namespace swill::detail {

/// What `describe` says of a field.
struct field_entry {
  std::string_view name;
  bool required = true;
  value (*introspect)(introspector&) = nullptr;
  type_notes notes;
  bytes initial_encoding;       ///< of what a default-constructed struct holds, when the field is not required
  std::optional<value> initial; ///< the same
};

/// What `describe` says of a struct, collected once for each type.
struct struct_table {
  std::string name;
  std::string documentation;
  bool as_array = false;
  bool omit_defaults = false;
  bool may_be_nil = false; ///< as a whole message: it has fields, and all of them may be absent
  std::vector<std::string_view> rules;
  std::vector<field_entry> fields;
  std::vector<std::size_t> by_name; ///< indices of fields, ascending by name

  static constexpr std::size_t none = static_cast<std::size_t>(-1);
  /// The index of a field, looked for from `hint` on first; `none` for an unknown one.
  std::size_t find(std::string_view field, std::size_t hint) const noexcept;
  /// Throws std::logic_error for a mistake in `describe`.
  void finish();
};

struct enum_entry {
  std::string_view name;
  std::int64_t number; ///< of an unsigned enumeration the same bits
};

struct enum_table {
  std::string name;
  std::string documentation;
  bool by_number = false;
  bool is_unsigned = false;
  std::vector<enum_entry> entries;

  std::string text() const; ///< `red | blue`
  void finish();
};

/// The last component of a type's name: `order` for shop::order.
std::string short_name(const std::type_info& type);
/// Fills in what a field holds at first from its encoding, if it has one.
void set_initial(field_entry& f, void (*encode_member)(encoder&, const void*), const void* member);

template <class M, class... R>
inline constexpr bool may_be_absent = nullable<M> || (one_of_types<R, defaulted, omittable> || ...);

/// D of `describe` that fills a table.
template <class T>
class surveyor {
public:
  explicit surveyor(struct_table& table) : table_(table) {}

  template <std::size_t N, class M, class... R>
  void field(const char (&name)[N], M& member, const R&... rules) {
    field_entry f;
    f.name = {name, N - 1};
    f.required = !may_be_absent<M, R...>;
    f.introspect = [](introspector& i) { return codec<M>::introspect(i); };
    (rules.note(f.notes), ...);
    if (!f.required) {
      set_initial(
          f, [](encoder& out, const void* m) { detail::encode(out, *static_cast<const M*>(m)); }, &member);
    }
    table_.fields.push_back(std::move(f));
  }
  void as_array() { table_.as_array = true; }
  void omit_defaults() { table_.omit_defaults = true; }
  void name(std::string_view n) { table_.name = n; }
  void doc(std::string_view d) { table_.documentation = d; }
  template <class F>
  void rule(std::string_view text, const F&) {
    static_assert(std::predicate<const F&, const T&>,
                  "swill: a rule of a struct takes it by const reference and returns bool");
    table_.rules.push_back(text);
  }

private:
  struct_table& table_;
};

template <class T>
const struct_table& table_of() {
  static const struct_table table = [] {
    static_assert(std::is_default_constructible_v<T>, "swill: a struct that travels needs a default constructor");
    struct_table t;
    t.name = short_name(typeid(T));
    T object{};
    surveyor<T> d{t};
    describe(d, object);
    t.finish();
    return t;
  }();
  return table;
}

/// D of `describe` for enumerations.
template <class E>
class enum_surveyor {
public:
  explicit enum_surveyor(enum_table& table) : table_(table) {}

  void value(std::string_view name, E e) { table_.entries.push_back({name, static_cast<std::int64_t>(e)}); }
  void by_number() { table_.by_number = true; }
  void name(std::string_view n) { table_.name = n; }
  void doc(std::string_view d) { table_.documentation = d; }

private:
  enum_table& table_;
};

template <class E>
const enum_table& enum_table_of() {
  static const enum_table table = [] {
    enum_table t;
    t.name = short_name(typeid(E));
    t.is_unsigned = std::is_unsigned_v<std::underlying_type_t<E>>;
    E e{};
    enum_surveyor<E> d{t};
    describe(d, e);
    t.finish();
    return t;
  }();
  return table;
}

} // namespace swill::detail
