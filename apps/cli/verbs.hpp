#pragma once

#include "apps/cli/options.hpp"
#include "apps/cli/output.hpp"
#include "libswill/base/stream.hpp"
#include "libswill/client/client.hpp"

#include <optional>
#include <string>
#include <string_view>

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
task<void> publish(session s);   ///< pub
task<void> subscribe(session s); ///< sub
task<void> conns(session s);     ///< conns ls, show, close, cancel

/// gen ts, json-schema, md: connects where no file stands for the server.
task<void> generate(const options& o, output& out);
/// schema diff
task<void> compare_schemas(const options& o, output& out);

/// Which sides of a handler stream.
struct shape {
  bool request_streams = false;
  bool response_streams = false;
  std::string suggestion{}; ///< where the server does not list it: what may have been meant, as suggestion() says it
};

/// Of the handler that is named: what --shape says, or else what the server tells of itself. Throws usage_error where it does not tell: a
/// guess would cut a stream off after its first item, and say that all is well.
task<shape> shape_of(session s);

/// Waits for a call of the handler that is named. Where the server does not know it, its error says as well what may have been meant.
task<void> with_suggestion(task<void> call, std::string suggestion);

/// What stands on the lines of stdin, which is read on the pool. Throws usage_error with the number of a line that cannot be read.
swill::stream<value> stdin_items();

/// Where e says that the server does not know a handler of that plugin: throws the same error with words that say so.
void explain_missing(const error& e, std::string_view plugin);

/// All records of swill.introspect (docs/protocol.md §8); `builtin`: also of the server's own handlers.
task<value_array> introspection(session s, bool builtin = false);
/// What introspection says of the handler that is named.
struct found_handler {
  std::optional<value> record; ///< if the server has it
  std::string suggestion{};    ///< else what may have been meant, as suggestion() says it
};
task<found_handler> find_handler(session s);

} // namespace swill::cli
