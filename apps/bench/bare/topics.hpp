#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace swill::bench::bare {

class redis;
class session;

/// Who listens to what, in one thread: a publish appends the same frame to each subscriber's output and sends it.
class topics {
public:
  /// From now on messages go through Redis: PUBLISH there, delivered when they come from there.
  void use(redis& store) noexcept { store_ = &store; }
  /// Handles "swill.subscribe" and "swill.publish"; false for anything else.
  bool take(const std::shared_ptr<session>& from, std::string_view frame);

private:
  struct subscriber {
    std::weak_ptr<session> where;
    std::uint64_t seq;
  };
  struct topic {
    std::vector<subscriber> subscribers;
    std::uint64_t offset = 0;
  };
  static void deliver(topic& t, std::string_view message);

  std::unordered_map<std::string, topic> topics_; // which stay where they are
  redis* store_ = nullptr;
};

} // namespace swill::bench::bare
