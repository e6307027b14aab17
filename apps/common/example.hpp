#pragma once

#include "libswill/api/app.hpp"

namespace swill::apps {

/// A small service to look at and to try: `greeter.hello`, `math.add`, `math.sum`, `clock.ticks`, `chat.echo`. One of each kind of
/// handler: a message or a stream, in and out. Mount it in an app.
blueprint make_example();

} // namespace swill::apps
