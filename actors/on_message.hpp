#pragma once

#include "actors/ask.hpp"
#include "actors/handles.hpp"

#include "libswill/api/app.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace swill {

namespace actors {

/// The functions of app::on_message, as a connection's actor sees them.
class message_function : public detail::connection_mail {
public:
  virtual bool takes(const caf::type_erased_tuple& content) const noexcept = 0;
  /// Of what it takes: the answer. Throws what the function throws.
  virtual caf::message call(connection& c, caf::type_erased_tuple& content) const = 0;
  virtual bool is_for(const std::type_info& type) const noexcept = 0;
};

template <class Message, class F>
class message_function_of final : public message_function {
public:
  explicit message_function_of(F f) : f_(std::move(f)) {}
  bool takes(const caf::type_erased_tuple& content) const noexcept override {
    return content.template match_elements<Message>();
  }
  caf::message call(connection& c, caf::type_erased_tuple& content) const override {
    if constexpr (std::is_empty_v<Message>)
      return answer(c, Message{});
    else
      return answer(c, content.template get_as<Message>(0));
  }
  bool is_for(const std::type_info& type) const noexcept override { return type == typeid(Message); }

private:
  caf::message answer(connection& c, const Message& m) const {
    if constexpr (std::is_void_v<std::invoke_result_t<const F&, connection&, const Message&>>) {
      f_(c, m);
      return {};
    } else {
      return caf::make_message(f_(c, m));
    }
  }
  F f_;
};

} // namespace actors

template <class Message, class F>
void app::on_message(F f) {
  constexpr bool sendable = actors::is_sendable<Message>;
  constexpr bool fits = std::is_invocable_v<const F&, connection&, const Message&>;
  static_assert(sendable, "CAF cannot send this type: write CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ban) beside it");
  static_assert(fits,
                "on_message<ban> takes a function of (swill::connection&, const ban&); it is called as const: its "
                "lambda is not mutable");
  if constexpr (sendable && fits) {
    using given = std::invoke_result_t<const F&, connection&, const Message&>;
    constexpr bool plain = !any_task<given>;
    static_assert(plain, "on_message takes a plain function: what has to wait belongs to an actor, or to a request");
    if constexpr (plain) {
      must_be_open("on_message");
      detail::must_be_function(f, "on_message");
      const auto same = [](const auto& other) {
        return static_cast<const actors::message_function&>(*other).is_for(typeid(Message));
      };
      if (std::any_of(mail_.begin(), mail_.end(), same))
        throw std::invalid_argument("on_message: two functions for messages of one type");
      mail_.push_back(std::make_shared<actors::message_function_of<Message, F>>(std::move(f)));
    }
  }
}

} // namespace swill
