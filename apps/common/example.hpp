#pragma once

#include "programs/gateway/program_settings.hpp"

#include <string>

namespace swill {
class app;
}

namespace swill::apps {

/// What the programs with the example say of themselves, and commands to try.
program_settings about_example(std::string about);

/// A small service to look at and to try: `greeter.hello`, `math.add`, `math.sum`, `clock.ticks`, `chat.echo`. One of each kind of
/// handler: a message or a stream, in and out. They are mounted below `prefix`; empty: as they are called.
void mount_example(app& a, const std::string& prefix);

/// The same for a gateway, with "example.visits", which counts in a session, and a small chat: topics `chat.*`, "chat.login", and who talks is
/// written on what is said.
void add_example(app& a, backends& b);

} // namespace swill::apps
