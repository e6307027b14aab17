#include "libswill/redis/detail/link.hpp"

#include "libswill/base/printable.hpp"
#include "libswill/base/random.hpp"
#include "libswill/redis/detail/command.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <hiredis/hiredis.h>
#include <initializer_list>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace swill::redis::detail {

namespace {

constexpr std::size_t input_size = 64 * 1024;
constexpr std::size_t kept_output = 1024 * 1024;
/// What is overdue gets this long to be found in the socket: the thread itself may have stood still.
constexpr std::chrono::milliseconds grace{10};

net::asio_loop& with_sockets(swill::loop& l) {
  if (auto* found = dynamic_cast<net::asio_loop*>(&l)) return *found;
  throw error{swill::error_code::internal_error, "Redis needs a loop with sockets, not a test's"};
}

} // namespace

void link::reader_deleter::operator()(redisReader* r) const noexcept { redisReaderFree(r); }

link::link(swill::loop& l, options o, link_owner& owner, const log_sink* log)
    : loop_(with_sockets(l)),
      options_(std::move(o)),
      owner_(&owner),
      log_(log, log_room::redis),
      errors_(loop_, log, log_room::redis),
      connector_(loop_, options_.look_up),
      in_(new char[input_size]) {}

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
  loop_.set_timer(connect_timer_, loop_.now() + options_.connect_timeout);
  auto done = [self = shared_from_this()](const result<int>& fd) {
    if (!fd) return self->lose(fd.error().message);
    self->connected(*fd);
  };
  if (!options_.unix_path.empty()) return connector_.connect_unix(options_.unix_path, std::move(done));
  connector_.connect(host_and_port(options_.host, std::to_string(options_.port)), std::move(done));
}

namespace {

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

} // namespace

void link::make_reader() {
  static redisReplyObjectFunctions functions = counting_functions(); // hiredis' parameter is not const
  reader_.reset(redisReaderCreateWithFunctions(&functions));
  reader_->privdata = &elements_;
  elements_ = options_.reply_elements;
  unanswered_ = 0;
}

void link::connected(int fd) {
  fd_ = fd;
  state_ = state::greeting;
  try {
    loop_.sockets()->add(*this, fd_, true, false);
    greet();
  } catch (const std::exception& e) {
    lose(e.what());
  }
}

void link::greet() {
  using words = std::initializer_list<std::string_view>;
  greeting_.clear();
  if (!options_.password.empty()) {
    greeting_.emplace_back("AUTH");
    if (options_.user.empty()) {
      append_command(out_, words{"AUTH", options_.password});
    } else {
      append_command(out_, words{"AUTH", options_.user, options_.password});
    }
  }
  if (options_.database != 0) {
    greeting_.emplace_back("SELECT");
    append_command(out_, words{"SELECT", std::to_string(options_.database)});
  }
  greeting_.emplace_back("PING"); // answered with an error when a password is missing, or data is still being loaded
  append_command(out_, words{"PING"});
  for (const auto& command : checks_) {
    greeting_.emplace_back(command.front());
    append_command(out_, command);
  }
  std::reverse(greeting_.begin(), greeting_.end());
  flush_later();
}

namespace {

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
  up_since_ = loop_.now();
  told_down_ = false;
  asked_ = overdue_ = false;
  loop_.set_timer(liveness_timer_, loop_.now() + options_.liveness / 3);
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
  if (state_ == state::up && loop_.now() - up_since_ > options_.longest_backoff) {
    failures_ = 0;
    if (r == outage_log::reason::unreachable) connector_.begin_with_first();
  }
  ++generation_;
  connector_.cancel();
  close_socket();
  reader_.reset();
  out_.clear();
  sent_ = 0;
  waits_writable_ = false;
  connect_timer_.cancel();
  liveness_timer_.cancel();
  state_ = state::waiting;
  const auto wait = options_.shortest_backoff * (1U << std::min(failures_++, 16U));
  loop_.set_timer(retry_, loop_.now() + with_jitter(std::min(wait, options_.longest_backoff)));
  log(log_level::debug, why);
  options_.outages->down(this, options_.text(), r, why, options_.used_for, log_);
  if (!tell) return;
  told_down_ = true;
  owner_->on_down(why);
}

void link::close(std::function<void()> done) {
  if (state_ == state::closed) return done ? loop_.post(std::move(done)) : void();
  state_ = state::closed;
  owner_ = nullptr;
  options_.outages->forget(this);
  ++generation_;
  connector_.cancel();
  close_socket();
  for (timer* t : std::initializer_list<timer*>{&retry_, &connect_timer_, &liveness_timer_}) t->cancel();
  if (done) loop_.post([self = shared_from_this(), done = std::move(done)] { done(); });
}

void link::close_socket() noexcept {
  if (fd_ < 0) return;
  if (loop_.sockets()) loop_.sockets()->remove(*this, fd_); // there are none when the loop ends with this in a handler
  ::close(std::exchange(fd_, -1));
}

void link::on_liveness() {
  const auto silence = loop_.now() - heard_;
  if (silence >= options_.liveness) {
    if (overdue_) return lose("no sign of life");
    overdue_ = true;
    return loop_.set_timer(liveness_timer_, loop_.now() + grace);
  }
  if (silence >= options_.liveness / 3 && !asked_) {
    asked_ = true;
    owner_->on_silence();
  }
  if (state_ == state::up) loop_.set_timer(liveness_timer_, loop_.now() + options_.liveness / 3);
}

// --- Bytes

void link::on_ready(bool readable, bool writable, bool broken) noexcept {
  const auto self = shared_from_this();
  try {
    if (readable || broken) read();
    if (writable && fd_ >= 0 && std::exchange(waits_writable_, false)) {
      loop_.sockets()->change(*this, fd_, true, false);
      flush();
    }
  } catch (const std::exception& e) {
    log(log_level::error, e.what());
  }
}

void link::read() {
  const ssize_t n = ::recv(fd_, in_.get(), input_size, 0);
  if (n > 0) return received(static_cast<std::size_t>(n));
  if (n == 0) return lose("the connection broke: end of stream");
  if (errno == EINTR || errno == EAGAIN) return; // asked again when there is something
  lose("the connection broke: " + std::generic_category().message(errno));
}

void link::received(std::size_t n) {
  heard_ = loop_.now();
  asked_ = overdue_ = false;
  const unsigned g = generation_;
  unanswered_ += n;
  bool good = redisReaderFeed(reader_.get(), in_.get(), n) == REDIS_OK;
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

void link::flush() {
  if (waits_writable_ || (state_ != state::up && state_ != state::greeting)) return;
  while (sent_ < out_.size()) {
    const ssize_t n = ::send(fd_, out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
    if (n >= 0) {
      sent_ += static_cast<std::size_t>(n);
    } else if (errno == EAGAIN) {
      return wait_writable();
    } else if (errno != EINTR) {
      return lose("the connection broke: " + std::generic_category().message(errno));
    }
  }
  out_.clear();
  sent_ = 0;
  if (out_.capacity() > kept_output) out_ = {};
}

void link::wait_writable() {
  if (sent_ > kept_output) {
    out_.erase(0, sent_);
    sent_ = 0;
  }
  waits_writable_ = true;
  loop_.sockets()->change(*this, fd_, true, true);
}

} // namespace swill::redis::detail
