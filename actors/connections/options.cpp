#include "actors/connections/options.hpp"

#include "actors/cluster/cluster.hpp"

namespace swill {

void check(const connections_options& o, mistake_list& out) {
  constexpr std::chrono::milliseconds some{1};
  check_node_name("connections_options.node_name", o.node_name, out);
  const auto size = [&out](const char* name, std::size_t is, std::size_t least) {
    out.check_size(std::string{"connections_options."} + name, is, least);
  };
  size("longest_page", o.longest_page, 1);
  out.check_size("connections_options.page_length", o.page_length, 1, o.longest_page == 0 ? 1 : o.longest_page);
  size("answer_size", o.answer_size, 1);
  size("topics_listed", o.topics_listed, 0);
  size("requests_listed", o.requests_listed, 0);
  size("looked_at_per_turn", o.looked_at_per_turn, 1);
  size("nodes_at_once", o.nodes_at_once, 1);
  size("questions", o.questions, 1);
  size("questions_of_others", o.questions_of_others, 1);
  size("watchers", o.watchers, 0);
  size("feed_length", o.feed_length, 1);
  size("events_kept", o.events_kept, 1);
  size("events_at_once", o.events_at_once, 1);
  out.check_time("connections_options.node_timeout", o.node_timeout, some);
  out.check_time("connections_options.event_delay", o.event_delay);
  out.check_time("connections_options.watch_lease", o.watch_lease, some);
}

} // namespace swill
