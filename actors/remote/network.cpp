#include "actors/remote/network.hpp"

#include "actors/remote/tls_sessions.hpp"

#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <caf/io/basp_broker.hpp>
#include <caf/openssl/all.hpp>

#include <cerrno>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace swill::actors::remote {

host_and_port parse_host_and_port(const std::string& text) {
  const auto colon = text.rfind(':');
  const auto bad = [&text] { return std::invalid_argument("no HOST:PORT: " + text); };
  if (colon == std::string::npos || colon == 0 || colon + 1 == text.size()) throw bad();
  std::string host = text.substr(0, colon);
  if (host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  unsigned long port = 0;
  for (const char c : text.substr(colon + 1)) {
    if (c < '0' || c > '9' || port > 65535) throw bad();
    port = port * 10 + static_cast<unsigned long>(c - '0');
  }
  if (port > 65535 || host.empty()) throw bad();
  return {std::move(host), static_cast<std::uint16_t>(port)};
}

struct network::config : caf::actor_system_config {
  explicit config(const link_tls& tls) {
    set("scheduler.max-threads", std::uint64_t{1});
    set("middleman.workers", std::uint64_t{0}); // deserialize where it is read: one hop less
    set("middleman.app-identifiers", std::vector<std::string>{"swill-link/1"});
    set("middleman.enable-automatic-connections", false);
    set("middleman.heartbeat-interval", caf::timespan{std::chrono::seconds{1}});
    set("middleman.connection-timeout", caf::timespan{std::chrono::seconds{10}});
    set("logger.verbosity", caf::atom("quiet"));
    load<caf::io::middleman>();
    if (tls.empty()) return;
    load<caf::openssl::manager>();
    openssl_certificate = tls.certificate;
    openssl_key = tls.key;
    openssl_cafile = tls.authority;
  }
};

namespace {

/// CAF reads the files with each connection, and says nothing about what is wrong with them.
void check_files(const link_tls& tls) {
  if (tls.certificate.empty() || tls.key.empty() || tls.authority.empty())
    throw std::invalid_argument("TLS needs a certificate, a key and an authority");
  for (const std::string& file : {tls.certificate, tls.key, tls.authority}) {
    if (::access(file.c_str(), R_OK) != 0) throw std::runtime_error("cannot read " + file);
  }
  const std::unique_ptr<SSL_CTX, decltype(&::SSL_CTX_free)> context{::SSL_CTX_new(::TLS_method()), &::SSL_CTX_free};
  const auto require = [](int ok, const std::string& what) {
    ::ERR_clear_error();
    if (ok != 1) throw std::runtime_error("TLS: " + what);
  };
  SSL_CTX* const c = context.get();
  require(::SSL_CTX_use_certificate_chain_file(c, tls.certificate.c_str()), tls.certificate + " has no certificate");
  require(::SSL_CTX_use_PrivateKey_file(c, tls.key.c_str(), SSL_FILETYPE_PEM),
          tls.key + " does not have the key of " + tls.certificate);
  require(::SSL_CTX_load_verify_locations(c, tls.authority.c_str(), nullptr), tls.authority + " has no certificate");
}

/// CAF makes a thread that calls into a system hold its logger, and a system that dies waits until none does.
void forget_logger() { caf::logger::set_current_actor_system(nullptr); }

} // namespace

network::network(const link_tls& tls, std::function<void(const std::string&)> on_refused)
    : on_refused_(std::move(on_refused)), tls_(!tls.empty()) {
  if (tls_) check_files(tls);
  config_ = std::make_unique<config>(tls);
  system_ = std::make_unique<caf::actor_system>(*config_);
  forget_logger();
  system_->await_actors_before_shutdown(false);
  if (tls_) system_->middleman().backend().post([this] { tend_tls_sessions(&on_refused_); });
}

network::~network() = default;

std::uint16_t network::publish(const caf::strong_actor_ptr& gate, const host_and_port& at) {
  const auto whom = caf::actor_cast<caf::actor>(gate);
  auto port = tls_ ? caf::openssl::publish(whom, at.port, at.host.c_str(), true)
                   : system_->middleman().publish(whom, at.port, at.host.c_str(), true);
  forget_logger();
  if (!port)
    throw std::runtime_error("workers cannot connect to " + at.host + ":" + std::to_string(at.port) + ": " +
                             system_->render(port.error()));
  return *port;
}

namespace {

/// CAF connects in a thread that then waits as long as the system does, so whether somebody answers is tried first.
result<void> probe(const host_and_port& to, std::chrono::milliseconds timeout) {
  const auto failed = [](const std::string& why) { return error{error_code::unavailable, why}; };
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int e = ::getaddrinfo(to.host.c_str(), std::to_string(to.port).c_str(), &hints, &found); e != 0)
    return failed(::gai_strerror(e));
  std::string why = "no address";
  bool open = false;
  for (const addrinfo* a = found; a != nullptr && !open; a = a->ai_next) {
    const int fd = ::socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, a->ai_protocol);
    if (fd < 0) continue;
    int status = ::connect(fd, a->ai_addr, a->ai_addrlen) == 0 ? 0 : errno;
    if (status == EINPROGRESS) {
      pollfd p{fd, POLLOUT, 0};
      socklen_t size = sizeof status;
      if (::poll(&p, 1, static_cast<int>(timeout.count())) == 1) {
        ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &status, &size);
      } else {
        status = ETIMEDOUT;
      }
    }
    ::close(fd);
    open = status == 0;
    if (!open) why = std::generic_category().message(status);
  }
  ::freeaddrinfo(found);
  if (!open) return failed(why);
  return {};
}

} // namespace

result<caf::strong_actor_ptr> network::connect(const host_and_port& to, std::chrono::milliseconds timeout) {
  if (auto reachable = probe(to, timeout); !reachable) return reachable.error();
  const auto manager = caf::actor_cast<caf::actor>(tls_ ? system_->openssl_manager().actor_handle()
                                                        : system_->middleman().actor_handle());
  result<caf::strong_actor_ptr> out = error{error_code::unavailable, "no answer"};
  {
    caf::scoped_actor self{*system_};
    self->request(manager, timeout, caf::connect_atom::value, to.host, to.port)
        .receive(
            [&out](const caf::node_id&, caf::strong_actor_ptr& gate, const std::set<std::string>&) {
              if (gate) out = std::move(gate);
            },
            [&](const caf::error& e) {
              out = error{error_code::unavailable, system_->render(e)};
            });
  }
  forget_logger();
  return out;
}

void network::drop(const caf::node_id& peer) {
  auto broker = caf::actor_cast<caf::strong_actor_ptr>(
      system_->middleman().named_broker<caf::io::basp_broker>(caf::atom("BASP")));
  system_->middleman().backend().post([broker, peer] {
    auto& b = *static_cast<caf::io::basp_broker*>(caf::actor_cast<caf::abstract_actor*>(broker));
    const auto connection = b.instance.tbl().lookup_direct(peer);
    if (!connection) return;
    b.connection_cleanup(*connection, caf::sec::none);
    b.close(*connection);
  });
}

} // namespace swill::actors::remote
