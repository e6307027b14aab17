#include "tests/end_to_end/cli.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <sys/stat.h>
#include <unistd.h>

namespace swill::test {
namespace {

using testing::ContainsRegex;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST_F(Cli, ListsHandlers) {
  const auto text = swill({"ls"});
  const auto json = swill({"ls", "--json"});

  EXPECT_EQ(text.code, 0) << text.errors;
  EXPECT_THAT(text.out, HasSubstr("tuple[int, int]"));
  EXPECT_THAT(text.out, testing::ContainsRegex("double +stream int +→  stream int\n"));
  EXPECT_THAT(json.out, StartsWith("[{\"name\":\"add\",\"request\":{\"streams\":false"));
}

TEST_F(Cli, DescribesOneHandler) {
  const auto text = swill({"describe", "place"});
  EXPECT_EQ(text.code, 0) << text.errors;
  EXPECT_THAT(text.out, StartsWith("place\nPlaces an order\nrequest: order\n  sku: str"));
  EXPECT_THAT(text.out, HasSubstr("stock keeping unit"));
  EXPECT_THAT(swill({"describe", "place", "--json"}).out, StartsWith("{\"name\":\"place\""));
  EXPECT_EQ(swill({"describe", "nosuch"}).code, 5);
}

TEST_F(Cli, DescribesTheRulesOfItems) {
  EXPECT_EQ(swill({"describe", "tag"}).out, "tag\nrequest: tagged\n"
                                            "  tags: list[str]  length at least 1\n"
                                            "    each item: str  matches ^[a-z]+$\n"
                                            "  marks: dict[str, int]\n"
                                            "    each value: int  format \"int32\"  at least 1, at most 6\n"
                                            "  note: str | None  optional true  default null\n"
                                            "    as: str  length at least 2\n"
                                            "response: None\n");
}

TEST_F(Cli, Introspects) {
  const auto all = swill({"introspect"});
  EXPECT_EQ(all.code, 0) << all.errors;
  EXPECT_THAT(all.out, HasSubstr("\"name\":\"double\""));
}

TEST_F(Cli, CallsUnaryHandlers) {
  const auto sum = swill({"call", "add", "[20, 22]"});
  EXPECT_EQ(sum.out, "42\n");
  EXPECT_EQ(sum.code, 0);
  EXPECT_EQ(swill({"call", "echo"}).out, "null\n");
  EXPECT_EQ(swill({"call", "place", R"({"sku": "a", "quantity": 3})"}).out, "3\n");
}

TEST_F(Cli, PrintsStreamedResponsesAsLines) {
  EXPECT_EQ(swill({"call", "count", "3"}).out, "1\n2\n3\n");
  EXPECT_EQ(swill({"stream", "count", "2"}).out, "1\n2\n");
  EXPECT_THAT(swill({"call", "swill.introspect"}).out, StartsWith("{\"name\":\"add\""));
}

TEST_F(Cli, StreamsItemsFromStdin) {
  EXPECT_EQ(swill({"stream", "sum"}, "1\n2\n\n39").out, "42\n");
  EXPECT_EQ(swill({"stream", "double"}, "1\n2\n").out, "2\n4\n");
  EXPECT_EQ(swill({"stream", "sum", "5"}).out, "5\n");
  EXPECT_EQ(swill({"stream", "add", "[1,2]"}).out, "3\n");
}

TEST_F(Cli, StreamsBothWaysAsItGoes) {
  program p{"swill", with_url({"stream", "double"})};
  p.write("1\n");
  EXPECT_EQ(p.read_line(), "2");
  p.write("21\n");
  EXPECT_EQ(p.read_line(), "42");
  const auto end = p.finish();
  EXPECT_EQ(end.code, 0) << end.errors;
  EXPECT_EQ(end.out, "");
}

TEST_F(Cli, AnswersWhileStdinIsStillOpen) {
  program p{"swill", with_url({"stream", "double"})};
  p.write("\"no int\"\n");
  EXPECT_THAT(p.read_errors(), HasSubstr("422"));
  EXPECT_EQ(p.finish().code, 4);
}

TEST_F(Cli, MapsJsonToMessagePackAndBack) {
  const auto echo = [this](const std::string& json) { return swill({"call", "echo", json}).out; };
  EXPECT_EQ(echo(R"({"b":{"$bin":"AAEC"}})"), "{\"b\":{\"$bin\":\"AAEC\"}}\n");
  EXPECT_EQ(echo(R"({"$ext":[5,"AA=="]})"), "{\"$ext\":[5,\"AA==\"]}\n");
  EXPECT_EQ(echo(R"({"$ext":[-1,"AAAAAQ=="]})"), "\"1970-01-01T00:00:01Z\"\n");
  EXPECT_EQ(echo("[18446744073709551615,-9223372036854775808,9007199254740993,1.5]"),
            "[18446744073709551615,-9223372036854775808,9007199254740993,1.5]\n");
  EXPECT_EQ(echo(R"({"$map":[[1,"a"],[[true,null],"b"]]})"), "{\"1\":\"a\",\"[true,null]\":\"b\"}\n");
}

TEST_F(Cli, SendsMetadataAndHeaders) {
  EXPECT_EQ(swill({"call", "metadata", "-m", "a=1", "-m", "b=text", "--timeout", "90s"}).out,
            "{\"a\":1,\"b\":\"text\",\"timeout_ms\":90000}\n");
  EXPECT_EQ(swill({"-H", "X-Test: yes", "call", "header"}).out, "\"yes\"\n");
}

TEST_F(Cli, EndsWithTheClassOfTheError) {
  const auto code = [this](const std::string& n) { return swill({"call", "fail", n}).code; };
  EXPECT_EQ(code("400"), 3);
  EXPECT_EQ(code("501"), 3);
  EXPECT_EQ(swill({"call", "place", R"({"sku": "", "quantity": 1})"}).code, 4);
  EXPECT_EQ(swill({"call", "nosuch"}).code, 5);
  EXPECT_EQ(swill({"call", "hang", "--timeout", "50ms"}).code, 6);
  EXPECT_EQ(code("401"), 7);
  EXPECT_EQ(code("403"), 7);
  EXPECT_EQ(code("429"), 8);
  EXPECT_EQ(code("503"), 8);
  EXPECT_EQ(code("500"), 9);
  EXPECT_EQ(code("499"), 10);
  EXPECT_EQ(code("12345"), 11);
}

TEST_F(Cli, EndsWithOneForWrongUse) {
  for (const std::vector<std::string>& wrong : std::vector<std::vector<std::string>>{{},
                                                                                     {"nosuchverb"},
                                                                                     {"call"},
                                                                                     {"call", "add", "["},
                                                                                     {"call", "sum"},
                                                                                     {"-m", "x", "ls"},
                                                                                     {"-H", "x", "ls"},
                                                                                     {"--timeout", "soon", "ls"},
                                                                                     {"--url", "http://x", "ls"}}) {
    const auto end = wrong.empty() || wrong[0] != "--url" ? swill(wrong) : run_cli(wrong);
    EXPECT_EQ(end.code, 1) << testing::PrintToString(wrong) << end.errors;
    EXPECT_THAT(end.errors, StartsWith("swill: ")) << testing::PrintToString(wrong);
  }
  EXPECT_EQ(swill({"stream", "sum"}, "1\nno json\n").code, 1);
}

TEST(CliUse, IsRefusedBeforeAnybodyIsAsked) {
  using line = std::vector<std::string>;
  const std::string largest_seq = "9007199254740992"; // 2^53
  for (const line& wrong : std::vector<line>{{"sub", "t", "--since", ""},
                                             {"sub", "t", "--since", "17"},
                                             {"sub", "t", "--since", "17:"},
                                             {"sub", "t", "--since", "17:-1"},
                                             {"sub", "t", "--since=-1:17"},
                                             {"sub", "t", "--since", "17:" + largest_seq},
                                             {"sub", "t", "--since", largest_seq + ":17"},
                                             {"sub", "t", "--since", R"({"epoch": 17, "offset": -1})"},
                                             {"sub", "t", "--since", R"({"epoch": 17, "offset": 4.5})"},
                                             {"sub", "t", "--since", R"({"epoch": "17", "offset": 4})"},
                                             {"sub", "t", "-n", "0"},
                                             {"sub", ""},
                                             {"pub", "t", ""},
                                             {"pub", "t", "{"},
                                             {"pub", "t", "--key", "k"},
                                             {"pub", "t", "1", "--key", ""},
                                             {"call", ""},
                                             {"call", "add", ""},
                                             {"call", "add", "["},
                                             {"call", "add", "--shape", ""},
                                             {"describe", ""},
                                             {"ping", "-n", "-1"},
                                             {"ping", "-n", "010"},
                                             {"ping", "-m", "a=1"},
                                             {"bench", "add", "-s", "nan"},
                                             {"bench", "add", "-s", "inf"},
                                             {"bench", "add", "-c", "0"},
                                             {"bench", "add", "-d", "1e3"},
                                             {"ls", "--timeout", ""},
                                             {"ls", "--timeout", "-1s"},
                                             {"ls", "--timeout", "0"},
                                             {"ls", "--timeout", "nan"},
                                             {"ls", "--timeout", "1e300"},
                                             {"ls", "--cookie-jar", ""},
                                             {"ls", "-H", ""},
                                             {"ls", "-m", ""},
                                             {"conns", "ls", "--user", ""},
                                             {"conns", "ls", "--limit", "-1"},
                                             {"conns", "ls", "--limit", "0"},
                                             {"conns", "ls", "--limit", "5", "--all"},
                                             {"conns", "ls", "--older-than", "inf"},
                                             {"conns", "show", ""},
                                             {"conns", "show", "id", "--user", "ann"},
                                             {"conns", "close", "id", "--code", "999"},
                                             {"conns", "close", "--user", "ann", "--node", "n"},
                                             {"conns", "cancel", "id", "7", "--user", "ann"},
                                             {"conns", "cancel", "id", "-1"},
                                             {"conns", "cancel", "id", "0"},
                                             {"conns", "cancel", "id", largest_seq},
                                             {"conns", "cancel", "id", "99999999999999999999"},
                                             {"conns", "cancel", "id", "1.5"}}) {
    line arguments{"--url", "unix:/no/such/socket"};
    arguments.insert(arguments.end(), wrong.begin(), wrong.end());
    EXPECT_EQ(run_cli(arguments).code, 1) << testing::PrintToString(wrong);
  }
  EXPECT_EQ(run_cli({"--url", "", "ls"}).code, 1);
  // What is just right gets as far as the connection that there is not.
  for (const line& right : std::vector<line>{{"conns", "cancel", "id", "9007199254740991", "--reason", ""},
                                             {"conns", "cancel", "id", "1"},
                                             {"sub", "t", "--since", "0:9007199254740991"},
                                             {"sub", "t", "--since", R"({"epoch": 17, "offset": 4, "data": null})"}}) {
    line arguments{"--url", "unix:/no/such/socket"};
    arguments.insert(arguments.end(), right.begin(), right.end());
    EXPECT_EQ(run_cli(arguments).code, 2) << testing::PrintToString(right);
  }
}

TEST(CliUse, IsShownAndNotObeyedWhereItIsWrong) {
  EXPECT_EQ(run_cli({"ls", "--timeout", "a\x1b\nb"}).errors,
            "swill: --timeout: 'a\\x1b\\x0ab' is no time such as 500ms, 2s or 1m\nTry 'swill --help'.\n");
}

TEST_F(Cli, SaysWhichHandlerMayHaveBeenMeant) {
  const std::string meant = "did you mean 'place'?";
  for (const char* verb : {"describe", "call", "stream", "bench"}) {
    const auto near = swill({verb, "plaec"});
    EXPECT_EQ(near.code, 5) << verb;
    EXPECT_THAT(near.errors, HasSubstr(": " + meant)) << verb;
    EXPECT_THAT(swill({verb, "nothing.like.it"}).errors, Not(HasSubstr("did you mean"))) << verb;
  }
  EXPECT_THAT(swill({"call", "plaec", "--shape", "unary"}).errors, Not(HasSubstr("did you mean"))) << "nobody is asked";
  EXPECT_THAT(swill({"describe", "swill.introspct"}).errors, HasSubstr("did you mean 'swill.introspect'?"));
}

TEST_F(Cli, SaysWhatMayHaveBeenMeant) {
  EXPECT_THAT(run_cli({"strem", "count"}).errors, HasSubstr("there is no verb 'strem': did you mean 'stream'?"));
  EXPECT_THAT(run_cli({"conns", "lst"}).errors, HasSubstr("there is no verb 'lst': did you mean 'ls'?"));
  EXPECT_THAT(run_cli({"frobnicate"}).errors, HasSubstr("there is no verb 'frobnicate'; there are ls, describe,"));
  EXPECT_THAT(run_cli({"ls", "--jsno"}).errors, HasSubstr("there is no option '--jsno': did you mean '--json'?"));
}

TEST_F(Cli, HelpOfAVerbShowsTheCommonOptions) {
  const auto of_call = run_cli({"call", "--help"});
  EXPECT_EQ(of_call.code, 0);
  EXPECT_THAT(of_call.out, HasSubstr("--shape"));
  EXPECT_THAT(of_call.out, ContainsRegex("Common options:\n  --url"));
  EXPECT_THAT(of_call.out, HasSubstr("--timeout"));
  EXPECT_THAT(run_cli({"conns", "ls", "--help"}).out, HasSubstr("--admin-token-file"));
}

TEST_F(Cli, NamesTheLineOfStdinThatIsNoJson) {
  const auto end = swill({"stream", "sum"}, "1\n\n{no json\n4\n");
  EXPECT_EQ(end.code, 1);
  EXPECT_THAT(end.errors, HasSubstr("swill: line 3 of stdin: not JSON at byte 3: syntax error"));
  EXPECT_THAT(swill({"stream", "sum"}, "1\n{\"$bin\":5}\n").errors, HasSubstr("line 2 of stdin: $bin wants"));
  std::string cut = "1\n2";
  cut.push_back('\0');
  EXPECT_THAT(swill({"stream", "sum"}, cut + " 3\n").errors,
              HasSubstr("line 2 of stdin: not JSON at byte 2: there is a NUL"));
  EXPECT_THAT(swill({"call", "echo", "Ada"}).errors,
              HasSubstr("a text has quotes, and the shell wants its own around them: '\"Ada\"'"));
  EXPECT_LT(swill({"stream", "sum"}, std::string(100'000, '"')).errors.size(), 1000U);
}

TEST_F(Cli, EndsWithTwoWithoutAConnection) {
  EXPECT_EQ(run_cli({"--url", "unix:/no/such/socket", "ls"}).code, 2);
  EXPECT_EQ(swill({"call", "close"}).code, 2);
}

TEST_F(Cli, EndsWithTheClassOfARejection) {
  const auto code = [this](const char* status) { return swill({"-H", std::string{"X-Reject: "} + status, "ls"}).code; };
  EXPECT_EQ(code("401"), 7);
  EXPECT_EQ(code("403"), 7);
  EXPECT_EQ(code("429"), 8);
  EXPECT_EQ(code("503"), 8);
  EXPECT_EQ(code("404"), 2);
  EXPECT_EQ(code("500"), 2);
  EXPECT_THAT(swill({"-H", "X-Reject: 403", "ls"}).errors, HasSubstr("go away\\x1b[2J"));
}

/// `swill` with one of its standard descriptors redirected by a shell.
program::ending redirected(const std::string& how, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"-c", "exec \"$0\" \"$@\" " + how, program_directory() + "/swill"});
  return program{"/bin/sh", arguments}.wait();
}

TEST_F(Cli, FailsWhenItsOutputCannotBeWritten) {
  for (const std::vector<std::string>& what : std::vector<std::vector<std::string>>{
           {"call", "add", "[1, 2]"}, {"call", "count", "100000"}, {"ls"}, {"ls", "--json"}, {"ping", "-n", "1"}}) {
    for (const char* where : {">/dev/full", ">&-"}) {
      const auto end = redirected(where, with_url(what));
      EXPECT_EQ(end.code, 12) << testing::PrintToString(what) << where;
      EXPECT_THAT(end.errors, HasSubstr("standard output")) << testing::PrintToString(what) << where;
    }
  }
  for (const char* question : {"--help", "--version"}) EXPECT_EQ(redirected(">/dev/full", {question}).code, 12);
  EXPECT_THAT(redirected(">/dev/full", with_url({"--json", "call", "add", "[1, 2]"})).errors,
              EndsWith("\"exit_code\":12}}\n"));
}

TEST_F(Cli, TakesAClosedStdinForAnEmptyOne) {
  const auto end = redirected("<&-", with_url({"stream", "sum"}));
  EXPECT_EQ(end.code, 0) << end.errors;
  EXPECT_EQ(end.out, "0\n");
  EXPECT_EQ(redirected("<&- 2>&-", with_url({"call", "add", "[1, 2]"})).out, "3\n");
}

TEST_F(Cli, ShowsMetadataOfTheAnswer) {
  const auto quiet = swill({"call", "told"});
  const auto verbose = swill({"-v", "call", "told"});
  const auto stream = swill({"call", "tells", "2", "-v"});
  const auto json = swill({"--json", "call", "told"});

  EXPECT_EQ(quiet.errors, "");
  EXPECT_EQ(verbose.out, "5\n");
  EXPECT_EQ(verbose.errors, "leading {\"engine\":\"v7\"}\ntrailing {\"words\":1}\n");
  EXPECT_EQ(stream.out, "1\n2\n");
  EXPECT_EQ(stream.errors, "leading {\"engine\":\"v8\"}\ntrailing {\"words\":2}\n");
  EXPECT_EQ(json.out, "5\n");
  EXPECT_EQ(json.errors, "{\"leading\":{\"engine\":\"v7\"}}\n{\"trailing\":{\"words\":1}}\n");
  EXPECT_EQ(swill({"-v", "call", "add", "[1, 2]"}).errors, "");
}

TEST_F(Cli, KeepsASessionInACookieJar) {
  namespace fs = std::filesystem;
  const fs::path jar = fs::temp_directory_path() / ("swill-cli-jar-" + std::to_string(::getpid()));
  std::ofstream{jar}
      << "# Netscape HTTP Cookie File\n# mine\n#HttpOnly_example.org\tFALSE\t/\tTRUE\t0\tother\tsecret\n";
  fs::permissions(jar, fs::perms{0644});
  const auto visit = [&] { return swill({"--cookie-jar", jar.string(), "call", "visit"}); };

  EXPECT_EQ(visit().out, "1\n");
  EXPECT_EQ(visit().out, "2\n");
  EXPECT_EQ(swill({"call", "visit"}).out, "1\n");
  EXPECT_EQ(visit().out, "3\n");

  std::ifstream in{jar};
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  EXPECT_THAT(text, StartsWith("# Netscape HTTP Cookie File\n# "
                               "mine\n#HttpOnly_example.org\tFALSE\t/"
                               "\tTRUE\t0\tother\tsecret\n#HttpOnly_127.0.0.1\tFALSE\t/\tFALSE\t0\tswill\t"));
  EXPECT_EQ(fs::status(jar).permissions(), fs::perms{0600});
  fs::remove(jar);
  EXPECT_EQ(visit().out, "1\n") << "no file is an empty jar";
  EXPECT_EQ(fs::status(jar).permissions(), fs::perms{0600});
  fs::remove(jar);
  EXPECT_EQ(swill({"--cookie-jar", "/no/such/directory/jar", "call", "visit"}).code, 1);
}

TEST_F(Cli, ReplacesNoFileThatIsNoCookieJar) {
  namespace fs = std::filesystem;
  const fs::path place = fs::temp_directory_path() / ("swill-cli-no-jar-" + std::to_string(::getpid()));
  fs::create_directory(place);
  const auto visit = [&](const fs::path& jar) { return swill({"--cookie-jar", jar.string(), "call", "visit"}); };
  const auto content = [](const fs::path& of) {
    std::ifstream in{of};
    return std::string{std::istreambuf_iterator<char>{in}, {}};
  };
  const std::string first_line = "# Netscape HTTP Cookie File\n";
  const fs::path notes = place / "notes";
  const fs::path large = place / "large";
  const fs::path fifo = place / "fifo";
  const fs::path link = place / "link";
  std::ofstream{notes} << "what I must not forget\n";
  std::ofstream{large} << first_line << std::string(64 * 1024, '#');
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  fs::create_symlink("/dev/null", link);
  fs::create_symlink(place / "nothing", place / "dangling");

  for (const fs::path& wrong : {notes, large, fifo, link, place, place / "dangling", fs::path{"/dev/zero"}}) {
    const auto end = visit(wrong);
    EXPECT_EQ(end.code, 1) << wrong;
    EXPECT_THAT(end.errors, StartsWith("swill: --cookie-jar: ")) << wrong;
    EXPECT_THAT(end.errors, HasSubstr(wrong.string())) << wrong;
  }

  EXPECT_EQ(content(notes), "what I must not forget\n");
  EXPECT_TRUE(fs::is_fifo(fifo));
  EXPECT_TRUE(fs::is_character_file(link));
  EXPECT_TRUE(fs::is_symlink(place / "dangling"));

  // An empty file becomes a jar, and a link to a jar stays a link.
  const fs::path jar = place / "jar";
  std::ofstream{jar}.flush();
  fs::create_symlink(jar, place / "to jar");
  EXPECT_EQ(visit(place / "to jar").out, "1\n");
  EXPECT_EQ(visit(jar).out, "2\n");
  EXPECT_TRUE(fs::is_symlink(place / "to jar"));
  EXPECT_THAT(content(jar), StartsWith(first_line));
  fs::remove_all(place);
}

TEST_F(Cli, KeepsACookieJarBelowItsLargestSize) {
  namespace fs = std::filesystem;
  const fs::path jar = fs::temp_directory_path() / ("swill-cli-full-jar-" + std::to_string(::getpid()));
  std::ofstream out{jar};
  out << "# Netscape HTTP Cookie File\nexample.org\tFALSE\t/\tFALSE\t0\ttheirs\tx\n";
  for (const char* name : {"oldest", "next"})
    out << "127.0.0.1\tFALSE\t/elsewhere\tFALSE\t0\t" << name << "\t" << std::string(32680, 'x') << "\n";
  out.close();
  ASSERT_LE(fs::file_size(jar), 65536U);
  const auto visit = [&] { return swill({"--cookie-jar", jar.string(), "call", "visit"}); };

  EXPECT_EQ(visit().out, "1\n");
  EXPECT_EQ(visit().out, "2\n");

  std::ifstream in{jar};
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  EXPECT_THAT(text, HasSubstr("theirs"));
  EXPECT_THAT(text, Not(HasSubstr("oldest")));
  EXPECT_THAT(text, HasSubstr("next"));
  fs::remove(jar);
}

TEST_F(Cli, ShowsWhatATerminalWouldObey) {
  EXPECT_EQ(swill({"call", "rude"}).errors,
            "swill: error 400 BAD_REQUEST: no\\x1b]0;title\\x07\\x0aswill: all is well\n");
  EXPECT_EQ(swill({"call", "echo", R"("a\u009b31m\u202eb\u001b\u007f")"}).out,
            "\"a\\u009b31m\\u202eb\\u001b\\u007f\"\n");
}

TEST_F(Cli, WritesErrorsOfTheCommandLineForMachines) {
  for (const std::vector<std::string>& wrong :
       std::vector<std::vector<std::string>>{{"--json"},
                                             {"--json", "nosuchverb"},
                                             {"call", "--json"},
                                             {"--json", "-m", "foo", "ls"},
                                             {"ls", "--timeout", "soon", "--json"},
                                             {"--json", "call", "add", "["}}) {
    const auto end = swill(wrong);
    EXPECT_EQ(end.code, 1) << testing::PrintToString(wrong);
    EXPECT_THAT(end.errors, StartsWith("{\"error\":{\"code\":null,\"message\":\"")) << testing::PrintToString(wrong);
    EXPECT_THAT(end.errors, EndsWith("\",\"exit_code\":1}}\n")) << testing::PrintToString(wrong);
  }
}

TEST_F(Cli, WritesErrorsForMachines) {
  const auto end = swill({"--json", "call", "fail", "409"});
  EXPECT_EQ(end.errors, "{\"error\":{\"code\":409,\"message\":\"as asked\",\"data\":7,\"exit_code\":3}}\n");
  EXPECT_EQ(end.out, "");
}

} // namespace
} // namespace swill::test
