#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace swill {

namespace detail {

/// Pointers, and classes that nullptr makes and that have an `operator bool` of their own, such as std::function and std::shared_ptr. A lambda
/// without captures converts to bool as well, by way of a pointer to its function, which is never null: newer compilers warn of code that
/// asks for it.
template <class F>
inline constexpr bool may_be_null = std::is_pointer_v<F> || std::is_member_pointer_v<F> ||
                                    (std::is_constructible_v<F, std::nullptr_t> &&
                                     requires(const F& f) { f.operator bool(); });

/// Whether there is nothing to call in f, or on it.
template <class F>
bool is_null(const F& f) noexcept {
  if constexpr (may_be_null<F>) {
    return !static_cast<bool>(f);
  } else {
    return false;
  }
}

/// Throws std::invalid_argument for an f that is null: "on_nodes_changed takes a function, not null".
template <class F>
void must_be_function(const F& f, const char* taker) {
  if (is_null(f)) throw std::invalid_argument{std::string{taker} + " takes a function, not null"};
}

} // namespace detail

template <class Signature, std::size_t Words = 6>
class move_function;

/// A function object that is moved, not copied, and kept in place up to `Words` pointers, whatever it holds: std::function does that for
/// what is trivially copied only.
template <class R, class... A, std::size_t Words>
class move_function<R(A...), Words> {
public:
  move_function() = default;
  move_function(std::nullptr_t) noexcept {}
  template <class F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, move_function> &&
           std::is_invocable_r_v<R, std::remove_cvref_t<F>&, A...>) move_function(F&& f) {
    using function = std::remove_cvref_t<F>;
    if (detail::is_null<function>(f)) return;
    if constexpr (fits<function>) {
      ::new (static_cast<void*>(place_)) function(std::forward<F>(f));
      table_ = &in_place<function>;
    } else {
      ::new (static_cast<void*>(place_)) function*(new function(std::forward<F>(f)));
      table_ = &elsewhere<function>;
    }
  }
  move_function(move_function&& other) noexcept { take(other); }
  move_function& operator=(move_function&& other) noexcept {
    if (this == &other) return *this;
    reset();
    take(other);
    return *this;
  }
  ~move_function() { reset(); }

  explicit operator bool() const noexcept { return table_ != nullptr; }
  /// Not when empty.
  R operator()(A... a) const { return table_->call(place_, std::forward<A>(a)...); }

private:
  struct table {
    R (*call)(void*, A&&...);
    void (*move)(void* to, void* from) noexcept; ///< and ends what was there
    void (*destroy)(void*) noexcept;
  };

  template <class F>
  static constexpr bool fits = sizeof(F) <= Words * sizeof(void*) &&
                               alignof(F) <= alignof(void*) && std::is_nothrow_move_constructible_v<F>;

  template <class F>
  static constexpr table in_place{
      [](void* p, A&&... a) -> R { return std::invoke(*static_cast<F*>(p), std::forward<A>(a)...); },
      [](void* to, void* from) noexcept {
        ::new (to) F(std::move(*static_cast<F*>(from)));
        std::destroy_at(static_cast<F*>(from));
      },
      [](void* p) noexcept { std::destroy_at(static_cast<F*>(p)); }};

  template <class F>
  static constexpr table elsewhere{
      [](void* p, A&&... a) -> R { return std::invoke(**static_cast<F**>(p), std::forward<A>(a)...); },
      [](void* to, void* from) noexcept { ::new (to) F*(*static_cast<F**>(from)); },
      [](void* p) noexcept { delete *static_cast<F**>(p); }};

  void take(move_function& other) noexcept {
    table_ = std::exchange(other.table_, nullptr);
    if (table_ != nullptr) table_->move(place_, other.place_);
  }
  void reset() noexcept {
    if (table_ != nullptr) std::exchange(table_, nullptr)->destroy(place_);
  }

  const table* table_ = nullptr;
  alignas(void*) mutable std::byte place_[Words * sizeof(void*)];
};

} // namespace swill
