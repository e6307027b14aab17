#include "libswill/server/server.hpp"

#include "libswill/base/mistakes.hpp"
#include "libswill/transport/statistics.hpp"
#include "libswill/wire/envelope.hpp"
#include "tests/support/patience.hpp"
#include "tests/support/raw_client.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

// What a server answers by HTTP: paths of the application and of plugins, health, files on the worker pool.

namespace swill {
namespace {

namespace fs = std::filesystem;
using test::raw_client;

raw_client::response get(const std::string& address, const std::string& path, const std::string& more = {}) {
  raw_client c{address};
  c.send("GET " + path + " HTTP/1.1\r\nHost: x\r\n" + more + "\r\n");
  return c.read_response();
}

std::string request_for(std::string_view rpc) {
  buffer out;
  wire::writer w{out};
  wire::write_request(w, 1, bytes{}, rpc, wire::request_type::message);
  return std::string{as_text(out.view())};
}

/// Says what it is told to say of its readiness, and answers at a path of its own.
class fickle final : public plugin {
public:
  std::string_view kind() const noexcept override { return "fickle"; }
  void install(app& a) override {
    a.http(
        "/fickle", [](const http_request&) { return http_response{.body = "me"}; }, http_listeners::internal_only);
  }
  void start(actors::runtime&) override {}
  void stop(std::function<void()> done) override { done(); }
  std::string not_ready() const override { return away ? "its \"store\" is away" : ""; }
  std::atomic<bool> away{false};
};

/// A directory for one test.
class directory {
public:
  directory() {
    char name[] = "/tmp/swill_http_XXXXXX";
    path_ = ::mkdtemp(name);
  }
  directory(const directory&) = delete;
  directory& operator=(const directory&) = delete;
  ~directory() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream{path_ / name, std::ios::binary} << text;
  }
  fs::path path() const { return path_; }

private:
  fs::path path_;
};

const std::vector<listener> both{"127.0.0.1:0", internal_listener("127.0.0.1:0")};

TEST(HttpServer, AnswersAtPathsOfTheApplication) {
  app a;
  a.set_log({});
  a.http("/version", [](const http_request& r) {
    return http_response{
        .status = 201, .body = r.method + r.path + r.query + r.remote_address, .headers = {{"X-A", "b"}}};
  });
  a.http("/fails", [](const http_request&) -> http_response { throw std::runtime_error("no"); });
  a.use(std::make_shared<fickle>());
  server s{a, {.listen = both, .io_threads = 1}};
  s.start();
  const std::string open = s.addresses().front(), internal = s.internal_addresses().front();

  for (const auto& address : {open, internal}) {
    const auto r = get(address, "/version?x=1");
    EXPECT_EQ(r.status, 201);
    EXPECT_EQ(r.body, "GET/versionx=1127.0.0.1");
    EXPECT_EQ(r.header("X-A"), "b");
    EXPECT_EQ(get(address, "/fails").status, 500);
  }
  EXPECT_EQ(get(internal, "/fickle").body, "me");
  EXPECT_EQ(get(open, "/fickle").status, 404);
  EXPECT_EQ(get(internal, "/ws").status, 404);
  EXPECT_EQ(s.addresses().size(), 1U);
  EXPECT_EQ("127.0.0.1:" + std::to_string(s.port()), open);
}

TEST(Health, SaysWhyAServerIsNotReady) {
  app a;
  a.set_log({});
  const auto p = a.use(std::make_shared<fickle>());
  server s{a, {.listen = both, .io_threads = 1}};
  s.start();
  const std::string internal = s.internal_addresses().front();

  EXPECT_EQ(get(internal, "/livez").status, 200);
  EXPECT_EQ(get(internal, "/readyz").status, 200);
  EXPECT_EQ(get(internal, "/readyz").body, "{\"ready\":true}\n");
  p->away = true;
  const auto r = get(internal, "/readyz");
  EXPECT_EQ(r.status, 503);
  EXPECT_EQ(r.body, "{\"ready\":false,\"reasons\":[\"fickle: its \\\"store\\\" is away\"]}\n");
  EXPECT_EQ(r.header("Content-Type"), "application/json");
  EXPECT_EQ(r.header("Retry-After"), "1");
  EXPECT_EQ(get(internal, "/livez").status, 200);
  EXPECT_EQ(get(s.addresses().front(), "/readyz").status, 404); // nobody has asked for it there
}

TEST(Health, IsNotReadyWhileTheServerDrains) {
  app a;
  a.set_log({});
  a.limits().drain_timeout = std::chrono::milliseconds{3000};
  std::atomic<bool> runs{false};
  a.handle("long", [&runs](request<>) -> task<int> {
    runs = true;
    co_await sleep_for(std::chrono::seconds{1});
    co_return 1;
  });
  server s{a, {.listen = both, .io_threads = 1, .health = true}};
  s.start();
  const std::string internal = s.internal_addresses().front();
  EXPECT_EQ(get(s.addresses().front(), "/readyz").status, 200);
  EXPECT_EQ(get(s.addresses().front(), "/livez").status, 200);
  raw_client c{s.addresses().front()};
  ASSERT_EQ(c.upgrade().status, 101);
  c.send_message(request_for("long"));

  raw_client probe{internal};
  std::thread stopping{[&s] { s.stop(); }};
  std::string body;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  while (body.empty() && std::chrono::steady_clock::now() < end) {
    try {
      if (const auto r = get(internal, "/readyz"); r.status == 503) body = r.body;
    } catch (const std::exception&) {
      break;
    }
  }
  stopping.join();
  EXPECT_EQ(body, "{\"ready\":false,\"reasons\":[\"the server is draining\"]}\n");
}

TEST(Health, SaysThatTheServerIsFull) {
  app a;
  a.set_log({});
  a.limits().connections = 1;
  server s{a, {.listen = both, .io_threads = 1}};
  s.start();
  const raw_client other{s.addresses().front()};

  EXPECT_THAT(get(s.internal_addresses().front(), "/readyz").body, ::testing::HasSubstr("all the connections"));
}

TEST(Health, WhoAsksIsNobodyWhoMakesItFull) {
  app a;
  a.set_log({});
  a.limits().connections = 1;
  server s{a, {.listen = both, .io_threads = 1, .health = true}};
  s.start();

  for (const std::string& where : {s.internal_addresses().front(), s.addresses().front()}) {
    EXPECT_EQ(get(where, "/readyz").body, "{\"ready\":true}\n");
  }
}

TEST(HttpServer, ItsEndpointMayHaveThePathOfAProbe) {
  app a;
  a.set_log({});
  server s{a, {.listen = both, .path = "/livez", .io_threads = 1}};
  s.start();

  EXPECT_EQ(get(s.addresses().front(), "/livez").status, 426);
  EXPECT_EQ(get(s.internal_addresses().front(), "/livez").status, 200);
}

TEST(HttpFilesServer, StopWaitsForAFileThatIsUnderWay) {
  const directory d;
  const std::string large(64U << 20U, 'x');
  d.write("large", large);
  app a;
  a.set_log({});
  a.limits().drain_timeout = std::chrono::seconds{30};
  a.files("/", d.path().string());
  server s{a, {.listen = both, .io_threads = 1}};
  s.start();
  const std::string open = s.addresses().front(), internal = s.internal_addresses().front();
  raw_client c{open};
  c.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_EQ(c.read_response_head().status, 200);

  std::thread stopping{[&s] { s.stop(); }};
  std::this_thread::sleep_for(
      std::chrono::milliseconds{1500}); // longer than stop() gives sockets that have nothing to do
  EXPECT_EQ(get(internal, "/livez").status, 200);
  EXPECT_EQ(get(open, "/ready").status, 503);
  EXPECT_EQ(c.read_body(large.size()), large);
  stopping.join();
}

TEST(HttpFilesServer, StopWaitsNoLongerThanTheDrainTimeout) {
  const directory d;
  d.write("large", std::string(64U << 20U, 'x'));
  app a;
  std::mutex mutex;
  std::string log;
  a.set_log([&](const log_entry& e) {
    const std::lock_guard lock{mutex};
    log.append(e.text).append("\n");
  });
  a.limits().drain_timeout = std::chrono::milliseconds{50};
  a.limits().close_timeout = std::chrono::milliseconds{50};
  a.files("/", d.path().string());
  server s{a, {.listen = both, .io_threads = 1}};
  s.start();
  raw_client c{s.addresses().front()};
  c.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_EQ(c.read_response_head().status, 200);

  const auto before = std::chrono::steady_clock::now();
  s.stop();
  EXPECT_LT(std::chrono::steady_clock::now() - before, patient(std::chrono::seconds{2}));
  EXPECT_THAT(
      log, ::testing::HasSubstr("answers by HTTP that are under way: 1; drain_timeout is over, they are cut short\n"));
}

TEST(HttpFilesServer, ServesFilesFromThePool) {
  const directory d;
  std::string large;
  for (int i = 0; large.size() < 3000000; ++i) large += std::to_string(i) + "\n";
  d.write("index.html", "<p>hello");
  d.write("large.txt", large);
  app a;
  a.set_log({});
  a.files("/", d.path().string(), {.cache_control = "max-age=60"});
  server s{a, {.listen = {"127.0.0.1:0"}, .io_threads = 2}};
  s.start();
  raw_client c{s.addresses().front()};

  for (int i = 0; i < 3; ++i) {
    c.send("GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /large.txt HTTP/1.1\r\nHost: x\r\n\r\nGET /none HTTP/1.1\r\nHost: "
           "x\r\n\r\n");
    const auto index = c.read_response();
    EXPECT_EQ(index.body, "<p>hello");
    EXPECT_EQ(index.header("Cache-Control"), "max-age=60");
    EXPECT_EQ(c.read_response().body, large);
    EXPECT_EQ(c.read_response().status, 404); // and the connection stays
  }
  EXPECT_EQ(get(s.addresses().front(), "/large.txt", "Range: bytes=1000000-2000000\r\n").body,
            large.substr(1000000, 1000001));
  EXPECT_EQ(get(s.addresses().front(), "/ws").status, 426); // the endpoint goes before
  raw_client socket{s.addresses().front()};
  EXPECT_EQ(socket.upgrade().status, 101);
}

TEST(HttpFilesServer, AFallbackAtTheRootAnswersForAllThatIsNotThere) {
  const directory d;
  d.write("index.html", "page");
  fs::create_directory(d.path() / "empty");
  fs::create_symlink("/etc/passwd", d.path() / "out");
  app a;
  a.set_log({});
  a.files("/", d.path().string(), {.fallback = "index.html"});
  a.use(std::make_shared<fickle>()); // has a path for internal listeners alone
  server s{a, {.listen = both, .io_threads = 1}};
  s.start();
  const std::string open = s.addresses().front(), internal = s.internal_addresses().front();

  for (const char* path : {"/empty/", "/out", "/fickle/more"}) {
    const auto r = get(open, path);
    EXPECT_EQ(r.status, 200) << path;
    EXPECT_EQ(r.body, "page") << path;
  }
  for (const char* path : {"/livez", "/readyz", "/fickle", "/fickl%65"}) { // what is for internal listeners alone
    const auto r = get(open, path);
    EXPECT_EQ(r.status, 404) << path;
    EXPECT_EQ(r.body, "Not Found") << path;
    raw_client post{open};
    post.send(std::string{"POST "} + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(post.read_response().status, 404) << path;
  }
  EXPECT_EQ(get(open, "/empty").status, 301);
  EXPECT_EQ(get(open, "/none.js").status, 404);
  EXPECT_EQ(get(open, "/ready").body, "ready\n");
  EXPECT_EQ(get(internal, "/readyz").body, "{\"ready\":true}\n");
  EXPECT_EQ(get(internal, "/fickle").body, "me");
}

TEST(HttpFilesServer, NeverReadsOnAnIoThread) {
  const directory d;
  d.write("a.txt", "a");
  app a;
  a.set_log({});
  a.files("/", d.path().string());
  std::atomic<bool> goes_on{false};
  std::atomic<int> held{0};
  a.handle("hold", blocking([&](request<>) {
             ++held;
             while (!goes_on) std::this_thread::sleep_for(std::chrono::milliseconds{1});
             return 1;
           }));
  a.limits().pool_jobs_per_connection = 1;
  server s{a, {.listen = {"127.0.0.1:0"}, .io_threads = 1, .workers = 1}};
  s.start();
  raw_client holder{s.addresses().front()};
  ASSERT_EQ(holder.upgrade().status, 101);
  holder.send_message(request_for("hold"));
  while (held == 0) std::this_thread::sleep_for(std::chrono::milliseconds{1});

  raw_client c{s.addresses().front()};
  c.send("GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(get(s.addresses().front(), "/ready").status, 200); // the I/O thread is free
  EXPECT_TRUE(s.statistics().answered.empty());                // the pool is not
  goes_on = true;
  EXPECT_EQ(c.read_response().body, "a");
}

TEST(HttpFilesServer, AClientThatGoesAwayFreesItsFile) {
  const directory d;
  d.write("large", std::string(1, 'x'));
  fs::resize_file(d.path() / "large", 100 * 1024 * 1024);
  app a;
  a.set_log({});
  a.files("/", d.path().string());
  server s{a, {.listen = {"127.0.0.1:0"}, .io_threads = 1}};
  s.start();
  const auto is_open = [&d] {
    for (const auto& entry : fs::directory_iterator{"/proc/self/fd"}) {
      std::error_code gone;
      if (fs::read_symlink(entry.path(), gone) == d.path() / "large") return true;
    }
    return false;
  };
  {
    raw_client c{s.addresses().front()};
    c.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
    while (!is_open()) std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  while (is_open() && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(std::chrono::milliseconds{1});
  EXPECT_FALSE(is_open());
}

std::string mistakes_of(const app& a) {
  try {
    a.validate();
    return {};
  } catch (const invalid_configuration& e) {
    return e.what();
  }
}

TEST(HttpValidate, FindsPathsAndDirectoriesThatCannotBeMeant) {
  const directory d;
  d.write("index.html", "x");
  const auto nothing = [](const http_request&) { return http_response{}; };
  const auto of_path = [&nothing](const std::string& path) {
    app a;
    a.http(path, nothing);
    return mistakes_of(a);
  };
  for (const char* path : {"", "a", "/a/", "/a?b", "/a#", "/a%20", "/a\\b", "/a//b", "/./a", "/a/..", "/\n"})
    EXPECT_THAT(of_path(path), ::testing::StartsWith("http.")) << path;
  for (const char* path : {"/", "/a", "/a/b c", "/\u00e4"}) EXPECT_EQ(of_path(path), "") << path;

  app a;
  a.http("/a", nothing);
  a.files("/a", d.path().string());
  a.http("/null", {});
  a.files("/gone", (d.path() / "gone").string());
  a.files("/file", (d.path() / "index.html").string());
  a.files("/index", d.path().string(), {.index = "../index.html"});
  a.files("/fallback", d.path().string(), {.fallback = "none.html"});
  a.files("/cache", d.path().string(), {.cache_control = "a\nb"});
  a.files("/usr/bin", "/"); // the two in each other's place
  a.files("/all", d.path().string() + "/../../..");
  a.files("/good", d.path().string(), {.index = "", .fallback = "index.html", .cache_control = ""});
  const std::string said = mistakes_of(a);
  for (const char* part :
       {"files./a: \"/a\" is the path of app.http(\"/a\") already; each path may be given once",
        "http./null: its function is null", "/gone\" is no directory", "/index.html\" is no directory",
        "files./usr/bin: \"/\" is the root of all directories", "/../../..\" is the root of all directories",
        "files./index.index: is", "files./fallback.fallback: is", "files./cache.cache_control: holds"})
    EXPECT_THAT(said, ::testing::HasSubstr(part));
  EXPECT_THAT(said, ::testing::Not(::testing::HasSubstr("/good")));
}

TEST(HttpValidate, SuggestsOnlyPathsThatAreTaken) {
  const auto said_of = [](const std::string& path) {
    app a;
    a.http(path, [](const http_request&) { return http_response{}; });
    return mistakes_of(a);
  };
  const std::string slash = "a path begins with a slash", end = "a path has no slash at its end";

  EXPECT_EQ(said_of("http://h/a"), "http.http://h/a: " + slash + ": \"/a\" would be right");
  EXPECT_EQ(said_of("https://h:1/a/b/?c=/d"), "http.https://h:1/a/b/?c=/d: " + slash + ": \"/a/b\" would be right");
  EXPECT_EQ(said_of("http://h"), "http.http://h: " + slash + ": \"/\" would be right");
  EXPECT_EQ(said_of("a/"), "http.a/: " + slash + ": \"/a\" would be right");
  EXPECT_EQ(said_of("a?b"), "http.a?b: " + slash);
  EXPECT_EQ(said_of("/a//"), "http./a//: " + end + ": \"/a\" would be right");
  EXPECT_EQ(said_of("/../"), "http./../: " + end);
}

TEST(HttpValidate, SaysThatNamesWithALeadingDotAreNeverServed) {
  const directory d;
  d.write(".hidden", "x");
  const auto said_of = [&d](const file_options& o) {
    app a;
    a.files("/", d.path().string(), o);
    return mistakes_of(a);
  };
  const std::string why =
      "and names with a leading dot are never served; one without it would be right, such as \"index.html\"";

  EXPECT_EQ(said_of({.fallback = ".hidden"}), "files./.fallback: is \".hidden\", " + why);
  EXPECT_EQ(said_of({.fallback = "a/.b/c"}), "files./.fallback: is \"a/.b/c\", " + why);
  EXPECT_EQ(said_of({.index = ".hidden"}), "files./.index: is \".hidden\", " + why);
  EXPECT_THAT(said_of({.fallback = "../x"}), ::testing::HasSubstr("the name of a file below the directory"));
}

TEST(HttpValidate, SaysWhatHasAPathAlready) {
  const directory d, other;
  app a;
  a.files("/", d.path().string());
  a.files("/", other.path().string());
  EXPECT_EQ(mistakes_of(a), "files./: \"/\" is the path of app.files(\"/\", \"" + d.path().string() +
                                "\") already; each path may be given once");
}

TEST(HttpValidate, IsToldByTheOptionThatHasGivenADirectory) {
  const directory d, other;
  const std::string name = d.path().string(), of_other = other.path().string();
  const auto given = [](std::string path, std::string directory, file_options o = {}) {
    return detail::http_routes::directory{std::move(path), std::move(directory), std::move(o), "--static"};
  };
  app a;
  a.add_route(given("/y", name, {.fallback = "none.html", .cache_control = "a\nb"}));
  a.add_route(given("/y", of_other));
  a.add_route(given("/z/", name));
  a.add_route(given("/gone", "gone"));
  a.files("/code", "gone");

  EXPECT_EQ(mistakes_of(a), "--static-fallback: is \"none.html\", and there is no such file in \"" + name +
                                "\"; one that exists would be right\n"
                                "--static-cache-control: holds control characters; such as \"max-age=3600\" would be "
                                "right\n"
                                "--static: \"/y\" is the path of --static /y=" +
                                name +
                                " already; each path may be given once\n"
                                "--static: has the path \"/z/\"; a path has no slash at its end: \"/z\" would be "
                                "right\n"
                                "--static: \"gone\" is no directory; one that exists would be right\n"
                                "files./code: \"gone\" is no directory; one that exists would be right");
}

TEST(HttpValidate, ThePathsOfTheServerAreTaken) {
  app a;
  a.set_log({});
  for (const char* path : {"/ws", "/ready", "/livez", "/readyz"})
    a.http(path, [](const http_request&) { return http_response{}; });
  a.http("/echo", [](const http_request&) { return http_response{}; });
  server s{a, {.listen = {"127.0.0.1:0"}, .io_threads = 1, .test_echo = true}};
  try {
    s.start();
    FAIL() << "it has started";
  } catch (const invalid_configuration& e) {
    EXPECT_STREQ(
        e.what(),
        "http./ws: \"/ws\" is the path of the WebSocket endpoint (server_options.path); any other would be right\n"
        "http./ready: \"/ready\" is a path of the server itself; any other would be right\n"
        "http./livez: \"/livez\" is a path of the server itself; any other would be right\n"
        "http./readyz: \"/readyz\" is a path of the server itself; any other would be right\n"
        "http./echo: \"/echo\" is the path of the WebSocket echo (server_options.test_echo); any other would be "
        "right");
  }
}

} // namespace
} // namespace swill
