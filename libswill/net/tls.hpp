#pragma once

#include "libswill/base/log.hpp"
#include "libswill/base/mistakes.hpp"
#include "libswill/net/tls_options.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace swill::net {

class tls_session;

/// TLS of a listener: what each of its connections begins with. Its files can be read again while it is used: connections that are there keep
/// what they have. From any thread.
class tls_server {
public:
  /// Throws invalid_configuration, with mistakes under `path`, for files that cannot be used.
  explicit tls_server(tls_server_options o, const std::string& path = "tls");
  ~tls_server();
  tls_server& operator=(tls_server&&) = delete;

  std::unique_ptr<tls_session> make_session() const;

  /// Certificates that are good for nobody now, and why.
  std::vector<std::string> warnings() const;

  /// Reads the files again. A line in the log says which of them have changed; where they cannot be used it says why, and what was there before
  /// goes on. `where` is the listener's address, which the line has. Names a few files at most.
  void reload(const logger& log, const std::string& where);
  /// The same when they have changed, and have not changed since the last look: whoever writes several has done so by then.
  void look(const logger& log, const std::string& where);

private:
  struct contexts;
  struct stamp;
  std::shared_ptr<const contexts> read(mistake_list& out, const std::string& path) const;
  std::vector<stamp> stamps() const;
  std::vector<std::string> files() const;
  std::vector<std::string> changed_since(const std::vector<stamp>& before) const;

  const tls_server_options options_;
  const std::string own_secret_;
  std::mutex reading_; // one thread reads; guards what follows
  std::vector<stamp> read_;
  std::vector<stamp> seen_;
  mutable std::mutex mutex_;                 // guards what follows
  std::shared_ptr<const contexts> contexts_; // with the sessions that were made of them
};

/// Adds what in the options makes no sense, and files that cannot be used, under `path`.NAME.
void check(const tls_server_options& o, const std::string& path, mistake_list& out);
void check(const tls_client_options& o, const std::string& path, mistake_list& out);

} // namespace swill::net
