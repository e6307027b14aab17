#include "libswill/net/http/conditions.hpp"
#include "libswill/net/http/files.hpp"
#include "libswill/net/http/path.hpp"
#include "libswill/net/http/request_head.hpp"
#include "libswill/net/http/response.hpp"
#include "libswill/net/http/router.hpp"
#include "libswill/transport/upgrade.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

// Whatever a peer sends first: the heads of requests that follow one another, in pieces of a size that the input chooses; the rules of the upgrade; and what the
// router, and the files of a directory with a secret beside it, make of them.

using namespace swill;
using namespace swill::transport;

namespace {

class nobody final : public net::http::responder {
  void on_request(net::http::asked&&, std::shared_ptr<net::http::answer_port>) const override {}
};

std::shared_ptr<net::http::files> make_files() {
  const std::filesystem::path top = "/tmp/swill_http_fuzz";
  std::filesystem::create_directories(top / "www/sub");
  std::ofstream{top / "secret"} << "SECRET";
  std::ofstream{top / "www/.env"} << "SECRET";
  std::ofstream{top / "www/a.txt"} << "0123456789";
  std::ofstream{top / "www/a.txt.gz"} << "gzip";
  std::ofstream{top / "www/sub/index.html"} << "<p>";
  return std::make_shared<net::http::files>((top / "www").string(), file_options{});
}

void check_files(const net::http::request& r) {
  static const auto files = make_files();
  static const net::http::router router{{{.path = "/", .below = true, .to = files},
                                         {.path = "/ws"},
                                         {.path = "/version", .to = std::make_shared<nobody>()}}};
  auto match = router.find(r.target);
  if (match.found == nullptr || match.found->to != files) return;
  const auto again = net::http::decoded_path(net::http::encoded_path(match.path));
  if (again != match.path) std::abort();
  const auto answer = files->look_up({.head = r, .path = match.path});
  if (answer.body.find("SECRET") != std::string::npos) std::abort();
  if (answer.status == 206 && (answer.body.empty() || answer.body.size() > 10)) std::abort();
  if (answer.left != 0 && r.method != "HEAD") std::abort(); // all of them fit a piece
}

} // namespace

/// What is there as a whole may be read without Beast (docs/decisions/0112); what comes after its first byte is not.
void check_plain(bytes_view input) {
  net::http::request_head whole{2048}, late{2048};
  if (input.empty() || late.put(input.first(1)) != net::http::request_head::state::incomplete) return;
  const auto state = whole.put(input);
  if (state != late.put(input)) std::abort();
  if (state != net::http::request_head::state::complete) return;
  const auto one = whole.take(), other = late.take();
  if (whole.used() != late.used() || one.method != other.method || one.target != other.target ||
      one.version != other.version || one.headers != other.headers)
    std::abort();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = 1 + data[0];
  bytes_view input{reinterpret_cast<const std::byte*>(data + 1), size - 1};

  check_plain(input);
  net::http::request_head head{2048};
  for (int requests = 0; requests < 4; ++requests) {
    auto state = net::http::request_head::state::incomplete;
    for (std::size_t n = 0; state == net::http::request_head::state::incomplete && n < input.size();) {
      n = std::min(input.size(), n + piece);
      state = head.put(input.first(n));
    }
    if (state != net::http::request_head::state::complete) return 0;
    if (head.used() > input.size() || head.used() > 2048) std::abort();
    input = input.subspan(head.used());

    const auto request = head.take();
    const auto verdict = check_upgrade(request, {.origins = {"http://good.example"}, .echo = true});
    if (verdict.status != 101 &&
        net::http::response(verdict.status, verdict.body, verdict.headers).find("HTTP/1.1 ") != 0)
      std::abort();
    check_files(request);
    head.restart();
  }
  return 0;
}
