#include "apps/conformance/handlers.hpp"
#include "apps/conformance/types.hpp"

#include <chrono>
#include <numeric>
#include <set>
#include <tuple>
#include <variant>

namespace swill::conformance {

namespace {

using two_integers = std::tuple<integer, integer>;

integer add(request<two_integers> r) { return std::apply(sum_of, r.data()); }

task<integer> add_async(request<two_integers> r) { co_return std::apply(sum_of, r.data()); }

template <class T>
T echo(request<T> r) {
  return std::move(r).data();
}

point midpoint(request<segment> r) {
  const auto& [a, b, label] = r.data();
  return {(a.x + b.x) / 2, (a.y + b.y) / 2};
}

vec vec_double(request<vec> r) {
  const vec& v = r.data();
  return {doubled(v.x), doubled(v.y), doubled(v.z)};
}

std::map<std::string, point> list_of_struct(request<std::vector<point>> r) {
  std::map<std::string, point> by_index;
  for (const point& p : r.data()) by_index.emplace(std::to_string(by_index.size()), p);
  return by_index;
}

void add_scalar_echoes(app& to) {
  to.handle("echo_any", echo<value>);
  to.handle("echo_int", echo<integer>);
  to.handle("echo_uint", echo<std::uint64_t>);
  to.handle("echo_float", echo<double>);
  to.handle("echo_bool", echo<bool>);
  to.handle("echo_str", echo<std::string>);
  to.handle("echo_bytes", echo<bytes>);
  to.handle("echo_datetime", echo<std::chrono::system_clock::time_point>);
}

void add_composed_echoes(app& to) {
  to.handle("echo_optional", echo<maybe_integer>);
  to.handle("echo_union", echo<std::variant<integer, std::string, std::monostate>>);
  to.handle("echo_list", echo<std::vector<integer>>);
  to.handle("echo_set", echo<std::set<integer>>);
  to.handle("echo_dict", echo<std::map<std::string, integer>>);
  to.handle("echo_dict_int", echo<std::map<integer, std::string>>);
  to.handle("echo_enum", echo<color>);
  to.handle("echo_intenum", echo<level>);
}

integer place_order(request<order> r) {
  const auto& lines = r.data().lines;
  return std::accumulate(lines.begin(), lines.end(), integer{0},
                         [](integer sum, const line& l) { return sum + l.qty; });
}

/// What a handler does that checks by itself what no description can say: the shape is that of docs/protocol.md §4.
integer manual_validation(request<integer>) {
  const auto problem = [](const char* text) { return value::map({{"description", text}}); };
  throw error{
      error_code::validation_error, "Validation Error",
      value::map({
          {"field_a", value::array({problem("wrong")})},
          {"field_b", value::array({value::map({{"index", 3}, {"errors", value::array({problem("wrong item")})}})})},
          {"*", value::array({problem("whole")})},
      })};
}

// The library has checked everything that the descriptions in types.hpp say before one of these is called.
void add_validated(app& to) {
  to.handle("create_user", [](request<create_user> r) { return user_created{1, r.data().name}; });
  to.handle("first_error", [](request<first_error> r) { return r.data().a; });
  to.handle("multiple", [](request<multiple> r) { return r.data().n; });
  to.handle("limits", [](request<bounds>) -> std::string { return "ok"; });
  to.handle("validated_list", [](request<std::vector<first_error>> r) { return r.data().size(); });
  to.handle("validated_echo", echo<first_error>);
  to.handle("place_order", place_order);
  to.handle("manual_validation", manual_validation);
}

} // namespace

void add_unary_handlers(app& to) {
  to.handle("add", add);
  to.handle("add_async", add_async);
  to.handle("named.handler", [](request<maybe_integer>) -> std::string { return "named"; });
  to.handle("ret_none", [](request<maybe_integer>) {});
  to.handle("untyped", [](request<>) {});
  to.handle("midpoint", midpoint);
  to.handle("vec_double", vec_double);
  to.handle("sparse", echo<sparse>);
  to.handle("list_of_struct", list_of_struct);
  to.handle("empty_struct", echo<empty>);
  to.handle("echo_tree", echo<tree>);
  add_scalar_echoes(to);
  add_composed_echoes(to);
  add_validated(to);
}

} // namespace swill::conformance
