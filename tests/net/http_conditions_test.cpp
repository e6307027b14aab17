#include "libswill/net/http/conditions.hpp"

#include "libswill/net/http/date.hpp"
#include "libswill/net/http/media_type.hpp"

#include <gtest/gtest.h>

namespace swill::net::http {
namespace {

constexpr std::time_t changed = 784111777;
const validators version{"\"a-b\"", changed};
const std::string that_second = "Sun, 06 Nov 1994 08:49:37 GMT";
const std::string before = "Sun, 06 Nov 1994 08:49:36 GMT";

TEST(HttpDate, IsReadAsItIsWritten) {
  EXPECT_EQ(date_text(changed), that_second);
  EXPECT_EQ(read_date(that_second), changed);
  for (std::time_t t = 0; t < 4000000000; t += 12345678) EXPECT_EQ(read_date(date_text(t)), t);
  for (const char* none :
       {"", "Sun, 06 Nov 1994 08:49:37 UTC", "Mon, 06 Nov 1994 08:49:37 GMT", "Sun, 32 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMTx",
        "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 19x4 08:49:37 GMT"})
    EXPECT_FALSE(read_date(none)) << none;
}

TEST(HttpConditions, LetThroughOrNot) {
  const auto status = [](header_list h) { return status_by_conditions(h, version); };
  EXPECT_EQ(status({}), 200);
  EXPECT_EQ(status({{"If-None-Match", "\"a-b\""}}), 304);
  EXPECT_EQ(status({{"If-None-Match", "\"x\", W/\"a-b\""}}), 304);
  EXPECT_EQ(status({{"If-None-Match", "\"x\""}, {"If-None-Match", "\"a-b\""}}), 304);
  EXPECT_EQ(status({{"if-none-match", "*"}}), 304);
  EXPECT_EQ(status({{"If-None-Match", "\"a-c\""}}), 200);
  EXPECT_EQ(status({{"If-None-Match", "a-b"}}), 200);
  EXPECT_EQ(status({{"If-None-Match", "\"x\""}, {"If-Modified-Since", that_second}}), 200); // the tag decides
  EXPECT_EQ(status({{"If-Modified-Since", that_second}}), 304);
  EXPECT_EQ(status({{"If-Modified-Since", before}}), 200);
  EXPECT_EQ(status({{"If-Modified-Since", "yesterday"}}), 200);
  EXPECT_EQ(status({{"If-Match", "\"a-b\""}}), 200);
  EXPECT_EQ(status({{"If-Match", "*"}}), 200);
  EXPECT_EQ(status({{"If-Match", "W/\"a-b\""}}), 412);
  EXPECT_EQ(status({{"If-Match", "\"x\""}, {"If-Unmodified-Since", that_second}}), 412);
  EXPECT_EQ(status({{"If-Unmodified-Since", before}}), 412);
  EXPECT_EQ(status({{"If-Unmodified-Since", that_second}}), 200);
}

TEST(HttpConditions, PickOneRange) {
  const auto range = [](const std::string& text, std::uint64_t size = 1000) {
    return range_of({{"Range", text}}, version, size);
  };
  const auto part = [&range](const std::string& text) {
    const auto r = range(text);
    return r.status == 206 ? std::to_string(r.range.first) + "+" + std::to_string(r.range.size)
                           : std::to_string(r.status);
  };
  EXPECT_EQ(part("bytes=0-0"), "0+1");
  EXPECT_EQ(part("bytes=0-499"), "0+500");
  EXPECT_EQ(part("Bytes= 500-"), "500+500");
  EXPECT_EQ(part("bytes=999-5000"), "999+1");
  EXPECT_EQ(part("bytes=-1"), "999+1");
  EXPECT_EQ(part("bytes=-5000"), "0+1000");
  for (const char* unsatisfiable : {"bytes=1000-", "bytes=1000-2000", "bytes=-0"})
    EXPECT_EQ(part(unsatisfiable), "416");
  EXPECT_EQ(range("bytes=0-", 0).status, 416);
  EXPECT_EQ(range("bytes=-5", 0).status, 416);
  for (const char* ignored : {"bytes=", "bytes=-", "bytes=a-b", "bytes=5-4", "bytes=0-1,5-6", "lines=0-1", "bytes=+1-2",
                              "bytes=1-2x", "bytes 0-1", "bytes=99999999999999999999-", "bytes=0x1-2", "bytes=1--2"})
    EXPECT_EQ(part(ignored), "200") << ignored;
  EXPECT_EQ(range_of({}, version, 1000).status, 200);
  EXPECT_EQ(range_of({{"Range", "bytes=0-1"}, {"Range", "bytes=2-3"}}, version, 1000).status, 200);
}

TEST(HttpConditions, ARangeIsOfTheVersionThatIsNamed) {
  const auto status = [](const std::string& named) {
    return range_of({{"Range", "bytes=0-1"}, {"If-Range", named}}, version, 1000).status;
  };
  EXPECT_EQ(status("\"a-b\""), 206);
  EXPECT_EQ(status(that_second), 206);
  EXPECT_EQ(status("\"x\""), 200);
  EXPECT_EQ(status("W/\"a-b\""), 200);
  EXPECT_EQ(status(before), 200);
  EXPECT_EQ(status("yesterday"), 200);
}

TEST(HttpConditions, KnowWhichCodingsAreTaken) {
  const auto takes = [](const std::string& text, std::string_view coding) {
    return accepts_coding({{"Accept-Encoding", text}}, coding);
  };
  EXPECT_TRUE(takes("gzip, deflate, br", "br"));
  EXPECT_TRUE(takes("GZIP;q=0.5", "gzip"));
  EXPECT_TRUE(takes("*", "br"));
  EXPECT_TRUE(takes("*;q=0, br", "br"));
  EXPECT_FALSE(takes("gzip", "br"));
  EXPECT_FALSE(takes("br;q=0", "br"));
  EXPECT_FALSE(takes("br; q=0.000, *", "br"));
  EXPECT_FALSE(takes("*;q=0", "br"));
  EXPECT_FALSE(takes("", "br"));
  EXPECT_FALSE(accepts_coding({}, "gzip"));
}

TEST(HttpMediaType, GoesByTheEnding) {
  EXPECT_EQ(media_type_of("index.html").text, "text/html; charset=utf-8");
  EXPECT_EQ(media_type_of("a/b.min.JS").text, "text/javascript; charset=utf-8");
  EXPECT_EQ(media_type_of("x.wasm").text, "application/wasm");
  EXPECT_EQ(media_type_of("x.tar.gz").text, "application/gzip");
  EXPECT_FALSE(media_type_of("x.png").is_compressible);
  EXPECT_TRUE(media_type_of("x.svg").is_compressible);
  for (const char* unknown : {"", "html", "x.", "x.unknown"})
    EXPECT_EQ(media_type_of(unknown).text, "application/octet-stream") << unknown;
}

} // namespace
} // namespace swill::net::http
