#include "actors/workers/introduction.hpp"

#include "libswill/base/random.hpp"

#include <algorithm>
#include <utility>

namespace swill::actors::workers {

namespace {

proof hmac(std::string_view secret, std::string_view label, std::string_view worker, std::string_view gateway) {
  std::string text{label};
  text.append(worker).append(gateway); // both of a fixed size
  return hmac_sha256(secret, text);
}

token shortened(const proof& p) {
  token out{};
  std::copy_n(p.begin(), out.size(), out.begin());
  return out;
}

} // namespace

link_keys::link_keys(std::string_view secret, std::string_view worker_nonce, std::string_view gateway_nonce)
    : of_worker(hmac(secret, "swill-link/3 worker", worker_nonce, gateway_nonce)),
      of_gateway(hmac(secret, "swill-link/3 gateway", worker_nonce, gateway_nonce)),
      to_worker(shortened(hmac(secret, "swill-link/3 to worker", worker_nonce, gateway_nonce))),
      to_gateway(shortened(hmac(secret, "swill-link/3 to gateway", worker_nonce, gateway_nonce))),
      ticket(shortened(hmac(secret, "swill-link/3 ticket", worker_nonce, gateway_nonce))) {}

std::string make_nonce() {
  std::string out(nonce_size, '\0');
  fill_random(out.data(), out.size());
  return out;
}

namespace {

constexpr std::string_view magic{"swill-l\3", 8};
constexpr std::size_t verdict_size = 1 + proof_size;
/// The first byte of what a gateway says to a proof.
enum class judgement : std::uint8_t { refused, welcome, too_many };

} // namespace

introduction::introduction(side s, std::string secret, expectation expects)
    : side_(s), secret_(std::move(secret)), expects_(std::move(expects)), nonce_(make_nonce()) {
  if (side_ == side::worker) say(as_bytes(std::string{magic} + nonce_));
}

std::size_t introduction::wanted() const noexcept {
  switch (stage_) {
    case stage::greeting: return magic.size() + nonce_size - in_.size();
    case stage::proof: return proof_size - in_.size();
    case stage::verdict: return verdict_size - in_.size();
    case stage::over: break;
  }
  return 0;
}

void introduction::take(bytes_view b) {
  in_ += as_text(b);
  const std::size_t seen = std::min(in_.size(), magic.size());
  if (stage_ == stage::greeting && std::string_view{in_}.substr(0, seen) != magic.substr(0, seen))
    return fail("it does not speak this version of the link");
  if (wanted() != 0) return;
  switch (stage_) {
    case stage::greeting: on_greeting(); break;
    case stage::proof: on_proof(); break;
    case stage::verdict: on_verdict(); break;
    case stage::over: break;
  }
  in_.clear();
}

void introduction::on_greeting() {
  const std::string_view theirs = std::string_view{in_}.substr(magic.size());
  if (side_ == side::worker) {
    keys_ = link_keys{secret_, nonce_, theirs};
    say(keys_.of_worker);
    stage_ = stage::verdict;
  } else {
    keys_ = link_keys{secret_, theirs, nonce_};
    say(as_bytes(std::string{magic} + nonce_));
    stage_ = stage::proof;
  }
}

void introduction::on_proof() {
  const bool knows = equal_in_constant_time(as_bytes(in_), keys_.of_worker);
  const bool has_room = knows && (!expects_ || expects_(keys_));
  std::array<std::byte, verdict_size> verdict{static_cast<std::byte>(!knows     ? judgement::refused
                                                                     : has_room ? judgement::welcome
                                                                                : judgement::too_many)};
  if (has_room) std::copy(keys_.of_gateway.begin(), keys_.of_gateway.end(), verdict.begin() + 1);
  say(verdict);
  if (!knows) return fail("it does not know the secret");
  if (!has_room) return fail("there are as many workers as may be (gateway_options::workers)");
  stage_ = stage::over;
}

void introduction::on_verdict() {
  const auto verdict = static_cast<judgement>(in_[0]);
  if (verdict == judgement::too_many)
    return fail("refused: the gateway has as many workers as it may (gateway_options::workers)");
  if (verdict != judgement::welcome) return fail("refused: it does not know the secret");
  if (!equal_in_constant_time(as_bytes(in_).subspan(1), keys_.of_gateway))
    return fail("the gateway does not know the secret");
  stage_ = stage::over;
}

void introduction::say(bytes_view b) {
  out_ = as_text(b); // what was said before has been sent: the other side has answered it
  sent_ = 0;
}

void introduction::fail(std::string why) {
  failure_ = std::move(why);
  stage_ = stage::over;
}

} // namespace swill::actors::workers
