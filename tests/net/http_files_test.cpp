#include "libswill/net/http/files.hpp"

#include "libswill/net/http/date.hpp"
#include "libswill/net/http/router.hpp"

#include <gmock/gmock.h>

#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

// What a request for a file is answered, without sockets. What is sent and how is in tests/transport/http_test.cpp and tests/server/files_test.cpp.

namespace swill::net::http {
namespace {

namespace fs = std::filesystem;

/// A directory "www" with a few files, and secrets beside it.
class HttpFiles : public ::testing::Test {
protected:
  HttpFiles() {
    char name[] = "/tmp/swill_files_XXXXXX";
    top_ = ::mkdtemp(name);
    root_ = top_ / "www";
    fs::create_directories(root_ / "sub");
    fs::create_directories(root_ / ".git");
    fs::create_directories(root_ / ".well-known");
    write(top_ / "secret", "SECRET outside");
    write(top_ / "www-other", "SECRET outside");
    write(root_ / "index.html", "<p>index");
    write(root_ / "a.txt", "0123456789");
    write(root_ / "sub/index.html", "<p>sub");
    write(root_ / "sub/b c.txt", "bc");
    write(root_ / ".env", "SECRET");
    write(root_ / ".git/config", "SECRET");
    write(root_ / ".well-known/security.txt", "contact");
  }
  ~HttpFiles() override {
    std::error_code ignored;
    fs::permissions(root_ / "sub", fs::perms::owner_all, ignored);
    fs::remove_all(top_, ignored);
  }

  static void write(const fs::path& to, const std::string& text) { std::ofstream{to, std::ios::binary} << text; }

  answer_content get(const std::string& target, header_list headers = {}, const std::string& method = "GET",
                     const std::string& mount = "/") const {
    const auto of = std::make_shared<files>(root_.string(), options_);
    const router r{{{.path = mount, .below = true, .to = of}}};
    const auto match = r.find(target);
    if (match.found == nullptr) return {.status = 404};
    return of->look_up({.head = {.method = method, .target = target, .headers = std::move(headers)},
                        .path = match.path,
                        .mounted_at = mount == "/" ? 0 : mount.size()});
  }
  static std::string header(const answer_content& a, std::string_view name) {
    const auto all = header_fields::values(a.headers, name);
    return all.empty() ? std::string{} : std::string{all.front()};
  }
  static std::string all_of(answer_content a) {
    std::string out = std::move(a.body);
    std::string piece(body_piece, '\0');
    while (a.left != 0 && a.rest != nullptr) {
      const std::size_t n = a.rest->read(reinterpret_cast<std::byte*>(piece.data()), piece.size());
      if (n == 0) break;
      out.append(piece, 0, n);
      a.left -= n;
    }
    return out;
  }

  fs::path top_;
  fs::path root_;
  file_options options_;
};

TEST_F(HttpFiles, AreServedWithWhatCachesNeed) {
  const auto a = get("/a.txt?v=1");
  EXPECT_EQ(a.status, 200);
  EXPECT_EQ(a.body, "0123456789");
  EXPECT_EQ(a.left, 0U);
  EXPECT_EQ(header(a, "Content-Type"), "text/plain; charset=utf-8");
  EXPECT_EQ(header(a, "X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(header(a, "Cache-Control"), "no-cache");
  EXPECT_EQ(header(a, "Accept-Ranges"), "bytes");
  EXPECT_EQ(header(a, "Vary"), "Accept-Encoding");
  EXPECT_TRUE(read_date(header(a, "Last-Modified")));

  EXPECT_EQ(get("/a.txt", {{"If-None-Match", header(a, "ETag")}}).status, 304);
  EXPECT_EQ(get("/a.txt", {{"If-Modified-Since", header(a, "Last-Modified")}}).status, 304);
  EXPECT_EQ(get("/a.txt", {{"If-Match", "\"other\""}}).status, 412);
  write(root_ / "a.txt", "0123456789x");
  EXPECT_EQ(get("/a.txt", {{"If-None-Match", header(a, "ETag")}}).status, 200);

  options_.cache_control = "";
  EXPECT_EQ(header(get("/a.txt"), "Cache-Control"), "");
}

TEST_F(HttpFiles, AreSentInParts) {
  const auto a = get("/a.txt", {{"Range", "bytes=2-4"}});
  EXPECT_EQ(a.status, 206);
  EXPECT_EQ(a.body, "234");
  EXPECT_EQ(header(a, "Content-Range"), "bytes 2-4/10");
  const auto none = get("/a.txt", {{"Range", "bytes=10-"}});
  EXPECT_EQ(none.status, 416);
  EXPECT_EQ(header(none, "Content-Range"), "bytes */10");
  EXPECT_EQ(get("/a.txt", {{"Range", "bytes=2-4"}, {"If-Range", "\"other\""}}).body, "0123456789");
  EXPECT_EQ(get("/a.txt", {{"Range", "bytes=2-4"}}, "HEAD").status, 200); // RFC 9110 §14.2: of GET only
}

TEST_F(HttpFiles, AreReadInPieces) {
  std::string large(3 * body_piece + 5, 'a');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>('a' + i % 26 + i / body_piece);
  write(root_ / "large", large);
  write(root_ / "fits", large.substr(0, body_piece));

  auto a = get("/large");
  EXPECT_EQ(a.body.size(), body_piece);
  EXPECT_EQ(a.left, large.size() - body_piece);
  EXPECT_EQ(all_of(std::move(a)), large);
  EXPECT_EQ(all_of(get("/large", {{"Range", "bytes=1-" + std::to_string(2 * body_piece)}})),
            large.substr(1, 2 * body_piece));
  EXPECT_EQ(get("/fits").rest, nullptr);
  const auto head = get("/large", {}, "HEAD");
  EXPECT_EQ(head.left, large.size());
  EXPECT_EQ(head.rest, nullptr);
  EXPECT_EQ(head.body, "");
  write(root_ / "empty", "");
  EXPECT_EQ(get("/empty").status, 200);
  EXPECT_EQ(get("/empty").left, 0U);
}

TEST_F(HttpFiles, ADirectoryIsItsIndex) {
  EXPECT_EQ(get("/").body, "<p>index");
  EXPECT_EQ(get("/sub/").body, "<p>sub");
  const auto a = get("/sub?x=1");
  EXPECT_EQ(a.status, 301);
  EXPECT_EQ(header(a, "Location"), "/sub/?x=1");
  EXPECT_EQ(get("/static/sub/", {}, "GET", "/static").body, "<p>sub");
  EXPECT_EQ(header(get("/static", {}, "GET", "/static"), "Location"), "/static/");
  EXPECT_EQ(get("/a.txt/").status, 404);
  fs::create_directory(root_ / "none");
  EXPECT_EQ(get("/none/").status, 404);
  options_.index = "";
  EXPECT_EQ(get("/").status, 404);
  EXPECT_EQ(get("/sub").status, 404);
}

TEST_F(HttpFiles, APageStandsForPathsOfItsOwn) {
  EXPECT_EQ(get("/some/view").status, 404);
  options_.fallback = "index.html";
  EXPECT_EQ(get("/some/view").body, "<p>index");
  EXPECT_EQ(header(get("/some/view"), "Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(get("/some/view/").body, "<p>index");
  EXPECT_EQ(get("/assets/gone.js").status, 404); // a file that is missing is no view
  EXPECT_EQ(get("/a.txt").body, "0123456789");
  EXPECT_EQ(get("/.env").status, 404);
}

TEST_F(HttpFiles, ACompressedVersionIsSentToWhoTakesIt) {
  write(root_ / "a.txt.gz", "GZIP");
  write(root_ / "a.txt.br", "BROTLI");
  const auto plain = get("/a.txt");
  const auto br = get("/a.txt", {{"Accept-Encoding", "gzip, br"}});
  const auto gz = get("/a.txt", {{"Accept-Encoding", "gzip"}});
  EXPECT_EQ(plain.body, "0123456789");
  EXPECT_EQ(br.body, "BROTLI");
  EXPECT_EQ(header(br, "Content-Encoding"), "br");
  EXPECT_EQ(header(br, "Content-Type"), "text/plain; charset=utf-8");
  EXPECT_EQ(gz.body, "GZIP");
  EXPECT_EQ(header(gz, "Content-Encoding"), "gzip");
  for (const auto* a : {&plain, &br, &gz}) EXPECT_EQ(header(*a, "Vary"), "Accept-Encoding");
  EXPECT_NE(header(plain, "ETag"), header(br, "ETag"));
  EXPECT_EQ(get("/a.txt", {{"Accept-Encoding", "br"}, {"If-None-Match", header(br, "ETag")}}).status, 304);

  fs::last_write_time(root_ / "a.txt.br", fs::last_write_time(root_ / "a.txt") - std::chrono::hours{1});
  EXPECT_EQ(get("/a.txt", {{"Accept-Encoding", "gzip, br"}}).body, "GZIP"); // what is older is of another version
  write(root_ / "only.css.gz", "GZIP");
  EXPECT_EQ(get("/only.css", {{"Accept-Encoding", "gzip"}}).status, 404);
  write(root_ / "p.png", "PNG");
  write(root_ / "p.png.gz", "GZIP");
  EXPECT_EQ(get("/p.png", {{"Accept-Encoding", "gzip"}}).body, "PNG");
  options_.precompressed = false;
  EXPECT_EQ(get("/a.txt", {{"Accept-Encoding", "gzip"}}).body, "0123456789");
  EXPECT_EQ(header(get("/a.txt"), "Vary"), "");
}

TEST_F(HttpFiles, NamesMayBeAnyText) {
  EXPECT_EQ(get("/sub/b%20c.txt").body, "bc");
  write(root_ / "\u00fcber%2e.txt", "umlaut");
  EXPECT_EQ(get("/%C3%BCber%252e.txt").body, "umlaut");
  write(root_ / "back", "no");
  fs::create_directory(root_ / "...");
  EXPECT_EQ(get("/" + std::string(5000, 'x')).status, 404);
  EXPECT_EQ(get("/.well-known/security.txt").body, "contact");
}

// Each of these has got files out of some server. None of them gets anything here.
std::vector<std::string> attacks() {
  std::vector<std::string> all;
  const std::vector<std::string> ups{"..",
                                     "%2e%2e",
                                     "%2E%2E",
                                     ".%2e",
                                     "%2e.",
                                     "..%00",
                                     "%00..",
                                     "%252e%252e",
                                     "..%c0%af",
                                     "%c0%ae%c0%ae",
                                     "%c0%2e%c0%2e",
                                     "%e0%80%ae%e0%80%ae",
                                     "..%5c",
                                     "..\\",
                                     "..%255c",
                                     "..;",
                                     "..%3b",
                                     ". .",
                                     "..%20",
                                     "..%09",
                                     "%ef%bc%8e%ef%bc%8e",
                                     "..%0d%0a",
                                     "..%e2%80%8b",
                                     "%uff0e%uff0e",
                                     "%%32%65%%32%65"};
  for (const std::string& up : ups) {
    all.push_back("/" + up + "/secret");
    all.push_back("/sub/" + up + "/" + up + "/secret");
    all.push_back("/" + up + "%2fsecret");
    all.push_back("/sub/" + up + "/.env");
  }
  for (const char* one : {"/../../../../../../../../../../etc/passwd",
                          "//etc/passwd",
                          "/%2fetc/passwd",
                          "/%2f%2fetc%2fpasswd",
                          "///etc/passwd",
                          "/./../secret",
                          "/.",
                          "/..",
                          "/sub/..",
                          "/.env",
                          "/%2eenv",
                          "/.git/config",
                          "/%2egit/config",
                          "/.git/",
                          "/.git",
                          "/sub/../.env",
                          "/sub/.%2e/secret",
                          "/.well-known/../secret",
                          "/.well-known/.env",
                          "/.well-known/../.env",
                          "/..www-other",
                          "/../www-other",
                          "/..%2fwww-other",
                          "/a.txt%00",
                          "/a.txt%00.html",
                          "/%00a.txt",
                          "/secret%00/../a.txt",
                          "\\..\\secret",
                          "/\\..\\secret",
                          "/..\\secret",
                          "/sub\\..\\..\\secret",
                          "/C:/secret",
                          "/C:\\secret",
                          "/file:///etc/passwd",
                          "/proc/self/environ",
                          "/dev/stdin",
                          "/link_out",
                          "/link_absolute",
                          "/link_up/secret",
                          "/link_up/www/.env",
                          "/link_chain",
                          "/link_loop",
                          "/link_proc/environ",
                          "/link_proc/root/etc/passwd",
                          "/link_self/fd/0",
                          "/pipe",
                          "/socket",
                          "/sub/link_dir_up/secret",
                          "/a.txt/../../secret",
                          "/a.txt/..",
                          "/index.html/..%2f..%2fsecret",
                          "/%",
                          "/%2",
                          "/%zz",
                          "/sub/%",
                          "*",
                          "",
                          "?",
                          "secret",
                          "../secret",
                          "http:../secret",
                          "/ ../secret",
                          "/\x01/../secret",
                          "/%0a../secret",
                          "/%0d%0a%0d%0aGET%20/secret",
                          "/.%00./secret",
                          "/.\x2e/secret",
                          "/%2e%2e%5csecret",
                          "/..%2f..%2f..%2fetc%2fpasswd",
                          "/sub/..%2f..%2fsecret",
                          "/%ff%fe",
                          "/%ed%a0%80",
                          "/....//secret",
                          "/...//secret",
                          "/.../secret",
                          "/..../secret",
                          "/a.txt/.",
                          "/a.txt/./",
                          "/sub//../../secret",
                          "/~root/.profile",
                          "/%7eroot/",
                          "/;/../secret",
                          "/..;/secret",
                          "/&/../secret",
                          "/sub/%2e",
                          "/sub/%2e/",
                          "/%2e/",
                          "/%2e%2e",
                          "/sub/%2e%2e%2f%2e%2e%2fsecret",
                          "/link_out%00",
                          "/link_out/",
                          "/link_out/.",
                          "/hard/../secret"})
    all.emplace_back(one);
  return all;
}

TEST_F(HttpFiles, NothingOutsideIsOpened) {
  fs::create_symlink("../secret", root_ / "link_out");
  fs::create_symlink((top_ / "secret").string(), root_ / "link_absolute");
  fs::create_symlink("..", root_ / "link_up");
  fs::create_symlink("link_out", root_ / "link_chain");
  fs::create_symlink("link_loop", root_ / "link_loop");
  fs::create_symlink("/proc/self", root_ / "link_proc");
  fs::create_symlink("/proc/self", root_ / "link_self");
  fs::create_symlink("../..", root_ / "sub/link_dir_up");
  ASSERT_EQ(::mkfifo((root_ / "pipe").c_str(), 0600), 0);
  sockaddr_un local{};
  local.sun_family = AF_UNIX;
  (root_ / "socket").string().copy(local.sun_path, sizeof local.sun_path - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&local), sizeof local), 0);
  const auto tried = attacks();
  ASSERT_GE(tried.size(), 100U);

  for (const bool has_fallback : {false, true}) {
    options_.fallback = has_fallback ? "index.html" : "";
    for (const std::string& target : tried) {
      auto a = get(target);
      EXPECT_THAT(a.body, ::testing::Not(::testing::HasSubstr("SECRET"))) << target;
      EXPECT_THAT(a.body, ::testing::Not(::testing::HasSubstr("root:"))) << target;
      EXPECT_TRUE(a.status == 404 || (has_fallback && a.body == "<p>index")) << target << ": " << a.status;
    }
  }
  const file_root by_parts{root_.string()};
  for (const std::string& target : tried) {
    const auto f = by_parts.open_by_parts(target.starts_with('/') ? target.substr(1) : target);
    EXPECT_FALSE(f.is_regular() && f.size() == 14) << target; // none that is outside
  }
  ::close(fd);
}

TEST_F(HttpFiles, LinksThatStayInsideAreFollowed) {
  fs::create_symlink("a.txt", root_ / "link_in");
  fs::create_symlink("../a.txt", root_ / "sub/link_in");
  fs::create_symlink("sub", root_ / "dir_in");
  EXPECT_EQ(get("/link_in").body, "0123456789");
  EXPECT_EQ(get("/sub/link_in").body, "0123456789");
  EXPECT_EQ(get("/dir_in/b%20c.txt").body, "bc");

  const file_root root{root_.string()}; // and not, where the kernel cannot say that they stay
  EXPECT_FALSE(root.open_by_parts("link_in").is_regular());
  EXPECT_FALSE(root.open_by_parts("dir_in/b c.txt").is_regular());
  EXPECT_TRUE(root.open_by_parts("a.txt").is_regular());
  EXPECT_TRUE(root.open_by_parts("sub/b c.txt").is_regular());
  EXPECT_EQ(root.open_by_parts("sub").what(), open_file::kind::directory);
  EXPECT_EQ(root.open_by_parts("").what(), open_file::kind::directory);
}

TEST_F(HttpFiles, WhatGoesWrongIsTold) {
  auto kept = get("/a.txt");
  if (::geteuid() != 0) {
    fs::permissions(root_ / "a.txt", fs::perms::none);
    const auto forbidden = get("/a.txt");
    EXPECT_EQ(forbidden.status, 403);
    EXPECT_THAT(forbidden.trouble, ::testing::HasSubstr("/a.txt"));
  }
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const int next = ::dup(0);
  ::close(next);
  const rlimit few{static_cast<rlim_t>(next), before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  const auto full = get("/sub/b%20c.txt");
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(full.status, 503);
  EXPECT_EQ(header(full, "Retry-After"), "1");
  EXPECT_THAT(full.trouble, ::testing::HasSubstr("Too many open files"));
  EXPECT_EQ(get("/sub/b%20c.txt").status, 200);

  fs::rename(root_, top_ / "gone");
  const auto gone = get("/a.txt");
  EXPECT_EQ(gone.status, 503);
  EXPECT_THAT(gone.trouble, ::testing::HasSubstr("No such file"));
  fs::create_directory(root_); // a new version takes its place
  write(root_ / "a.txt", "new");
  EXPECT_EQ(get("/a.txt").body, "new");
}

TEST_F(HttpFiles, AFileThatIsReplacedOrCutMeanwhileIsNeverMixed) {
  write(root_ / "large", std::string(3 * body_piece, 'o'));
  auto replaced = get("/large");
  write(root_ / "new", std::string(3 * body_piece, 'n'));
  fs::rename(root_ / "new", root_ / "large");
  EXPECT_EQ(all_of(std::move(replaced)), std::string(3 * body_piece, 'o'));

  auto cut = get("/large");
  fs::resize_file(root_ / "large", body_piece + 10);
  const std::uint64_t left = cut.left;
  EXPECT_EQ(all_of(std::move(cut)).size(), body_piece + 10);
  EXPECT_EQ(left, 2 * body_piece);

  auto grown = get("/a.txt");
  std::ofstream{root_ / "a.txt", std::ios::app} << "more";
  EXPECT_EQ(all_of(std::move(grown)), "0123456789");
}

} // namespace
} // namespace swill::net::http
