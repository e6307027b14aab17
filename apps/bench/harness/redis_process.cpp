#include "apps/bench/harness/redis_process.hpp"

#include <filesystem>
#include <stdexcept>
#include <string>

namespace swill::bench {
namespace {

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

} // namespace swill::bench
