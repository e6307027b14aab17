#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace swill::bench::bare {

class session;

/// Who listens to what, in one thread: a publish appends the same frame to each subscriber's output and sends it.
class topics {
public:
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
  std::unordered_map<std::string, topic> topics_;
};

} // namespace swill::bench::bare
