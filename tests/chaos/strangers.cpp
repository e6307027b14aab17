#include "tests/chaos/strangers.hpp"

#include "libswill/wire/envelope.hpp"
#include "tests/support/raw_client.hpp"

#include <array>
#include <cerrno>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

namespace swill::chaos {

namespace {

/// A socket that has begun to connect to that port of 127.0.0.1; -1 when there is none to be had.
int begin_connecting(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 || errno == EINPROGRESS) return fd;
  ::close(fd);
  return -1;
}

} // namespace

std::string message_frame(std::string_view message) { return test::raw_client::encode(2, message); }

std::string request_frame(std::uint64_t seq, std::string_view rpc, std::string_view data, int type) {
  buffer out;
  wire::writer w{out};
  wire::write_request(w, seq, as_bytes(data), rpc, static_cast<wire::request_type>(type));
  return message_frame(as_text(out.view()));
}

struct crowd::stranger {
  part* of = nullptr;
  std::size_t number = 0;
  int fd = -1;
  bool is_welcome = false;
  bool has_opened = false;
  bool is_answered = true;
  std::string head;   // of the answer to the handshake
  std::string output; // of which `sent` bytes have gone
  std::size_t sent = 0;
  std::size_t round = 0;
  std::size_t rounds_here = 0; // of this connection
  clock::time_point since = clock::now();
  std::size_t taken = 0;     // bytes since then
  clock::time_point again{}; // when it connects
};

crowd::crowd(std::uint16_t port, const std::vector<trick>& tricks, std::size_t count) : port_(port) {
  for (const trick& t : tricks) {
    parts_.push_back(std::make_unique<part>());
    parts_.back()->what = t;
    for (std::size_t i = 0; i < count; ++i) {
      strangers_.push_back(std::make_unique<stranger>());
      strangers_.back()->of = parts_.back().get();
      strangers_.back()->number = strangers_.size();
    }
  }
  thread_ = std::thread{[this] { run(); }};
}

crowd::~crowd() {
  stopping_ = true;
  thread_.join();
  for (const auto& s : strangers_) {
    if (s->fd >= 0) ::close(s->fd);
  }
}

std::map<std::string, std::size_t> crowd::welcomed() const {
  std::map<std::string, std::size_t> out;
  for (const auto& p : parts_) out[p->what.name] = p->welcomed;
  return out;
}

std::map<std::string, std::size_t> crowd::rounds() const {
  std::map<std::string, std::size_t> out;
  for (const auto& p : parts_) out[p->what.name] = p->rounds;
  return out;
}

void crowd::run() {
  // What is measured is the gateway, not how processors are shared with this thread.
  const sched_param none{};
  if (::sched_setscheduler(0, SCHED_IDLE, &none) != 0) return;
  while (!stopping_) {
    for (const auto& s : strangers_) {
      if (stopping_) return;
      turn(*s);
    }
    std::this_thread::sleep_for(1ms); // strangers are many, and need not be fast
  }
}

void crowd::connect(stranger& s) {
  if (clock::now() < s.again) return;
  s.again = clock::now() + 200ms;
  s.fd = begin_connecting(port_);
  if (s.fd < 0) return;
  s.is_welcome = s.has_opened = false;
  s.is_answered = true;
  s.head.clear();
  s.output = test::raw_client::upgrade_request();
  s.sent = s.taken = s.rounds_here = 0;
  s.since = clock::now();
}

void crowd::end(stranger& s) {
  ::close(s.fd);
  s.fd = -1;
  s.output = {};
}

void crowd::turn(stranger& s) {
  if (s.fd < 0) return connect(s);
  const trick& t = s.of->what;
  if (!read(s) || !write(s)) {
    turned_out_ += s.is_welcome ? 1 : 0;
    return end(s);
  }
  if (!s.is_welcome || s.sent < s.output.size()) return;
  s.sent = 0;
  s.output.clear();
  if (!s.has_opened) {
    s.has_opened = true;
    if (t.opening) s.output = t.opening(s.number);
    return;
  }
  if (!t.then || (t.waits_for_answers && !s.is_answered)) return;
  if (t.leaves_after != 0 && s.rounds_here >= t.leaves_after) return end(s);
  s.is_answered = false;
  ++s.rounds_here;
  ++s.of->rounds;
  s.output = t.then(s.number, s.round++);
}

bool crowd::write(stranger& s) {
  if (s.sent >= s.output.size()) return true;
  const ssize_t n = ::send(s.fd, s.output.data() + s.sent, s.output.size() - s.sent, MSG_NOSIGNAL);
  if (n > 0) s.sent += static_cast<std::size_t>(n);
  return n >= 0 || errno == EAGAIN || errno == ENOTCONN;
}

bool crowd::read(stranger& s) {
  std::array<char, 65536> in; // NOLINT(cppcoreguidelines-pro-type-member-init): recv fills it
  std::size_t room = in.size();
  if (s.is_welcome && s.of->what.reads != trick::all) {
    const auto now_may = static_cast<std::size_t>(since(s.since).count()) * s.of->what.reads / 1000;
    if (now_may <= s.taken) return true;
    room = std::min(room, now_may - s.taken);
  }
  const ssize_t n = ::recv(s.fd, in.data(), s.is_welcome ? room : 1, 0); // of the handshake not a byte too much
  if (n == 0) return false;
  if (n < 0) return errno == EAGAIN || errno == ENOTCONN;
  if (s.is_welcome) {
    s.taken += static_cast<std::size_t>(n);
    s.is_answered = true;
    return true;
  }
  for (s.head += in[0]; !s.head.ends_with("\r\n\r\n"); s.head += in[0]) {
    if (::recv(s.fd, in.data(), 1, 0) != 1) return errno == EAGAIN;
  }
  if (!s.head.starts_with("HTTP/1.1 101")) return false;
  s.is_welcome = true;
  s.since = clock::now();
  ++s.of->welcomed;
  return true;
}

} // namespace swill::chaos
