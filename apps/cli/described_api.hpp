#pragma once

#include "libswill/api/types/schema.hpp"
#include "libswill/api/types/schema_node.hpp"
#include "libswill/base/value.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace swill::cli {

/// One side of a handler.
struct described_side {
  bool streams = false;
  std::shared_ptr<const schema> type; ///< owned by the copies of this object

  const schema::node& root() const { return type->root(); }
};

/// What the data of an error are.
struct described_error {
  std::int64_t code = 0;
  std::shared_ptr<const schema> data; ///< owned by the copies of this object
};

/// A record of swill.introspect (docs/protocol.md §8), read.
struct described_handler {
  std::string name;
  std::string documentation;
  described_side request;
  described_side response;
  std::vector<std::int64_t> errors;        ///< codes, ascending
  std::vector<described_error> error_data; ///< of those whose data are described, ascending
  bool idempotent = false;
  bool endless = false;
  std::int64_t default_deadline_ms = 0; ///< 0: none
  std::int64_t maximum_deadline_ms = 0; ///< 0: none
  std::int64_t message_size = 0;        ///< bytes; 0: that of the server
  std::vector<std::string> tags;

  /// What the data of errors of that code are; null: that is not said.
  const schema::node* error_type(std::int64_t code) const noexcept;

  /// What streams: unary, up, down, both.
  const char* shape() const noexcept;
};

using described_api = std::vector<described_handler>;

/// Reads what swill.introspect has answered, or what `swill introspect` has printed of it, in the order of the handlers' names. Throws usage_error
/// when it is something else.
described_api read_api(value records);

/// Throws usage_error where a type is named that there is not, which read_api takes for anything: servers may be newer than this program, what somebody
/// has written is more likely to be wrong.
void check_types(const described_api& api);

/// Whether nil, or no data, is a message of this type.
bool may_be_nil(const schema::node& type);

/// The type itself, where `type` stands for a struct that it is within.
const schema::node& resolved(const schema::node& type) noexcept;

/// A note of a type by its name in introspection, such as "default"; null: there is none.
const value* find_note(const schema::node& type, std::string_view name) noexcept;

/// The constraints of a type itself, without those of its parts, in a few words each: "at least 1", "length 2 to 9".
std::vector<std::string> constraint_words(const schema::node& type);

/// What a value of that type must be like, in a few words each: "at least 1", "length 2 to 9", "each: greater than 0". For an optional type,
/// what the value must be like when there is one.
std::vector<std::string> rule_words(const schema::node& type);

/// What people are told of a struct as a whole that breaks a rule of it.
std::vector<std::string> struct_rules(const schema::node& type);

} // namespace swill::cli
