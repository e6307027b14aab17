#pragma once

#include <exception>
#include <memory>
#include <string>

namespace swill {

/// What an exception is, for a log: its demangled type, its text, made printable, which may quote a peer, and the stack of where it was thrown
/// when that was recorded.
std::string describe_exception(std::exception_ptr e);
/// The same without the stack, whose names take long to find.
std::string name_exception(const std::exception_ptr& e);

/// While one of these lives on a thread, the stack of every throw on it is recorded, except of swill::error, swill::cancelled and
/// swill::close_connection, which are no surprises. Cheap: nothing happens until something is thrown.
class trace_scope {
public:
  trace_scope() noexcept;
  trace_scope& operator=(trace_scope&&) = delete;
  ~trace_scope();
};

namespace detail {

struct recorded_throw;

/// An exception on its way to another thread, with the stack that was recorded for it, if any.
class carried_exception {
public:
  carried_exception() noexcept;
  carried_exception& operator=(carried_exception&&) = delete;
  ~carried_exception();

  /// Takes the exception that is being handled.
  void capture() noexcept;
  explicit operator bool() const noexcept { return exception_ != nullptr; }
  /// Throws it here, and describe_exception on this thread knows its stack.
  [[noreturn]] void rethrow() const;

private:
  std::exception_ptr exception_;
  std::unique_ptr<const recorded_throw> record_;
};

} // namespace detail

} // namespace swill
