#pragma once

#include "libswill/api/plugin.hpp"
#include "libswill/base/log.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace swill {

/// `text`: a line for people (`log_line`). `json`: a line for machines (`json_log_line`).
enum class log_format : std::uint8_t { text, json };

struct logging_options {
  /// The least level that is logged, for all rooms and for some. Lines of access are of level `debug`, so that they are off by default.
  log_levels levels{};
  log_format format = log_format::text;

  /// Where lines go when `file` is empty: 2 for standard error, 1 for standard output, or another descriptor, of which a copy is kept.
  int descriptor = 2;
  /// Lines go to the end of this file. Directories that are missing are made; what is there and no regular file is refused.
  std::string file{};
  /// Bytes. When the file would become larger, it is renamed: "swill.log" to "swill.1.log", that to "swill.2.log", and so on; the oldest
  /// goes.
  std::size_t file_size = std::size_t{64} * 1024 * 1024;
  /// How many of these are kept beside the one that is written.
  std::size_t old_files = 5;

  /// Bytes of lines that wait to be written. When there would be more, the oldest are dropped, and a line says how many.
  std::size_t waiting = std::size_t{1024} * 1024;
  /// Lines of access in a second, of requests and connections together; 0: none. Further ones are left out, and the next line says how many.
  std::size_t access_rate = 100;
};

/// The log of an app: `app.use(std::make_shared<logging>(options))`, before the server is made, so that its first line goes there too.
///
/// Never blocks whoever logs: lines are formatted where they are written, queue up in bounded memory, and a thread of the log's own brings them to
/// the file or descriptor, however long that takes. A pipe that nobody reads, a full disk and a closed descriptor cost lines, nothing else.
/// When the process exits, what waits is given 0.4 s.
class logging final : public plugin {
public:
  /// Throws std::invalid_argument for options that cannot be, such as a file that cannot be opened; std::runtime_error when that may pass: the
  /// disk is full.
  explicit logging(logging_options o = {});
  ~logging() override;

  /// Sets the app's log, and adds the hooks that lines of access need where these are on: requests of plain functions then take the longer
  /// way that hooks take.
  void install(app& a) override;
  void start(actors::runtime&) override {}
  void stop(std::function<void()> done) override { done(); }

  /// For lines that are none of an app's. Good also after this object is gone.
  const log_sink& sink() const noexcept;
  /// Lines that did not get out so far.
  std::size_t dropped() const;

private:
  struct impl;
  std::shared_ptr<impl> impl_; // with the hooks of the app
};

/// An entry as one line of JSON, with its end: an object with "time", "level", "room" and "text"; then "connection", "user", "rpc", "seq" and
/// "trace", those that there are; and the fields in an object "fields". ASCII only: everything else is escaped, bytes that are not UTF-8
/// become U+FFFD. Cut as `log_line` is.
std::string json_log_line(const log_entry& e);

} // namespace swill
