#pragma once

#include "apps/cli/described_api.hpp"

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace swill::cli {

/// What a message is for, which decides on what may be absent: a client may leave out fields that have defaults, a server writes them.
enum class direction : bool { request, response };

/// A struct or an enumeration that an API has, under the name that generated code gives it.
struct named_type {
  const schema::node* node = nullptr; ///< where it stands first
  std::string name;                   ///< of what it is in responses, and in requests where these are the same
  std::string request_name;
  std::string documentation; ///< of the type itself; empty where only fields of it say something
  bool is_in_requests = false;
  bool is_in_responses = false;

  bool has_two_forms() const noexcept { return name != request_name; }
  const std::string& name_in(direction d) const noexcept { return d == direction::request ? request_name : name; }
};

/// Names that are all different: each is a word of its own in generated code.
class name_list {
public:
  explicit name_list(std::set<std::string> taken) : taken_(std::move(taken)) {}
  /// `wanted`, or that with a number, if it is taken.
  std::string take(const std::string& wanted);

private:
  std::set<std::string> taken_;
};

/// "create_user" and "page<user>" as CreateUser and PageUser. Never empty, and an identifier in all languages.
std::string type_name_of(std::string_view text);

/// The structs and enumerations of an API. Descriptions that say the same under the same name are one type, wherever they stand; it borrows the
/// API, whose descriptions must outlive it.
class type_names {
public:
  /// Of names that are taken, none is given.
  type_names(const described_api& api, name_list& names);

  /// Null for a type that has no name of its own.
  const named_type* find(const schema::node& type) const;
  /// Ascending by name.
  std::vector<const named_type*> all() const;

private:
  void visit(const schema::node& type, direction d, bool is_field);
  std::size_t add(const schema::node& type);
  bool differs_by_direction(const schema::node& type);
  void name_all(name_list& names);

  std::vector<named_type> types_;
  std::unordered_map<const schema::node*, std::size_t> index_;
  std::unordered_map<std::string, std::vector<std::size_t>> by_text_;
};

/// Whether two descriptions say the same, whatever is said around them.
bool is_same_type(const schema::node& a, const schema::node& b);

} // namespace swill::cli
