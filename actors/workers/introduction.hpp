#pragma once

#include "libswill/base/digest.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <tuple>

namespace swill::actors::workers {

inline constexpr std::size_t nonce_size = 32;
inline constexpr std::size_t proof_size = std::tuple_size_v<sha256_digest>;
inline constexpr std::size_t token_size = 16;
using proof = sha256_digest;
using token = std::array<std::byte, token_size>;

/// What two sides that know the same secret can show each other, once both have thrown a nonce: a proof for each direction (introduction),
/// and then, over CAF's network, a ticket by which the worker refers to that exchange, and a token for each direction that stands before
/// every batch, so that no other worker can speak for either. HMAC-SHA256 over a label and both nonces. (A listener on an unencrypted
/// network sees ticket and tokens: docs/workers.md.)
struct link_keys {
  link_keys() = default;
  link_keys(std::string_view secret, std::string_view worker_nonce, std::string_view gateway_nonce);
  proof of_worker{};
  proof of_gateway{};
  token to_worker{};
  token to_gateway{};
  token ticket{};
};

std::string make_nonce();

/// What gateway and worker say to each other before either reads anything else: that both speak this version of the link, and that both know
/// the secret. Four messages, each of a fixed size, 145 bytes in all:
///
///     worker   "swill-l" 3, nonce (32)          gateway  "swill-l" 3, nonce (32)
///     worker   its proof (32)                   gateway  1, its proof (32); or 0 and 32 zeros: refused;
///                                                        or 2 and 32 zeros: the proof is right, but there are too many workers
///
/// The worker shows its proof first, so a stranger who connects to a gateway learns nothing to try secrets on. Nonces are new each time: what was
/// recorded once opens nothing. Bytes in and out, without I/O.
class introduction {
public:
  enum class side : std::uint8_t { worker, gateway };
  /// A gateway asks `expects` about a worker whose proof is right, before it says so; false: there are too many. Null: all are welcome.
  using expectation = std::function<bool(const link_keys&)>;
  introduction(side s, std::string secret, expectation expects = {});

  /// What this side has to say now; sent() says how much of it has left.
  bytes_view to_send() const noexcept { return as_bytes(out_).subspan(sent_); }
  void sent(std::size_t n) noexcept { sent_ += n; }
  /// How many bytes the other side says next; 0 when nothing more is read.
  std::size_t wanted() const noexcept;
  /// At most wanted() of them.
  void take(bytes_view b);

  /// Nothing more is said or read. Then either is_proven(), or failure() says why not.
  bool is_over() const noexcept { return stage_ == stage::over && to_send().empty(); }
  bool is_proven() const noexcept { return failure_.empty() && stage_ == stage::over; }
  const std::string& failure() const noexcept { return failure_; }
  /// Once it is proven.
  const link_keys& keys() const noexcept { return keys_; }

private:
  void on_greeting();
  void on_proof();
  void on_verdict();
  void say(bytes_view b);
  void fail(std::string why);

  enum class stage : std::uint8_t { greeting, proof, verdict, over };
  side side_;
  std::string secret_;
  expectation expects_;
  stage stage_ = stage::greeting;
  std::string nonce_;
  link_keys keys_;
  std::string in_;
  std::string out_;
  std::size_t sent_ = 0;
  std::string failure_;
};

} // namespace swill::actors::workers
