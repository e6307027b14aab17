#include "libswill/redis/client.hpp"

#include "libswill/redis/detail/command.hpp"
#include "libswill/redis/detail/link.hpp"

#include <deque>
#include <utility>

namespace swill::redis {

struct client::impl final : detail::link_owner, std::enable_shared_from_this<impl> {
  struct waiting {
    callback answer; ///< empty: nobody wants it
    clock_time due;
  };

  impl(swill::loop& l, options o, const log_sink* log)
      : link(std::make_shared<detail::link>(l, std::move(o), *this, log)) {}

  void on_up() override {
    if (on_state) on_state(true);
  }

  void on_down(const std::string&) override {
    const auto self = shared_from_this();
    fail_all("Redis went away");
    if (on_state) on_state(false);
  }

  void on_silence() override { send(std::initializer_list<std::string_view>{"PING"}, {}); }

  void on_reply(reply r) override {
    if (queue.empty()) return link->fail("a reply to no command");
    const auto self = shared_from_this();
    const callback answer = std::move(queue.front().answer);
    queue.pop_front();
    overdue = false;
    if (!answer) return;
    if (r.is_error()) return answer(refused(r.text()));
    answer(std::move(r));
  }

  /// Whether n more commands can be sent; answers for them when not.
  bool admits(std::size_t n, const callback& f) {
    const options& o = link->settings();
    if (link->is_up() && queue.size() + n <= o.queued_commands && link->unsent() < o.queued_bytes) return true;
    if (f) f(unavailable(link->is_up() ? "Too many commands wait for Redis" : "Redis is not there"));
    return false;
  }

  void push(callback f) {
    const clock_time due = link->loop().now() + link->settings().command_timeout;
    if (!timeout.is_set()) link->loop().set_timer(timeout, due);
    queue.push_back({std::move(f), due});
  }

  template <class Range>
  void send(const Range& arguments, callback f) {
    if (!admits(1, f)) return;
    detail::append_command(link->output(), arguments);
    push(std::move(f));
    link->flush_later();
  }

  void send_encoded(std::string_view commands, std::size_t count, callback f) {
    if (!admits(count, f)) return;
    link->output().append(commands);
    for (; count > 1; --count) push({});
    push(std::move(f));
    link->flush_later();
  }

  /// The timer follows the oldest command lazily: setting it for each would cost more than the command.
  void on_timeout() {
    if (queue.empty()) return;
    const clock_time now = link->loop().now();
    if (queue.front().due > now) return link->loop().set_timer(timeout, queue.front().due);
    if (!std::exchange(overdue, true)) // this thread may have stood still: what came meanwhile is looked at first
      return link->loop().set_timer(timeout, now + std::chrono::milliseconds{10});
    link->fail("no reply in time");
  }

  void fail_all(const char* why) {
    timeout.cancel();
    overdue = false;
    for (auto all = std::exchange(queue, {}); !all.empty(); all.pop_front()) {
      if (all.front().answer) all.front().answer(unavailable(why));
    }
  }

  std::shared_ptr<detail::link> link; // with what Asio runs for it
  std::deque<waiting> queue;
  std::function<void(bool)> on_state;
  bool overdue = false;
  detail::member_timer<impl, &impl::on_timeout> timeout{*this};
};

client::client(swill::loop& l, options o, const log_sink* log) : impl_(std::make_shared<impl>(l, std::move(o), log)) {}

client::~client() { close(); }

void client::start() { impl_->link->start(); }

void client::close(std::function<void()> done) {
  const auto self = impl_;
  self->on_state = nullptr;
  self->link->close(std::move(done));
  self->fail_all("Redis is not used any more");
}

bool client::is_up() const noexcept { return impl_->link->is_up(); }
void client::on_state(std::function<void(bool)> f) { impl_->on_state = std::move(f); }
std::size_t client::waiting() const noexcept { return impl_->queue.size(); }

void client::command(std::initializer_list<std::string_view> arguments, callback f) {
  impl_->send(arguments, std::move(f));
}
void client::command(std::span<const std::string_view> arguments, callback f) { impl_->send(arguments, std::move(f)); }
void client::command(const std::vector<std::string>& arguments, callback f) { impl_->send(arguments, std::move(f)); }
void client::encoded(std::string_view commands, std::size_t count, callback f) {
  impl_->send_encoded(commands, count, std::move(f));
}

completion<reply> client::call(const std::vector<std::string>& arguments) {
  std::string encoded;
  detail::append_command(encoded, arguments);
  auto start = [this, encoded = std::move(encoded)](completer<reply> done) {
    impl_->send_encoded(encoded, 1, [done = std::move(done)](result<reply> r) { done(std::move(r)); });
  };
  return completion<reply>{start};
}

} // namespace swill::redis
