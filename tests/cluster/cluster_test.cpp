#include "actors/cluster/cluster.hpp"

#include "tests/base/manual.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

// What every cluster does, by one of a single node.

namespace swill {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

bytes packed(std::string_view text) {
  const bytes_view b = as_bytes(text);
  return {b.begin(), b.end()};
}

struct Cluster : testing::Test {
  manual_loop loop;
  std::vector<std::string> logged;
  const log_sink log{[this](const log_entry& e) { logged.emplace_back(e.text); }};
  memory_cluster nodes{{"n1", "first"}};
  std::vector<std::string> seen;
  std::vector<std::int64_t> codes;

  cluster::answer<void> note_code() {
    return [this](const result<void>& r) { codes.push_back(r ? 0 : r.error().code); };
  }
  void start() { nodes.start(loop, log); }
  bool stop() {
    bool ended = false;
    nodes.stop([&ended] { ended = true; });
    loop.run_until_idle();
    return ended;
  }
};

TEST_F(Cluster, HasAnIdOfItsOwnAndTheHostsName) {
  const memory_cluster one, two;

  EXPECT_EQ(one.id().size(), 16U);
  EXPECT_NE(one.id(), two.id());
  EXPECT_EQ(one.name(), node_name_or_host({}));
}

TEST_F(Cluster, TellsWhoTheNodesAre) {
  std::vector<node_info> told, answered;
  nodes.on_nodes([&told](const std::vector<node_info>& all) { told = all; });
  start();

  nodes.nodes_then([&answered](result<std::vector<node_info>> r) { answered = std::move(r).value(); });
  loop.run_until_idle();

  EXPECT_THAT(told, ElementsAre(node_info{"n1", "first"}));
  EXPECT_EQ(answered, told);
  EXPECT_TRUE(stop());
}

TEST_F(Cluster, BringsMessagesToTheFunctionOfTheirKind) {
  for (const char* kind : {"a", "b"}) {
    nodes.on_message(kind, [this, kind](const std::string& from, bytes_view data) {
      seen.push_back(from + " " + kind + " " + std::string{as_text(data)});
    });
  }
  start();

  nodes.send("n1", "a", packed("one"), note_code());
  nodes.send_all("b", packed("two"), note_code());
  nodes.send("n2", "a", packed("three"), note_code());
  nodes.send("n1", "unknown", packed("four"));
  EXPECT_THAT(seen, IsEmpty()); // never from within send
  loop.run_until_idle();

  EXPECT_THAT(seen, ElementsAre("n1 a one", "n1 b two"));
  EXPECT_THAT(codes, ElementsAre(0, 0, 404));
  EXPECT_TRUE(stop());
}

TEST_F(Cluster, LogsWhatAFunctionThrows) {
  nodes.on_message("a", [](const std::string&, bytes_view) { throw std::runtime_error("no"); });
  start();

  nodes.send("n1", "a", {}, note_code());
  loop.run_until_idle();

  EXPECT_THAT(codes, ElementsAre(0));
  EXPECT_THAT(logged, ElementsAre(testing::StartsWith("messages between nodes of kind a: ")));
  EXPECT_TRUE(stop());
}

TEST_F(Cluster, AnswersUnavailableWhileItDoesNotRun) {
  nodes.send_all("a", {}, note_code());
  start();
  nodes.send_all("a", {}, note_code());
  EXPECT_TRUE(stop());
  nodes.send_all("a", {}, note_code());
  nodes.nodes_then([this](const result<std::vector<node_info>>& r) { codes.push_back(r ? 0 : r.error().code); });

  EXPECT_THAT(codes, ElementsAre(503, 0, 503, 503));
}

TEST_F(Cluster, RunsFromItsFirstUsersStartToItsLastOnesStop) {
  start();
  start();
  manual_loop another;
  EXPECT_THROW(nodes.start(another, log), std::logic_error);

  EXPECT_TRUE(stop());
  nodes.send_all("a", {}, note_code());
  loop.run_until_idle();
  EXPECT_TRUE(stop());

  nodes.send_all("a", {}, note_code());
  EXPECT_THAT(codes, ElementsAre(0, 503));
}

TEST_F(Cluster, TakesFunctionsOnlyBeforeItStarts) {
  const auto ignore = [](const std::string&, bytes_view) {};
  nodes.on_message("a", ignore);
  EXPECT_THROW(nodes.on_message("a", ignore), std::invalid_argument);
  EXPECT_THROW(nodes.on_message("b", {}), std::invalid_argument);
  EXPECT_THROW(nodes.on_nodes({}), std::invalid_argument);
  start();

  EXPECT_THROW(nodes.on_message("c", ignore), std::logic_error);
  EXPECT_THROW(nodes.on_nodes([](const std::vector<node_info>&) {}), std::logic_error);
  EXPECT_TRUE(stop());
}

} // namespace
} // namespace swill
