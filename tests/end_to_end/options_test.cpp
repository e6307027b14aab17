#include "tests/end_to_end/program.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <stdexcept>
#include <string>
#include <sys/stat.h>
#include <utility>
#include <vector>

// What programs say of options that make no sense: all at once, by the names that they have on the command line.

namespace swill::test {
namespace {

using testing::AnyOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

program::ending ended(const std::string& name, const std::vector<std::string>& options) {
  return program{name, options}.finish();
}

TEST(Options, OfAGatewayThatMakeNoSenseAreToldByTheirNames) {
  const auto end = ended("swill-gateway",
                         {"--port", "0", "--nesting", "300", "--send-buffer", "0", "--path", "ws", "--default-deadline",
                          "60000", "--maximum-deadline", "30000", "--topic-conflate-by", "share"});
  EXPECT_EQ(end.code, 2);
  EXPECT_EQ(end.out, "");
  EXPECT_EQ(
      end.errors,
      "swill-gateway: --path: is \"ws\"; a path begins with a slash: \"/ws\" would be right\n"
      "--nesting: is 300; 2 to 256 would be right\n"
      "--send-buffer: is 0; 2 or more would be right\n"
      "--default-deadline: is 1 min, longer than --maximum-deadline (30 s); at most that would be right\n"
      "--topic-conflate-by: has no effect: --topic-overflow is not conflate; that, or no field, would be right\n");
}

TEST(Options, OfAWorkerThatMeanNothingWithoutRedisAreRefused) {
  for (const char* name : {"--session-idle", "--session-absolute", "--topic-history", "--topic-age", "--topic-count",
                           "--new-topics", "--new-topics-per-second", "--kept-size"}) {
    const auto end = ended("swill-worker", {"--gateway", "127.0.0.1:1", name, "5"});
    EXPECT_EQ(end.code, 2) << name;
    EXPECT_EQ(end.errors, "swill-worker: " + std::string{name} + ": has no effect without --redis\n");
  }
  const std::vector<std::pair<std::string, std::string>> others{
      {"--session-key", "/dev/null"},   {"--trust-forwarded-proto", ""},  {"--node-name", "n"},
      {"--topic-overflow", "conflate"}, {"--topic-conflate-by", "share"}, {"--redis-prefix", "p"}};
  for (const auto& [name, value] : others) {
    const auto end = ended("swill-worker", {"--gateway", "127.0.0.1:1", value.empty() ? name : name + "=" + value});
    EXPECT_EQ(end.code, 2) << name;
    EXPECT_EQ(end.errors, "swill-worker: " + name + ": has no effect without --redis\n");
  }
}

TEST(Options, OfAWorkerThatTheEnvironmentOfAGatewayHasAreNot) {
  const auto end = program{"/bin/sh",
                           {"-c", "SWILL_TOPIC_HISTORY=5 SWILL_SESSION_IDLE=5 exec '" + program_directory() +
                                      "/swill-worker' --gateway 127.0.0.1:1"}}
                       .finish();
  EXPECT_THAT(end.errors, Not(HasSubstr("has no effect")));
  EXPECT_THAT(end.errors, HasSubstr("--secret-file: is missing"));
}

/// Each option that names a file which is read, with what has to stand beside it; FILE is the same file.
const std::vector<std::pair<std::string, std::vector<std::string>>> files_of_gateways{
    {"--admin-token-file", {}},
    {"--session-key", {}},
    {"--static", {}},
    {"--workers-secret-file", {"--workers-listen", "127.0.0.1:0"}},
    {"--workers-tls-cert",
     {"--workers-listen", "127.0.0.1:0", "--workers-tls-key", "FILE", "--workers-tls-ca", "FILE"}},
    {"--listen-tls-cert", {"--listen-tls", "127.0.0.1:0", "--listen-tls-key", "FILE"}},
    {"--listen-tls-client-ca",
     {"--listen-tls", "127.0.0.1:0", "--listen-tls-cert", "FILE", "--listen-tls-key", "FILE"}},
    {"--redis-tls-ca", {"--redis", "rediss://127.0.0.1:1"}},
    {"--redis-tls-cert", {"--redis", "rediss://127.0.0.1:1", "--redis-tls-key", "FILE"}},
};
const std::vector<std::pair<std::string, std::vector<std::string>>> files_of_workers{
    {"--secret-file", {}},
    {"--tls-cert", {"--tls-key", "FILE", "--tls-ca", "FILE"}},
    {"--session-key", {"--redis", "redis://127.0.0.1:1"}},
    {"--redis-tls-ca", {"--redis", "rediss://127.0.0.1:1"}},
};
/// Of the command line client.
const std::vector<std::pair<std::string, std::vector<std::string>>> files_of_clients{
    {"--tls-ca", {"--url", "wss://127.0.0.1:1/ws", "ls"}},
    {"--tls-cert", {"--url", "wss://127.0.0.1:1/ws", "--tls-key", "FILE", "ls"}},
    {"--cookie-jar", {"ls"}},
    {"--admin-token-file", {"conns", "ls"}},
};

void expect_refused(const std::string& name, int code, const std::string& option, std::vector<std::string> given,
                    const std::string& file) {
  std::replace(given.begin(), given.end(), std::string{"FILE"}, file);
  given.insert(given.end(), {option, option == "--static" ? "/=" + file : file});
  const auto end = ended(name, given);
  EXPECT_EQ(end.code, code) << name << ' ' << option << ' ' << file << ": " << end.errors;
  EXPECT_THAT(end.errors, HasSubstr(file)) << name << ' ' << option;
}

TEST(Options, ThatNameFilesWhichCannotBeUsedEndAlike) {
  for (const std::string file : {"/no/such/file", "/dev/zero"}) {
    for (const auto& [option, beside] : files_of_gateways)
      expect_refused("swill-gateway", 2, option, with({"--port", "0"}, beside), file);
    for (const auto& [option, beside] : files_of_workers)
      expect_refused("swill-worker", 2, option, with({"--gateway", "127.0.0.1:1"}, beside), file);
    for (const auto& [option, beside] : files_of_clients) {
      if (option == "--cookie-jar" && file == "/no/such/file") continue; // is made
      expect_refused("swill", 1, option, beside, file);
    }
  }
}

/// A directory with a FIFO that nobody writes, a link to itself, and files.
struct bad_files {
  bad_files() {
    std::string name = (std::filesystem::temp_directory_path() / "swill-options-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no directory for the test");
    in = name;
    if (::mkfifo((in / "fifo").c_str(), 0600) != 0) throw std::runtime_error("no FIFO for the test");
    std::filesystem::create_symlink(in / "loop", in / "loop");
    std::ofstream{in / "empty"};
    std::ofstream{in / "short"} << "15 bytes of key\n";
    std::ofstream{in / "zeros"} << std::string(64, '\0');
  }
  ~bad_files() { std::filesystem::remove_all(in); }
  std::string operator/(const char* name) const { return in / name; }
  std::filesystem::path in;
};

TEST(Options, ThatNameAFileOfTlsDoNotWaitForAFifo) {
  const bad_files bad;
  const std::string why = "\"" + bad / "fifo" + "\" is no regular file";
  const std::vector<std::string> redis{"--redis", "rediss://127.0.0.1:1", "--redis-tls-ca", bad / "fifo"};
  for (const auto& end : {ended("swill-gateway", with({"--port", "0"}, redis)),
                          ended("swill-worker", with({"--gateway", "127.0.0.1:1"}, redis)),
                          ended("swill", {"--url", "wss://127.0.0.1:1/ws", "--tls-ca", bad / "fifo", "ls"})}) {
    EXPECT_THAT(end.errors, HasSubstr("tls-ca"));
    EXPECT_THAT(end.errors, HasSubstr(why));
  }
}

TEST(Options, SayWhichSessionKeyIsTooShort) {
  const bad_files bad;
  for (const char* name : {"empty", "short"}) {
    const auto end = ended("swill-gateway", {"--port", "0", "--session-key", bad / name});
    EXPECT_EQ(end.code, 2);
    EXPECT_EQ(end.errors,
              "swill-gateway: --session-key: \"" + bad / name + "\" holds no secret of at least 16 bytes\n");
  }
}

TEST(Options, TakeNoZerosForASecret) {
  const bad_files bad;
  const auto end = ended("swill-gateway", {"--port", "0", "--admin-token-file", bad / "zeros"});
  EXPECT_EQ(end.code, 2);
  EXPECT_EQ(end.errors,
            "swill-gateway: --admin-token-file: \"" + bad / "zeros" + "\" holds zeros, which are no secret\n");
}

TEST(Options, ThatNameALogWhichCannotBeEndAlike) {
  const bad_files bad;
  for (const std::string& file : {bad / "fifo", bad / "loop", bad.in.string(), bad / "empty/log"}) {
    const auto end = ended("swill-gateway", {"--port", "0", "--log-file", file});
    EXPECT_EQ(end.code, 2) << file;
    EXPECT_THAT(end.errors, HasSubstr("swill-gateway: --log-file: the log cannot be written to " + file));
  }
}

TEST(Options, ThatNameOneAddressTwiceAreToldByBothNames) {
  const std::string at = "127.0.0.1:1";
  const auto errors = [&](const std::string& one, const std::string& other) {
    const auto end = ended("swill-gateway", {one, at, other, at});
    EXPECT_EQ(end.code, 2);
    EXPECT_EQ(end.errors, "swill-gateway: " + other + ": is \"" + at + "\", as " + one +
                              " is; an address of its own would be right\n");
  };
  errors("--listen", "--listen");
  errors("--listen", "--listen-tls");
  errors("--listen", "--internal-listen");
  errors("--listen", "--workers-listen");
  EXPECT_THAT(ended("swill-gateway", {"--listen", at, "--port", "1"}).errors, HasSubstr("--port: is"));
  EXPECT_EQ(
      ended("swill-gateway", {"--listen", at, "--workers-listen", "0.0.0.0:1"}).errors,
      "swill-gateway: --workers-listen: is \"0.0.0.0:1\", which takes in \"127.0.0.1:1\" of --listen; another port "
      "would be right\n");
}

TEST(Options, OfTlsHaveNoEffectBesideAUrlWithoutIt) {
  for (const std::string url : {"ws://127.0.0.1:1/ws", "unix:/no/such/socket"}) {
    for (const std::string option : {"--tls-ca", "--tls-server-name"}) {
      const auto end = ended("swill", {"--url", url, option, "value", "ls"});
      EXPECT_EQ(end.code, 1);
      EXPECT_THAT(end.errors, HasSubstr(option + ": has no effect with " + url + ", which is not wss://"));
    }
  }
}

TEST(Options, OfAGatewayThatHaveNoEffectAreRefused) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
      {{"--workers-tls-cert", "a.pem"}, "--workers-tls-cert: has no effect without --workers-listen"},
      {{"--workers-secret-file", "a"}, "--workers-secret-file: has no effect without --workers-listen"},
      {{"--workers-hide-header", "Cookie"}, "--workers-hide-header: has no effect without --workers-listen"},
      {{"--workers-wait", "5"}, "--workers-wait: has no effect without --workers-listen"},
      {{"--redis-prefix", "swill:"}, "--redis-prefix: has no effect without --redis"},
      {{"--kept-size", "1", "--redis", "redis://h"}, "--kept-size: has no effect with --redis, which keeps them"},
      {{"--new-topics", "0", "--new-topics-per-second", "1"},
       "--new-topics-per-second: has no effect where --new-topics is 0: any number"},
      {{"--ping-interval", "0", "--ping-timeout", "5"},
       "--ping-timeout: has no effect where --ping-interval is 0: no pings"},
  };
  for (const auto& [given, said] : cases) {
    const auto end = ended("swill-gateway", given);
    EXPECT_EQ(end.code, 2) << said;
    EXPECT_EQ(end.errors, "swill-gateway: " + said + "\n");
  }
}

TEST(Options, OfALogThatHaveNoEffectAreRefused) {
  for (const std::string name : {"swill-gateway", "swill-worker"}) {
    const auto errors = [&name](std::vector<std::string> given) {
      if (name == "swill-worker") given.insert(given.end(), {"--gateway", "127.0.0.1:1"});
      const auto end = ended(name, given);
      EXPECT_EQ(end.code, 2) << given.front();
      return end.errors;
    };
    EXPECT_EQ(errors({"--log-file-size", "1"}), name + ": --log-file-size: has no effect without --log-file\n");
    EXPECT_EQ(errors({"--log-old-files", "1"}), name + ": --log-old-files: has no effect without --log-file\n");
    EXPECT_EQ(errors({"--log-to", "stderr", "--log-file", "/dev/null"}),
              name + ": --log-to: has no effect beside --log-file\n");
    EXPECT_EQ(errors({"--log-access-rate", "1"}),
              name + ": --log-access-rate: has no effect without --log-room access=debug\n");
  }
}

TEST(Options, AreSummedUpWhereManyHandlersHaveTheSameMistake) {
  const auto end = ended("swill-gateway", {"--rpc-name", "1"});

  EXPECT_EQ(end.code, 2);
  EXPECT_EQ(std::count(end.errors.begin(), end.errors.end(), '\n'), 6);
  EXPECT_THAT(end.errors, ContainsRegex("\nand [0-9]+ more like this\n$"));
}

TEST(Options, OfAMessageThatHoldsNoCallAreRefused) {
  for (const std::string size : {"1", "7", "16"}) { // the last was meant as MiB
    const auto end = ended("swill-gateway", {"--port", "0", "--message-size", size});
    EXPECT_EQ(end.code, 2);
    EXPECT_EQ(end.errors, "swill-gateway: --message-size: is " + size + "; 28 or more would be right\n");
  }
}

TEST(Options, ThatContradictEachOtherAreToldByTheirNames) {
  const auto end = ended("swill-gateway", {"--message-size", "1048577", "--connection-memory", "1048576"});

  EXPECT_EQ(end.code, 2);
  EXPECT_EQ(end.errors,
            "swill-gateway: --message-size: is 1048577, more than --connection-memory (1048576), which keeps a message "
            "until it is complete; at most that would be right, or a --connection-memory of 1048577 or more\n");
}

TEST(Options, AreShownAndNotObeyed) {
  EXPECT_EQ(ended("swill-gateway", {"--node-name", "a\n2026-01-01T00:00:00.000Z info forged"}).errors,
            "swill-gateway: --node-name: is \"a\\x0a2026-01-01T00:00:00.000Z info forged\"; text without control "
            "characters, in UTF-8, would be right\n");
  EXPECT_EQ(ended("swill-gateway", {"--node-name", std::string(65, 'n')}).errors,
            "swill-gateway: --node-name: has 65 bytes; at most 64 would be right\n");
  EXPECT_THAT(ended("swill-worker", {"--gateway", "127.0.0.1:1", "--name", "\x1b[2J"}).errors,
              HasSubstr("--name: is \"\\x1b[2J\"; text"));
  for (const char* option : {"--listen", "--path", "--log-level", "--admin-token-file", "--origin", "--port"}) {
    const auto end = ended("swill-gateway", {option, "unix:a\x1b\nb"});
    EXPECT_NE(end.code, 0) << option;
    EXPECT_THAT(end.errors, HasSubstr("a\\x1b\\x0ab")) << option;
  }
}

TEST(Options, OfOneValueAreGivenOnce) {
  const auto end = ended("swill-gateway", {"--message-size", "2000", "--message-size", "3000"});
  EXPECT_EQ(end.code, 2);
  EXPECT_EQ(end.errors,
            "swill-gateway: --message-size: is given 2 times; once would be right\nRun with --help for more "
            "information.\n");
  const auto of_verb = ended("swill", {"ping", "-n", "1", "--count", "2", "-n", "3"});
  EXPECT_EQ(of_verb.code, 1);
  EXPECT_EQ(of_verb.errors, "swill: --count: is given 3 times; once would be right\nTry 'swill --help'.\n");
  EXPECT_EQ(ended("swill-gateway", {"--version", "--debug", "--debug"}).code, 0);
}

TEST(Options, ThatAreMisspeltAreNamedAndWhatMayBeMeant) {
  const std::string more = "\nRun with --help for more information.\n";
  EXPECT_EQ(ended("swill-gateway", {"--prot", "80"}).errors,
            "swill-gateway: there is no option '--prot': did you mean '--port'?" + more);
  EXPECT_EQ(ended("swill-worker", {"--gatway=h:1"}).errors,
            "swill-worker: there is no option '--gatway=h:1': did you mean '--gateway'?" + more);
  EXPECT_THAT(ended("swill-gateway", {"--tls-cert", "x"}).errors,
              testing::AllOf(HasSubstr("there is no option '--tls-cert': did you mean '"),
                             HasSubstr("'--listen-tls-cert'"), HasSubstr("'--workers-tls-cert'")));
  EXPECT_EQ(ended("swill-gateway", {"--tls", "x"}).errors,
            "swill-gateway: there is no option '--tls': did you mean '--listen-tls'?" + more);
  EXPECT_THAT(ended("swill", {"--shape", "unary", "call", "math.add"}).errors,
              HasSubstr("there is no option '--shape': one of the verbs has it, and it stands after that\n"));
  EXPECT_EQ(ended("swill-gateway", {"--n\x1b\n"}).errors, "swill-gateway: there is no option '--n\\x1b\\x0a'" + more);
}

TEST(Options, ThatAreSwitchesTakeTheWordsOfSwitchesAlone) {
  const std::pair<const char*, std::string> switches[] = {{"swill-gateway", "--introspection"},
                                                          {"swill-gateway", "--no-introspection"},
                                                          {"swill-worker", "--health"},
                                                          {"swill-conformance", "--debug"},
                                                          {"swill", "--json"}};
  for (const auto& [program, name] : switches) {
    for (const char* odd : {"10k", "0x10", "1.5", "-1", "-", "t", "enable", "maybe", "2"}) {
      const auto end = ended(program, {name + "=" + odd});
      EXPECT_EQ(end.code, std::string{program} == "swill" ? 1 : 2) << program << odd;
      EXPECT_THAT(end.errors, HasSubstr(name + ": '" + odd + "' is none of true, on, yes, 1, false, off, no, 0"));
    }
  }
  for (const char* good : {"true", "ON", "yes", "1", "false", "off", "No", "0"}) {
    const auto end = ended("swill-gateway", {"--listen", "127.0.0.1:1x", std::string{"--debug="} + good});
    EXPECT_THAT(end.errors, HasSubstr("the port is no number")) << good;
  }
  ASSERT_EQ(::setenv("SWILL_INTROSPECTION", "0x10", 1), 0);
  const auto end = ended("swill-gateway", {"--listen", "127.0.0.1:1x"});
  ::unsetenv("SWILL_INTROSPECTION");
  EXPECT_THAT(end.errors, HasSubstr("--introspection (SWILL_INTROSPECTION): '0x10' is none of"));
}

TEST(Options, ThatAreAddressesMustBeSuch) {
  EXPECT_THAT(ended("swill-worker", {"--gateway", "ws://127.0.0.1:9000"}).errors, HasSubstr("no HOST:PORT"));
  EXPECT_THAT(ended("swill-worker", {"--gateway", "a b:1"}).errors, HasSubstr("no HOST:PORT"));
  EXPECT_THAT(ended("swill-gateway", {"--redis", "redis://a b:1"}).errors, HasSubstr("there can be no such host"));
  EXPECT_THAT(ended("swill-gateway", {"--listen", "http://127.0.0.1:0"}).errors, HasSubstr("it has a scheme"));
  EXPECT_THAT(ended("swill-worker", {"--gateway", "h:1"}).errors, HasSubstr("--secret-file: is missing; one of 16"));
}

/// The options of a program that take a value, as its help shows them: "--port PORT".
std::map<std::string, std::string> values_of(const std::string& name) {
  const std::string help = ended(name, {"--help"}).out;
  const std::regex pattern{"\n +(?:-[a-zA-Z],)?(--[a-z-]+) ([A-Z]+)"};
  std::map<std::string, std::string> all;
  for (auto i = std::sregex_iterator{help.begin(), help.end(), pattern}; i != std::sregex_iterator{}; ++i)
    all.emplace((*i)[1], (*i)[2]);
  return all;
}

TEST(Options, NeedValuesThatAreNotEmpty) {
  for (const char* name : {"swill-gateway", "swill-worker", "swill-conformance"}) {
    const auto all = values_of(name);
    EXPECT_GE(all.size(), 3U) << name;
    for (const auto& [option, what] : all) {
      const auto end = ended(name, {option, ""});
      EXPECT_EQ(end.code, 2) << name << " " << option;
    }
  }
  EXPECT_THAT(ended("swill-gateway", {"--log-file", ""}).errors, HasSubstr("--log-file: is empty; a value"));
}

TEST(Options, SayInWhichUnitTheyCount) {
  for (const char* name : {"swill-gateway", "swill-worker", "swill-conformance"}) {
    for (const auto& [option, what] : values_of(name)) EXPECT_THAT(what, Not(AnyOf("INT", "UINT", "FLOAT"))) << option;
  }
  EXPECT_EQ(values_of("swill-gateway").at("--rpc-name"), "BYTES");
  EXPECT_EQ(values_of("swill-gateway").at("--topic-age"), "SECONDS");
  EXPECT_THAT(ended("swill", {"--help-all"}).out, Not(ContainsRegex("[^A-Z](INT|UINT|FLOAT)[^A-Z]")));
}

TEST(Options, AreDecimalNumbersWithinTheirBounds) {
  for (const char* wrong :
       {"-1", "010", "0x10", "1.5", " 5", "5 ", "1025", "99999999999999999999", "-18446744073709551615"})
    EXPECT_EQ(ended("swill-gateway", {"--workers", wrong}).code, 2) << wrong;
  EXPECT_THAT(ended("swill-gateway", {"--workers", "1025"}).errors,
              HasSubstr("--workers: '1025' is no whole number from 0 to 1024"));
}

TEST(Options, OfAWorkerThatMakeNoSenseAreToldByTheirNames) {
  const auto end = ended("swill-worker", {"--gateway", "127.0.0.1:1", "--tls-cert", "a.pem", "--prefix", "swill"});
  EXPECT_EQ(end.code, 2);
  EXPECT_THAT(end.errors,
              HasSubstr("--tls-cert, --tls-key and --tls-ca: certificate, key and authority belong together"));
  EXPECT_THAT(end.errors, HasSubstr("names that begin with \"swill.\" are the library's; any other would be right"));
}

} // namespace
} // namespace swill::test
