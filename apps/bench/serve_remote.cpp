#include "apps/bench/bench_app.hpp"
#include "apps/bench/harness/child_process.hpp"
#include "apps/bench/serve_swill.hpp"

#include "actors/workers/remote_handlers.hpp"
#include "actors/workers/worker.hpp"
#include "libswill/base/log.hpp"
#include "libswill/server/server.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace swill::bench {
namespace {

constexpr const char* secret = "nobody else is on this machine";

} // namespace

int serve_remote(const serve_options& o) {
  swill::app app;
  app.set_log(stderr_log(log_level::warning));
  gateway_options gate;
  gate.secret = secret;
  const auto handlers = std::make_shared<remote_handlers>(gate);
  app.use(handlers);
  server_options options;
  options.listen = {"127.0.0.1:" + std::to_string(o.port)};
  options.io_threads = o.io_threads;
  std::optional<child_process> elsewhere;
  server(app, options).run([&](server&) {
    elsewhere.emplace(std::vector<std::string>{std::filesystem::read_symlink("/proc/self/exe").string(), "serve-worker",
                                               "--gateway", "127.0.0.1:" + std::to_string(handlers->port()),
                                               "--io-threads", std::to_string(o.io_threads)});
  });
  return 0;
}

int serve_worker(const serve_options& o) {
  auto app = make_bench_app();
  worker_options link;
  link.gateways = {o.gateway};
  link.secret = secret;
  app.use(std::make_shared<worker>(link));
  server_options options;
  options.listen.clear();
  options.io_threads = o.io_threads;
  server(app, options).run();
  return 0;
}

} // namespace swill::bench
