#pragma once

#include "sessions/store.hpp"

#include <map>
#include <set>
#include <unordered_map>
#include <utility>

namespace swill {

/// Sessions in memory. Time is the loop's, so that a test can turn it. Bounded by session_options::sessions.
class memory_store final : public session_store, timer {
public:
  memory_store(swill::loop& l, const session_options& o);

  void start(std::function<void()> ready) override;
  void close(std::function<void()> done) override;
  void load(std::string id, store_answer<std::optional<session_record>> f) override;
  void save(const session_record& r, store_answer<session_stamp> f) override;
  void merge(const std::string& id, const session_changes& c, store_answer<session_record> f) override;
  void touch(const std::string& id, store_answer<bool> f) override;
  void rotate(const std::string& old_id, const std::string& old_user, const session_record& r, const session_changes& c,
              store_answer<session_record> f) override;
  void destroy(const std::string& id, const std::string& user, store_answer<bool> f) override;
  void destroy_user(const std::string& user, store_answer<std::size_t> f) override;
  void list(const std::string& user, store_answer<std::vector<session_record>> f) override;

  std::size_t size() const noexcept { return all_.size(); }

private:
  struct entry {
    session_record record;
    session_time ends{};
    std::uint64_t order = 0;
  };
  using table = std::unordered_map<std::string, entry>;

  session_time now() const noexcept;
  entry* find(const std::string& id);
  std::optional<error> refusal(const std::string& id, std::uint64_t version);
  result<std::string> merged(const session_record& stored, const session_changes& c) const;
  const session_record& put(session_record r);
  void use(entry& e);
  bool erase(const std::string& id);
  void forget(const entry& e);
  void bound_sessions_of(const std::string& user);
  void arm();
  void on_timer() override;

  swill::loop& loop_;
  const session_options options_;
  const std::chrono::system_clock::duration epoch_; ///< wall clock minus the loop's, when this was made
  table all_;
  std::set<std::pair<session_time, std::string>> by_end_;                         ///< of those that end
  std::unordered_map<std::string, std::map<std::uint64_t, std::string>> by_user_; ///< in order of creation
  std::uint64_t last_order_ = 0;
};

} // namespace swill
