#include "libswill/net/io_threads.hpp"

#include <algorithm>

namespace swill::net {

io_threads::io_threads(std::size_t count, event_loop::offload_function offload, const log_sink* log) {
  if (count == 0) count = std::max(1U, std::thread::hardware_concurrency());
  for (std::size_t i = 0; i < count; ++i) loops_.push_back(std::make_unique<event_loop>(offload, log));
}

io_threads::~io_threads() { stop(); }

std::vector<event_loop*> io_threads::loops() const {
  std::vector<event_loop*> all;
  for (const auto& l : loops_) all.push_back(l.get());
  return all;
}

void io_threads::start() {
  for (auto& l : loops_) threads_.emplace_back([loop = l.get()] { loop->run(); });
}

void io_threads::stop() {
  for (auto& l : loops_) l->stop();
  for (auto& t : threads_) t.join();
  threads_.clear();
}

void io_threads::detach() {
  for (auto& t : threads_) t.detach();
  threads_.clear();
}

} // namespace swill::net
