#include "libswill/client/blocking_client.hpp"
#include "tests/end_to_end/program.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/raw_client.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <regex>
#include <set>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include <unistd.h>

namespace swill::test {
namespace {

namespace fs = std::filesystem;

using namespace std::string_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string socket_path() { return fs::temp_directory_path() / ("swill-programs-" + std::to_string(::getpid())); }

/// Whether somebody listens there within ten seconds.
bool comes_up(const std::string& address) {
  for (int i = 0; i < 500; ++i) {
    try {
      const raw_client c{address};
      return true;
    } catch (const std::runtime_error&) {
      std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
  }
  return false;
}

/// What the gateway prints on a terminal when it listens.
struct welcome {
  std::vector<std::string> urls;
  std::vector<std::string> pages;
  std::vector<std::string> commands;
};

welcome read_welcome(program& gateway) {
  const auto read_line = [&gateway] {
    std::string line = gateway.read_line();
    EXPECT_THAT(line, EndsWith("\r"));
    line.pop_back();
    return line;
  };
  welcome w;
  EXPECT_EQ(read_line(), "Swill listens on");
  std::vector<std::string>* to = &w.urls;
  for (std::string line = read_line(); line != "Ctrl-C ends it."; line = read_line()) {
    if (line == "Try") {
      to = &w.commands;
    } else if (line == "Its playground is at") {
      to = &w.pages;
    } else {
      EXPECT_THAT(line, StartsWith("  "));
      to->push_back(line.substr(2));
    }
  }
  return w;
}

program::ending in_shell(const std::string& script) { return program{"/bin/sh", {"-c", script}}.finish(); }

// --- Where they listen

TEST(Listening, OnEveryAddressGiven) {
  program gateway{"swill-gateway",
                  {"--listen", "127.0.0.1:0", "--listen", "unix:" + socket_path(), "--listen", "[::1]:0"}};

  const auto urls = read_urls(gateway);

  ASSERT_EQ(urls.size(), 3U);
  EXPECT_THAT(urls[0], StartsWith("ws://127.0.0.1:"));
  EXPECT_EQ(urls[1], "unix:" + socket_path());
  EXPECT_THAT(urls[2], StartsWith("ws://[::1]:"));
  for (const auto& url : urls) EXPECT_EQ(run_cli({"--url", url, "call", "math.add", "[1,2]"}).out, "3\n") << url;
  gateway.interrupt();
  EXPECT_EQ(gateway.finish().code, 0);
  EXPECT_FALSE(fs::exists(socket_path()));
}

TEST(Listening, IsOneTrueLineWhereNobodySitsAtATerminal) {
  program gateway{"swill-gateway", {"--listen", "0.0.0.0:0"}};

  EXPECT_THAT(read_urls(gateway), ElementsAre(StartsWith("ws://0.0.0.0:")));
  gateway.interrupt();
  EXPECT_EQ(gateway.finish().out, ""); // no commands for a shell that is elsewhere, no Ctrl-C
}

TEST(Listening, NamesInternalListenersWithTheirPorts) {
  const std::vector<std::string> options{"--listen", "127.0.0.1:0", "--internal-listen", "127.0.0.1:0"};
  program gateway{"swill-gateway", options}, at_terminal{"swill-gateway", options, program::terminal::output};

  for (const auto& where : {read_urls(gateway), read_welcome(at_terminal).urls}) {
    ASSERT_THAT(where,
                ElementsAre(StartsWith("ws://127.0.0.1:"), AllOf(StartsWith("127.0.0.1:"), EndsWith(" (internal)"))));
    raw_client internal{where[1].substr(0, where[1].find(' '))};
    internal.send("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(internal.read_response().status, 200);
  }
}

class ListeningOfEach : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Servers, ListeningOfEach, testing::Values("swill-gateway", "swill-conformance"));

TEST_P(ListeningOfEach, PortAddsToListen) {
  const std::string port = std::to_string(free_port());
  program server{GetParam(), {"--listen", "unix:" + socket_path(), "--port", port}};

  EXPECT_TRUE(comes_up("unix:" + socket_path()));
  EXPECT_TRUE(comes_up("127.0.0.1:" + port));
  server.interrupt();
  EXPECT_EQ(server.finish().code, 0);
}

TEST_P(ListeningOfEach, PortAloneIsAllOfIt) {
  const std::string port = std::to_string(free_port());
  program server{GetParam(), {"--port", port}};

  EXPECT_TRUE(comes_up("127.0.0.1:" + port));
}

// --- The environment

/// The same program, started with `NAME=value` words before it.
program with_environment(const std::string& environment, const std::string& command) {
  return program{"/bin/sh", {"-c", "exec env " + environment + " '" + program_directory() + "'/" + command}};
}

/// What Kubernetes gives each pod that runs beside services called `swill` and `swill-redis`, and Docker one with a link to a container.
constexpr const char* foreign =
    "SWILL_PORT=tcp://10.96.12.7:8080 SWILL_SERVICE_HOST=10.96.12.7 SWILL_SERVICE_PORT=8080 SWILL_SERVICE_PORT_WS=8080 "
    "SWILL_PORT_8080_TCP=tcp://10.96.12.7:8080 SWILL_PORT_8080_TCP_PROTO=tcp SWILL_PORT_8080_TCP_PORT=8080 "
    "SWILL_PORT_8080_TCP_ADDR=10.96.12.7 SWILL_REDIS_PORT=tcp://10.96.12.8:6379 SWILL_REDIS_SERVICE_HOST=10.96.12.8 "
    "SWILL_WORKERS_PORT=tcp://10.96.12.9:4510 SWILL_NAME=/web/swill";

TEST_P(ListeningOfEach, WhatKubernetesSetsForAServiceIsNoPortOfOurs) {
  const auto server = with_environment(foreign, GetParam() + (" --listen unix:" + socket_path()));

  EXPECT_TRUE(comes_up("unix:" + socket_path()));
}

TEST_P(ListeningOfEach, ListenWinsOverThePortOfTheEnvironment) {
  const std::string port = std::to_string(free_port());
  const auto server = with_environment("SWILL_PORT=" + port, GetParam() + (" --listen unix:" + socket_path()));

  EXPECT_TRUE(comes_up("unix:" + socket_path()));
  EXPECT_THROW(raw_client{"127.0.0.1:" + port}, std::runtime_error);
}

TEST_P(ListeningOfEach, ThePortOfTheEnvironmentIsThereForWhoSaysNothing) {
  const std::string port = std::to_string(free_port());
  const auto server = with_environment("SWILL_PORT=" + port, GetParam());

  EXPECT_TRUE(comes_up("127.0.0.1:" + port));
}

TEST(Environment, WhatKubernetesSetsIsNotReadWhereNothingElseSaysWhereToListen) {
  const fs::path secret = socket_path() + ".secret";
  std::ofstream{secret} << "sixteen bytes or more\n";
  const std::string taken = "127.0.0.1:" + std::to_string(free_port());
  program other{"swill-gateway", {"--listen", taken}};
  read_urls(other);

  // It ends at the second port that it opens, before the first of all machines, 8080.
  const auto end =
      with_environment(foreign, "swill-gateway --workers-listen " + taken + " --workers-secret-file " + secret.string())
          .finish();

  EXPECT_EQ(end.code, 1);
  EXPECT_THAT(end.errors, HasSubstr("workers cannot connect to " + taken));
  EXPECT_THAT(end.errors, Not(HasSubstr("SWILL_PORT")));
  fs::remove(secret);
}

TEST(Environment, APortThatIsNoneStopsTheStart) {
  const auto end = with_environment("SWILL_PORT=80a80", "swill-gateway").finish();

  EXPECT_EQ(end.code, 2);
  EXPECT_THAT(end.errors, HasSubstr("SWILL_PORT: '80a80' is no port"));
}

/// The names that its options have in the environment.
std::set<std::string> environment_names(const std::string& name, const char* help) {
  const std::string text = program{name, {help}}.finish().out;
  const std::regex pattern{"\\(Env:([A-Z0-9_]+)\\)"};
  std::set<std::string> names;
  for (auto i = std::sregex_iterator{text.begin(), text.end(), pattern}; i != std::sregex_iterator{}; ++i)
    names.insert((*i)[1]);
  return names;
}

TEST(Environment, NoNameIsSetByAccident) {
  const auto gateway = environment_names("swill-gateway", "--help");
  const auto worker = environment_names("swill-worker", "--help");
  const auto cli = environment_names("swill", "--help-all");
  ASSERT_GT(gateway.size(), 40U);
  ASSERT_GT(worker.size(), 5U);
  ASSERT_GE(cli.size(), 2U);

  // Kubernetes makes these of the names of services, swill-redis as well as swill.
  const std::regex of_services{"SWILL(_.*)?_(PORT|SERVICE_HOST|SERVICE_PORT)(_.*)?"};
  for (const auto* names : {&gateway, &worker, &cli}) {
    for (const std::string& name : *names) EXPECT_FALSE(std::regex_match(name, of_services)) << name;
  }
  // One file of variables for all services of a compose file: what two programs know means the same in both.
  // IF YOU ADD A NAME THAT TWO PROGRAMS KNOW: make sure of that, and add it here.
  const std::set<std::string> shared{
      "SWILL_ADMIN_TOKEN_FILE", "SWILL_DEBUG", "SWILL_IO_THREADS", "SWILL_LOG_LEVEL", "SWILL_WORKERS",
      "SWILL_NODE_NAME", "SWILL_LOG_ACCESS_RATE", "SWILL_LOG_FILE", "SWILL_LOG_FILE_SIZE", "SWILL_LOG_FORMAT",
      "SWILL_LOG_OLD_FILES", "SWILL_LOG_ROOM", "SWILL_LOG_TO",
      // where sessions and topics are, and how they are kept, which nodes and workers must agree on
      "SWILL_KEPT_SIZE", "SWILL_NEW_TOPICS", "SWILL_NEW_TOPICS_PER_SECOND", "SWILL_REDIS", "SWILL_REDIS_PREFIX",
      "SWILL_REDIS_TLS_CA", "SWILL_REDIS_TLS_CERT", "SWILL_REDIS_TLS_KEY", "SWILL_REDIS_TLS_SERVER_NAME",
      "SWILL_SESSION_ABSOLUTE", "SWILL_SESSION_IDLE", "SWILL_SESSION_KEY", "SWILL_TOPIC_AGE", "SWILL_TOPIC_CONFLATE_BY",
      "SWILL_TOPIC_COUNT", "SWILL_TOPIC_HISTORY", "SWILL_TOPIC_OVERFLOW", "SWILL_TRUST_FORWARDED_PROTO"};
  for (const auto& [a, b] : {std::pair{&gateway, &worker}, std::pair{&gateway, &cli}, std::pair{&worker, &cli}}) {
    for (const std::string& name : *a) EXPECT_TRUE(b->count(name) == 0 || shared.count(name) == 1) << name;
  }
}

// --- How they end

TEST(ExitCodes, TellWrongUseFromFailure) {
  const auto code = [](const char* name, std::vector<std::string> arguments) {
    return program{name, arguments}.finish().code;
  };
  for (const char* name : {"swill-gateway", "swill-worker", "swill-conformance"}) {
    EXPECT_EQ(code(name, {"--nosuch"}), 2) << name;
    EXPECT_EQ(code(name, {"--io-threads", "many"}), 2) << name;
    EXPECT_EQ(code(name, {"--help"}), 0) << name;
  }
  EXPECT_EQ(code("swill-worker", {}), 2) << "--gateway is missing";
  EXPECT_EQ(code("swill-gateway", {"--redis", "http://redis"}), 2);
  EXPECT_EQ(code("swill-gateway", {"--listen", "unix:/no/such/directory/socket"}), 1);
}

TEST(ExitCodes, TellThatAnAnswerIsLost) {
  for (const char* name : {"swill-gateway", "swill-worker", "swill-conformance"}) {
    for (const char* question : {"--help", "--version"}) {
      const auto end = in_shell("'" + program_directory() + "'/" + name + " " + question + " >/dev/full");
      EXPECT_EQ(end.code, 1) << name << question;
      EXPECT_EQ(end.errors, std::string{name} + ": standard output: No space left on device\n") << question;
      EXPECT_EQ(in_shell("'" + program_directory() + "'/" + name + " " + question + " >&-").code, 1)
          << name << question;
    }
  }
}

TEST(Version, EachProgramKnowsItsOwn) {
  for (const char* name : {"swill", "swill-gateway", "swill-worker", "swill-conformance"}) {
    const auto end = program{name, {"--version"}}.finish();
    EXPECT_EQ(end.code, 0) << name;
    EXPECT_THAT(end.out, testing::MatchesRegex(std::string{name} + " [0-9]+\\.[0-9]+\\.[0-9]+\n")) << name;
  }
}

// --- What else they are told

std::size_t threads_of(const program& p) {
  const fs::path all = "/proc/" + std::to_string(p.pid()) + "/task";
  return static_cast<std::size_t>(std::distance(fs::directory_iterator{all}, fs::directory_iterator{}));
}

TEST(GatewayOptions, IoThreadsAreAsManyAsGiven) {
  const auto threads_with = [](const char* n) {
    program gateway{"swill-gateway", {"--port", "0", "--io-threads", n}};
    read_urls(gateway);
    return threads_of(gateway);
  };
  const auto with_one = threads_with("1");
  EXPECT_EQ(threads_with("4"), with_one + 3);
}

TEST(GatewayOptions, LimitsHoldAtTheirValue) {
  program gateway{"swill-gateway", {"--port", "0", "--requests-per-connection", "2"}};
  blocking_client client{read_urls(gateway).at(0)};
  const auto add = [&client] { return client.try_call<int>("math.add", std::pair{1, 2}); };
  const auto endless = [&client] { return client.stream<value>("clock.ticks", 1'000'000); };

  const auto first = endless();
  EXPECT_EQ(add().value(), 3); // the second
  {
    const auto second = endless();
    const auto third = add();
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().code, 429);
  }
  EXPECT_EQ(add().value(), 3);
}

TEST(GatewayOptions, AProxySaysWhoseConnectionItIsWhenItIsTrusted) {
  const fs::path token = socket_path() + ".token";
  std::ofstream{token} << "sixteen bytes or more\n";
  const auto addresses_with = [&](std::vector<std::string> options) {
    options.insert(options.end(), {"--port", "0", "--admin-token-file", token});
    program gateway{"swill-gateway", options};
    const std::string url = read_urls(gateway).at(0);
    client_options o;
    o.headers = {{"X-Forwarded-For", "198.51.100.1,  203.0.113.7 "}};
    blocking_client behind_a_proxy{url, o};
    EXPECT_EQ(behind_a_proxy.call<int>("math.add", std::pair{1, 2}), 3);
    return run_cli({"--url", url, "--json", "conns", "--admin-token-file", token, "ls"}).out;
  };

  EXPECT_THAT(addresses_with({"--trust-forwarded-for"}), HasSubstr("\"203.0.113.7\""));
  EXPECT_THAT(addresses_with({}), Not(HasSubstr("203.0.113.7")));
  fs::remove(token);
}

TEST(GatewayOptions, TheTokenOfAdministratorsIsABearersInAnyForm) {
  const fs::path token = socket_path() + ".token";
  std::ofstream{token} << "sixteen bytes or more\n";
  program gateway{"swill-gateway", {"--port", "0", "--admin-token-file", token}};
  const std::string url = read_urls(gateway).at(0);
  const auto code_with = [&](const std::string& credentials) {
    return run_cli({"--url", url, "-H", "Authorization: " + credentials, "conns", "ls"}).code;
  };

  for (const char* scheme : {"Bearer ", "bearer  ", "BEARER   "})
    EXPECT_EQ(code_with(scheme + "sixteen bytes or more"s), 0) << scheme;
  EXPECT_EQ(code_with("Basic sixteen bytes or more"), 7);
  EXPECT_EQ(code_with("Bearer sixteen bytes or less"), 7);
  fs::remove(token);
}

TEST(GatewayOptions, AnOriginThatNoBrowserSendsStopsTheStart) {
  for (const char* origin : {"h.example", "https://h.example/path", "wss://h.example", "https://*"}) {
    const auto end = program{"swill-gateway", {"--port", "0", "--origin", origin}}.finish();

    EXPECT_NE(end.code, 0) << origin;
    EXPECT_THAT(end.errors, HasSubstr("origin '" + std::string{origin} + "' can never match: "));
  }
}

TEST(WorkerOptions, HealthIsAVerbOfItsOwn) {
  const fs::path secret = socket_path() + ".secret";
  std::ofstream{secret} << "sixteen bytes or more\n";
  const std::string port = "127.0.0.1:" + std::to_string(free_port());
  const std::string name = "swill-health-" + std::to_string(::getpid());
  const auto health = [&name] { return program{"swill-worker", {"--health", "--health-name", name}}.finish(); };
  EXPECT_EQ(health().code, 1);
  program gateway{"swill-gateway", {"--port", "0", "--workers-listen", port, "--workers-secret-file", secret}};
  program worker{"swill-worker",
                 {"--gateway", port, "--secret-file", secret, "--prefix", "own", "--health-name", name}};

  program::ending told;
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while ((told = health()).code != 0 && std::chrono::steady_clock::now() < until) {
  }
  EXPECT_EQ(told.code, 0) << told.errors;
  EXPECT_EQ(told.out, "ok: it serves 1 of 1 gateways\n");
  worker.interrupt();
  EXPECT_EQ(worker.finish().code, 0);
  EXPECT_EQ(health().code, 1);
  fs::remove(secret);
}

TEST(ServerOptions, DebugTellsClientsWhatWentWrong) {
  const auto failure_with = [](std::vector<std::string> options) {
    const std::string port = std::to_string(free_port());
    options.insert(options.end(), {"--port", port});
    const program server{"swill-conformance", options};
    EXPECT_TRUE(comes_up("127.0.0.1:" + port));
    return run_cli({"--url", "ws://127.0.0.1:" + port + "/ws", "--json", "call", "fail_unexpected"});
  };
  const auto plain = failure_with({});
  const auto debug = failure_with({"--debug"});

  EXPECT_EQ(plain.code, 9);
  EXPECT_THAT(plain.errors, Not(HasSubstr("data")));
  EXPECT_EQ(debug.code, 9);
  EXPECT_THAT(debug.errors, HasSubstr("\"data\":{\"traceback\":\""));
  EXPECT_THAT(debug.errors, HasSubstr("secret detail"));
}

// --- The gateway's welcome

/// Its three commands do what they promise, in another directory.
void expect_to_work(const welcome& w, const std::string& path = "$PATH") {
  ASSERT_EQ(w.commands.size(), 3U);
  const auto run = [&](std::size_t i) { return in_shell("PATH=" + path + "; cd / && " + w.commands[i]); };
  const auto list = run(0);
  const auto hello = run(1);
  const auto ticks = run(2);

  EXPECT_EQ(list.code, 0) << w.commands[0] << "\n" << list.errors;
  EXPECT_THAT(list.out, HasSubstr("greeter.hello"));
  EXPECT_EQ(hello.code, 0) << w.commands[1] << "\n" << hello.errors;
  EXPECT_THAT(hello.out, HasSubstr("Hello, Ada!"));
  EXPECT_EQ(ticks.code, 0) << w.commands[2] << "\n" << ticks.errors;
  EXPECT_EQ(std::count(ticks.out.begin(), ticks.out.end(), '\n'), 3);
}

TEST(Welcome, WorksFromAnywhere) {
  program gateway{"/bin/sh",
                  {"-c", "cd '" + program_directory() + "' && exec ./swill-gateway --port 0"},
                  program::terminal::output};
  expect_to_work(read_welcome(gateway));
}

TEST(Welcome, WorksOutOfADirectoryWithSpacesAndQuotes) {
  const fs::path directory = fs::path{program_directory()} / ("it's a test " + std::to_string(::getpid()));
  fs::create_directory(directory);
  for (const char* name : {"swill", "swill-gateway"})
    fs::create_hard_link(fs::path{program_directory()} / name, directory / name);
  {
    program gateway{directory / "swill-gateway", {"--listen", "[::1]:0"}, program::terminal::output};
    expect_to_work(read_welcome(gateway));
  }
  fs::remove_all(directory);
}

TEST(Welcome, SaysSwillWhenThatIsTheOneInThePath) {
  const std::string path = program_directory() + ":/usr/bin:/bin";
  program gateway{"/bin/sh", {"-c", "PATH='" + path + "' exec swill-gateway --port 0"}, program::terminal::output};

  const auto w = read_welcome(gateway);

  EXPECT_THAT(w.commands.at(0), StartsWith("swill --url ws://"));
  EXPECT_EQ(w.pages, std::vector{std::regex_replace(w.urls.at(0), std::regex{"^ws(.*)/ws$"}, "http$1/playground")});
  expect_to_work(w, "'" + path + "'");
}

// --- ./dev

TEST(Dev, AloneListsItsVerbs) {
  const fs::path dev = fs::path{SWILL_SOURCE_DIR} / "dev";
  const auto usage = program{dev, {}}.finish();

  EXPECT_EQ(usage.code, 0) << usage.errors;
  EXPECT_THAT(usage.out, StartsWith("usage: ./dev VERB"));
  // Each verb is a function do_VERB.
  std::ifstream script{dev};
  int verbs = 0;
  for (std::string line; std::getline(script, line);) {
    if (!line.starts_with("do_")) continue;
    std::string verb = line.substr(3, line.find('(') - 3);
    std::replace(verb.begin(), verb.end(), '_', '-');
    EXPECT_THAT(usage.out, HasSubstr("\n  " + verb + " "));
    ++verbs;
  }
  EXPECT_GT(verbs, 5);
  EXPECT_EQ((program{dev, {"nosuchverb"}}.finish().code), 2);
}

} // namespace
} // namespace swill::test
