#pragma once

#include "libswill/api/types/decoder.hpp"
#include "libswill/api/types/encoder.hpp"
#include "libswill/api/types/introspector.hpp"
#include "libswill/api/types/nested_rules.hpp"
#include "libswill/base/mistakes.hpp"

#include <optional>
#include <stdexcept>
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
  std::string unsendable;       ///< why that has no encoding, if it has none
};

/// What a type travels as that is no map or array of fields: its one member, or what it is converted to. The functions ask that type
/// when it is needed, because it may hold the type that travels as it.
struct stand_in {
  affinity (*suits)(wire::kind) = nullptr;
  std::string (*text)() = nullptr;
  bool (*has_fields)() = nullptr; ///< its problems stand under names of fields
};

template <class T>
bool has_fields();

/// What `describe` says of a struct, collected once for each type.
struct struct_table {
  std::string name;
  std::string documentation;
  bool as_array = false;
  bool omit_defaults = false;
  bool strict = false;
  bool may_be_nil = false;  ///< as a whole message: it has fields, and all of them may be absent
  bool is_empty = false;    ///< the struct has no members at all
  bool is_defaulted = true; ///< every field has a default in place of what is absent
  std::vector<std::string_view> rules;
  std::optional<stand_in> travels_as; ///< then `fields` has one entry, without a name
  std::vector<field_entry> fields;
  std::vector<std::size_t> by_name; ///< indices of fields, ascending by name
  std::vector<mistake> mistakes;    ///< in `describe`: with them nothing of this type can travel

  static constexpr std::size_t none = static_cast<std::size_t>(-1);
  /// The index of a field, looked for from `hint` on first; `none` for an unknown one.
  std::size_t find(std::string_view field, std::size_t hint) const noexcept;
  /// Adds an entry. The reference is good until the next one.
  field_entry& add_field(std::string_view field, value (*introspect)(introspector&));
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
  std::vector<mistake> mistakes; ///< as struct_table::mistakes

  std::string text() const; ///< `red | blue`
  void finish();
};

/// The last component of a type's name: `order` for shop::order.
std::string short_name(const std::type_info& type);
/// Fills in what a field holds at first from its encoding, if it has one.
void set_initial(field_entry& f, void (*encode_member)(encoder&, const void*), const void* member);
/// What the rules of a field of that struct, and those of its type, say of its default; `decode_member` reads it, and is called at most
/// once.
void check_initial(const std::type_info& of, const field_entry& f, std::vector<mistake>& out,
                   void (*decode_member)(decoder&, const void* rules), const void* rules);
/// The rule of that text of a whole struct fails when all fields hold their defaults.
void add_failed_rule(const std::type_info& of, std::string_view rule, std::vector<mistake>& out);
/// The path of a field, or of a type when the field has no name: "types.order.quantity".
std::string path_in(std::string_view type, std::string_view field = {});
/// Something in `describe` of a type cannot be meant.
class mistaken_type : public std::logic_error {
public:
  using std::logic_error::logic_error;
};
/// Throws mistaken_type with the first of the mistakes, if there is one.
void throw_first(const std::vector<mistake>& mistakes);
template <class Table>
const Table& without_mistakes(const Table& t) {
  throw_first(t.mistakes);
  return t;
}
struct_table make_table(const std::type_info& of, bool is_empty, table_filler fill);

/// What a type is converted to: the result of the function that d.convert is given first.
template <class T, class Write>
using converted = std::remove_cvref_t<std::invoke_result_t<const Write&, const T&>>;

template <class M, class... R>
inline constexpr bool may_be_absent = nullable<M> || (one_of_types<R, defaulted, omittable> || ...);

template <class... R>
inline constexpr bool has_rules = (!one_of_types<R, defaulted, omittable, doc> || ...);

/// An absent field has a value: other than nil, which says that there is none.
template <class M, class... R>
inline constexpr bool has_default = !nullable<M> && (one_of_types<R, defaulted> || ...);

template <class M>
void encode_member(encoder& out, const void* member) {
  detail::encode(out, *static_cast<const M*>(member));
}

/// D of `describe` that fills a table: see table_filler. `whole` is the struct that has nothing but defaults, where there is one.
template <class T>
class surveyor {
public:
  surveyor(struct_table& table, std::vector<mistake>* broken, const T* whole)
      : table_(table), broken_(broken), whole_(whole) {}

  template <std::size_t N, class M, class... R>
  void field(const char (&name)[N], M& member, const R&... rules) {
    // Said here alone: this D is the first that `describe` is compiled for.
    static_assert(!has_plain_pointer<M> && (is_message<M> || !has_view<M>),
                  "swill: a field owns its data, and plain pointers and views never travel: it is the value itself, a "
                  "std::string for text, or a std::optional<T>, std::unique_ptr<T> or std::shared_ptr<T>");
    static_assert(
        is_message<M> || has_plain_pointer<M> || has_view<M>,
        "swill: the type of this field cannot travel (docs/types.md); a struct or an enumeration needs a describe");
    if constexpr (is_message<M>) add_field<M>({name, N - 1}, member, rules...);
  }
  template <class M, class... R>
  void as(M&, const R&... rules) {
    set_stand_in<M>(rules...);
  }
  template <class Write, class Read, class... R>
  void convert(T&, const Write&, const Read&, const R&... rules) {
    static_assert(
        std::is_invocable_v<const Write&, const T&>,
        "swill: the first function of d.convert makes what travels from the object, which it takes by const reference");
    static_assert(std::is_invocable_r_v<std::optional<T>, const Read&, const converted<T, Write>&>,
                  "swill: the second function of d.convert makes a std::optional of the object from what travels");
    set_stand_in<converted<T, Write>>(rules...);
  }
  void as_array() { table_.as_array = true; }
  void omit_defaults() { table_.omit_defaults = true; }
  void strict() { table_.strict = true; }
  void name(std::string_view n) { table_.name = n; }
  void doc(std::string_view d) { table_.documentation = d; }
  template <class F>
  void rule(std::string_view text, const F& holds) {
    static_assert(std::predicate<const F&, const T&>,
                  "swill: a rule of a struct takes it by const reference and returns bool");
    if (whole_ != nullptr && !holds(*whole_)) add_failed_rule(typeid(T), text, *broken_);
    table_.rules.push_back(text);
  }

private:
  template <class M, class... R>
  void add_field(std::string_view name, M& member, const R&... rules) {
    field_entry& f = table_.add_field(name, &codec<M>::introspect);
    (rules.note(f.notes), ...);
    if constexpr (!has_default<M, R...>) table_.is_defaulted = false;
    if constexpr (may_be_absent<M, R...>) {
      f.required = false;
      set_initial(f, encode_member<M>, &member);
      if (broken_ != nullptr) check_default<M>(f, rules...);
    }
  }
  template <class M, class... R>
  void check_default(const field_entry& f, const R&... rules) {
    if constexpr (has_rules<R...> || described<M>) {
      const auto read = [&rules...](decoder& in) {
        M fresh{};
        static_cast<void>(detail::decode(in, fresh, rules...));
      };
      check_initial(
          typeid(T), f, *broken_, [](decoder& in, const void* r) { (*static_cast<const decltype(read)*>(r))(in); },
          &read);
    } else {
      check_initial(typeid(T), f, *broken_, nullptr, nullptr);
    }
  }
  template <class M, class... R>
  void set_stand_in(const R&... rules) {
    field_entry& f = table_.add_field({}, &codec<M>::introspect);
    (rules.note(f.notes), ...);
    table_.is_defaulted = false;
    table_.travels_as = stand_in{&codec<M>::suits, &codec<M>::text, &has_fields<M>};
  }

  struct_table& table_;
  std::vector<mistake>* broken_;
  const T* whole_;
};

template <class T>
void fill_table(struct_table& table, std::vector<mistake>* broken, bool is_defaulted) {
  static_assert(std::is_default_constructible_v<T>, "swill: a struct that travels needs a default constructor");
  T object{};
  surveyor<T> d{table, broken, is_defaulted ? &object : nullptr};
  describe(d, object);
}

/// What `describe` says of T, mistakes included.
template <class T>
const struct_table& survey_of() {
  static const struct_table table = make_table(typeid(T), std::is_empty_v<T>, fill_table<T>);
  return table;
}

/// The same, to read and write by. Throws std::logic_error for a mistake.
template <class T>
const struct_table& table_of() {
  static const struct_table& table = without_mistakes(survey_of<T>());
  return table;
}

template <class T>
bool has_fields() {
  if constexpr (described<T>) {
    const auto& other = table_of<T>().travels_as;
    return !other || other->has_fields();
  } else {
    return false;
  }
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

/// What `describe` says of E, mistakes included.
template <class E>
const enum_table& enum_survey_of() {
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

/// The same, to read and write by. Throws std::logic_error for a mistake.
template <class E>
const enum_table& enum_table_of() {
  static const enum_table& table = without_mistakes(enum_survey_of<E>());
  return table;
}

} // namespace swill::detail
