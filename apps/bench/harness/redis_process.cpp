#include "apps/bench/harness/redis_process.hpp"

#include "apps/bench/harness/campaign.hpp"
#include "apps/bench/load/client.hpp"

#include <hiredis/hiredis.h>

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace swill::bench {
namespace {

constexpr int round_trips = 2000;

std::string make_directory() {
  std::string path = (std::filesystem::temp_directory_path() / "swill-bench-XXXXXX").string();
  if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("no temporary directory");
  return path;
}

} // namespace

redis_process::redis_process()
    : directory_(make_directory()),
      port_(find_free_port()),
      process_({"redis-server", "--bind", "127.0.0.1", "--port", std::to_string(port_), "--dir", directory_, "--save",
                "", "--appendonly", "no"},
               port_) {}

redis_process::~redis_process() {
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

double redis_process::publish_round_trip() const {
  const std::unique_ptr<redisContext, decltype(&redisFree)> c(redisConnect("127.0.0.1", port_), &redisFree);
  if (!c || c->err != 0) throw std::runtime_error("no Redis at port " + std::to_string(port_));
  std::vector<double> times;
  const std::string text(100, 'x');
  for (int i = 0; i < round_trips; ++i) {
    const auto from = monotonic_ns();
    void* const reply = redisCommand(c.get(), "PUBLISH bare %b", text.data(), text.size());
    if (reply == nullptr) throw std::runtime_error("Redis did not answer");
    freeReplyObject(reply);
    times.push_back(static_cast<double>(monotonic_ns() - from));
  }
  return median(std::move(times));
}

} // namespace swill::bench
