#pragma once

#include "libswill/net/http/responder.hpp"
#include "libswill/net/http/router.hpp"
#include "libswill/transport/websocket_server.hpp"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace swill::test {

/// Answers by a function.
class function_responder final : public net::http::responder {
public:
  using function = std::function<void(net::http::asked&&, std::shared_ptr<net::http::answer_port>)>;
  explicit function_responder(function f) : f_(std::move(f)) {}
  void on_request(net::http::asked&& r, std::shared_ptr<net::http::answer_port> to) const override {
    f_(std::move(r), std::move(to));
  }

private:
  function f_;
};

/// `/hello` answers at once; what else is in `more`.
inline std::function<void(transport::server_settings&)>
with_routes(std::vector<net::http::route> more = {}, const std::function<void(swill::limits&)>& change = {}) {
  return [more, change](transport::server_settings& s) {
    s.routes = more;
    s.routes.push_back(
        {.path = "/hello", .to = std::make_shared<function_responder>([](net::http::asked&& r, const auto& to) {
                             to->respond({.headers = {{"X-Path", r.path}}, .body = "hello " + r.head.target});
                           })});
    if (change) change(s.limits);
  };
}

inline std::string get(const std::string& path, const std::string& more = {}, const std::string& version = "1.1") {
  return "GET " + path + " HTTP/" + version + "\r\nHost: x\r\n" + more + "\r\n";
}

} // namespace swill::test
