#pragma once

#include "actors/remote/gateway_link.hpp"

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace swill::actors::remote {

/// The links of one worker: one to every address that the names of its gateways have. Names are looked up again and again, on a thread of
/// its own: gateways that are added under a name are found, those that are gone forgotten.
class gateway_finder {
public:
  explicit gateway_finder(worker_side& w);
  /// Ends every link, and waits for that.
  ~gateway_finder();
  gateway_finder(const gateway_finder&) = delete;
  gateway_finder& operator=(const gateway_finder&) = delete;

  /// As gateway_link::leave, for all.
  void leave();

private:
  using link_ptr = std::unique_ptr<gateway_link>;

  void run();
  std::set<std::string> wanted();
  void say_missing(const std::string& name);
  void add(const std::set<std::string>& addresses);
  std::vector<link_ptr> remove_all_but(const std::set<std::string>& addresses);

  worker_side& worker_;
  std::map<std::string, std::vector<std::string>> known_; ///< addresses by name, as last looked up; the thread's
  std::map<std::string, int> missing_; ///< look-ups in a row without an address, by name; the thread's

  std::mutex mutex_; // guards what follows
  std::condition_variable changed_;
  bool stopping_ = false;
  std::map<std::string, link_ptr> links_; ///< by address
  std::thread thread_;
};

/// The addresses of "HOST:PORT", as numbers; empty when the name has none, or cannot be looked up.
std::vector<std::string> look_up(const std::string& host_and_port);

} // namespace swill::actors::remote
