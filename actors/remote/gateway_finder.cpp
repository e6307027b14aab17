#include "actors/remote/gateway_finder.hpp"

#include "actors/remote/host_and_port.hpp"

#include <array>
#include <netdb.h>
#include <sys/socket.h>

namespace swill::actors::remote {

namespace {

std::string join(const char* host, std::uint16_t port) {
  const std::string h{host};
  return (h.find(':') == std::string::npos ? h : "[" + h + "]") + ":" + std::to_string(port);
}

} // namespace

std::vector<std::string> look_up(const std::string& host_and_port) {
  const auto [host, port] = parse_host_and_port(host_and_port);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  std::vector<std::string> out;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return out;
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned{found, &::freeaddrinfo};
  for (const addrinfo* a = found; a != nullptr; a = a->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(a->ai_addr, a->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) == 0)
      out.push_back(join(text.data(), port));
  }
  return out;
}

gateway_finder::gateway_finder(worker_side& w) : worker_(w), thread_([this] { run(); }) {}

gateway_finder::~gateway_finder() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
    changed_.notify_all();
  }
  thread_.join();
  links_.clear(); // each waits for its thread
}

void gateway_finder::leave() {
  const std::lock_guard lock{mutex_};
  for (const auto& [address, l] : links_) l->leave();
}

void gateway_finder::run() {
  while (true) {
    const auto addresses = wanted();
    add(addresses);
    remove_all_but(addresses).clear(); // waits for their threads, without the lock
    std::unique_lock lock{mutex_};
    if (changed_.wait_for(lock, worker_.options.look_up_interval, [this] { return stopping_; })) return;
  }
}

std::set<std::string> gateway_finder::wanted() {
  std::set<std::string> all;
  for (const std::string& name : worker_.options.gateways) {
    auto& addresses = known_[name];
    auto found = worker_.options.look_up ? worker_.options.look_up(name) : look_up(name);
    if (!found.empty()) {
      addresses = std::move(found);
      missing_.erase(name);
    } else if (addresses.empty()) {
      say_missing(name);
    }
    all.insert(addresses.begin(), addresses.end());
  }
  return all;
}

// Workers start before their gateways as often as after them, so that is no fault yet; half a minute later it is one. Two lines in all.
void gateway_finder::say_missing(const std::string& name) {
  constexpr int too_many = 15; // look_up_interval is 2 s
  const int times = ++missing_[name];
  if (times == 1) worker_.log(log_level::info, "gateway " + name + " has no address yet");
  if (times == too_many)
    worker_.log(log_level::warning,
                "gateway " + name + " still has no address after " + std::to_string(times) + " look-ups");
}

void gateway_finder::add(const std::set<std::string>& addresses) {
  const std::lock_guard lock{mutex_};
  for (const std::string& a : addresses) {
    if (stopping_ || links_.contains(a)) continue;
    const auto l = links_.emplace(a, std::make_unique<gateway_link>(worker_, a)).first;
    l->second->start();
  }
}

// One that still serves stays: the look-up may have been wrong, and a gateway that is gone breaks its link.
std::vector<gateway_finder::link_ptr> gateway_finder::remove_all_but(const std::set<std::string>& addresses) {
  std::vector<link_ptr> gone;
  const std::lock_guard lock{mutex_};
  for (auto i = links_.begin(); i != links_.end();) {
    if (addresses.contains(i->first) || i->second->is_linked()) {
      ++i;
      continue;
    }
    worker_.log(log_level::info, "gateway " + i->first + " is no longer there");
    gone.push_back(std::move(i->second));
    i = links_.erase(i);
  }
  return gone;
}

} // namespace swill::actors::remote
