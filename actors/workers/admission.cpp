#include "actors/workers/admission.hpp"

#include <array>

namespace swill::actors::workers {

admission::admission(int fd, introduction::side s, link_certificates* certificates, std::string secret,
                     const expectation& expects)
    : socket_(std::make_unique<link_socket>(
          fd, s == introduction::side::worker ? link_socket::role::connected : link_socket::role::accepted,
          certificates)),
      introduction_(s, std::move(secret),
                    expects ? [expects, stay = socket_->stay()](const link_keys& k) { return expects(k, stay); }
                            : introduction::expectation{}) {}

io_result admission::advance() {
  if (!is_shaken_) {
    if (const io_result r = socket_->shake_hands(); r != io_result::done) return r;
    is_shaken_ = true;
  }
  while (true) {
    std::size_t n = 0;
    while (!introduction_.to_send().empty()) {
      const bytes_view b = introduction_.to_send();
      if (const io_result r = socket_->write(b.data(), b.size(), n); r != io_result::done) return r;
      introduction_.sent(n);
    }
    if (introduction_.is_over()) return introduction_.is_proven() ? io_result::done : io_result::failed;
    std::array<std::byte, 64> in{};
    if (const io_result r = socket_->read(in.data(), std::min(in.size(), introduction_.wanted()), n);
        r != io_result::done)
      return r;
    introduction_.take({in.data(), n});
  }
}

const std::string& admission::failure() const noexcept {
  return introduction_.failure().empty() ? socket_->failure() : introduction_.failure();
}

admission::obstacle admission::why() const noexcept {
  if (!introduction_.failure().empty()) return obstacle::introduction;
  if (socket_->is_refused()) return obstacle::tls;
  return obstacle::gone;
}

} // namespace swill::actors::workers
