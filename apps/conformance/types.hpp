#pragma once

#include "libswill/api/types/codec.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// The messages of tests/conformance/app.md. Each struct has one description beside it, and that is all the library needs.

namespace swill::conformance {

using integer = std::int64_t;
using maybe_integer = std::optional<integer>;

// Whatever a client sends must not be undefined behaviour: sums and products wrap around.
inline integer sum_of(integer a, integer b) noexcept {
  return static_cast<integer>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
inline integer doubled(integer i) noexcept { return sum_of(i, i); }

struct point {
  double x = 0;
  double y = 0;
  bool operator==(const point&) const = default;
};
template <class D>
void describe(D& d, point& p) {
  d.name("Point");
  d.field("x", p.x);
  d.field("y", p.y, omittable{});
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
  integer x = 0, y = 0, z = 7;
  bool operator==(const vec&) const = default;
};
template <class D>
void describe(D& d, vec& v) {
  d.as_array();
  d.field("x", v.x);
  d.field("y", v.y);
  d.field("z", v.z, omittable{});
}

struct sparse {
  integer a = 0, b = 1;
  std::optional<std::string> c;
  std::vector<integer> d;
  bool operator==(const sparse&) const = default;
};
template <class D>
void describe(D& d, sparse& s) {
  d.omit_defaults();
  d.field("a", s.a);
  d.field("b", s.b, omittable{});
  d.field("c", s.c);
  d.field("d", s.d, omittable{});
}

struct empty {
  bool operator==(const empty&) const = default;
};
template <class D>
void describe(D&, empty&) {}

struct tree {
  integer v = 0;
  std::vector<tree> children;
  bool operator==(const tree&) const = default;
};
template <class D>
void describe(D& d, tree& t) {
  d.name("Tree");
  d.field("v", t.v);
  d.field("children", t.children, omittable{});
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
  d.field("street", a.street, length{.min = 1, .max = 19});
  d.field("zip", a.zip, pattern{"^[0-9]{5}$"});
}

struct create_user {
  std::string name;
  integer age = 0;
  std::vector<std::string> tags;
  std::map<std::string, integer> scores;
  std::pair<integer, std::string> pair;
  conformance::address address;
  std::string password, confirm;
  bool operator==(const create_user&) const = default;
};
template <class D>
void describe(D& d, create_user& u) {
  d.name("CreateUser");
  const auto is_not = [](const char* word) { return [word](const std::string& s) { return s != word; }; };
  d.field("name", u.name, length{.min = 2, .max = 9}, predicate{is_not("root"), "name is reserved"});
  d.field("age", u.age, ge{0}, lt{150});
  d.field("tags", u.tags, each{length{.min = 1, .max = 4}, predicate{is_not("bad"), "bad tag"}});
  d.field("scores", u.scores, values{le{100}});
  d.field("pair", u.pair, at<0>(gt{0}));
  d.field("address", u.address);
  d.field("password", u.password);
  d.field("confirm", u.confirm);
  d.rule("passwords do not match", [](const create_user& user) { return user.password == user.confirm; });
}

struct user_created {
  integer id = 0;
  std::string name;
};
template <class D>
void describe(D& d, user_created& u) {
  d.field("id", u.id);
  d.field("name", u.name);
}

struct first_error {
  integer a = 0, b = 0;
  bool operator==(const first_error&) const = default;
};
template <class D>
void describe(D& d, first_error& e) {
  d.field("a", e.a, ge{10});
  d.field("b", e.b, le{5});
}

struct multiple {
  integer n = 0;
};
template <class D>
void describe(D& d, multiple& m) {
  d.field("n", m.n, multiple_of{3});
}

struct bounds {
  integer gt = 0, ge = 0, lt = 0, le = 0;
};
template <class D>
void describe(D& d, bounds& b) {
  d.name("Limits"); // swill::limits is another thing
  d.field("gt", b.gt, swill::gt{10});
  d.field("ge", b.ge, swill::ge{10});
  d.field("lt", b.lt, swill::lt{10});
  d.field("le", b.le, swill::le{10});
}

struct line {
  std::string sku;
  integer qty = 0;
  bool operator==(const line&) const = default;
};
template <class D>
void describe(D& d, line& l) {
  d.field("sku", l.sku, pattern{"^[A-Z]{3}[0-9]{3}$"});
  d.field("qty", l.qty, ge{1}, le{100});
}

struct order {
  integer id = 0;
  std::vector<line> lines;
  std::map<std::string, address> notes;
  std::optional<std::string> coupon;
  double weight = 1.0;
  bool operator==(const order&) const = default;
};
template <class D>
void describe(D& d, order& o) {
  d.field("id", o.id, gt{0});
  d.field("lines", o.lines, length{.min = 1, .max = 3});
  d.field("notes", o.notes, omittable{});
  d.field("coupon", o.coupon, length{.min = 4, .max = 8});
  d.field("weight", o.weight, ge{0}, lt{1000}, omittable{});
}

struct fail_with {
  integer code = 0;
  std::string message;
  value data;
  bool operator==(const fail_with&) const = default;
};
template <class D>
void describe(D& d, fail_with& f) {
  d.field("code", f.code);
  d.field("message", f.message);
  d.field("data", f.data, omittable{});
}

struct close_with {
  integer code = 0;
  std::string reason;
};
template <class D>
void describe(D& d, close_with& c) {
  d.field("code", c.code);
  d.field("reason", c.reason, omittable{});
}

struct slow {
  integer before = 0, after = 0;
  bool cancelled = false;
};
template <class D>
void describe(D& d, slow& s) {
  d.field("before", s.before);
  d.field("after", s.after);
  d.field("cancelled", s.cancelled);
}

using any_map = std::map<std::string, value>;

struct meta_sum {
  any_map metadata_at_start, metadata;
  integer sum = 0;
};
template <class D>
void describe(D& d, meta_sum& m) {
  d.field("metadata_at_start", m.metadata_at_start);
  d.field("metadata", m.metadata);
  d.field("sum", m.sum);
}

struct whoami {
  std::string id, method, path, query;
  std::map<std::string, std::vector<std::string>, std::less<>> args;
  std::map<std::string, std::string, std::less<>> cookies;
  std::optional<std::string> user_agent, x_test;
  std::string remote_addr, subprotocol;
  bool tls = false;
};
template <class D>
void describe(D& d, whoami& w) {
  d.field("id", w.id);
  d.field("method", w.method);
  d.field("path", w.path);
  d.field("query", w.query);
  d.field("args", w.args);
  d.field("cookies", w.cookies);
  d.field("user_agent", w.user_agent);
  d.field("x_test", w.x_test);
  d.field("remote_addr", w.remote_addr);
  d.field("subprotocol", w.subprotocol);
  d.field("tls", w.tls);
}

} // namespace swill::conformance
