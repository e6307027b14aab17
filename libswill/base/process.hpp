#pragma once

#include "libswill/base/loop.hpp"

#include <cstddef>

// What a process that serves others needs before anything else. server::start and server::run do the same for programs that do not.

namespace swill {

/// First in main: open_standard_descriptors() and ignore_broken_pipes().
void prepare_process() noexcept;

/// Opens /dev/null in the place of each of the descriptors 0, 1 and 2 that is closed. Otherwise the next socket or file would get that
/// number, and what is meant for the standard output or error would go there.
void open_standard_descriptors() noexcept;
/// False when the standard output was one of them: what is written there is read by nobody.
bool has_standard_output() noexcept;

/// Writing to a pipe or socket whose reader has gone is an error from now on, and does not end the process by SIGPIPE. What the
/// application has chosen for SIGPIPE stays.
void ignore_broken_pipes() noexcept;

/// Raises the soft limit of descriptors to the hard one; how many the process may have open then.
std::size_t raise_descriptor_limit() noexcept;

/// How many descriptors the process has open now.
std::size_t open_descriptors() noexcept;

/// What strangers can have a process open, as often as they like.
enum class descriptor_use {
  file,   ///< of a static directory
  client, ///< a connection of theirs
};
/// Whether a descriptor that was just opened may stay open for that use. The process keeps the last of the descriptors that it may have for others: some
/// from files, so that clients can still be told that the server is full, and fewer of these from clients, for internal listeners, Redis and
/// workers. How many depends on what was open when this was first called, or reserve_descriptors(). From any thread.
bool may_keep(int descriptor, descriptor_use use) noexcept;
/// Counts for may_keep() what is open now. For whoever is about to let strangers in.
void reserve_descriptors() noexcept;

/// Gives memory that was freed in many small pieces back to the operating system, on the worker pool of `l`: allocators keep it else, for
/// the next time. For who has just freed very much. Does nothing where the C library has no way to.
void give_back_memory(loop& l);

} // namespace swill
