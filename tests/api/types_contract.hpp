#pragma once

#include "libswill/api/types/codec.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

/// The types of the conformance application (tests/conformance/app.md), and how tests go from bytes to values and back.
namespace contract {

struct point {
  double x = 0;
  double y = 0;
  bool operator==(const point&) const = default;
};
template <class D>
void describe(D& d, point& p) {
  d.name("Point");
  d.field("x", p.x);
  d.field("y", p.y, swill::omittable{});
}

struct segment {
  point a, b;
  std::optional<std::string> label;
  bool operator==(const segment&) const = default;
};
template <class D>
void describe(D& d, segment& s) {
  d.field("a", s.a);
  d.field("b", s.b);
  d.field("label", s.label);
}

struct vec {
  std::int64_t x = 0, y = 0, z = 7;
  bool operator==(const vec&) const = default;
};
template <class D>
void describe(D& d, vec& v) {
  d.as_array();
  d.field("x", v.x);
  d.field("y", v.y);
  d.field("z", v.z, swill::omittable{});
}

struct sparse {
  std::int64_t a = 0, b = 1;
  std::optional<std::string> c;
  std::vector<std::int64_t> d;
  bool operator==(const sparse&) const = default;
};
template <class D>
void describe(D& d, sparse& s) {
  d.omit_defaults();
  d.field("a", s.a);
  d.field("b", s.b, swill::omittable{});
  d.field("c", s.c);
  d.field("d", s.d, swill::omittable{});
}

struct empty {
  bool operator==(const empty&) const = default;
};
template <class D>
void describe(D&, empty&) {}

struct tree {
  std::int64_t v = 0;
  std::vector<tree> children;
  bool operator==(const tree&) const = default;
};
template <class D>
void describe(D& d, tree& t) {
  d.name("Tree");
  d.field("v", t.v);
  d.field("children", t.children, swill::omittable{});
}

enum class color : std::uint8_t { red, blue };
template <class D>
void describe(D& d, color&) {
  d.name("Color");
  d.value("red", color::red);
  d.value("blue", color::blue);
}

enum class level : std::int8_t { low = 1, high = 2 };
template <class D>
void describe(D& d, level&) {
  d.by_number();
  d.value("low", level::low);
  d.value("high", level::high);
}

struct address {
  std::string street, zip;
  bool operator==(const address&) const = default;
};
template <class D>
void describe(D& d, address& a) {
  d.field("street", a.street, swill::length{.min = 1, .max = 19});
  d.field("zip", a.zip, swill::pattern{"^[0-9]{5}$"});
}

struct create_user {
  std::string name;
  std::int64_t age = 0;
  std::vector<std::string> tags;
  std::map<std::string, std::int64_t> scores;
  std::pair<std::int64_t, std::string> pair;
  contract::address address;
  std::string password, confirm;
  bool operator==(const create_user&) const = default;
};
template <class D>
void describe(D& d, create_user& u) {
  d.name("CreateUser");
  d.field("name", u.name, swill::length{.min = 2, .max = 9},
          swill::predicate{[](const std::string& s) { return s != "root"; }, "name is reserved"});
  d.field("age", u.age, swill::ge{0}, swill::lt{150});
  d.field("tags", u.tags,
          swill::each{swill::length{.min = 1, .max = 4},
                      swill::predicate{[](const std::string& s) { return s != "bad"; }, "bad tag"}});
  d.field("scores", u.scores, swill::values{swill::le{100}});
  d.field("pair", u.pair, swill::at<0>(swill::gt{0}));
  d.field("address", u.address);
  d.field("password", u.password);
  d.field("confirm", u.confirm);
  d.rule("passwords do not match", [](const create_user& c) { return c.password == c.confirm; });
}

struct first_error {
  std::int64_t a = 0, b = 0;
  bool operator==(const first_error&) const = default;
};
template <class D>
void describe(D& d, first_error& f) {
  d.field("a", f.a, swill::ge{10});
  d.field("b", f.b, swill::le{5});
}

struct bounds {
  std::int64_t gt = 0, ge = 0, lt = 0, le = 0;
};
template <class D>
void describe(D& d, bounds& b) {
  d.field("gt", b.gt, swill::gt{10});
  d.field("ge", b.ge, swill::ge{10});
  d.field("lt", b.lt, swill::lt{10});
  d.field("le", b.le, swill::le{10});
}

struct line {
  std::string sku;
  std::int64_t qty = 0;
  bool operator==(const line&) const = default;
};
template <class D>
void describe(D& d, line& l) {
  d.field("sku", l.sku, swill::pattern{"^[A-Z]{3}[0-9]{3}$"});
  d.field("qty", l.qty, swill::ge{1}, swill::le{100});
}

struct order {
  std::int64_t id = 0;
  std::vector<line> lines;
  std::map<std::string, address> notes;
  std::optional<std::string> coupon;
  double weight = 1.0;
  bool operator==(const order&) const = default;
};
template <class D>
void describe(D& d, order& o) {
  d.field("id", o.id, swill::gt{0});
  d.field("lines", o.lines, swill::length{.min = 1, .max = 3});
  d.field("notes", o.notes, swill::omittable{});
  d.field("coupon", o.coupon, swill::length{.min = 4, .max = 8});
  d.field("weight", o.weight, swill::ge{0}, swill::lt{1000}, swill::omittable{});
}

struct fail_with {
  std::int64_t code = 0;
  std::string message;
  swill::value data;
  bool operator==(const fail_with&) const = default;
};
template <class D>
void describe(D& d, fail_with& f) {
  d.field("code", f.code);
  d.field("message", f.message);
  d.field("data", f.data, swill::omittable{});
}

} // namespace contract

namespace typed {

using swill::to_text;
using swill::to_value;

inline swill::value map(std::initializer_list<std::pair<swill::value, swill::value>> m) { return swill::value::map(m); }
inline swill::value list(std::initializer_list<swill::value> a) { return swill::value::array(a); }

template <class T>
swill::bytes encode(const T& v) {
  return swill::detail::encoded_message(v);
}

/// The T that v decodes to; fails the test (by exception) when it does not.
template <class T>
T decode(const swill::value& v) {
  return swill::from_value<T>(v).value();
}

template <class T>
bool accepts(const swill::value& v) {
  return swill::from_value<T>(v).has_value();
}

/// T after a trip to the wire and back.
template <class T>
T round(const T& v) {
  T out{};
  std::optional<swill::error> failure;
  const swill::bytes b = encode(v);
  if (!swill::decode_message(b, swill::limits{}, out, failure)) throw *failure;
  return out;
}

/// The error that v is refused with; code 0 when it is accepted.
template <class T>
swill::error refusal(const swill::value& v, const swill::limits& l = {}) {
  const auto r = swill::from_value<T>(v, l);
  return r ? swill::error{0, ""} : r.error();
}

/// The data of the error 422 that v is refused with, as text.
template <class T>
std::string problems(const swill::value& v, const swill::limits& l = {}) {
  const swill::error e = refusal<T>(v, l);
  return e.code == 422 ? to_text(e.data, 1 << 20) : std::to_string(e.code);
}

/// The description of the one problem that a value of no struct is refused with.
template <class T>
std::string problem(const swill::value& v) {
  const swill::error e = refusal<T>(v);
  if (e.code != 422) return std::to_string(e.code);
  const auto* all = e.data.find("*")->template get_if<swill::value_array>();
  return all->size() == 1 ? *all->front().find("description")->template get_if<std::string>() : to_text(e.data);
}

} // namespace typed
