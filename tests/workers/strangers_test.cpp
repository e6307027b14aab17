#include "actors/workers/remote_handlers.hpp"

#include "actors/workers/dial.hpp"
#include "tests/support/patience.hpp"
#include "tests/workers/certificates.hpp"
#include "tests/workers/worker_process.hpp"
#include "tests/workers/world.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <new>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

// What whoever can reach the workers' port may send there.

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define SWILL_OWN_NEW 1 // sanitizers bring theirs
namespace {
std::atomic<std::size_t> refused_size{0}; ///< so many bytes cannot be had at once
} // namespace

[[gnu::noinline]] void* operator new(std::size_t n) {
  void* const p = n == refused_size && n != 0 ? nullptr : std::malloc(n);
  if (p == nullptr) throw std::bad_alloc{};
  return p;
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }
#endif

namespace swill {
namespace {

using namespace worker_tests;
using namespace actors::workers;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t most_growth_by_strangers = 256U << 20; // freed memory is kept aside for a while
#else
constexpr std::size_t most_growth_by_strangers = 16U << 20;
#endif

/// A TCP connection to a port of this host.
class stranger {
public:
  explicit stranger(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd_ < 0 || ::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
      throw std::system_error(errno, std::generic_category(), "stranger");
  }
  stranger(stranger&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  stranger& operator=(stranger&&) = delete;
  ~stranger() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }
  void send(std::string_view text) const { ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL); }
  /// Whether the other side ends the connection; what it says before is passed over.
  bool is_ended(std::chrono::milliseconds most = 10s) const {
    std::array<char, 256> in{};
    while (true) {
      pollfd p{fd_, POLLIN, 0};
      if (::poll(&p, 1, static_cast<int>(most.count())) <= 0) return false;
      if (::recv(fd_, in.data(), in.size(), 0) <= 0) return true;
    }
  }

private:
  int fd_;
};

/// A header of CAF's protocol that announces 4 GiB.
const std::string giant = std::string(4, '\0') + std::string(60, '\xff');

void serve_add(app& a) {
  a.handle("add", [](request<std::pair<int, int>> r) { return r.data().first + r.data().second; });
}

TEST(Strangers, GiantLengthCostsNothing) {
  gateway_world g;
  worker_world w{serve_add, {.gateways = {g.worker_address()}}};
  blocking_client c{g.url()};
  ASSERT_TRUE(serves(c, "add")) << g.log.text();
  const std::size_t before = memory_of(::getpid());

  for (int i = 0; i < 50; ++i) {
    const stranger s{g.gate->port()};
    s.send(giant);
    EXPECT_TRUE(s.is_ended());
    EXPECT_EQ(c.call<int>("add", std::pair{2, 3}), 5);
  }

  EXPECT_LT(memory_of(::getpid()), before + most_growth_by_strangers);
  EXPECT_TRUE(g.log.wait_for("a worker was kept out: it does not speak this version of the link"));
  EXPECT_EQ(w.log.text().find("has ended"), std::string::npos) << w.log.text();
}

TEST(Strangers, HalfAHandshakeIsDroppedInTime) {
  gateway_world g{{.handshake_timeout = 300ms}};
  const stranger silent{g.gate->port()}, half{g.gate->port()};
  half.send("swill-l\3 and then a few bytes");
  EXPECT_TRUE(half.is_ended());
  EXPECT_TRUE(silent.is_ended());
  EXPECT_TRUE(g.log.wait_for("it has not shown in time who it is"));
}

TEST(Strangers, TwoThousandOfThemKeepNoWorkerOut) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  const std::size_t many = std::min<std::size_t>(2000, files.rlim_cur - 500);
  gateway_world g;
  worker_world w{serve_add, {.gateways = {g.worker_address()}}};
  blocking_client c{g.url()};
  ASSERT_TRUE(serves(c, "add")) << g.log.text();
  const std::size_t before = memory_of(::getpid());

  std::vector<stranger> crowd;
  while (crowd.size() < many) {
    crowd.emplace_back(g.gate->port());
    crowd.back().send("swill-l\3");
  }
  // As many stay as may; each further one has taken the place of the oldest.
  EXPECT_TRUE(crowd.front().is_ended());
  EXPECT_TRUE(crowd[many - 257].is_ended());
  EXPECT_TRUE(g.log.wait_for("too many have not shown who they are, most of them from 127.0.0.1"));

  worker_world late{[](app& a) { a.handle("late", [](request<>) { return 1; }); }, {.gateways = {g.worker_address()}}};
  EXPECT_TRUE(serves(c, "late")) << g.log.text() << late.log.text();
  EXPECT_EQ(c.call<int>("late"), 1);
  EXPECT_EQ(c.call<int>("add", std::pair{2, 3}), 5);
  EXPECT_LT(memory_of(::getpid()), before + most_growth_by_strangers);
  EXPECT_EQ(w.log.text().find("has ended"), std::string::npos) << w.log.text();
}

TEST(Strangers, LogIsNotTheirs) {
  gateway_world g;
  for (int i = 0; i < 200; ++i) {
    const stranger s{g.gate->port()};
    s.send("GET / HTTP/1.1\r\n\r\n");
    ASSERT_TRUE(s.is_ended());
  }
  std::size_t lines = 0;
  const std::string text = g.log.text();
  for (std::size_t at = 0; (at = text.find("kept out", at)) != std::string::npos; ++at) ++lines;
  EXPECT_GE(lines, 1U);
  EXPECT_LT(lines, 20U) << text; // one in a second, however slow this machine is
}

TEST(Strangers, WithoutACertificateReachTlsAlone) {
  const worker_tests::certificate_authority ours{"ours"};
  gateway_world g{{.tls = ours.issue("gateway")}};
  worker_world w{serve_add, {.gateways = {g.worker_address()}, .tls = ours.issue("worker")}};
  blocking_client c{g.url()};
  ASSERT_TRUE(serves(c, "add")) << g.log.text() << w.log.text();
  const std::size_t before = memory_of(::getpid());

  const std::unique_ptr<SSL_CTX, decltype(&::SSL_CTX_free)> context{::SSL_CTX_new(::TLS_client_method()),
                                                                    &::SSL_CTX_free};
  for (int i = 0; i < 10; ++i) {
    const stranger plain{g.gate->port()};
    plain.send(giant);
    EXPECT_TRUE(plain.is_ended());

    const stranger s{g.gate->port()};
    const std::unique_ptr<SSL, decltype(&::SSL_free)> session{::SSL_new(context.get()), &::SSL_free};
    ::SSL_set_fd(session.get(), s.fd());
    ASSERT_EQ(::SSL_connect(session.get()),
              1); // TLS 1.3: for the client it is done before its certificate was asked for
    ::SSL_write(session.get(), giant.data(), static_cast<int>(giant.size()));
    EXPECT_TRUE(s.is_ended());
    EXPECT_EQ(c.call<int>("add", std::pair{2, 3}), 5);
  }

  EXPECT_TRUE(g.log.wait_for("a worker was kept out by TLS"));
  EXPECT_LT(memory_of(::getpid()), before + most_growth_by_strangers);
  EXPECT_EQ(w.log.text().find("has ended"), std::string::npos) << w.log.text();
}

TEST(Strangers, RenewedCertificatesAreReadWithoutARestart) {
  const worker_tests::certificate_authority ours{"ours"}, theirs{"theirs"};
  const link_tls files = ours.issue("gateway");
  gateway_world g{{.tls = files}};
  worker_world w{serve_add, {.gateways = {g.worker_address()}, .tls = theirs.issue("worker")}};
  ASSERT_TRUE(w.log.wait_for("cannot be reached"));

  const link_tls renewed = theirs.issue("gateway");
  std::filesystem::copy_file(renewed.certificate, files.certificate, std::filesystem::copy_options::overwrite_existing);
  std::filesystem::copy_file(renewed.key, files.key, std::filesystem::copy_options::overwrite_existing);
  std::filesystem::copy_file(renewed.authority, files.authority, std::filesystem::copy_options::overwrite_existing);

  blocking_client c{g.url()};
  EXPECT_TRUE(serves(c, "add")) << g.log.text() << w.log.text();
}

// --- What those may do who know the secret, and then do not speak as workers do

/// A connection to the gateway whose proof was right.
std::unique_ptr<link_socket> admit(const gateway_world& g) {
  const wake_up never;
  auto d = dial({"127.0.0.1", g.gate->port()}, worker_tests::secret, nullptr, 10s, never);
  if (!d) throw std::runtime_error(d.error().message);
  return std::move(d->socket);
}

/// Sends all of it, however long the gateway takes to read.
void send_all(const link_socket& s, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::send(s.fd(), text.data(), text.size(), MSG_NOSIGNAL);
    if (n > 0) {
      text.remove_prefix(static_cast<std::size_t>(n));
      continue;
    }
    pollfd p{s.fd(), POLLOUT, 0};
    if (::poll(&p, 1, static_cast<int>(std::chrono::milliseconds{patient(10s)}.count())) <= 0) return;
    if ((p.revents & (POLLERR | POLLHUP)) != 0) return;
  }
}

/// Whether the gateway ends the connection; what it says before is passed over.
bool is_ended(link_socket& s) {
  std::array<char, 256> in{};
  while (true) {
    std::size_t n = 0;
    if (s.read(in.data(), in.size(), n) == io_result::failed) return true;
    pollfd p{s.fd(), POLLIN, 0};
    if (n == 0 && ::poll(&p, 1, static_cast<int>(std::chrono::milliseconds{patient(10s)}.count())) <= 0) return false;
  }
}

TEST(Admitted, SilenceEndsTheConnectionInTime) {
  gateway_world g{{.handshake_timeout = 300ms}};
  const auto silent = admit(g), second = admit(g);
  EXPECT_TRUE(is_ended(*silent));
  EXPECT_TRUE(is_ended(*second));
  EXPECT_TRUE(g.log.wait_for("but not joined within handshake_timeout")) << g.log.text();
}

TEST(Admitted, AsManyAsMayBeAndNoMore) {
  gateway_world g{{.handshake_timeout = 60s, .workers = 2}};
  worker_world w{serve_add, {.gateways = {g.worker_address()}}};
  blocking_client c{g.url()};
  ASSERT_TRUE(serves(c, "add")) << g.log.text() << w.log.text();
  auto silent = admit(g); // counts as well

  worker_world late{[](app& a) { a.handle("late", [](request<>) { return 1; }); }, {.gateways = {g.worker_address()}}};
  EXPECT_TRUE(late.log.wait_for("refused: the gateway has as many workers as it may (gateway_options::workers)"))
      << late.log.text();
  EXPECT_TRUE(g.log.wait_for("a worker was kept out: there are as many workers as may be (gateway_options::workers)"))
      << g.log.text();
  EXPECT_EQ(c.try_call<int>("late").error().code, 404);

  silent.reset();
  EXPECT_TRUE(serves(c, "late")) << g.log.text() << late.log.text();
  EXPECT_EQ(c.call<int>("add", std::pair{2, 3}), 5);
}

TEST(Admitted, StoppedWorkersPlaceIsFreeAfterTheHandshakeTimeout) {
  gateway_world g{{.silence = 500ms, .handshake_timeout = 500ms, .workers = 1}};
  worker_process stopped{g.worker_address(), "stopped"};
  blocking_client c{g.url()};
  ASSERT_TRUE(answers(c, "stopped")) << g.log.text();

  stopped.send(SIGSTOP);
  worker_world next{serve_add, {.gateways = {g.worker_address()}}};

  EXPECT_TRUE(serves(c, "add")) << g.log.text() << next.log.text();
  stopped.send(SIGKILL);
}

/// A header of CAF's protocol of this kind, with this number of bytes to come; `data` stands for what each kind has of its own.
std::string header_of(char kind, std::uint32_t payload, char data = 0, char from = 0, char to = 0) {
  std::string out(32, '\0');
  out[0] = kind;
  const std::uint32_t size = htonl(payload);
  std::memcpy(out.data() + 4, &size, sizeof size);
  out[15] = data;
  out[23] = from;
  out[31] = to;
  return out;
}

TEST(Admitted, GarbageEndsItsOwnConnectionAlone) {
  gateway_world g{{.handshake_timeout = 200ms}};
  worker_world w{serve_add, {.gateways = {g.worker_address()}}};
  blocking_client c{g.url()};
  ASSERT_TRUE(serves(c, "add")) << g.log.text() << w.log.text();
  const std::size_t before = memory_of(::getpid());

  constexpr char message = 2;
  std::vector<std::string> all{giant,
                               header_of(message, 0xffffffff, 1, 0, 1),
                               header_of(message, 3 << 20, 1, 0, 1),
                               header_of(message, 1000, 1, 0, 1) + std::string(1000, '\xff'),
                               std::string(4096, '\xff'),
                               std::string(4096, '\0')};
  for (char kind = 0; kind < 8; ++kind) { // each without what has to follow
    for (const char data : {'\0', '\1', '\4'}) {
      all.push_back(header_of(kind, 0, data));
      all.push_back(header_of(kind, 0, data, 1, 1));
      all.push_back(header_of(kind, 8, data, 0, 1) + std::string(8, '\xff'));
    }
  }
  for (const std::string& sent : all) {
    const auto s = admit(g);
    send_all(*s, sent);
    EXPECT_EQ(c.call<int>("add", std::pair{2, 3}), 5);
    EXPECT_TRUE(is_ended(*s));
    EXPECT_EQ(c.call<int>("add", std::pair{2, 3}), 5);
  }

  EXPECT_LT(memory_of(::getpid()), before + most_growth_by_strangers);
  EXPECT_EQ(w.log.text().find("has ended"), std::string::npos) << w.log.text();
}

/// The most memory that this process has had since forget_peak().
std::size_t peak_memory() {
  std::ifstream status{"/proc/self/status"};
  for (std::string word; status >> word;) {
    std::size_t kilobytes = 0;
    if (word == "VmHWM:" && status >> kilobytes) return kilobytes * 1024;
  }
  return 0;
}
void forget_peak() { std::ofstream{"/proc/self/clear_refs"} << '5'; }

TEST(Admitted, LengthsWithinAMessageCostNothing) {
  gateway_world g{{.handshake_timeout = 200ms}};
  worker_world w{serve_add, {.gateways = {g.worker_address()}}};
  blocking_client c{g.url()};
  ASSERT_TRUE(serves(c, "add")) << g.log.text() << w.log.text();
  forget_peak();
  const std::size_t before = peak_memory();

  // To an actor that every system has, or CAF would not read it.
  const std::string batch = std::string{"\0\0\0\x0c@<>+@charbuf", 16} + "\xff\xff\xff\xff\x0f" + "12345";
  std::string header = header_of(2, static_cast<std::uint32_t>(batch.size()), 1);
  header[3] = 1; // its receiver is named
  const std::uint64_t name = static_cast<std::uint64_t>(caf::atom("SpawnServ"));
  for (unsigned i = 0; i < 8; ++i) header[31 - i] = static_cast<char>(name >> 8 * i & 0xffU);
  const auto s = admit(g);
  send_all(*s, header + batch);

  EXPECT_TRUE(is_ended(*s));
  EXPECT_TRUE(g.log.wait_for("was ended: it has sent what neither gateways nor workers send")) << g.log.text();
  EXPECT_EQ(c.call<int>("add", std::pair{2, 3}), 5);
  EXPECT_LT(peak_memory(), before + most_growth_by_strangers);
  EXPECT_EQ(w.log.text().find("has ended"), std::string::npos) << w.log.text();
}

#ifdef SWILL_OWN_NEW
TEST(Admitted, WhatThereIsNoMemoryForEndsItsConnectionAlone) {
  gateway_world g{{.handshake_timeout = 200ms}};
  worker_world w{serve_add, {.gateways = {g.worker_address()}}};
  blocking_client c{g.url()};
  ASSERT_TRUE(serves(c, "add")) << g.log.text() << w.log.text();

  // A batch of 3 MB, in more than one piece; CAF would make a copy of it.
  const std::string batch =
      std::string{"\0\0\0\x0c@<>+@charbuf", 16} + "\xb9\xe0\xc0\x01" + std::string(3'158'073, 'x');
  std::string header = header_of(2, static_cast<std::uint32_t>(batch.size()), 1, 0, 1);
  const auto s = admit(g);
  refused_size = batch.size();
  send_all(*s, header + batch);

  EXPECT_TRUE(is_ended(*s));
  EXPECT_TRUE(g.log.wait_for("was ended: there is no memory for what it sends")) << g.log.text();
  refused_size = 0;
  EXPECT_EQ(c.call<int>("add", std::pair{2, 3}), 5);
}
#endif

} // namespace
} // namespace swill
