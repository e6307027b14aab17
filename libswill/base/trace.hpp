#pragma once

#include <exception>
#include <string>

namespace swill {

/// What an exception is, for a log: its demangled type, its text, and the demangled stack of where it was thrown when that was recorded.
std::string describe_exception(std::exception_ptr e);

/// While one of these lives on a thread, the stack of every throw on it is recorded, except of swill::error, swill::cancelled and
/// swill::close_connection, which are no surprises. Cheap: nothing happens until something is thrown.
class trace_scope {
public:
  trace_scope() noexcept;
  trace_scope(const trace_scope&) = delete;
  trace_scope& operator=(const trace_scope&) = delete;
  ~trace_scope();
};

} // namespace swill
