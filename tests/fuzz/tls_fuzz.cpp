#include "libswill/net/detail/tls_session.hpp"
#include "libswill/net/tls.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/tls_line.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>

// What comes at a listener of wss://: anything at all instead of a handshake, or records of a client that were cut, turned over, doubled and
// left out on their way. Whatever comes, the server makes no other text of it than the beginning of what the client has said.

using namespace swill;
using namespace swill::net;

namespace {

struct fixture {
  test::certificate_authority authority{"fuzz"};
  test::issued own = authority.issue("localhost", {"DNS:localhost"}, std::chrono::hours{24});
  tls_server tls{{.identities = {{own.certificate, own.key}}}};
};

constexpr std::size_t most_waiting = 100'000;

std::string give(tls_session& to, std::string_view ciphertext) {
  static std::byte room[64 * 1024];
  std::string plain;
  to.feed(as_bytes(ciphertext));
  while (const std::size_t n = to.read(room, sizeof room)) plain += as_text(bytes_view{room}.first(n));
  if (to.waiting() > most_waiting) std::abort();
  return plain;
}

std::string take(tls_session& from) {
  std::string out{as_text(from.output())};
  from.sent(out.size());
  return out;
}

/// Two bytes for each step: what is done to the record that follows, and where.
void spoil(std::string& record, unsigned how, std::size_t where) {
  if (record.empty()) return;
  where %= record.size();
  switch (how % 6) {
    case 1: record[where] = static_cast<char>(record[where] ^ (1U << (how % 8))); break;
    case 2: record.erase(where, 1 + how % 5); break;
    case 3: record.insert(where, 1, static_cast<char>(how)); break;
    case 4: record += record; break;
    case 5: record.clear(); break;
    default: break;
  }
}

void play(tls_session& server, const fixture& with, std::string_view script, bool old) {
  test::tls_line client{{.authority = with.authority.file(), .only_tls_1_2 = old}};
  for (int i = 0; i < 4; ++i) {
    give(server, client.take());
    client.feed(take(server));
  }
  std::string said, heard;
  for (std::size_t at = 0; at + 1 < script.size() && server.now() == tls_session::state::open; at += 2) {
    const auto how = static_cast<unsigned char>(script[at]), where = static_cast<unsigned char>(script[at + 1]);
    const std::string text(1 + where * 37U % 3000U, static_cast<char>('a' + how % 26));
    client.write(text);
    said += text;
    std::string record = client.take();
    spoil(record, how, where * 13U);
    const std::size_t cut = where % (record.size() + 1);
    heard += give(server, std::string_view{record}.substr(0, cut));
    heard += give(server, std::string_view{record}.substr(cut));
    if (!said.starts_with(heard)) std::abort();
    if (server.is_open()) server.write(as_bytes("answer"));
    if (how % 2 == 0) client.feed(take(server));
    if (server.waiting() > most_waiting / 2) take(server);
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fixture with;
  if (size == 0) return 0;
  const std::string_view input{reinterpret_cast<const char*>(data + 1), size - 1};
  const auto server = with.tls.make_session();
  if ((data[0] & 1U) != 0) {
    const std::size_t piece = 1 + (data[0] >> 1U);
    for (std::size_t at = 0; at < input.size(); at += piece) {
      if (!give(*server, input.substr(at, piece)).empty()) std::abort(); // nobody has shaken hands
    }
    return 0;
  }
  try {
    play(*server, with, input, (data[0] & 2U) != 0);
  } catch (const std::exception&) { // the client has had enough
  }
  server->end();
  return 0;
}
