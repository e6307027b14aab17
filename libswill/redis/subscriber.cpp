#include "libswill/redis/subscriber.hpp"

#include "libswill/base/text.hpp"
#include "libswill/redis/detail/command.hpp"
#include "libswill/redis/detail/link.hpp"

#include <initializer_list>
#include <unordered_map>
#include <utility>

namespace swill::redis {

namespace {

using words = std::initializer_list<std::string_view>;

/// Channels in one SUBSCRIBE after a reconnect.
constexpr std::size_t batch = 512;

} // namespace

struct subscriber::impl final : detail::link_owner, std::enable_shared_from_this<impl> {
  impl(swill::loop& l, options o, subscriber_events e, const log_sink* log)
      : link(std::make_shared<detail::link>(l, std::move(o), *this, log)), events(std::move(e)) {}

  void on_up() override {
    std::vector<std::string_view> some{"SUBSCRIBE"};
    const auto send_some = [&] {
      if (some.size() > 1) send(some);
      some.resize(1);
    };
    for (auto& [channel, confirmed] : channels) {
      confirmed = false;
      some.push_back(channel);
      if (some.size() > batch) send_some();
    }
    send_some();
    if (events.on_state) events.on_state(true);
  }

  void on_down(const std::string&) override {
    for (auto& entry : channels) entry.second = false;
    if (events.on_state) events.on_state(false);
  }

  void on_silence() override { send(words{"PING"}); }

  /// ["message", channel, payload], ["subscribe", channel, count]; all else (PONG, "unsubscribe") says only that it is alive.
  void on_reply(reply r) override {
    if (r.is_error()) return link->fail(std::string{r.text()}, outage_log::reason::refused);
    if (!fits(r)) return link->fail("a reply of the wrong shape");
    const auto self = shared_from_this();
    const std::string_view kind = r[0].text();
    const std::string_view channel = r[1].text();
    const auto it = channels.find(channel);
    if (it == channels.end()) return;
    if (kind == "message") {
      if (events.on_message) events.on_message(channel, r[2].text());
    } else if (kind == "subscribe") {
      it->second = true;
      if (events.on_subscribed) events.on_subscribed(channel);
    }
  }

  static bool fits(const reply_view& r) noexcept {
    const std::string_view kind = r[0].text();
    if (r.text() == "PONG" || (r.size() == 2 && kind == "pong")) return true;
    if (r.size() != 3 || !is_text_or_nil(r[1])) return false;
    if (kind == "message") return r[2].is_text();
    return (kind == "subscribe" || kind == "unsubscribe") && r[2].is_integer();
  }

  template <class Range>
  void send(const Range& arguments) {
    if (!link->is_up()) return;
    detail::append_command(link->output(), arguments);
    link->flush_later();
  }

  std::shared_ptr<detail::link> link; // with what its loop runs for it
  subscriber_events events;
  std::unordered_map<std::string, bool, text_hash, std::equal_to<>> channels; ///< wanted; true: confirmed
};

subscriber::subscriber(swill::loop& l, options o, subscriber_events e, const log_sink* log)
    : impl_(std::make_shared<impl>(l, std::move(o), std::move(e), log)) {}

subscriber::~subscriber() { close(); }

void subscriber::set_check(std::vector<std::string> command) { impl_->link->add_check(std::move(command)); }
void subscriber::start() { impl_->link->start(); }
void subscriber::reconnect(const std::string& why) { impl_->link->fail(why); }

void subscriber::close(std::function<void()> done) { impl_->link->close(std::move(done)); }

bool subscriber::is_up() const noexcept { return impl_->link->is_up(); }

void subscriber::subscribe(std::string_view channel) {
  if (!impl_->channels.emplace(channel, false).second) return;
  impl_->send(words{"SUBSCRIBE", channel});
}

void subscriber::unsubscribe(std::string_view channel) {
  const auto it = impl_->channels.find(channel);
  if (it == impl_->channels.end()) return;
  impl_->send(words{"UNSUBSCRIBE", channel}); // before the erase: `channel` may be the key itself
  impl_->channels.erase(it);
}

bool subscriber::is_subscribed(std::string_view channel) const {
  const auto it = impl_->channels.find(channel);
  return it != impl_->channels.end() && it->second;
}

std::size_t subscriber::size() const noexcept { return impl_->channels.size(); }

} // namespace swill::redis
