#pragma once

#include <atomic>
#include <type_traits>
#include <typeinfo>

namespace swill::detail {

/// The objects of context::state or connection::state, one of each type. Empty, it is one pointer. Objects are found and added from any
/// thread; clear() and the destructor run when nobody else uses them.
class state_set {
public:
  state_set() = default;
  state_set& operator=(state_set&&) = delete;
  ~state_set() { clear(); }

  template <class T>
  T& get() {
    static_assert(std::is_same_v<T, std::remove_cvref_t<T>>, "swill: state is of a plain type, without const and &");
    static_assert(std::is_default_constructible_v<T>, "swill: state needs a default constructor");
    if (slot* known = find(typeid(T))) return static_cast<holder<T>*>(known)->object;
    auto* made = new holder<T>;
    return static_cast<holder<T>*>(add(made))->object;
  }
  template <class T>
  const T* find_object() const noexcept {
    const slot* known = find(typeid(T));
    return known != nullptr ? &static_cast<const holder<T>*>(known)->object : nullptr;
  }
  void clear() noexcept {
    if (newest_.load(std::memory_order_relaxed) != nullptr) [[unlikely]]
      destroy();
  }

private:
  struct slot {
    explicit slot(const std::type_info& t) : type(t) {}
    slot& operator=(slot&&) = delete;
    virtual ~slot() = default;
    const std::type_info& type;
    slot* before = nullptr;
  };
  template <class T>
  struct holder final : slot {
    holder() : slot(typeid(T)) {}
    T object{};
  };

  slot* find(const std::type_info& type) const noexcept;
  /// Takes `made`. Where somebody else has added one of that type meanwhile, `made` is destroyed, and theirs returned.
  slot* add(slot* made) noexcept;
  void destroy() noexcept;

  std::atomic<slot*> newest_{nullptr};
};

} // namespace swill::detail
