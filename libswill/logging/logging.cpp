#include "libswill/logging/logging.hpp"

#include "libswill/api/app.hpp"
#include "libswill/base/line_writer.hpp"
#include "libswill/logging/detail/targets.hpp"

#include <atomic>
#include <chrono>
#include <utility>

namespace swill {

namespace {

using std::chrono::steady_clock;

using formatter = std::string (*)(const log_entry&);

template <formatter Format>
std::string dropped_lines(std::size_t n) {
  const log_field fields[]{{"lines", n}};
  return Format({.level = log_level::warning,
                 .text = "lines of the log were dropped: they could not be written in time",
                 .room = log_room::server,
                 .fields = fields});
}

double milliseconds_of(clock_duration d) { return std::chrono::duration<double, std::milli>{d}.count(); }

/// So many in a second; the others are counted. From any thread, without a lock: where threads meet at the end of a second, a few more may
/// pass.
class access_rate {
public:
  explicit access_rate(std::size_t most) noexcept : most_(most) {}

  /// True for one that is within the rate; `left_out` is then how many were not since the last one that was.
  bool take(std::chrono::steady_clock::time_point now, std::uint64_t& left_out) noexcept {
    const auto second = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    if (second_.load(std::memory_order_relaxed) != second &&
        second_.exchange(second, std::memory_order_relaxed) != second)
      taken_.store(0, std::memory_order_relaxed);
    if (taken_.fetch_add(1, std::memory_order_relaxed) >= most_) {
      left_out_.fetch_add(1, std::memory_order_relaxed);
      return false;
    }
    left_out = left_out_.load(std::memory_order_relaxed) == 0 ? 0 : left_out_.exchange(0, std::memory_order_relaxed);
    return true;
  }

private:
  const std::size_t most_;
  std::atomic<std::int64_t> second_{0};
  std::atomic<std::size_t> taken_{0};
  std::atomic<std::uint64_t> left_out_{0};
};

/// When a connection was accepted.
struct accepted_at {
  steady_clock::time_point when{};
};

std::shared_ptr<line_writer> make_writer(const logging_options& o) {
  const bool is_json = o.format == log_format::json;
  auto target =
      o.file.empty() ? detail::descriptor_target(o.descriptor) : detail::file_target(o.file, o.file_size, o.old_files);
  return std::make_shared<line_writer>(std::move(target), o.waiting,
                                       is_json ? dropped_lines<json_log_line> : dropped_lines<log_line>);
}

log_sink make_sink(std::shared_ptr<line_writer> lines, const logging_options& o) {
  const formatter format = o.format == log_format::json ? json_log_line : log_line;
  const auto write = [lines = std::move(lines), format](const log_entry& e) {
    try {
      lines->write(format(e));
    } catch (...) { // without memory there is no line
    }
  };
  return {write, o.levels};
}

} // namespace

struct logging::impl {
  explicit impl(logging_options options)
      : chosen(std::move(options)),
        lines(make_writer(chosen)),
        sink(make_sink(lines, chosen)),
        access(chosen.access_rate) {}

  void tell(context& c, const outcome& o) {
    std::uint64_t left_out = 0;
    if (!access.take(steady_clock::now(), left_out)) return;
    constexpr std::string_view how[]{"ok", "error", "cancelled"};
    const log_field fields[]{{"outcome", how[static_cast<std::size_t>(o.how)]},
                             {"code", o.code},
                             {"ms", milliseconds_of(o.duration)},
                             {"items_in", o.items_in},
                             {"items_out", o.items_out},
                             {"bytes_in", o.bytes_in},
                             {"bytes_out", o.bytes_out},
                             {"left_out", left_out}};
    write({.level = log_level::debug,
           .text = "request",
           .connection = c.connection().id(),
           .rpc = c.rpc(),
           .seq = c.seq(),
           .user = c.connection().user(),
           .trace = c.trace()},
          std::span{fields}.first(std::size(fields) - (left_out == 0 ? 1 : 0)));
  }
  void tell(connection& c, const close_reason& why) {
    const auto now = steady_clock::now();
    std::uint64_t left_out = 0;
    if (!access.take(now, left_out)) return;
    const log_field fields[]{{"address", c.remote_address()},
                             {"path", c.path()},
                             {"subprotocol", c.subprotocol()},
                             {"code", why.code},
                             {"reason", why.reason},
                             {"by_peer", why.by_peer},
                             {"ms", milliseconds_of(now - c.state<accepted_at>().when)},
                             {"left_out", left_out}};
    write({.level = log_level::debug, .text = "connection", .connection = c.id(), .user = c.user()},
          std::span{fields}.first(std::size(fields) - (left_out == 0 ? 1 : 0)));
  }
  void write(log_entry e, std::span<const log_field> fields) const {
    e.fields = fields;
    logger{&sink, log_room::access}.write(e);
  }

  const logging_options chosen;
  const std::shared_ptr<line_writer> lines; // with the sink
  const log_sink sink;
  access_rate access;
};

logging::logging(logging_options o) : impl_(std::make_shared<impl>(std::move(o))) {}
logging::~logging() = default;

const log_sink& logging::sink() const noexcept { return impl_->sink; }
std::size_t logging::dropped() const { return impl_->lines->dropped(); }

// --- Access

void logging::install(app& a) {
  a.set_log(impl_->sink);
  if (impl_->chosen.access_rate == 0 || !impl_->sink.enabled(log_level::debug, log_room::access)) return;
  a.after_request([i = impl_](context& c, const outcome& o) { i->tell(c, o); });
  a.before_accept([](connection& c) { c.state<accepted_at>().when = steady_clock::now(); });
  a.after_connection([i = impl_](connection& c, const close_reason& why) { i->tell(c, why); });
}

} // namespace swill
