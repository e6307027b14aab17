#pragma once

#include <functional>
#include <string>

namespace swill::actors::remote {

/// Sees to the TLS sessions of CAF, which come and go on a thread of its network, whose OpenSSL objects it does not show. What OpenSSL notes of a
/// session that failed stays in its thread's list of errors, and CAF takes it for the failure of whatever session is read next: any
/// stranger would cut the links of others. So the list is cleared whenever a session has to wait.
///
/// Called on that thread; `on_refused` is told, there, of each peer that gets a fatal alert, and lives as long as the thread. May be null.
void tend_tls_sessions(const std::function<void(const std::string&)>* on_refused);

} // namespace swill::actors::remote
