#include "libswill/net/http/handler_responder.hpp"

#include "libswill/net/http/path.hpp"

#include <utility>

namespace swill::net::http {

namespace {

class handler_responder final : public responder {
public:
  explicit handler_responder(http_handler f) : f_(std::move(f)) {}

  void on_request(asked&& r, std::shared_ptr<answer_port> to) const override {
    const http_request request{.method = std::move(r.head.method),
                               .path = std::move(r.path),
                               .query = std::string{query_of(r.head.target)},
                               .headers = std::move(r.head.headers),
                               .remote_address = std::move(r.remote_address)};
    http_response made = f_(request);
    to->respond({.status = made.status, .headers = std::move(made.headers), .body = std::move(made.body)});
  }

private:
  const http_handler f_;
};

} // namespace

std::shared_ptr<const responder> make_responder(http_handler f) {
  return std::make_shared<handler_responder>(std::move(f));
}

} // namespace swill::net::http
