#pragma once

#include "apps/conformance/types.hpp"
#include "libswill/api/types/codec.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

/// The types of the conformance application, and how tests go from bytes to values and back.
namespace contract = swill::conformance;

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
