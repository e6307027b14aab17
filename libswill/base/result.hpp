#pragma once

#include "libswill/base/error.hpp"

#include <utility>
#include <variant>

namespace swill {

/// What was wanted, or the error in its place: for failures that are expected. Never empty.
template <class T>
class [[nodiscard]] result {
public:
  using value_type = T;

  result(T v) : v_(std::in_place_index<0>, std::move(v)) {}
  result(swill::error e) : v_(std::in_place_index<1>, std::move(e)) {}

  bool has_value() const noexcept { return v_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  /// The value; throws the error when there is none.
  T& value() & { return or_throw(), std::get<0>(v_); }
  const T& value() const& { return or_throw(), std::get<0>(v_); }
  T&& value() && { return or_throw(), std::get<0>(std::move(v_)); }

  T& operator*() & noexcept { return *std::get_if<0>(&v_); }
  const T& operator*() const& noexcept { return *std::get_if<0>(&v_); }
  T&& operator*() && noexcept { return std::move(*std::get_if<0>(&v_)); }
  T* operator->() noexcept { return std::get_if<0>(&v_); }
  const T* operator->() const noexcept { return std::get_if<0>(&v_); }

  /// The error; only when has_value() is false.
  const swill::error& error() const noexcept { return *std::get_if<1>(&v_); }

private:
  void or_throw() const {
    if (const auto* e = std::get_if<1>(&v_)) throw *e;
  }
  std::variant<T, swill::error> v_;
};

template <>
class [[nodiscard]] result<void> {
public:
  using value_type = void;

  result() = default;
  result(swill::error e) : failed_(true), e_(std::move(e)) {}

  bool has_value() const noexcept { return !failed_; }
  explicit operator bool() const noexcept { return has_value(); }
  void value() const {
    if (failed_) throw e_;
  }
  const swill::error& error() const noexcept { return e_; }

private:
  bool failed_ = false;
  swill::error e_;
};

} // namespace swill
