#include "actors/connections/connections.hpp"
#include "libswill/base/await.hpp"
#include "libswill/client/blocking_client.hpp"
#include "libswill/server/server.hpp"
#include "tests/end_to_end/program.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>

#include <poll.h>
#include <unistd.h>

namespace swill::test {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// `swill conns` against a server whose rule wants metadata admin_token.
class CliConns : public testing::Test {
protected:
  CliConns() {
    app_.set_log([](const log_entry&) {});
    app_.handle("login", [](request<std::string> r) { r.context().connection().set_user(r.data()); });
    app_.before_connection([](connection& c) {
      if (const auto user = c.header("X-User")) c.set_user(std::string{*user});
    });
    app_.handle("wait", [](request<>) -> task<void> { co_await sleep_for(std::chrono::hours{1}); });
    app_.handle("id", [](request<> r) { return r.context().connection().id(); });
    all_->allow_admin([](context& c) {
      const value* token = c.metadata().find("admin_token");
      return token != nullptr && *token == value{"let me in"};
    });
    app_.use(all_);
    server_ = std::make_unique<server>(app_, server_options{.listen = {"127.0.0.1:0"}, .io_threads = 2});
    server_->start();
    std::ofstream{token_} << "let me in\n";
  }
  ~CliConns() override {
    server_->stop();
    std::filesystem::remove(token_);
  }

  std::string url() const { return "ws://127.0.0.1:" + std::to_string(server_->port()) + "/ws"; }
  program::ending swill(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"--url", url(), "conns", "--admin-token-file", token_});
    return run_cli(arguments);
  }
  std::unique_ptr<blocking_client> client(const std::string& user) const {
    auto c = std::make_unique<blocking_client>(url());
    c->call<>("login", user);
    return c;
  }
  static close_reason end_of(const blocking_client& c) {
    for (int i = 0; i < 1000; ++i) {
      if (const auto why = c.close_status()) return *why;
      ::poll(nullptr, 0, 10);
    }
    return {0, "still open", false};
  }

private:
  app app_;
  static connections_options named() {
    connections_options o;
    o.node_name = "gateway-7";
    return o;
  }
  std::shared_ptr<connections> all_ = std::make_shared<connections>(nullptr, named());
  std::unique_ptr<server> server_;
  const std::string token_ = std::filesystem::temp_directory_path() / ("swill-cli-token-" + std::to_string(::getpid()));
};

TEST_F(CliConns, ListsInATable) {
  const auto ann = client("ann");
  const auto bob = client("bob");

  const auto all = swill({"ls"});
  const auto some = swill({"ls", "--user", "ann"});
  const auto json = swill({"ls", "--user", "ann", "--json"});

  EXPECT_EQ(all.code, 0) << all.errors;
  EXPECT_THAT(all.out, StartsWith("ID  "));
  EXPECT_THAT(all.out, HasSubstr("USER"));
  EXPECT_THAT(all.out, HasSubstr("  ann   127.0.0.1  "));
  EXPECT_THAT(all.out, HasSubstr("  bob   127.0.0.1  "));
  EXPECT_THAT(some.out, Not(HasSubstr("bob")));
  EXPECT_THAT(json.out, StartsWith("{\"connections\":[{\"id\":\""));
  EXPECT_THAT(json.out, HasSubstr("\"user\":\"ann\""));
  EXPECT_THAT(json.out, HasSubstr("\"missing\":[],\"names\":{}}"));
  EXPECT_EQ(std::count(json.out.begin(), json.out.end(), '\n'), 1);
}

TEST_F(CliConns, ShowsWhatATerminalWouldObey) {
  const auto odd = client("ann\x1b[2J\x07\r\n" + std::string(32, '0') +
                          "  node  root\xC2\x9B"
                          "31m\xE2\x80\xAE");

  const auto table = swill({"ls"});
  const auto one = swill({"show", odd->call<std::string>("id")});
  const auto json = swill({"ls", "--json"});

  const std::string shown = "ann\\x1b[2J\\x07\\x0d\\x0a" + std::string(32, '0') + "  node  root\\x9b31m\\u202e";
  EXPECT_THAT(table.out, HasSubstr(shown));
  EXPECT_THAT(one.out, HasSubstr("user      " + shown + "\n"));
  EXPECT_EQ(std::count(table.out.begin(), table.out.end(), '\n'), 3) << "nobody adds a row";
  for (const std::string& out : {table.out, one.out, json.out}) {
    EXPECT_EQ(out.find_first_of("\x1b\x07\r"), std::string::npos);
    EXPECT_THAT(out, Not(HasSubstr("\xC2\x9B")));
    EXPECT_THAT(out, Not(HasSubstr("\xE2\x80\xAE")));
  }
  EXPECT_THAT(json.out, HasSubstr("\\u001b[2J"));
  EXPECT_THAT(json.out, HasSubstr("root\\u009b31m\\u202e\""));
}

TEST_F(CliConns, NamesTheNodes) {
  const auto ann = client("ann");

  const auto table = swill({"ls", "--user", "ann"});
  const auto one = swill({"show", ann->call<std::string>("id")});

  EXPECT_THAT(table.out, HasSubstr("  gateway-7  ann  "));
  EXPECT_THAT(one.out, ContainsRegex("node      [0-9a-f]{16} gateway-7\n"));
  EXPECT_THAT(swill({"ls", "--node", "gateway-7"}).out, HasSubstr("ann"));
}

TEST_F(CliConns, ListsAsManyAsAsked) {
  std::vector<std::unique_ptr<blocking_client>> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(client("crowd"));

  const auto two = swill({"ls", "--user", "crowd", "--limit", "2"});
  const auto all = swill({"ls", "--user", "crowd", "--all"});

  EXPECT_EQ(std::count(two.out.begin(), two.out.end(), '\n'), 3);
  EXPECT_THAT(two.errors, HasSubstr("--all"));
  EXPECT_EQ(std::count(all.out.begin(), all.out.end(), '\n'), 6);
  EXPECT_EQ(all.errors, "");
}

TEST_F(CliConns, HandlersAreDescribedWhenAskedFor) {
  const auto watch = run_cli({"--url", url(), "describe", "swill.connections.watch"});

  EXPECT_EQ(watch.code, 0) << watch.errors;
  EXPECT_THAT(watch.out, HasSubstr("remote_address"));
  EXPECT_THAT(run_cli({"--url", url(), "ls"}).out, Not(HasSubstr("swill.")));
}

TEST_F(CliConns, ShowsOne) {
  const auto ann = client("ann");
  const auto id = ann->call<std::string>("id");

  const auto text = swill({"show", id});

  EXPECT_EQ(text.code, 0) << text.errors;
  EXPECT_THAT(text.out, HasSubstr("id        " + id + "\n"));
  EXPECT_THAT(text.out, HasSubstr("user      ann\n"));
  EXPECT_THAT(swill({"show", id, "--json"}).out, HasSubstr("\"open\":[]"));
  EXPECT_EQ(swill({"show", "nobody"}).code, 5);
}

TEST_F(CliConns, ClosesOneWithCodeAndReason) {
  const auto ann = client("ann");
  const auto id = ann->call<std::string>("id");

  const auto done = swill({"close", id, "--code", "4007", "--reason", "enough of it"});

  EXPECT_EQ(done.code, 0) << done.errors;
  EXPECT_EQ(done.out, "closed 1\n");
  EXPECT_EQ(end_of(*ann).code, 4007);
  EXPECT_EQ(end_of(*ann).reason, "enough of it");
  EXPECT_EQ(swill({"close", id}).code, 5);
}

TEST_F(CliConns, ClosesAllOfAUser) {
  const auto ann = client("ann");
  const auto other = client("ann");
  const auto bob = client("bob");

  const auto done = swill({"close", "--user", "ann", "--json"});

  EXPECT_EQ(done.out, "{\"closed\":2,\"missing\":[]}\n") << done.errors;
  EXPECT_EQ(end_of(*ann).code, 1008);
  EXPECT_EQ(end_of(*other).reason, "closed by an administrator");
  EXPECT_FALSE(bob->close_status());
}

TEST_F(CliConns, CancelsARequest) {
  program waiting{"swill", {"--url", url(), "-H", "X-User: waiter", "call", "wait"}};
  std::string id;
  std::string seq;
  for (int i = 0; i < 100 && seq.empty(); ++i) { // each look takes a program's start
    const auto all = swill({"ls", "--user", "waiter", "--json"});
    const auto at = all.out.find("\"id\":\"");
    if (at == std::string::npos) continue;
    id = all.out.substr(at + 6, 32);
    const auto shown = swill({"show", id});
    if (const auto line = shown.out.find("wait  seq "); line != std::string::npos)
      seq = std::to_string(std::stoull(shown.out.substr(line + 10)));
  }
  ASSERT_NE(seq, "");

  const auto done = swill({"cancel", id, seq, "--reason", "enough of it"});

  EXPECT_EQ(done.code, 0) << done.errors;
  EXPECT_THAT(done.out, StartsWith("cancelled wait  seq " + seq));
  const auto end = waiting.finish();
  EXPECT_EQ(end.code, 10);
  EXPECT_THAT(end.errors, HasSubstr("enough of it"));
  EXPECT_EQ(swill({"cancel", id, seq}).code, 5);
  EXPECT_EQ(swill({"cancel", id}).code, 1);
}

TEST_F(CliConns, SaysWhatIsWrong) {
  EXPECT_EQ(run_cli({"--url", url(), "conns", "ls"}).code, 7);
  EXPECT_EQ(swill({"close"}).code, 1);
  EXPECT_EQ(swill({"close", "x", "--user", "ann"}).code, 1);
  EXPECT_EQ(swill({"close", "x", "--code", "1006"}).code, 3);
  EXPECT_EQ(swill({"ls", "--older-than", "soon"}).code, 1);
  EXPECT_EQ(run_cli({"--url", url(), "conns", "--admin-token-file", "/nowhere", "ls"}).code, 1);
}

TEST_F(CliConns, TakesTheTokenFromAPipe) {
  const std::string command =
      "printf 'let me in\\n' | exec \"$0\" --url " + url() + " conns --admin-token-file /dev/stdin ls";
  const auto end = program{"/bin/sh", {"-c", command, program_directory() + "/swill"}}.finish();

  EXPECT_EQ(end.code, 0) << end.errors;
}

TEST(SecretFiles, NameTheOptionAndTheFileWhenTheyAreNone) {
  namespace fs = std::filesystem;
  const fs::path place = fs::temp_directory_path() / ("swill-secrets-" + std::to_string(::getpid()));
  fs::create_directory(place);
  std::ofstream{place / "large"} << std::string(64 * 1024 + 1, 'x');
  std::ofstream{place / "empty"} << " \n";
  struct user {
    const char* program;
    std::vector<std::string> before;
    const char* option;
    std::vector<std::string> after;
  };
  const std::vector<user> users{
      {"swill", {"conns"}, "--admin-token-file", {"ls"}},
      {"swill-gateway", {"--port", "0"}, "--admin-token-file", {}},
      {"swill-gateway", {"--port", "0"}, "--session-key", {}},
      {"swill-gateway", {"--port", "0", "--workers-listen", "127.0.0.1:0"}, "--workers-secret-file", {}},
      {"swill-worker", {"--gateway", "127.0.0.1:1"}, "--secret-file", {}},
  };

  for (const user& u : users) {
    for (const fs::path& file : {place, place / "large", place / "nothing", fs::path{"/dev/zero"}}) {
      std::vector<std::string> arguments = u.before;
      arguments.insert(arguments.end(), {u.option, file.string()});
      arguments.insert(arguments.end(), u.after.begin(), u.after.end());
      const auto end = program{u.program, arguments}.finish();
      EXPECT_EQ(end.code, u.program == std::string{"swill"} ? 1 : 2) << u.program << " " << u.option << " " << file;
      EXPECT_THAT(end.errors, StartsWith(std::string{u.program} + ": " + u.option + ": ")) << file;
      EXPECT_THAT(end.errors, HasSubstr(file.string()));
    }
  }
  EXPECT_EQ(run_cli({"conns", "--admin-token-file", place / "empty", "ls"}).code, 1);
  fs::remove_all(place);
}

} // namespace
} // namespace swill::test
