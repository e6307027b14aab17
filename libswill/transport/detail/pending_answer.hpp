#pragma once

#include "libswill/base/loop.hpp"
#include "libswill/net/http/responder.hpp"

#include <memory>
#include <utility>

namespace swill::transport::detail {

/// A request by HTTP that waits for its answer. Owned by whoever answers; a connection that dies leaves it behind. Connection has
/// answer(), which does nothing once nobody waits any more.
template <class Connection>
class pending_answer final : public net::http::answer_port {
public:
  pending_answer(const std::shared_ptr<Connection>& c, swill::loop& l, std::shared_ptr<short_jobs> jobs)
      : connection_(c), loop_(l), jobs_(std::move(jobs)) {}

  ~pending_answer() override {
    if (answered_ || !is_open()) return;
    // Given up without an answer, on whatever thread.
    const auto give_up = [weak = connection_] {
      if (const auto unanswered = weak.lock()) unanswered->answer({.status = 500, .body = "Internal Server Error"});
    };
    if (loop_.is_current())
      give_up();
    else
      loop_.post(give_up);
  }

  swill::loop& loop() noexcept override { return loop_; }
  short_jobs& jobs() noexcept override { return *jobs_; }
  bool is_open() const noexcept override { return !connection_.expired(); }

  void respond(net::http::answer_content a) override {
    answered_ = true;
    if (const auto c = connection_.lock()) c->answer(std::move(a));
  }

private:
  std::weak_ptr<Connection> connection_;
  swill::loop& loop_;
  std::shared_ptr<short_jobs> jobs_; // the lane's
  bool answered_ = false;
};

} // namespace swill::transport::detail
