#include "tests/chaos/clients.hpp"

#include "libswill/base/await.hpp"

#include <algorithm>
#include <cstdio>

namespace swill::chaos {

namespace {

std::uint64_t number_in(const value* v) {
  const auto* n = v != nullptr ? v->get_if<std::int64_t>() : nullptr;
  return n != nullptr ? static_cast<std::uint64_t>(*n) : 0;
}

value as_value(position p) { return value::map({{"epoch", p.epoch}, {"offset", p.offset}}); }
position as_position(const value* epoch, const value* offset) { return {number_in(epoch), number_in(offset)}; }

client_options quick() {
  client_options o;
  o.connect_timeout = 2s;
  o.ping_interval = 2s;
  o.ping_timeout = 2s;
  o.close_timeout = 100ms;
  return o;
}

constexpr auto between_attempts = 20ms;
const call_options in_time{5s};

} // namespace

// --- Outcomes

void outcomes::succeeded(clock::time_point begun) {
  const std::lock_guard lock{mutex_};
  ++successes_;
  slowest_ = std::max(slowest_, since(begun));
}

void outcomes::failed(const error& e, clock::time_point begun) {
  const bool by_connection =
      dynamic_cast<const connection_lost*>(&e) != nullptr || dynamic_cast<const connect_error*>(&e) != nullptr;
  const value* retryable = e.data.find("retryable");
  const std::lock_guard lock{mutex_};
  failures_.push_back(
      {e.code, by_connection, retryable != nullptr && *retryable == value{true}, since(begun), e.message});
}

std::size_t outcomes::successes() const {
  const std::lock_guard lock{mutex_};
  return successes_;
}

std::size_t outcomes::failures() const {
  const std::lock_guard lock{mutex_};
  return failures_.size();
}

milliseconds outcomes::slowest_success() const {
  const std::lock_guard lock{mutex_};
  return slowest_;
}

std::vector<outcomes::failure> outcomes::failures_since(std::size_t first) const {
  const std::lock_guard lock{mutex_};
  return {failures_.begin() + static_cast<std::ptrdiff_t>(first), failures_.end()};
}

milliseconds outcomes::slowest_failure_since(std::size_t first) const {
  milliseconds slowest{0};
  for (const failure& f : failures_since(first)) slowest = std::max(slowest, f.took);
  return slowest;
}

// --- Driver

driver::~driver() { stop(); }

void driver::start() {
  thread_ = std::thread{[this] {
    try {
      run_client(loop_, run(), [this](scope& s) { scope_ = &s; });
    } catch (const cancelled&) { // by stop()
    } catch (const std::exception& e) {
      std::fprintf(stderr, "a client ended by: %s\n", e.what()); // and so what it should do will be missed
    }
    ended_ = true;
  }};
}

void driver::stop() {
  if (!thread_.joinable()) return;
  // Posted from its beginning; after its end the loop runs nothing.
  loop_.post([this] { scope_->cancel(); });
  thread_.join();
}

task<client> driver::connect(header_list headers) const {
  client_options o = quick();
  o.headers = std::move(headers);
  co_return co_await client::connect(gateway(), o);
}

// --- Publisher

publisher::publisher(ledger& book, addresses gateways, std::size_t number, load_options o)
    : driver(std::move(gateways), number),
      book_(book),
      options_(std::move(o)),
      name_("p" + std::to_string(number)),
      pace_(options_.pace) {
  start();
}

bool publisher::finish(milliseconds limit) {
  finishing_ = true;
  return eventually([this] { return has_ended(); }, limit);
}

task<void> publisher::run() {
  while (!finishing_) {
    const std::string id = name_ + "-" + std::to_string(++count_);
    book_.tried(id);
    while (!co_await attempt(id)) co_await sleep_for(between_attempts);
    co_await sleep_for(pace_.load());
  }
  client_.reset(); // on its thread
}

task<void> publisher::log_in() {
  client c = co_await connect();
  const value who = value::map({{"name", name_}});
  co_await c.call<void>("chat.login", who, in_time);
  client_.emplace(std::move(c));
}

task<bool> publisher::attempt(const std::string& id) {
  const auto begun = clock::now();
  try {
    if (!client_) co_await log_in();
    const value data = value::map({{"text", id + " " + std::string(options_.size, 'x')}});
    const value message = value::map({{"topic", options_.topic}, {"data", data}, {"idempotency_key", id}});
    const position at = co_await client_->call<position>("swill.publish", message, in_time);
    book_.acknowledged(id, at);
    calls.succeeded(begun);
    co_return true;
  } catch (const error& e) {
    calls.failed(e, begun);
  }
  if (!client_ || !client_->is_open()) {
    client_.reset();
    go_elsewhere();
  }
  co_return false;
}

// --- Subscriber

subscriber::subscriber(ledger& book, addresses gateways, std::size_t number, load_options o, std::size_t receive_buffer)
    : driver(std::move(gateways), number),
      book_(book),
      options_(std::move(o)),
      name_("s" + std::to_string(number)),
      number_(book.add_subscriber(name_, options_.may_miss)),
      receive_buffer_(receive_buffer) {
  start();
}

std::vector<position> subscriber::overflows() const {
  const std::lock_guard lock{mutex_};
  return overflows_;
}

task<void> subscriber::run() {
  for (;;) {
    const auto begun = clock::now();
    try {
      co_await follow();
    } catch (const error& e) {
      on_failure(e, begun);
    }
    co_await sleep_for(between_attempts);
  }
}

void subscriber::on_failure(const error& e, clock::time_point begun) {
  calls.failed(e, begun);
  if (e.code != 429) return go_elsewhere();
  const std::lock_guard lock{mutex_};
  overflows_.push_back(as_position(e.data.find("epoch"), e.data.find("offset")));
}

task<void> subscriber::follow() {
  client_options o = quick();
  if (receive_buffer_ != 0) o.receive_buffer = receive_buffer_;
  client c = co_await client::connect(gateway(), o);
  const value who = value::map({{"name", name_}});
  co_await c.call<void>("chat.login", who, in_time);

  value request = value::map({{"topic", options_.topic}});
  if (const auto at = book_.at(number_)) request.set("since", as_value(*at));
  auto messages = c.stream<value>("swill.subscribe", request);
  co_await messages.ready();
  if (const metadata& m = messages.leading(); !m.empty()) {
    const value* recovered = m.find("recovered");
    book_.began(number_, as_position(m.find("epoch"), m.find("offset")),
                recovered != nullptr && *recovered == value{true});
  }
  while (const auto item = co_await messages.next()) {
    take(*item);
    while (!reading_) co_await sleep_for(2ms);
  }
}

void subscriber::take(const value& item) {
  const value* data = item.find("data");
  if (data == nullptr) return book_.noticed(number_, as_position(item.find("epoch"), item.find("offset")));
  const value* text = data->find("text");
  const auto* words = text != nullptr ? text->get_if<std::string>() : nullptr;
  const std::string id = words != nullptr ? words->substr(0, words->find(' ')) : "?";
  book_.delivered(number_, number_in(item.find("offset")), id);
}

// --- Caller

caller::caller(std::string gateway, std::string rpc, value argument, milliseconds pace)
    : driver({std::move(gateway)}, 0), rpc_(std::move(rpc)), argument_(std::move(argument)), pace_(pace) {
  start();
}

task<void> caller::run() {
  for (;;) {
    const auto begun = clock::now();
    try {
      co_await call_on();
    } catch (const error& e) {
      calls.failed(e, begun);
    }
    co_await sleep_for(between_attempts);
  }
}

/// Until the connection breaks.
task<void> caller::call_on() {
  const client c = co_await connect();
  while (c.is_open()) {
    const auto begun = clock::now();
    try {
      co_await c.call<value>(rpc_, argument_, in_time);
      calls.succeeded(begun);
    } catch (const error& e) {
      calls.failed(e, begun);
    }
    co_await sleep_for(pace_);
  }
}

// --- Visitor

visitor::visitor(addresses gateways, milliseconds pace) : driver(std::move(gateways), 0), pace_(pace) { start(); }

std::vector<std::string> visitor::problems() const {
  const std::lock_guard lock{mutex_};
  return problems_;
}

task<void> visitor::run() {
  for (;;) {
    const auto begun = clock::now();
    try {
      co_await visit_on();
    } catch (const error& e) {
      calls.failed(e, begun);
    }
    go_elsewhere();
    co_await sleep_for(between_attempts);
  }
}

/// A few visits over one connection: the session is known by its cookie, wherever the next goes.
task<void> visitor::visit_on() {
  const client c = co_await connect(cookie_);
  for (const auto& [name, text] : c.response_headers()) {
    if (cookie_.empty() && name == "Set-Cookie") cookie_ = {{"Cookie", text.substr(0, text.find(';'))}};
  }
  for (int i = 0; i < 20 && c.is_open(); ++i) {
    const auto begun = clock::now();
    ++uncertain_;
    try {
      check(co_await c.call<int>("example.visits", nothing{}, in_time));
      calls.succeeded(begun);
    } catch (const error& e) {
      calls.failed(e, begun);
    }
    co_await sleep_for(pace_);
  }
}

void visitor::check(int now) {
  if (now <= visits_ || now > visits_ + uncertain_) {
    const std::lock_guard lock{mutex_};
    problems_.push_back("visit " + std::to_string(now) + " came after " + std::to_string(visits_.load()) + " with " +
                        std::to_string(uncertain_) + " calls between");
  }
  visits_ = now;
  uncertain_ = 0;
}

} // namespace swill::chaos
