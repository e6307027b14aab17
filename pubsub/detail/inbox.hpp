#pragma once

#include "libswill/api/connection.hpp"
#include "libswill/base/completion.hpp"
#include "pubsub/detail/subscription.hpp"

#include <set>
#include <string>
#include <vector>

namespace swill::detail {

class open_inbox;

/// What a connection is told of: its groups, and the inboxes that its client has open. The connection's state.
struct inbox_seat {
  std::set<std::string> groups;
  std::vector<open_inbox*> open;
  bool watches_user = false;

  void join(const std::string& group, std::size_t most);
  void leave(const std::string& group);
  void change_user(const std::string& before, const std::string& now);
};

/// One request of `swill.inbox`: messages to its connection, the connection's user and groups, and everybody.
class open_inbox {
public:
  open_inbox(connection& c, topic_port& hub, const pubsub_options& o);
  open_inbox& operator=(open_inbox&&) = delete;
  ~open_inbox();

  /// Answers when all of them have begun.
  void begin(completer<void> done);
  void add(const std::string& topic);
  void remove(const std::string& topic) { messages_.remove(topic); }

  subscription& messages() noexcept { return messages_; }

private:
  connection& connection_;
  inbox_seat& seat_;
  subscription messages_;
};

} // namespace swill::detail
