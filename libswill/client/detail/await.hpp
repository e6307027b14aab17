#pragma once

#include "libswill/base/awaiting.hpp"
#include "libswill/base/task.hpp"
#include "libswill/client/detail/open_call.hpp"

#include <memory>
#include <utility>

// What a coroutine of the client awaits (base/awaiting.hpp).

namespace swill::client_detail {

/// The next item of a call, or its end; for `begun` its first answer is enough. When the scope is cancelled, so is the call.
class response_input {
public:
  enum class until { item, begun };
  explicit response_input(open_call& c, until u = until::item) noexcept : call_(c), until_(u) {}
  /// Throws std::logic_error when another coroutine waits for it.
  bool is_ready() const;
  void enter(wait& w) noexcept;
  void leave(const wait& w) noexcept { call_.reader.leave(w); }
  void give_up() { call_.cancel(); }

protected:
  open_call& call_;

private:
  until until_;
};

/// That the connection's output is below its limit; take() is true unless the call is over by then. When the scope is cancelled, so is the
/// call.
class output_room {
public:
  explicit output_room(open_call& c) noexcept : call_(c) {}
  /// Throws std::logic_error when another coroutine waits for it.
  bool is_ready() const;
  void enter(wait& w);
  void leave(wait& w) noexcept;
  void give_up() { call_.cancel(); }
  bool take() const { return call_.may_write(); }

protected:
  open_call& call_;

private:
  bool waits_ = false;
};

/// Something of the connection itself.
class occurrence {
public:
  enum class kind { settled, over, pong };
  occurrence(std::shared_ptr<client_connection> c, kind k) noexcept : connection_(std::move(c)), kind_(k) {}
  bool is_ready() const;
  void enter(wait& w);
  void leave(wait& w) noexcept { connection_->forget(w); }
  void take() const noexcept {}

private:
  std::shared_ptr<client_connection> connection_; // the waiting outlives the client
  kind kind_;
};

} // namespace swill::client_detail
