#include "libswill/redis/detail/link.hpp"

#include "libswill/base/printable.hpp"
#include "libswill/base/random.hpp"
#include "libswill/base/trace.hpp"
#include "libswill/redis/detail/command.hpp"

#include <algorithm>
#include <charconv>
#include <hiredis/hiredis.h>
#include <initializer_list>
#include <system_error>

namespace swill::redis::detail {

namespace {

/// What is overdue gets this long to be found in the socket: the thread itself may have stood still.
constexpr std::chrono::milliseconds grace{10};

net::event_loop& with_sockets(swill::loop& l) {
  if (auto* found = dynamic_cast<net::event_loop*>(&l)) return *found;
  throw error{swill::error_code::internal_error, "Redis needs a loop with sockets, not a test's"};
}

/// hiredis' own functions, but that arrays are counted before there is memory for them.
redisReplyObjectFunctions counting_functions() {
  static const redisReplyObjectFunctions original = *std::unique_ptr<redisReader, decltype(&redisReaderFree)> {
    redisReaderCreate(), &redisReaderFree
    } -> fn;
  redisReplyObjectFunctions f = original;
  f.createArray = [](const redisReadTask* t, auto n) -> void* { // int or size_t, as hiredis' version has it
    std::size_t& left = *static_cast<std::size_t*>(t->privdata);
    if (static_cast<std::size_t>(n) > left) return nullptr;
    left -= static_cast<std::size_t>(n);
    return original.createArray(t, n);
  };
  return f;
}

/// Of what Redis says of itself, or of us.
outage_log::reason reason_of(std::string_view text) {
  return is_wrong_server(refusal_word(text)) ? outage_log::reason::wrong : outage_log::reason::refused;
}

/// Whether an answer to a part of the greeting lets us go on.
bool is_good(const std::string& what, const reply& r) {
  const std::string word = r.is_error() ? refusal_word(r.text()) : std::string{};
  if (what == "PING") return r.text() == "PONG" || word == "NOPERM"; // which may not ping, but is known
  if (what == "AUTH" || what == "SELECT") return r.text() == "OK";
  return !r.is_error() || word == "MISCONF" || word == "OOM"; // a check, which could not be made now
}

} // namespace

void link::reader_deleter::operator()(redisReader* r) const noexcept { redisReaderFree(r); }

link::link(swill::loop& l, options o, link_owner& owner, const log_sink* log)
    : stream_socket(with_sockets(l), leaves::at_round_end),
      options_(std::move(o)),
      owner_(&owner),
      log_(log, log_room::redis),
      errors_(socket_loop(), log, log_room::redis),
      connector_(socket_loop(), options_.look_up) {}

link::~link() {
  options_.outages->forget(this);
  close_socket();
}

void link::log(log_level level, const std::string& text) const {
  log_.write(level, printable("Redis at " + options_.text() + ": " + text));
}

// --- Getting up

void link::start() {
  if (state_ == state::idle) attempt();
}

void link::attempt() {
  ++generation_;
  state_ = state::connecting;
  make_reader();
  loop().set_timer(connect_timer_, loop().now() + options_.connect_timeout);
  auto done = [self = shared_from_this()](const result<int>& fd) {
    if (!fd) return self->lose(fd.error().message);
    self->connected(*fd);
  };
  if (!options_.unix_path.empty()) return connector_.connect_unix(options_.unix_path, std::move(done));
  connector_.connect(host_and_port(options_.host, std::to_string(options_.port)), std::move(done));
}

void link::make_reader() {
  static redisReplyObjectFunctions functions = counting_functions(); // hiredis' parameter is not const
  reader_.reset(redisReaderCreateWithFunctions(&functions));
  reader_->privdata = &elements_;
  elements_ = options_.reply_elements;
  unanswered_ = 0;
}

void link::connected(int fd) {
  own(fd);
  state_ = state::greeting;
  try {
    if (options_.tls) secure(*options_.tls, options_.host);
    start_watching();
    greet();
  } catch (const std::exception& e) {
    lose(e.what());
  }
}

void link::greet() {
  using words = std::initializer_list<std::string_view>;
  greeting_.clear();
  buffer& out = output();
  if (!options_.password.empty()) {
    greeting_.emplace_back("AUTH");
    if (options_.user.empty()) {
      append_command(out, words{"AUTH", options_.password});
    } else {
      append_command(out, words{"AUTH", options_.user, options_.password});
    }
  }
  if (options_.database != 0) {
    greeting_.emplace_back("SELECT");
    append_command(out, words{"SELECT", std::to_string(options_.database)});
  }
  greeting_.emplace_back("PING"); // answered with an error when a password is missing, or data is still being loaded
  append_command(out, words{"PING"});
  for (const auto& command : checks_) {
    greeting_.emplace_back(command.front());
    append_command(out, command);
  }
  std::reverse(greeting_.begin(), greeting_.end());
  flush_later();
}

void link::greeting_answered(const reply& r) {
  const std::string what = std::move(greeting_.back());
  greeting_.pop_back();
  if (!is_good(what, r)) {
    if (!r.is_error()) return lose("what answers " + what + " is no Redis", outage_log::reason::refused);
    const bool own_words = what == "PING" || what == "EVAL"; // they say all that there is to say
    return lose((own_words ? "" : what + " was answered ") + std::string{r.text()}, reason_of(r.text()));
  }
  if (!greeting_.empty()) return;
  connect_timer_.cancel();
  options_.outages->up(this, options_.text(), log_);
  state_ = state::up;
  up_since_ = loop().now();
  told_down_ = false;
  asked_ = overdue_ = false;
  loop().set_timer(liveness_timer_, loop().now() + options_.liveness / 3);
  owner_->on_up();
}

void link::on_connect_timeout() { lose("no connection in time"); }

// --- Going down

void link::fail(const std::string& why, outage_log::reason r) {
  if (state_ == state::up) lose(why, r);
}

void link::lose(const std::string& why, outage_log::reason r) {
  const std::shared_ptr<link> self = shared_from_this();
  const bool tell = state_ == state::up || !told_down_;
  // A connection that breaks at once, because of what its owner asks for, is a failure like one that never was.
  if (state_ == state::up && loop().now() - up_since_ > options_.longest_backoff) {
    failures_ = 0;
    if (r == outage_log::reason::unreachable) connector_.begin_with_first();
  }
  ++generation_;
  connector_.cancel();
  close_socket();
  reader_.reset();
  connect_timer_.cancel();
  liveness_timer_.cancel();
  state_ = state::waiting;
  const auto wait = options_.shortest_backoff * (1U << std::min(failures_++, 16U));
  loop().set_timer(retry_, loop().now() + with_jitter(std::min(wait, options_.longest_backoff)));
  log(log_level::debug, why);
  options_.outages->down(this, options_.text(), r, why, options_.used_for, log_);
  if (!tell) return;
  told_down_ = true;
  owner_->on_down(why);
}

void link::close(std::function<void()> done) {
  if (state_ == state::closed) return done ? loop().post(std::move(done)) : void();
  state_ = state::closed;
  owner_ = nullptr;
  options_.outages->forget(this);
  ++generation_;
  connector_.cancel();
  close_socket();
  for (timer* t : std::initializer_list<timer*>{&retry_, &connect_timer_, &liveness_timer_}) t->cancel();
  if (done) loop().post([self = shared_from_this(), done = std::move(done)] { done(); });
}

void link::on_liveness() {
  const auto silence = loop().now() - heard_;
  if (silence >= options_.liveness) {
    if (overdue_) return lose("no sign of life");
    overdue_ = true;
    return loop().set_timer(liveness_timer_, loop().now() + grace);
  }
  if (silence >= options_.liveness / 3 && !asked_) {
    asked_ = true;
    owner_->on_silence();
  }
  if (state_ == state::up) loop().set_timer(liveness_timer_, loop().now() + options_.liveness / 3);
}

// --- Bytes

void link::on_exception(std::exception_ptr e) noexcept { log(log_level::error, describe_exception(std::move(e))); }

void link::on_peer_gone(int error) {
  lose("the connection broke: " + (error == 0 ? "end of stream" : std::generic_category().message(error)));
}

void link::on_tls_failed(const std::string& why) { lose("TLS failed: " + why); }

void link::on_input(bytes_view data) {
  heard_ = loop().now();
  asked_ = overdue_ = false;
  const unsigned g = generation_;
  unanswered_ += data.size();
  const auto* text = reinterpret_cast<const char*>(data.data());
  bool good = redisReaderFeed(reader_.get(), text, data.size()) == REDIS_OK;
  while (good && g == generation_) {
    void* next = nullptr;
    good = redisReaderGetReply(reader_.get(), &next) == REDIS_OK;
    if (next == nullptr) break;
    unanswered_ = reader_->len - reader_->pos;
    elements_ = options_.reply_elements;
    dispatch(reply{next});
  }
  if (g != generation_) return;
  if (!good) return lose("what it sent is no reply, or too large a one");
  if (is_too_large()) lose("a reply larger than reply_size");
}

/// Whether the reply that is being read is, or says of a part of it that it will be.
bool link::is_too_large() const noexcept {
  if (unanswered_ > options_.reply_size) return true;
  // Of a text that is not there yet the reader stands before its length, or before the `$`. A number's line is never left standing.
  std::string_view rest{reader_->buf + reader_->pos, reader_->len - reader_->pos};
  if (rest.starts_with('$')) rest.remove_prefix(1);
  const std::size_t end = rest.find_first_not_of("0123456789");
  if (end == std::string_view::npos || end == 0 || rest[end] != '\r') return false;
  std::uint64_t announced = 0;
  const auto [at, problem] = std::from_chars(rest.data(), rest.data() + end, announced);
  return problem != std::errc{} || announced > options_.reply_size;
}

void link::dispatch(reply r) {
  try {
    if (state_ == state::greeting) return greeting_answered(r);
    owner_->on_reply(std::move(r));
  } catch (const std::exception& e) {
    errors_.write(log_level::error, "callback", std::string{"Redis: exception from a callback: "} + e.what());
  }
}

} // namespace swill::redis::detail
