#include "libswill/programs/gateway/gateway.hpp"

#include "libswill/api/app.hpp"
#include "libswill/programs/options/command_line.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace swill::test {
namespace {

/// argv of a command line.
class arguments {
public:
  explicit arguments(std::vector<std::string> words) : words_(std::move(words)) {
    for (std::string& word : words_) pointers_.push_back(word.data());
    pointers_.push_back(nullptr);
  }
  int count() const { return static_cast<int>(words_.size()); }
  char** values() { return pointers_.data(); }

private:
  std::vector<std::string> words_;
  std::vector<char*> pointers_;
};

std::string read(programs::command_line& program, std::vector<std::string> words) {
  words.insert(words.begin(), "shop");
  arguments given{std::move(words)};
  return program.parse(given.count(), given.values());
}

TEST(ProgramSettings, HaveOptionsOfTheApplicationsOwn) {
  bool is_quiet = false;
  std::string list = "none";
  std::vector<std::string> tags;
  program_settings s;
  s.options = {{"--quiet", &is_quiet, ""}, {"--price-list", &list, ""}, {"--tag", &tags, ""}};
  programs::command_line program{"shop", ""};
  program.reads_environment();
  programs::add_own_options(program, s);

  ::setenv("SWILL_PRICE_LIST", "prices.txt", 1);
  const std::string answer = read(program, {"--quiet", "--tag", "a", "--tag", "b"});
  ::unsetenv("SWILL_PRICE_LIST");

  EXPECT_EQ(answer, "");
  EXPECT_TRUE(is_quiet);
  EXPECT_EQ(list, "prices.txt");
  EXPECT_EQ(tags, (std::vector<std::string>{"a", "b"}));
}

TEST(ProgramSettings, CannotHaveAnOptionOfTheLibrarys) {
  std::string port;
  program_settings s;
  s.options = {{"--port", &port, ""}};
  arguments given{{"shop"}};

  const int code = gateway{given.count(), given.values(), s}.run([](app&, backends&) {});

  EXPECT_EQ(code, 1);
}

TEST(ProgramSettings, SayWhichVersionItIs) {
  programs::command_line own{"shop", "", "2.1"}, librarys{"shop", ""};

  EXPECT_EQ(read(own, {"--version"}), "shop 2.1\n");
  EXPECT_TRUE(read(librarys, {"--version"}).starts_with("shop 0."));
}

TEST(ProgramName, IsTheLastPartOfThePath) {
  arguments given{{"/usr/bin/shop"}}, plain{{"shop"}};

  EXPECT_EQ(programs::program_name(given.count(), given.values()), "shop");
  EXPECT_EQ(programs::program_name(plain.count(), plain.values()), "shop");
  EXPECT_EQ(programs::program_name(0, plain.values()), "server");
}

TEST(Gateway, EndsWithACodeForEachKindOfMistake) {
  const auto code_of = [](std::vector<std::string> words, const std::function<void(app&, backends&)>& make) {
    words.insert(words.begin(), "shop");
    arguments given{std::move(words)};
    return gateway{given.count(), given.values()}.run(make);
  };
  const auto nothing = [](app&, backends&) {};

  EXPECT_EQ(code_of({"--prot", "1"}, nothing), 2);
  EXPECT_EQ(code_of({"--version"}, nothing), 0);
  EXPECT_EQ(code_of({"--port", "0"}, [](app&, backends&) { throw std::runtime_error("no prices"); }), 1);
  EXPECT_EQ(code_of({"--port", "0"}, [](app&, backends&) { throw std::invalid_argument("--price-list: empty"); }), 2);
}

/// What a gateway that cannot start says on standard error, after its name.
std::string said_of(std::vector<std::string> words, const std::function<void(app&)>& make = {}) {
  words.insert(words.begin(), {"shop", "--port", "0"});
  arguments given{std::move(words)};
  testing::internal::CaptureStderr();
  const int code = gateway{given.count(), given.values()}.run([&make](app& a, backends&) {
    if (make) make(a);
  });
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(code, 2) << said;
  EXPECT_TRUE(said.starts_with("shop: ")) << said;
  return said.substr(std::min<std::size_t>(said.size(), 6));
}

/// An empty directory for one test.
class directory {
public:
  directory() {
    char name[] = "/tmp/swill-gateway-XXXXXX";
    if (::mkdtemp(name) == nullptr) throw std::runtime_error("no directory for the test");
    name_ = name;
  }
  directory(const directory&) = delete;
  directory& operator=(const directory&) = delete;
  ~directory() { std::filesystem::remove(name_); }
  const std::string& name() const noexcept { return name_; }

private:
  std::string name_;
};

http_response no_answer(const http_request&) { return {}; }

TEST(Gateway, CallsDirectoriesOfTheApplicationByTheirPath) {
  EXPECT_EQ(said_of({}, [](app& a) { a.files("/", "/no/www"); }),
            "files./: \"/no/www\" is no directory; one that exists would be right\n");
  EXPECT_EQ(said_of({"--static", "/=/no/www"}),
            "--static: \"/no/www\" is no directory; one that exists would be right\n");
}

TEST(Gateway, NamesTheVariableThatAMistakeCameFrom) {
  const std::string why = "is \"ws\"; a path begins with a slash: \"/ws\" would be right\n";
  ::setenv("SWILL_STATIC", "no-path", 1);
  const std::string of_one = said_of({});
  ::setenv("SWILL_STATIC", "/=/no/www", 1);
  ::setenv("SWILL_NESTING", "300", 1);
  const std::string of_both = said_of({"--path", "ws"}),
                    of_arguments = said_of({"--path=ws", "--static", "x", "--nesting=300"});
  ::unsetenv("SWILL_STATIC");
  ::setenv("SWILL_NESTING", "many", 1);
  const std::string of_no_number = said_of({});
  ::unsetenv("SWILL_NESTING");

  EXPECT_EQ(of_one, "--static (SWILL_STATIC): 'no-path' is no PATH=DIRECTORY, such as /=/srv/www\n");
  EXPECT_THAT(of_both, testing::HasSubstr("--path: " + why));
  EXPECT_THAT(of_both, testing::HasSubstr("--nesting (SWILL_NESTING): is 300; 2 to 256 would be right\n"));
  EXPECT_THAT(of_both, testing::HasSubstr("--static (SWILL_STATIC): \"/no/www\" is no directory"));
  EXPECT_EQ(of_arguments, "--static: 'x' is no PATH=DIRECTORY, such as /=/srv/www\n");
  EXPECT_THAT(of_no_number, testing::StartsWith("--nesting (SWILL_NESTING): "));
}

TEST(Gateway, NamesTheOptionOfAFallbackThatIsNotThere) {
  const directory d;

  EXPECT_EQ(said_of({"--static", "/=" + d.name(), "--static-fallback", "none.html"}),
            "--static-fallback: is \"none.html\", and there is no such file in \"" + d.name() +
                "\"; one that exists would be right\n");
  EXPECT_EQ(said_of({"--static", "/=" + d.name(), "--static-cache-control", "a\nb"}),
            "--static-cache-control: holds control characters; such as \"max-age=3600\" would be right\n");
}

// Each directory is empty, so that a mistake tells which fallback each has.
TEST(Gateway, TakesAFallbackForOneDirectory) {
  const directory page, assets;
  const std::vector<std::string> both{"--static", "/=" + page.name(), "--static", "/assets=" + assets.name()};
  const auto said = [&both](std::vector<std::string> words) {
    words.insert(words.begin(), both.begin(), both.end());
    return said_of(words);
  };
  const std::string option = "--static-fallback";
  const auto gone = [&option](const std::string& file, const directory& d) {
    return option + ": is \"" + file + "\", and there is no such file in \"" + d.name() +
           "\"; one that exists would be right\n";
  };

  EXPECT_EQ(said({"--static-fallback", "/=a.html"}), gone("a.html", page));
  EXPECT_EQ(said({"--static-fallback", "/assets=a.html"}), gone("a.html", assets));
  EXPECT_EQ(said({"--static-fallback", "all.html", "--static-fallback", "/assets=a=b.html"}),
            gone("all.html", page) + gone("a=b.html", assets));
  ::setenv("SWILL_STATIC_FALLBACK", "/assets=a.html", 1);
  EXPECT_EQ(said({}), "--static-fallback (SWILL_STATIC_FALLBACK)" + gone("a.html", assets).substr(option.size()));
  ::setenv("SWILL_STATIC_FALLBACK", "/assets=a.html,all.html", 1);
  EXPECT_THAT(said({}), testing::AllOf(testing::HasSubstr("is \"all.html\""), testing::HasSubstr("is \"a.html\"")));
  ::unsetenv("SWILL_STATIC_FALLBACK");
}

TEST(Gateway, SaysWhichFallbackIsOfNoDirectory) {
  const directory d;
  const auto said = [&d](std::vector<std::string> words) {
    words.insert(words.begin(), {"--static", "/=" + d.name()});
    return said_of(words);
  };

  EXPECT_EQ(
      said({"--static-fallback", "/app=index.html"}),
      "--static-fallback: '/app=index.html' is of the files at /app, and there is no --static /app=DIRECTORY; the "
      "PATH of one that is given would be right\n");
  for (const std::string text : {"/index.html", "/="})
    EXPECT_EQ(said({"--static-fallback", text}),
              "--static-fallback: '" + text + "' is neither FILE nor PATH=FILE, such as index.html or /=index.html\n");
  EXPECT_EQ(said({"--static-fallback", "a", "--static-fallback", "b"}),
            "--static-fallback: 'b' is the second of all directories; one would be right\n");
  EXPECT_EQ(said({"--static-fallback", "/=a", "--static-fallback", "/=b"}),
            "--static-fallback: '/=b' is the second of /; one would be right\n");
}

TEST(Gateway, SaysWhatHasAPathAlready) {
  const directory a, b;
  const std::string at = "/=" + a.name();

  EXPECT_EQ(said_of({"--static", at, "--static", "/=" + b.name()}),
            "--static: \"/\" is the path of --static " + at + " already; each path may be given once\n");
  EXPECT_EQ(said_of({"--static", at}, [&b](app& to) { to.files("/", b.name()); }),
            "files./: \"/\" is the path of --static " + at + " already; each path may be given once\n");
  EXPECT_EQ(said_of({"--static", at}, [](app& to) { to.http("/", no_answer); }),
            "--static: \"/\" is the path of app.http(\"/\") already; each path may be given once\n");
  EXPECT_EQ(
      said_of({}, [](app& to) { to.http("/playground", no_answer); }),
      "http./playground: \"/playground\" is the path of the playground (left out by --playground=off) already; each "
      "path may be given once\n");
}

TEST(Gateway, NamesThePathOfTheWebSocketBesideOneThatIsTheSame) {
  const directory d;

  EXPECT_EQ(said_of({"--path", "/status"}, [](app& a) { a.http("/status", no_answer); }),
            "http./status: \"/status\" is the path of the WebSocket endpoint (--path); any other would be right\n");
  EXPECT_EQ(said_of({"--static", "/ws=" + d.name()}),
            "--static: \"/ws\" is the path of the WebSocket endpoint (--path); any other would be right\n");
  EXPECT_EQ(said_of({"--test-echo"}, [](app& a) { a.http("/echo", no_answer); }),
            "http./echo: \"/echo\" is the path of the WebSocket echo (--test-echo); any other would be right\n");
}

TEST(Gateway, SaysWhatAListenerByTlsLacks) {
  EXPECT_EQ(
      said_of({"--listen-tls", "127.0.0.1:0"}),
      "--listen-tls: the certificate is missing; --listen-tls-cert FILE with it and --listen-tls-key FILE with its "
      "key would be right\n");
  EXPECT_EQ(said_of({"--listen-tls", "http://h", "--listen-tls-cert", "a", "--listen-tls-key", "b"}),
            "--listen-tls: listen address 'http://h': it has a scheme; ADDRESS:PORT alone would be right\n");
}

TEST(Gateway, SaysHowSeveralAddressesAreGiven) {
  const std::pair<std::string, std::string> options[] = {{"--listen", "SWILL_LISTEN"},
                                                         {"--listen-tls", "SWILL_LISTEN_TLS"},
                                                         {"--internal-listen", "SWILL_INTERNAL_LISTEN"}};
  for (const auto& [option, variable] : options)
    EXPECT_EQ(said_of({option, "0.0.0.0:1; 127.0.0.1:2"}),
              option + ": '0.0.0.0:1; 127.0.0.1:2' are 2 addresses, and a value is one; " + option + " 0.0.0.0:1 " +
                  option + " 127.0.0.1:2 would be right, or " + variable + "=0.0.0.0:1,127.0.0.1:2\n");
}

TEST(Gateway, GivesTheApplicationBackendsInMemoryWithoutRedis) {
  bool has_all = false, has_redis = true;
  arguments given{{"shop", "--port", "0"}};

  gateway{given.count(), given.values()}.run([&](app&, backends& b) {
    has_all = b.sessions && b.pubsub && b.connections;
    has_redis = b.redis != nullptr;
    throw std::runtime_error("enough");
  });

  EXPECT_TRUE(has_all);
  EXPECT_FALSE(has_redis);
}

} // namespace
} // namespace swill::test
