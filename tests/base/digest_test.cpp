#include "libswill/base/digest.hpp"

#include "libswill/base/encoding.hpp"

#include <gtest/gtest.h>

#include <string>

namespace swill {
namespace {

// The examples of FIPS 180-4, and RFC 4231 §4.2, §4.3 and §4.7.

TEST(Digest, OfOneBlockAndOfTwo) {
  const std::string two = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
  EXPECT_EQ(to_hex(sha1("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(to_hex(sha1(two)), "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
  EXPECT_EQ(to_hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(sha256(two)), "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Digest, OfAKeyAndAText) {
  EXPECT_EQ(to_hex(hmac_sha256(std::string(20, '\x0b'), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(to_hex(hmac_sha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Digest, OfNoKeyIsNotThatOfTheKeyBefore) {
  (void)hmac_sha256("before", "text");
  const std::string none = to_hex(hmac_sha256({}, "text"));
  (void)hmac_sha256("another", "text");
  EXPECT_EQ(to_hex(hmac_sha256("", "text")), none);
  EXPECT_NE(none, to_hex(hmac_sha256("another", "text")));
}

TEST(Digest, EqualIsWhatHasTheSameBytes) {
  EXPECT_TRUE(equal_in_constant_time(as_bytes("abc"), as_bytes("abc")));
  EXPECT_FALSE(equal_in_constant_time(as_bytes("abc"), as_bytes("abd")));
  EXPECT_FALSE(equal_in_constant_time(as_bytes("abc"), as_bytes("ab")));
  EXPECT_TRUE(equal_in_constant_time({}, {}));
}

} // namespace
} // namespace swill
