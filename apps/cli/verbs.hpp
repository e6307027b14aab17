#pragma once

#include "apps/cli/options.hpp"
#include "apps/cli/output.hpp"
#include "libswill/client/client.hpp"

#include <optional>

namespace swill::cli {

/// What every verb works with.
struct session {
  const options& given;
  output& out;
  client& server;
};

// Each returns when it has printed everything, and throws what goes wrong.

task<void> list(session s); ///< ls
task<void> describe(session s);
task<void> introspect(session s);
task<void> call(session s);
task<void> stream(session s);
task<void> ping(session s);
task<void> bench(session s);
task<void> conns(session s); ///< conns ls, show, close

/// Which sides of a handler stream.
struct shape {
  bool request_streams = false;
  bool response_streams = false;
};

/// Of the handler that is named: what --shape says, or else what the server tells of itself. Throws usage_error where it does not tell: a
/// guess would cut a stream off after its first item, and say that all is well.
task<shape> shape_of(session s);

/// All records of swill.introspect (docs/protocol.md §8); `builtin`: also of the server's own handlers.
task<value_array> introspection(session s, bool builtin = false);
/// The one of a name, if the server has it.
task<std::optional<value>> find_handler(session s);

} // namespace swill::cli
