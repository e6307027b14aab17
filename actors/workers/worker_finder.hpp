#pragma once

#include "actors/workers/worker_tie.hpp"
#include "libswill/base/name_look_up.hpp"

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace swill::actors::workers {

/// The links of one worker: one to every address that the names of its gateways have, each with a thread of its own. Names are looked up
/// again and again, all at the same time: gateways that are added under a name are found, those that are gone forgotten. A look-up that
/// hangs keeps neither the other names waiting nor the end.
class worker_finder {
public:
  explicit worker_finder(worker_side& w);
  /// Ends every link, and waits for that.
  ~worker_finder();
  worker_finder& operator=(worker_finder&&) = delete;

  /// As worker_tie::leave, for all.
  void leave();
  /// One line about how the worker is: "ok: …" when a gateway gives it calls, else "no: …". From any thread.
  std::string health();

private:
  using link_ptr = std::unique_ptr<worker_tie>;
  using answer = result<std::vector<std::string>>;
  struct gateway_name {
    explicit gateway_name(std::string n) : name(std::move(n)) {}
    std::string name;
    // The finder's thread alone:
    std::vector<std::string> addresses; ///< as last looked up
    bool is_looked_up = false;          ///< now
    int missing = 0;                    ///< look-ups in a row without an address
    clock_time next{};                  ///< look-up
    name_look_up look_up;
    std::optional<answer> found; ///< and not yet seen by the finder's thread; guarded by mutex_
  };

  void run();
  void look_up_due(clock_time now);
  bool wait();
  void take_answers();
  void say_missing(gateway_name& n, const error& why) const;
  std::set<std::string> wanted() const;
  void add(const std::set<std::string>& addresses);
  std::vector<link_ptr> remove_all_but(const std::set<std::string>& addresses);

  worker_side& worker_;
  std::vector<std::unique_ptr<gateway_name>> names_;

  std::mutex mutex_; // guards what follows, and the answers
  std::condition_variable changed_;
  bool stopping_ = false;
  bool has_answers_ = false;
  std::map<std::string, link_ptr> links_; ///< by address
  std::thread thread_;
};

} // namespace swill::actors::workers
