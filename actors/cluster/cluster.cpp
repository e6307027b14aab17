#include "actors/cluster/cluster.hpp"

#include "libswill/base/completion.hpp"
#include "libswill/base/error.hpp"
#include "libswill/base/loop.hpp"
#include "libswill/base/move_function.hpp"
#include "libswill/base/printable.hpp"
#include "libswill/base/random.hpp"

#include <array>
#include <stdexcept>

#include <unistd.h>

namespace swill {

namespace {

constexpr std::size_t longest_node_name = 64;

error not_running() {
  return errors::unavailable("this node has no others now: its server has not started yet, or has stopped");
}

} // namespace

node_info make_node(const std::string& name) { return {random_hex(8), node_name_or_host(name)}; }

std::string node_name_or_host(const std::string& name) {
  std::array<char, 256> host{};
  if (!name.empty() || ::gethostname(host.data(), host.size() - 1) != 0) return name;
  return std::string{cut_text(printable(host.data()), longest_node_name)};
}

void check_node_name(std::string path, std::string_view name, mistake_list& out) {
  out.check_text(std::move(path), name, longest_node_name);
}

void cluster::must_be_idle(std::string_view what) const {
  if (users_ != 0)
    throw std::logic_error(std::string{what} + ": a server runs this cluster already: add everything, then start it");
}

// --- What users call

/// False when it does not run. From any thread.
bool cluster::run_at_home(std::function<void()> f) {
  const std::lock_guard lock{mutex_};
  if (home_ != nullptr) home_->post(std::move(f));
  return home_ != nullptr;
}

void cluster::nodes_then(answer<std::vector<node_info>> done) {
  const bool runs = run_at_home([this, done] {
    if (!runs_) return done(not_running());
    find_nodes([this, done](result<std::vector<node_info>> r) {
      done(r ? std::move(r) : result<std::vector<node_info>>{last_found_});
    });
  });
  if (!runs) done(not_running());
}

task<std::vector<node_info>> cluster::nodes() {
  using list = std::vector<node_info>;
  const auto start = [this](completer<list> done) { nodes_then([done](result<list> r) { done(std::move(r)); }); };
  co_return co_await completion<list>(start);
}

void cluster::on_nodes(std::function<void(const std::vector<node_info>&)> f) {
  must_be_idle("on_nodes");
  detail::must_be_function(f, "on_nodes");
  watchers_.push_back(std::move(f));
}

void cluster::on_message(std::string kind, std::function<void(const std::string&, bytes_view)> f) {
  must_be_idle("on_message");
  detail::must_be_function(f, "on_message");
  if (!handlers_.emplace(std::move(kind), std::move(f)).second)
    throw std::invalid_argument("two functions for one kind of messages between nodes");
}

void cluster::send(std::string node, std::string kind, bytes data, answer<void> done) {
  send_to(std::move(node), std::move(kind), std::move(data), std::move(done));
}
void cluster::send_all(std::string kind, bytes data, answer<void> done) {
  send_to({}, std::move(kind), std::move(data), std::move(done));
}

void cluster::send_to(std::string node, std::string kind, bytes data, answer<void> done) {
  if (!done) done = [](const result<void>&) {};
  const bool runs = run_at_home([this, node = std::move(node), kind = std::move(kind), data = std::move(data), done] {
    if (!runs_) return done(not_running());
    deliver(node, kind, data, done);
  });
  if (!runs) done(not_running());
}

// --- Its life

void cluster::start(loop& home, const log_sink& log) {
  if (users_ != 0 && of_users_ != &home) throw std::logic_error("one cluster serves one server at a time");
  if (users_ == 0) {
    run_on(home, [&] {
      errors_ = std::make_unique<limited_log>(home, &log, log_room::pubsub);
      begin(home, log);
      runs_ = true;
    });
    of_users_ = &home;
    const std::lock_guard lock{mutex_};
    home_ = &home;
  }
  ++users_;
}

void cluster::stop(std::function<void()> done) {
  if (--users_ != 0) return done();
  of_users_ = nullptr;
  const std::lock_guard lock{mutex_};
  std::exchange(home_, nullptr)->post([this, done = std::move(done)] {
    runs_ = false;
    end([this, done] {
      errors_.reset();
      done();
    });
  });
}

// --- What comes from others

void cluster::found(const std::vector<node_info>& nodes) {
  last_found_ = nodes;
  for (const auto& f : watchers_) f(nodes);
}

void cluster::heard(const std::string& from, const std::string& kind, bytes_view data) {
  const auto it = handlers_.find(kind);
  if (it == handlers_.end()) return;
  try {
    it->second(from, data);
  } catch (...) {
    const std::string where = "messages between nodes of kind " + kind;
    if (errors_)
      errors_->write(where, {.level = log_level::error},
                     log_limiter::of_exception(where + ": ", std::current_exception()));
  }
}

void memory_cluster::deliver(const std::string& node, const std::string& kind, bytes_view data, answer<void> done) {
  if (!node.empty() && node != id()) return done(error{error_code::not_found, "no such node"});
  heard(id(), kind, data);
  done({});
}

} // namespace swill
