#include "libswill/net/connector.hpp"

#include "libswill/net/poller.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <sys/socket.h>
#include <sys/un.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace swill::net {

namespace {

/// RFC 8305 §5.
constexpr std::chrono::milliseconds attempt_delay{250};

struct socket_address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  std::string text;

  const sockaddr* data() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
  int family() const noexcept { return storage.ss_family; }
};

/// Of "ADDRESS:PORT" with numbers; nothing for a name.
std::optional<socket_address> numeric(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  std::string host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), text.c_str() + colon + 1, &hints, &found) != 0) return std::nullopt;
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned{found, &::freeaddrinfo};
  socket_address a;
  std::memcpy(&a.storage, found->ai_addr, found->ai_addrlen);
  a.size = found->ai_addrlen;
  a.text = text;
  return a;
}

/// IPv6 and IPv4 in turns, beginning with the family of the first, each family in its order (RFC 8305 §4).
std::vector<socket_address> in_turns(const std::vector<std::string>& texts) {
  std::vector<socket_address> first;
  std::vector<socket_address> second;
  for (const std::string& text : texts) {
    if (auto a = numeric(text)) {
      auto& list = first.empty() || a->family() == first.front().family() ? first : second;
      list.push_back(std::move(*a));
    }
  }
  std::vector<socket_address> all;
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) all.push_back(std::move(first[i]));
    if (i < second.size()) all.push_back(std::move(second[i]));
  }
  return all;
}

} // namespace

struct connector::impl final : std::enable_shared_from_this<impl>, timer {
  /// One address that is being connected to.
  struct attempt final : watched {
    attempt(impl& o, socket_address a) : owner(o), address(std::move(a)) {}
    ~attempt() override { close(); }
    void on_ready(bool, bool, bool) noexcept override { owner.answered(*this); }
    void close() noexcept {
      if (fd < 0) return;
      if (owner.loop.sockets()) owner.loop.sockets()->remove(*this, fd);
      ::close(std::exchange(fd, -1));
    }
    impl& owner;
    socket_address address;
    int fd = -1;
  };

  impl(event_loop& l, look_up_function f) : loop(l), look_up(std::move(f)) {}

  void begin(callback f) {
    stop();
    done = std::move(f);
  }

  void connect(std::string name, callback f) {
    begin(std::move(f));
    if (auto a = numeric(name)) return start_later({std::move(*a)});
    waits_for_name = true;
    if (asked == name) return; // its answer is still to come
    asked = std::move(name);
    // The thread must not hold the last reference: what is destroyed belongs to the loop's.
    names.start(asked, look_up,
                [l = &loop, weak = weak_from_this(), n = asked](result<std::vector<std::string>> found) {
                  l->post([weak, n, found = std::move(found)] {
                    if (const auto self = weak.lock()) self->looked_up(n, found);
                  });
                });
  }

  void connect_unix(const std::string& path, callback f) {
    begin(std::move(f));
    sockaddr_un u{};
    u.sun_family = AF_UNIX;
    socket_address a;
    if (path.size() < sizeof u.sun_path) {
      path.copy(u.sun_path, path.size());
      std::memcpy(&a.storage, &u, sizeof u);
      a.size = sizeof u;
    }
    a.text = path;
    start_later({std::move(a)});
  }

  void stop() noexcept {
    ++generation;
    done = nullptr;
    waits_for_name = false;
    timer::cancel();
    open.clear();
    left.clear();
  }

  void looked_up(const std::string& name, const result<std::vector<std::string>>& found) {
    if (asked != name) return;
    asked.clear();
    if (!waits_for_name) return;
    waits_for_name = false;
    if (!found) return finish(found.error());
    auto all = in_turns(*found);
    if (all.empty()) return finish(errors::unavailable("no address: the look-up gave none"));
    start(std::move(all));
  }

  void start_later(std::vector<socket_address> all) {
    loop.post([weak = weak_from_this(), g = generation, all = std::move(all)]() mutable {
      if (const auto self = weak.lock(); self && self->generation == g) self->start(std::move(all));
    });
  }

  void start(std::vector<socket_address> all) {
    const auto before = std::find_if(all.begin(), all.end(), [&](const auto& a) { return a.text == begun_with; });
    if (before != all.end()) std::rotate(all.begin(), before + 1, all.end());
    begun_with = all.front().text;
    std::reverse(all.begin(), all.end());
    left = std::move(all);
    next();
  }

  /// Begins the next attempt that can be begun; gives up when there is none and none is under way.
  void next() {
    timer::cancel();
    while (!left.empty() && open.size() < most_attempts) {
      auto a = std::make_unique<attempt>(*this, std::move(left.back()));
      left.pop_back();
      if (!try_to_connect(*a)) continue;
      open.push_back(std::move(a));
      if (!left.empty()) loop.set_timer(*this, loop.now() + attempt_delay);
      return;
    }
    if (open.empty()) finish(errors::unavailable(problem));
  }

  void on_timer() override { next(); }

  /// Whether its answer will come by on_ready(); otherwise `problem` says why not.
  bool try_to_connect(attempt& a) {
    a.fd = a.address.size == 0 ? -1 : ::socket(a.address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (a.fd < 0) return failed(a, a.address.size == 0 ? ENAMETOOLONG : errno);
    if (::connect(a.fd, a.address.data(), a.address.size) != 0 && errno != EINPROGRESS) {
      const int e = errno;
      ::close(std::exchange(a.fd, -1));
      return failed(a, e);
    }
    try {
      loop.sockets()->add(a, a.fd, false, true);
    } catch (const std::system_error& e) {
      ::close(std::exchange(a.fd, -1));
      return failed(a, e.code().value());
    }
    return true;
  }

  bool failed(const attempt& a, int e) {
    problem = a.address.text + ": " + std::generic_category().message(e);
    return false;
  }

  void answered(attempt& a) noexcept {
    const auto self = shared_from_this(); // `done` may let go of this
    int e = 0;
    socklen_t size = sizeof e;
    ::getsockopt(a.fd, SOL_SOCKET, SO_ERROR, &e, &size);
    if (e == 0) return won(a);
    failed(a, e);
    std::erase_if(open, [&a](const auto& o) { return o.get() == &a; });
    next();
  }

  void won(attempt& a) noexcept {
    loop.sockets()->remove(a, a.fd);
    const int fd = std::exchange(a.fd, -1);
    const int on = 1;
    if (a.address.family() != AF_UNIX) ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    begun_with = a.address.text;
    finish(fd);
  }

  void finish(result<int> how) {
    const callback f = std::move(done);
    stop();
    f(std::move(how));
  }

  event_loop& loop;
  look_up_function look_up;
  name_look_up names;
  std::string asked; ///< the name whose look-up is under way; or empty
  bool waits_for_name = false;
  unsigned generation = 0;
  callback done;
  std::vector<std::unique_ptr<attempt>> open;
  std::vector<socket_address> left; ///< the next one last
  std::string begun_with;
  std::string problem;
};

connector::connector(event_loop& l, look_up_function f) : impl_(std::make_shared<impl>(l, std::move(f))) {}

connector::~connector() {
  impl_->names.cancel();
  impl_->stop();
}

void connector::connect(std::string host_and_port, callback done) {
  impl_->connect(std::move(host_and_port), std::move(done));
}
void connector::connect_unix(const std::string& path, callback done) { impl_->connect_unix(path, std::move(done)); }
void connector::cancel() noexcept { impl_->stop(); }
void connector::begin_with_first() noexcept { impl_->begun_with.clear(); }

} // namespace swill::net
