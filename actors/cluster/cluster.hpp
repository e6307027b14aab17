#pragma once

#include "libswill/base/bytes.hpp"
#include "libswill/base/log.hpp"
#include "libswill/base/log_limiter.hpp"
#include "libswill/base/loop.hpp"
#include "libswill/base/mistakes.hpp"
#include "libswill/base/result.hpp"
#include "libswill/base/task.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace swill {

/// One of the nodes that work together: a process with a server.
struct node_info {
  std::string id;
  std::string name; ///< what it is called; empty when that is not known
  bool operator==(const node_info&) const = default;
};

/// A node with a new id, and the name that node_name_or_host gives.
node_info make_node(const std::string& name);
/// What a node is called that was given this name: that, or, when it is empty, what the host is called.
std::string node_name_or_host(const std::string& name);
/// Adds a mistake for a name that no node can have.
void check_node_name(std::string path, std::string_view name, mistake_list& out);

/// The nodes that work together, this one among them, and mail between them. Plugins share it: pub/sub has one (pubsub::cluster), of the
/// nodes that share its broker, and `connections` lists those of one. Functions may be called from any thread; what they call back runs on
/// the first I/O thread, where it must not wait. While no server runs this, they answer error 503.
class cluster {
public:
  template <class T>
  using answer = std::function<void(result<T>)>;

  cluster& operator=(cluster&&) = delete;
  virtual ~cluster() = default;

  /// Of this node: 16 hex digits, new with each object; and what it is called.
  const std::string& id() const noexcept { return self_.id; }
  const std::string& name() const noexcept { return self_.name; }

  /// The nodes that live, this one included, by id: also one that has just begun to serve. Where they cannot be looked up now: those that
  /// were known last.
  void nodes_then(answer<std::vector<node_info>> done);
  task<std::vector<node_info>> nodes();
  /// Calls f when the list of nodes has changed. Before the server starts, else std::logic_error.
  void on_nodes(std::function<void(const std::vector<node_info>&)> f);

  /// Takes messages of a kind. Before the server starts, else std::logic_error; one function for each kind, else std::invalid_argument.
  /// What f throws is logged.
  void on_message(std::string kind, std::function<void(const std::string& from, bytes_view data)> f);
  /// Sends to one node (also to this one), or to all (also this one). At most once, in order from one node to another as long as what
  /// connects them stays. `done` is called when it is on its way. Error 404: no such node.
  void send(std::string node, std::string kind, bytes data, answer<void> done = {});
  void send_all(std::string kind, bytes data, answer<void> done = {});

  /// For the plugins that use it, in their own start and stop: the first start begins, the last stop ends. `home` is the server's first
  /// loop; both must outlive this or its stop. One server at a time, else std::logic_error. `done` is called from any thread.
  void start(loop& home, const log_sink& log);
  void stop(std::function<void()> done);
  /// Adds what makes no sense in the options of what keeps the nodes together.
  virtual void check(mistake_list&) const {}

protected:
  explicit cluster(node_info self) : self_(std::move(self)) {}

  // --- What keeps the nodes together. All on the first I/O thread.

  virtual void begin(loop& home, const log_sink& log) = 0;
  virtual void end(std::function<void()> done) = 0;
  virtual void find_nodes(answer<std::vector<node_info>> done) = 0;
  /// `node` is empty: to all.
  virtual void deliver(const std::string& node, const std::string& kind, bytes_view data, answer<void> done) = 0;

  /// The list of nodes has changed to this.
  void found(const std::vector<node_info>& nodes);
  /// A message has come.
  void heard(const std::string& from, const std::string& kind, bytes_view data);

private:
  void must_be_idle(std::string_view what) const;
  bool run_at_home(std::function<void()> f);
  void send_to(std::string node, std::string kind, bytes data, answer<void> done);

  const node_info self_;
  std::map<std::string, std::function<void(const std::string&, bytes_view)>, std::less<>> handlers_;
  std::vector<std::function<void(const std::vector<node_info>&)>> watchers_;
  std::size_t users_ = 0; ///< plugins that have started it
  loop* of_users_ = nullptr;

  // On the first I/O thread.
  bool runs_ = false;
  std::vector<node_info> last_found_;
  std::unique_ptr<limited_log> errors_;

  std::mutex mutex_;     ///< guards what follows
  loop* home_ = nullptr; ///< while this runs
};

/// A cluster of one node.
class memory_cluster final : public cluster {
public:
  explicit memory_cluster(node_info self = make_node({})) : cluster(std::move(self)) {}

private:
  void begin(loop&, const log_sink&) override { found(all()); }
  void end(std::function<void()> done) override { done(); }
  void find_nodes(answer<std::vector<node_info>> done) override { done(all()); }
  void deliver(const std::string& node, const std::string& kind, bytes_view data, answer<void> done) override;
  std::vector<node_info> all() const { return {{id(), name()}}; }
};

} // namespace swill
