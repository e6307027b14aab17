#include "actors/connections/detail/registry.hpp"

#include "actors/connections/detail/part.hpp"

#include <algorithm>

// Questions: to nodes, to this node's parts, and from other nodes.

namespace swill::detail {

struct registry::paging {
  question what;
  std::string from_node;
  std::vector<std::string> nodes; ///< that are still to be asked
  gathered so_far;
  std::function<void(result<gathered>)> done;
};

/// A node may have begun to serve just now: so the cluster is asked for all of them first.
void registry::on_ask(ask_order o) {
  const auto& one = o.what.filter.node;
  const bool is_succession = o.what.what == question_kinds::succeed; // about what has been for a while
  if (is_succession || std::binary_search(nodes_.begin(), nodes_.end(), one)) return ask_known_nodes(o);
  const auto order = std::make_shared<ask_order>(std::move(o)); // with the cluster, until it answers
  settings_.cluster->nodes_then(
      [this, self = caf::strong_actor_ptr{ctrl()}, order](const result<std::vector<node_info>>& r) {
        if (!is_alive()) return order->done(errors::unavailable("the server stops"));
        if (r) on_nodes(*r);
        ask_known_nodes(*order);
      });
}

std::string registry::name_of(const std::string& node) const {
  const auto at = names_.find(node);
  return at != names_.end() ? at->second : std::string{};
}

void registry::ask_known_nodes(ask_order& o) {
  std::vector<std::string> nodes = nodes_;
  if (const std::string& one = o.what.filter.node; !one.empty()) {
    std::erase_if(nodes, [&](const std::string& n) { return n != one && name_of(n) != one; });
    if (nodes.empty()) nodes = {one}; // which turns out to be none
  }
  if (o.what.what != question_kinds::list) return gather(std::move(o.what), nodes, std::move(o.done));
  std::erase_if(nodes, [&o](const std::string& n) { return n < o.from_node; });
  next_page(std::make_shared<paging>(
      paging{std::move(o.what), std::move(o.from_node), std::move(nodes), {}, std::move(o.done)}));
}

/// Some nodes at a time, so that the answers stay bounded however many nodes there are.
void registry::next_page(std::shared_ptr<paging> p) {
  std::uint64_t have = 0;
  bool cut = false;
  for (const auto& [node, a] : p->so_far.answers) {
    have += a.entries.size();
    cut = cut || a.more;
  }
  if (cut || have >= p->what.limit || p->nodes.empty()) return p->done(std::move(p->so_far));
  const auto end =
      p->nodes.begin() + static_cast<std::ptrdiff_t>(std::min(p->nodes.size(), settings_.options->nodes_at_once));
  const std::vector<std::string> now(p->nodes.begin(), end);
  p->nodes.erase(p->nodes.begin(), end);
  question q = p->what;
  q.limit -= have;
  if (now.front() != p->from_node) q.behind = {};
  gather(std::move(q), now, [this, p](result<gathered> r) {
    if (!r) return p->done(std::move(r));
    std::move(r->answers.begin(), r->answers.end(), std::back_inserter(p->so_far.answers));
    std::move(r->missing.begin(), r->missing.end(), std::back_inserter(p->so_far.missing));
    p->so_far.names.merge(r->names);
    next_page(p);
  });
}

// --- To nodes

void registry::gather(question q, const std::vector<std::string>& nodes, std::function<void(result<gathered>)> done) {
  const bool is_succession = q.what == question_kinds::succeed; // of which each connection has one, when it begins
  if (!is_alive() || (!is_succession && gatherings_.size() - successions_ >= settings_.options->questions))
    return done(errors::unavailable("too many questions about connections"));
  auto fresh = std::make_unique<gathering>(*this);
  gathering& g = *fresh;
  g.token = q.token = ++last_token_;
  g.about_one = q.is_about_one();
  g.is_succession = is_succession;
  successions_ += is_succession ? 1U : 0U;
  g.left = nodes.size() + 1; // one for this function
  for (const std::string& n : nodes) g.answers.emplace(n, std::nullopt);
  g.done = std::move(done);
  gatherings_.emplace(g.token, std::move(fresh));
  home().loop().set_timer(g, home().loop().now() + settings_.options->node_timeout);
  const list_place behind = q.behind;
  for (const std::string& n : nodes) {
    q.behind = n == nodes.front() ? behind : list_place{};
    ask_node(n, q);
  }
  settle(q.token, {}, std::nullopt);
}

void registry::ask_node(const std::string& node, const question& q) {
  const auto token = q.token;
  if (node == settings_.cluster->id())
    return serve(q, [this, token, node](node_answer a) { settle(token, node, std::move(a)); });
  // Holds the actor: the cluster may answer after its end, which finds no gathering any more.
  send(node, question_kind, q, [this, self = caf::strong_actor_ptr{ctrl()}, token, node](const result<void>& r) {
    if (!r) settle(token, node, std::nullopt);
  });
}

/// A node has answered, or cannot be reached.
void registry::settle(std::uint64_t token, const std::string& node, std::optional<node_answer> a) {
  const auto it = gatherings_.find(token);
  if (it == gatherings_.end()) return;
  gathering& g = *it->second;
  if (const auto slot = g.answers.find(node); slot != g.answers.end()) {
    if (slot->second) return;
    if (a && !a->refused) {
      g.found = g.found || a->count != 0;
      slot->second = std::move(a);
    }
  }
  if (--g.left == 0 || (g.about_one && g.found)) finish(token);
}

void registry::finish(std::uint64_t token) {
  const auto it = gatherings_.find(token);
  if (it == gatherings_.end()) return;
  const std::unique_ptr<gathering> g = std::move(it->second);
  gatherings_.erase(it);
  successions_ -= g->is_succession ? 1U : 0U;
  gathered all;
  for (auto& [node, a] : g->answers) {
    const std::string name = name_of(node);
    if (!name.empty()) all.names.emplace(node, name);
    if (a) {
      for (connection_entry& e : a->entries) e.node_name = name;
      all.answers.emplace_back(node, std::move(*a));
    } else if (!g->about_one || !g->found) {
      all.missing.push_back(node);
    }
  }
  g->done(std::move(all));
}

void registry::on_answer(const std::string& from, bytes_view data) {
  if (auto a = read<node_answer>(data, "answer")) {
    const auto token = a->token;
    const auto it = gatherings_.find(token);
    if (it != gatherings_.end() && it->second->answers.count(from) != 0) settle(token, from, std::move(a));
  }
}

// --- To this node

void registry::on_question(const std::string& from, bytes_view data) {
  auto q = read<question>(data, "question");
  if (!q || !is_alive()) return;
  node_answer a;
  a.token = q->token;
  if (q->what == question_kinds::watch) {
    drop_stale_interest();
    interested_[from] = home().loop().now() + settings_.options->watch_lease;
    a.count = event_count_;
    return send(from, answer_kind, a);
  }
  if (q->what == question_kinds::succeed)
    return serve(std::move(*q), [this, from](const node_answer& ended) { send(from, answer_kind, ended); });
  if (jobs_of_others_ >= settings_.options->questions_of_others) {
    a.refused = true;
    return send(from, answer_kind, a);
  }
  ++jobs_of_others_;
  serve(std::move(*q), [this, from](const node_answer& found) {
    --jobs_of_others_;
    send(from, answer_kind, found);
  });
}

void registry::serve(question q, std::function<void(node_answer)> done) {
  q.limit = std::min<std::uint64_t>(q.limit, settings_.options->longest_page);
  job j;
  j.so_far.token = q.token;
  j.unit = q.behind.unit;
  const std::uint64_t behind = q.behind.number;
  j.what = std::make_shared<const question>(std::move(q));
  if (j.unit >= parts_.size()) return done(std::move(j.so_far));
  j.done = std::move(done);
  const std::uint64_t number = ++last_token_;
  order_part(number, jobs_.emplace(number, std::move(j)).first->second, behind);
}

void registry::order_part(std::uint64_t number, const job& j, std::uint64_t behind) {
  part_order o;
  o.what = j.what;
  o.job = number;
  o.behind = behind;
  o.room = j.what->limit - j.so_far.entries.size();
  o.size = settings_.options->answer_size - std::min(j.size, settings_.options->answer_size);
  o.is_first = j.so_far.entries.empty();
  actors::send_function<registry_part>(parts_[j.unit], [o = std::move(o)](registry_part& p) { p.work_on(o); });
}

void registry::on_part_reply(part_reply& r) {
  const auto it = jobs_.find(r.job);
  if (it == jobs_.end()) return;
  job& j = it->second;
  node_answer& a = j.so_far;
  a.count += r.found.count;
  j.size += r.size;
  for (list_place& p : r.found.places) p.unit = j.unit;
  std::move(r.found.entries.begin(), r.found.entries.end(), std::back_inserter(a.entries));
  std::move(r.found.places.begin(), r.found.places.end(), std::back_inserter(a.places));
  std::move(r.found.open.begin(), r.found.open.end(), std::back_inserter(a.open));
  a.more = r.full;
  const bool found = j.what->is_about_one() && a.count != 0;
  if (r.finished) ++j.unit;
  if (!r.full && !found && j.unit < parts_.size()) return order_part(r.job, j, r.finished ? 0 : r.looked_at);
  const auto done = std::move(j.done);
  node_answer whole = std::move(a);
  jobs_.erase(it);
  done(std::move(whole));
}

} // namespace swill::detail
