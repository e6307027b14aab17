#pragma once

#include "libswill/base/bytes.hpp"
#include "libswill/base/value.hpp"

#include <typeinfo>

namespace swill {

namespace wire {
class writer;
} // namespace wire

/// A typed message as a hook sees it, which does not know its type: look at it and change it, as the type when it is known, or as a
/// dynamic value. Borrows the message; good while the hook runs.
class any_message {
public:
  struct operations {
    const std::type_info& type;
    void (*encode)(wire::writer& to, const void* object);
    /// Decodes another in its place; throws the error of what is none, and then it is as it was.
    void (*replace)(void* object, bytes_view encoded);
  };

  any_message(const operations& ops, void* object) : ops_(&ops), object_(object) {}

  const std::type_info& type() const noexcept { return ops_->type; }

  /// The message itself when it is a T, else null.
  template <class T>
  T* get_if() const noexcept {
    return ops_->type == typeid(T) ? static_cast<T*>(object_) : nullptr;
  }

  value to_value() const;

  /// Replaces the message. Throws error 422 when v does not fit its type.
  void assign(const value& v);

private:
  const operations* ops_;
  void* object_;
};

} // namespace swill
