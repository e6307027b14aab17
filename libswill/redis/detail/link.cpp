#include "libswill/redis/detail/link.hpp"

#include "libswill/base/random.hpp"
#include "libswill/redis/detail/command.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <algorithm>
#include <hiredis/hiredis.h>
#include <initializer_list>

namespace swill::redis::detail {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::size_t input_size = 64 * 1024;
constexpr std::size_t kept_output = 1024 * 1024;
/// What is overdue gets this long to be found in the socket: the thread itself may have stood still.
constexpr std::chrono::milliseconds grace{10};

transport::asio_loop& with_sockets(swill::loop& l) {
  if (auto* found = dynamic_cast<transport::asio_loop*>(&l)) return *found;
  throw error{swill::error_code::internal_error, "Redis needs a loop with sockets, not a test's"};
}

/// Half of d, and a random share of the other half.
std::chrono::milliseconds with_jitter(std::chrono::milliseconds d) {
  std::uint32_t dice = 0;
  fill_random(&dice, sizeof dice);
  return d / 2 + std::chrono::milliseconds{dice % static_cast<std::uint32_t>(d.count() / 2 + 1)};
}

} // namespace

void link::reader_deleter::operator()(redisReader* r) const noexcept { redisReaderFree(r); }

link::link(swill::loop& l, options o, link_owner& owner, const log_sink* log)
    : loop_(with_sockets(l)),
      options_(std::move(o)),
      owner_(&owner),
      log_(log),
      socket_(loop_.context()),
      resolver_(loop_.context()),
      in_(new char[input_size]) {}

link::~link() = default;

void link::log(log_level level, const std::string& text) const {
  log_.write(level, "Redis at " + options_.text() + ": " + text);
}

/// A completion handler: one turn of the loop, ignored when its attempt is over.
template <class F>
auto link::guarded(F f) {
  ++operations_;
  return [self = shared_from_this(), f = std::move(f), g = generation_](const error_code& ec, auto... more) {
    const transport::asio_loop::turn t{self->loop_};
    --self->operations_;
    if (g == self->generation_) f(ec, more...);
    self->operation_ended();
  };
}

void link::operation_ended() {
  if (state_ != state::closed || operations_ != 0 || !closed_) return;
  const auto done = std::move(closed_);
  closed_ = nullptr;
  done();
}

// --- Getting up

void link::start() {
  if (state_ == state::idle) attempt();
}

void link::attempt() {
  ++generation_;
  state_ = state::connecting;
  reader_.reset(redisReaderCreate());
  endpoints_.clear();
  next_endpoint_ = 0;
  loop_.set_timer(connect_timer_, loop_.now() + options_.connect_timeout);
  if (!options_.unix_path.empty()) {
    endpoints_.emplace_back(asio::local::stream_protocol::endpoint{options_.unix_path});
    return connect_next();
  }
  error_code ec;
  const auto address = asio::ip::make_address(options_.host, ec);
  if (ec) return resolve();
  endpoints_.emplace_back(asio::ip::tcp::endpoint{address, options_.port});
  connect_next();
}

void link::resolve() {
  // Asio asks on a thread of its own. Not counted among the operations: the system's look-up cannot be interrupted.
  resolver_.async_resolve(
      options_.host, std::to_string(options_.port),
      [self = shared_from_this(), g = generation_](const error_code& ec, const resolver::results_type& found) {
        const transport::asio_loop::turn t{self->loop_};
        if (g != self->generation_) return;
        if (ec) return self->lose("no address: " + ec.message());
        for (const auto& entry : found) self->endpoints_.emplace_back(entry.endpoint());
        self->connect_next();
      });
}

void link::connect_next() {
  if (next_endpoint_ == endpoints_.size()) return lose("no address");
  const endpoint& to = endpoints_[next_endpoint_++];
  error_code ec;
  socket_.close(ec);
  socket_.open(to.protocol(), ec);
  if (ec) return lose(ec.message());
  socket_.async_connect(to, guarded([this](const error_code& problem) {
                          if (!problem) return connected();
                          if (next_endpoint_ < endpoints_.size()) return connect_next();
                          lose(problem.message());
                        }));
}

void link::connected() {
  error_code ec;
  socket_.non_blocking(true, ec);
  if (options_.unix_path.empty()) socket_.set_option(asio::ip::tcp::no_delay{true}, ec);
  state_ = state::greeting;
  greet();
  read();
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
  std::reverse(greeting_.begin(), greeting_.end());
  flush_later();
}

void link::greeting_answered(const reply& r) {
  const std::string what = std::move(greeting_.back());
  greeting_.pop_back();
  const bool may_not_ping = what == "PING" && r.text().substr(0, 6) == "NOPERM"; // but is known
  if (r.is_error() && !may_not_ping) return lose(what + " was answered " + std::string{r.text()});
  if (!greeting_.empty()) return;
  connect_timer_.cancel();
  if (failures_ != 0) log(log_level::info, "connected again");
  state_ = state::up;
  failures_ = 0;
  told_down_ = false;
  asked_ = overdue_ = false;
  loop_.set_timer(liveness_timer_, loop_.now() + options_.liveness / 3);
  owner_->on_up();
}

void link::on_connect_timeout() { lose("no connection in time"); }

// --- Going down

void link::fail(const std::string& why) {
  if (state_ == state::up) lose(why);
}

void link::lose(const std::string& why) {
  const std::shared_ptr<link> self = shared_from_this();
  const bool tell = state_ == state::up || !told_down_;
  ++generation_;
  error_code ec;
  resolver_.cancel();
  socket_.close(ec);
  reader_.reset();
  out_.clear();
  sent_ = 0;
  waits_writable_ = false;
  connect_timer_.cancel();
  liveness_timer_.cancel();
  state_ = state::waiting;
  const auto wait = options_.shortest_backoff * (1U << std::min(failures_++, 16U));
  loop_.set_timer(retry_, loop_.now() + with_jitter(std::min(wait, options_.longest_backoff)));
  log(tell ? log_level::warning : log_level::debug, why);
  if (!tell) return;
  told_down_ = true;
  owner_->on_down(why);
}

void link::close(std::function<void()> done) {
  if (state_ == state::closed) return done ? loop_.post(std::move(done)) : void();
  state_ = state::closed;
  owner_ = nullptr;
  ++generation_;
  error_code ec;
  resolver_.cancel();
  socket_.close(ec);
  for (timer* t : std::initializer_list<timer*>{&retry_, &connect_timer_, &liveness_timer_}) t->cancel();
  closed_ = std::move(done);
  loop_.post([self = shared_from_this()] { self->operation_ended(); });
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

void link::read() {
  socket_.async_read_some(asio::buffer(in_.get(), input_size), guarded([this](const error_code& ec, std::size_t n) {
                            if (ec) return lose("the connection broke: " + ec.message());
                            received(n);
                          }));
}

void link::received(std::size_t n) {
  heard_ = loop_.now();
  asked_ = overdue_ = false;
  const unsigned g = generation_;
  bool good = redisReaderFeed(reader_.get(), in_.get(), n) == REDIS_OK;
  while (good && g == generation_) {
    void* next = nullptr;
    good = redisReaderGetReply(reader_.get(), &next) == REDIS_OK;
    if (next == nullptr) break;
    dispatch(reply{next});
  }
  if (g != generation_) return;
  if (!good) return lose("what it sent is no reply");
  read();
}

void link::dispatch(reply r) {
  try {
    if (state_ == state::greeting) return greeting_answered(r);
    owner_->on_reply(std::move(r));
  } catch (const std::exception& e) {
    log(log_level::error, std::string{"exception from a callback: "} + e.what());
  }
}

void link::flush() {
  if (waits_writable_ || (state_ != state::up && state_ != state::greeting)) return;
  while (sent_ < out_.size()) {
    error_code ec;
    sent_ += socket_.write_some(asio::buffer(out_.data() + sent_, out_.size() - sent_), ec);
    if (ec == asio::error::would_block || ec == asio::error::try_again) return wait_writable();
    if (ec) return lose("the connection broke: " + ec.message());
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
  socket_.async_wait(socket::wait_write, guarded([this](const error_code&) {
                       waits_writable_ = false;
                       flush(); // finds what is wrong, if anything is
                     }));
}

} // namespace swill::redis::detail
