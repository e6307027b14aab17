#pragma once

#include "libswill/base/error.hpp"

#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace swill {

/// What was wanted, or the error in its place: for failures that are expected. Never empty. It copies where T does.
///
/// A union of its own in place of std::variant: a program has some hundred results of different types in its sources, and for each the
/// compiler made ten times as many functions.
template <class T>
class [[nodiscard]] result {
public:
  using value_type = T;

  result(T v) : value_(std::move(v)), has_value_(true) {}
  result(swill::error e) noexcept : error_(std::move(e)), has_value_(false) {}
  result(const result& other) requires std::is_copy_constructible_v<T> : has_value_(other.has_value_) {
    if (has_value_) {
      ::new (place()) T(other.value_);
    } else {
      ::new (place()) swill::error(other.error_);
    }
  }
  result(result&& other) noexcept(std::is_nothrow_move_constructible_v<T>) : has_value_(other.has_value_) {
    if (has_value_) {
      ::new (place()) T(std::move(other.value_));
    } else {
      ::new (place()) swill::error(std::move(other.error_));
    }
  }
  result& operator=(result other) {
    if (!other.has_value_) {
      fail(std::move(other.error_));
    } else if (has_value_) {
      value_ = std::move(other.value_);
    } else {
      succeed(other.value_);
    }
    return *this;
  }
  ~result() {
    if (has_value_) {
      value_.~T();
    } else {
      error_.~error();
    }
  }

  bool has_value() const noexcept { return has_value_; }
  explicit operator bool() const noexcept { return has_value_; }

  /// The value; throws the error when there is none.
  T& value() & { return or_throw(), value_; }
  const T& value() const& { return or_throw(), value_; }
  T&& value() && { return or_throw(), std::move(value_); }

  T& operator*() & noexcept { return value_; }
  const T& operator*() const& noexcept { return value_; }
  T&& operator*() && noexcept { return std::move(value_); }
  T* operator->() noexcept { return std::addressof(value_); }
  const T* operator->() const noexcept { return std::addressof(value_); }

  /// The error; only when has_value() is false.
  const swill::error& error() const noexcept { return error_; }

private:
  void* place() noexcept { return std::addressof(value_); }
  void or_throw() const {
    if (!has_value_) throw error_;
  }
  void fail(swill::error&& e) noexcept {
    if (!has_value_) {
      error_ = std::move(e);
      return;
    }
    value_.~T();
    has_value_ = false;
    ::new (place()) swill::error(std::move(e));
  }
  /// The error stays where moving v throws.
  void succeed(T& v) {
    swill::error before(std::move(error_));
    error_.~error();
    if constexpr (std::is_nothrow_move_constructible_v<T>) {
      ::new (place()) T(std::move(v));
    } else {
      try {
        ::new (place()) T(std::move(v));
      } catch (...) {
        ::new (place()) swill::error(std::move(before));
        throw;
      }
    }
    has_value_ = true;
  }

  union {
    T value_;
    swill::error error_;
  };
  bool has_value_;
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
