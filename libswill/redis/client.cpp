#include "libswill/redis/client.hpp"

#include "libswill/base/ring.hpp"
#include "libswill/redis/detail/command.hpp"
#include "libswill/redis/detail/link.hpp"
#include "libswill/redis/script.hpp"

#include <algorithm>
#include <utility>

namespace swill::redis {

struct client::impl final : detail::link_owner, std::enable_shared_from_this<impl> {
  struct waiting {
    callback answer; ///< empty: nobody wants it
    clock_time due;
    reply_check fits = nullptr;
    // Of a script that was sent by its digest: what follows that, in case Redis does not know it.
    const script* by_digest = nullptr;
    std::size_t words = 0;
    std::string rest{};
  };
  /// Texts that are kept for the next script.
  static constexpr std::size_t most_spare = 256;
  static constexpr std::size_t largest_spare = 4096;
  /// Scripts that are remembered as sent; then all are forgotten.
  static constexpr std::size_t most_sent = 64;

  impl(swill::loop& l, options o, const log_sink* log)
      : link(std::make_shared<detail::link>(l, std::move(o), *this, log)) {}

  void on_up() override {
    if (on_state) on_state(true);
  }

  void on_down(const std::string&) override {
    const auto self = shared_from_this();
    sent.clear(); // a Redis that was restarted knows none
    fail_all("Redis went away");
    if (on_state) on_state(false);
  }

  void on_silence() override {
    constexpr reply_check pong = [](const reply_view& r) noexcept { return r.text() == "PONG"; };
    send(std::initializer_list<std::string_view>{"PING"}, {}, pong);
  }

  void on_reply(reply r) override {
    if (queue.empty()) return link->fail("a reply to no command");
    const auto self = shared_from_this();
    waiting w = queue.pop();
    overdue = false;
    if (w.by_digest != nullptr) {
      if (r.is_error() && r.text().starts_with("NOSCRIPT")) { // somebody has told Redis to forget them
        if (admits(1, w.answer)) send_in_full(*w.by_digest, w.words, std::move(w.rest), std::move(w.answer));
        return;
      }
      give_back(std::move(w.rest));
    }
    if (r.is_error()) return on_refusal(w, r);
    const bool fits = w.fits == nullptr || w.fits(r);
    if (fits && w.answer) w.answer(std::move(r));
    if (fits) return;
    const auto keep = link; // the owner may close this
    if (w.answer) w.answer(errors::unavailable("Redis answered something else"));
    keep->fail("a reply of the wrong shape");
  }

  void on_refusal(const waiting& w, const reply& r) {
    const std::string text{r.text()};
    const std::string word = refusal_word(text);
    const auto keep = link; // the owner may close this
    if (w.answer) w.answer(refused(text));
    const bool wrong = is_wrong_server(word);
    if (!wrong && (word != "NOPERM" || !keep->has_checks())) return;
    keep->fail(text, wrong ? outage_log::reason::wrong : outage_log::reason::refused);
    if (wrong && on_wrong_server) on_wrong_server(); // none after close()
  }

  /// Whether n more commands can be sent; answers for them when not.
  bool admits(std::size_t n, const callback& f) {
    const options& o = link->settings();
    if (link->is_up() && queue.size() + n <= o.queued_commands && link->backlog() < o.queued_bytes) return true;
    if (f) f(errors::unavailable(link->is_up() ? "Too many commands wait for Redis" : "Redis is not there"));
    return false;
  }

  void push(callback f, reply_check fits) {
    const clock_time due = link->loop().now() + link->settings().command_timeout;
    if (!timeout.is_set()) link->loop().set_timer(timeout, due);
    queue.push({std::move(f), due, fits});
    link->flush_later();
  }

  template <class Range>
  void send(const Range& arguments, callback f, reply_check fits) {
    if (!admits(1, f)) return;
    detail::append_command(link->output(), arguments);
    push(std::move(f), fits);
  }

  void run(const script_values& v, callback f) {
    if (!admits(1, f)) return;
    std::string rest = take_spare();
    v.append_to(rest);
    const script& s = v.of();
    const std::size_t words = v.words();
    if (is_new(s)) return send_in_full(s, words, std::move(rest), std::move(f));
    buffer& out = link->output();
    detail::append_head(out, '*', words);
    out.append(s.by_digest().data(), s.by_digest().size());
    out.append(rest.data(), rest.size());
    push(std::move(f), s.fits());
    waiting& w = queue.back();
    w.by_digest = &s;
    w.words = words;
    w.rest = std::move(rest);
  }
  /// The first of a connection goes in full: by its digest it might have to be sent again, after what was sent later.
  bool is_new(const script& s) {
    if (std::find(sent.begin(), sent.end(), &s) != sent.end()) return false;
    if (sent.size() == most_sent) sent.clear();
    sent.push_back(&s);
    return true;
  }
  void send_in_full(const script& s, std::size_t words, std::string rest, callback f) {
    buffer& out = link->output();
    detail::append_head(out, '*', words);
    detail::append_argument(out, "EVAL");
    detail::append_argument(out, s.source());
    out.append(rest.data(), rest.size());
    give_back(std::move(rest));
    push(std::move(f), s.fits());
  }

  std::string take_spare() {
    if (spare.empty()) return {};
    std::string s = std::move(spare.back());
    spare.pop_back();
    return s;
  }
  void give_back(std::string s) {
    if (spare.size() >= most_spare || s.capacity() > largest_spare) return;
    s.clear();
    spare.push_back(std::move(s));
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
    for (auto all = std::exchange(queue, {}); !all.empty();) {
      const waiting w = all.pop();
      if (w.answer) w.answer(errors::unavailable(std::string{why}));
    }
  }

  std::shared_ptr<detail::link> link; // with what its loop runs for it
  swill::detail::ring<waiting, 256> queue;
  std::vector<std::string> spare;
  std::vector<const script*> sent; ///< since this connection began; only compared
  std::function<void(bool)> on_state;
  std::function<void()> on_wrong_server;
  bool overdue = false;
  member_timer<impl, &impl::on_timeout> timeout{*this};
};

client::client(swill::loop& l, options o, const log_sink* log) : impl_(std::make_shared<impl>(l, std::move(o), log)) {}

client::~client() { close(); }

void client::start() { impl_->link->start(); }

void client::close(std::function<void()> done) {
  const auto self = impl_;
  self->on_state = nullptr;
  self->on_wrong_server = nullptr;
  self->link->close(std::move(done));
  self->fail_all("Redis is not used any more");
}

bool client::is_up() const noexcept { return impl_->link->is_up(); }
void client::on_state(std::function<void(bool)> f) { impl_->on_state = std::move(f); }
std::size_t client::waiting() const noexcept { return impl_->queue.size(); }

void client::set_check(std::vector<std::string> command) { impl_->link->add_check(std::move(command)); }
void client::on_wrong_server(std::function<void()> f) { impl_->on_wrong_server = std::move(f); }
void client::fail(const std::string& why) { impl_->link->fail(why); }

void client::command(std::initializer_list<std::string_view> arguments, callback f, reply_check fits) {
  impl_->send(arguments, std::move(f), fits);
}
void client::command(std::span<const std::string_view> arguments, callback f, reply_check fits) {
  impl_->send(arguments, std::move(f), fits);
}
void client::command(const std::vector<std::string>& arguments, callback f, reply_check fits) {
  impl_->send(arguments, std::move(f), fits);
}
void client::run(const script_values& v, callback f) { impl_->run(v, std::move(f)); }

completion<reply> client::call(const std::vector<std::string>& arguments) {
  auto start = [this, arguments](completer<reply> done) {
    impl_->send(
        arguments, [done = std::move(done)](result<reply> r) { done(std::move(r)); }, nullptr);
  };
  return completion<reply>{start};
}

} // namespace swill::redis
