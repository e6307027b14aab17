#pragma once

namespace swill::apps {

/// Removes from the environment of this process what others put there under names that begin with SWILL_: Kubernetes, for each of its
/// services, and Docker, for each linked container. Of a service called `swill` a pod finds SWILL_PORT=tcp://10.96.12.7:8080, which is no port
/// to listen on. A value is theirs when it cannot be meant for an option of ours: `*_PORT` with a URL, `*_NAME` with the path of a container.
///
/// To be called before other threads run, and before the command line is parsed; parse_command_line() does.
void forget_foreign_environment();

} // namespace swill::apps
