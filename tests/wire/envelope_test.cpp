#include "libswill/wire/envelope.hpp"

#include "libswill/wire/codec.hpp"
#include "tests/wire/hex.hpp"

#include <gtest/gtest.h>
#include <random>
#include <vector>

namespace swill::wire {
namespace {

constexpr std::uint64_t no_seq = 0;

/// What decode_request makes of a message, without what it borrows.
struct verdict {
  decode_status status;
  std::uint64_t seq;
  std::string_view problem;
  friend bool operator==(const verdict&, const verdict&) = default;
  friend std::ostream& operator<<(std::ostream& to, const verdict& v) {
    return to << static_cast<int>(v.status) << " on seq " << v.seq << ": " << v.problem;
  }
};

verdict request_verdict(std::string_view hex, const limits& limits = {}) {
  const bytes message = from_hex(hex);
  const decoded_request r = decode_request(message, limits);
  return {r.status, r.status == decode_status::undecodable ? no_seq : r.envelope.seq, r.problem};
}

verdict response_verdict(std::string_view hex) {
  const bytes message = from_hex(hex);
  const decoded_response r = decode_response(message, {});
  return {r.status, r.status == decode_status::undecodable ? no_seq : r.envelope.seq, r.problem};
}

verdict undecodable(std::string_view problem) { return {decode_status::undecodable, no_seq, problem}; }
verdict bad_request(std::uint64_t seq, std::string_view problem) { return {decode_status::bad_request, seq, problem}; }
verdict ok(std::uint64_t seq) { return {decode_status::ok, seq, ""}; }

TEST(Request, DecodesTheShortForm) {
  const bytes message = from_hex("9301920102a3616464");

  const decoded_request r = decode_request(message, {});

  EXPECT_EQ(r.status, decode_status::ok);
  EXPECT_EQ(r.envelope.seq, 1U);
  EXPECT_EQ(to_hex(r.envelope.data), "920102");
  EXPECT_EQ(r.envelope.rpc, "add");
  EXPECT_EQ(r.envelope.type, request_type::message);
  EXPECT_TRUE(r.envelope.metadata.empty());
}

/// What usual_request takes for the data of that rpc, in hex; "another" where it is none.
std::string usual(std::string_view hex, std::string_view rpc) {
  const bytes message = from_hex(hex);
  const usual_request in{message};
  const bytes_view data = in.seq() != 0 ? in.data_for(rpc) : bytes_view{};
  return data.empty() ? "another" : std::to_string(in.seq()) + " " + to_hex(data);
}

TEST(UsualRequest, HasItsDataBetweenSeqAndRpc) {
  EXPECT_EQ(usual("9301920102a3616464", "add"), "1 920102");
  EXPECT_EQ(usual("94cd0100c0a361646400", "add"), "256 c0");
  EXPECT_EQ(usual("95cf001fffffffffffffc0a361646400c0", "add"), "9007199254740991 c0");
}

TEST(UsualRequest, IsForThatRpcAndSaysNoMore) {
  for (const std::string_view hex : {"",
                                     "93",
                                     "9301",
                                     "9301c0",
                                     "9301a3616464",
                                     "9300c0a3616464",
                                     "93cf0020000000000000c0a3616464",
                                     "93ffc0a3616464",
                                     "93c0c0a3616464",
                                     "dc000301c0a3616464",
                                     "9201c0a3616464",
                                     "9601c0a361646400c0c0",
                                     "9301c0a3616465",
                                     "9301c0a461616464",
                                     "9301c0d903616464",
                                     "9301c0a3616464c0",
                                     "9401c0a361646401",
                                     "9401c0a3616464cc00",
                                     "9501c0a36164640080",
                                     "9501c0a361646402c0",
                                     "9501c0a361646400"}) {
    EXPECT_EQ(usual(hex, "add"), "another") << hex;
  }
  EXPECT_EQ(usual("9301c0bf" + std::string(62, '6'), std::string(31, 'f')), "1 c0");
  EXPECT_EQ(usual("9301c0d920" + std::string(64, '6'), std::string(32, 'f')), "another");
}

TEST(UsualRequest, IsWhatDecodeRequestFindsWhereItsDataAreOneValue) {
  const limits l{.nesting = 4};
  std::mt19937 random{20261126};
  const auto up_to = [&random](unsigned n) { return static_cast<unsigned>(random() % (n + 1)); };
  int usual_ones = 0;
  for (int i = 0; i < 200'000; ++i) {
    static constexpr unsigned bytes_of_note[] = {0x00, 0x01, 0x80, 0x81, 0x90, 0x91,
                                                 0xa1, 0x66, 0xc0, 0xc1, 0xcc, 0xd9};
    bytes message{static_cast<std::byte>(0x93 + up_to(2)), std::byte{7}};
    for (unsigned n = up_to(8); n != 0; --n) message.push_back(static_cast<std::byte>(bytes_of_note[up_to(11)]));
    for (const unsigned b : {0xa1, 0x66, 0x00, 0xc0}) {
      if (up_to(7) != 0 && (b != 0x00 || up_to(1) != 0)) message.push_back(static_cast<std::byte>(b));
    }
    const usual_request in{message};
    const bytes_view data = in.seq() != 0 ? in.data_for("f") : bytes_view{};
    reader one{data};
    if (data.empty() || !one.skip(l.nesting - 1) || !one.at_end()) continue;
    ++usual_ones;

    const decoded_request r = decode_request(message, l);

    ASSERT_EQ(r.status, decode_status::ok) << to_hex(message);
    EXPECT_EQ(r.envelope.seq, in.seq());
    EXPECT_EQ(r.envelope.data.data(), data.data());
    EXPECT_EQ(r.envelope.data.size(), data.size());
    EXPECT_EQ(r.envelope.rpc, "f");
    EXPECT_EQ(r.envelope.type, request_type::message);
    EXPECT_TRUE(r.envelope.metadata.empty());
  }
  EXPECT_GT(usual_ones, 500);
}

TEST(Request, DecodesAllFiveElements) {
  const bytes message = from_hex("9502c0a16601"
                                 "81a16bc0");

  const decoded_request r = decode_request(message, {});

  EXPECT_EQ(r.status, decode_status::ok);
  EXPECT_EQ(to_hex(r.envelope.data), "c0");
  EXPECT_EQ(r.envelope.type, request_type::end_of_stream);
  EXPECT_EQ(to_hex(r.envelope.metadata), "81a16bc0");
}

TEST(Request, KnowsFourTypesInAnyIntegerFormat) {
  for (const std::string_view type : {"03", "cc03", "cd0003", "ce00000003", "cf0000000000000003", "d003", "d10003",
                                      "d200000003", "d30000000000000003"}) {
    const bytes message = from_hex("9401c0a166" + std::string{type});

    EXPECT_EQ(decode_request(message, {}).envelope.type, request_type::cancel) << type;
  }
  for (const char type : {'0', '1', '2', '3'}) EXPECT_EQ(request_verdict(std::string{"9401c0a1660"} + type), ok(1));
}

TEST(Request, TakesSeqInAnyIntegerFormat) {
  for (const std::string_view seq : {"07", "cc07", "cd0007", "ce00000007", "cf0000000000000007", "d007", "d10007",
                                     "d200000007", "d30000000000000007"}) {
    EXPECT_EQ(request_verdict("93" + std::string{seq} + "c0a166"), ok(7)) << seq;
  }
}

TEST(Request, TakesSeqFromOneTo2To53Less1) {
  EXPECT_EQ(request_verdict("9301c0a166"), ok(1));
  EXPECT_EQ(request_verdict("93cf001fffffffffffffc0a166"), ok(largest_seq));
  for (const std::string_view seq : {"00", "cf0020000000000000", "cfffffffffffffffff", "ff", "d38000000000000000",
                                     "cb3ff0000000000000", "a131", "c3", "c0", "90", "80", "c40101", "d40101"}) {
    EXPECT_EQ(request_verdict("93" + std::string{seq} + "c0a166"),
              undecodable("seq is not an integer from 1 to 2^53-1"))
        << seq;
  }
}

TEST(Request, TreatsNilMetadataAsNone) {
  const bytes message = from_hex("9501c0a16600c0");

  EXPECT_TRUE(decode_request(message, {}).envelope.metadata.empty());
}

TEST(Request, KeepsEmptyMetadata) {
  const bytes message = from_hex("9501c0a1660080");

  EXPECT_EQ(to_hex(decode_request(message, {}).envelope.metadata), "80");
}

TEST(Request, IgnoresElementsPastTheFifth) {
  EXPECT_EQ(request_verdict("9701c0a16600c081a16b9101d40500"), ok(1));
  EXPECT_EQ(request_verdict("dc001401c0a16600" + repeat("c0", 16)), ok(1));
}

TEST(Request, IsOneArrayAndNothingElse) {
  for (const std::string_view hex :
       {"", "c0", "01", "83a3736571", "80", "c403930102", "d40100", "cb3ff0000000000000", "c3", "a0", "c1"}) {
    EXPECT_EQ(request_verdict(hex), undecodable("envelope is not a MessagePack array")) << hex;
  }
}

TEST(Request, IsUndecodableWithBytesBehindIt) {
  EXPECT_EQ(request_verdict("9301c0a16600"), undecodable("bytes after the envelope"));
  EXPECT_EQ(request_verdict("9301c001c0"), undecodable("bytes after the envelope"));
}

TEST(Request, IsUndecodableWhenCutAnywhere) {
  const std::string whole = "96cd0100920102a161cc0181a16b92c0a1780"
                            "5";

  EXPECT_EQ(request_verdict(whole), ok(256));
  for (std::size_t digits = 0; digits < whole.size(); digits += 2) {
    EXPECT_EQ(request_verdict(whole.substr(0, digits)).status, decode_status::undecodable) << digits;
  }
}

TEST(Request, IsUndecodableWithAReservedByteInAnyElement) {
  for (const std::string_view hex :
       {"93c1c0a166", "9301c1a166", "930191c1a166", "9301c0c1", "9401c0a166c1", "9501c0a16600c1",
        "9501c0a1660081a16bc1", "9501c0a1660081c101", "9601c0a16600c0c1", "9301c005c1"}) {
    EXPECT_EQ(request_verdict(hex).status, decode_status::undecodable) << hex;
  }
}

TEST(Request, IsUndecodableWhenItDeclaresMoreThanIsThere) {
  for (const std::string_view hex :
       {"ddffffffff", "dd0000000401c0a166", "9301c6ffffffff", "9301dfffffffff", "9301dd7fffffff00", "9301c9ffffffff01",
        "9301dbffffffffa166", "9301c0dbffffffff", "9501c0a16100df7fffffff", "9601c0a16100c0ddffffffff"}) {
    EXPECT_EQ(request_verdict(hex), undecodable("envelope is truncated or malformed")) << hex;
  }
}

TEST(Request, SaysWhatIsWrongWhenSeqCanBeRead) {
  const std::vector<std::pair<std::string_view, std::string_view>> cases = {
      {"9105", "envelope has fewer than 3 elements"},
      {"9205c0", "envelope has fewer than 3 elements"},
      {"9305c005", "rpc is not a str"},
      {"9305c0c0", "rpc is not a str"},
      {"9305c0c40166", "rpc is not a str"},
      {"9305c090", "rpc is not a str"},
      {"9305c0a2c328", "rpc is not valid UTF-8"},
      {"9405c0a16604", "type is not an integer from 0 to 3"},
      {"9405c0a166ff", "type is not an integer from 0 to 3"},
      {"9405c0a166ccff", "type is not an integer from 0 to 3"},
      {"9405c0a166cf0000000100000000", "type is not an integer from 0 to 3"},
      {"9405c0a166c0", "type is not an integer from 0 to 3"},
      {"9405c0a166c2", "type is not an integer from 0 to 3"},
      {"9405c0a166cb0000000000000000", "type is not an integer from 0 to 3"},
      {"9405c0a166a130", "type is not an integer from 0 to 3"},
      {"9505c0a1660090", "metadata is neither nil nor a map"},
      {"9505c0a16600c3", "metadata is neither nil nor a map"},
      {"9505c0a16600c40180", "metadata is neither nil nor a map"},
      {"9505c0a1660001", "metadata is neither nil nor a map"},
      {"9505c0a1660081c001", "a key of metadata is not a str"},
      {"9505c0a1660082a16b010101", "a key of metadata is not a str"},
      {"9505c0a1660081c4016b01", "a key of metadata is not a str"},
      {"9505c0a1660081a2c32801", "a key of metadata is not valid UTF-8"}};

  for (const auto& [hex, problem] : cases) EXPECT_EQ(request_verdict(hex), bad_request(5, problem)) << hex;
}

TEST(Request, NamesTheFirstOfSeveralProblems) {
  EXPECT_EQ(request_verdict("9505c001c090"), bad_request(5, "rpc is not a str"));
}

TEST(Request, GivesNothingButSeqWhenBad) {
  const bytes message = from_hex("9505c0a1660090");

  const decoded_request r = decode_request(message, {});

  EXPECT_TRUE(r.envelope.rpc.empty());
  EXPECT_TRUE(r.envelope.data.empty());
}

TEST(Request, TellsWhichOneItIsWhenBad) {
  for (const std::string& hex : {std::string{"9505c0a1660290"}, "9405" + repeat("91", 40) + "c0a16602"}) {
    const bytes message = from_hex(hex);
    const decoded_request r = decode_request(message, {});
    EXPECT_EQ(r.status, decode_status::bad_request) << hex;
    EXPECT_EQ(r.bad_rpc, "f") << hex;
    EXPECT_EQ(r.bad_type, request_type::metadata) << hex;
  }
  for (const std::string_view hex : {"9305c001", "9405c0a16604", "9405c0a166c0"}) { // no name; no type
    const bytes message = from_hex(hex);
    EXPECT_EQ(decode_request(message, {}).bad_rpc, "") << hex;
  }
}

TEST(Request, MayNestUpToTheLimitAndNoDeeper) {
  const limits limits; // the envelope is one of 32
  for (const std::string_view open : {"91", "81a16b"}) {
    const std::string at = repeat(open, limits.nesting - 1) + "c0";
    const std::string past = repeat(open, limits.nesting) + "c0";

    EXPECT_EQ(request_verdict("9301" + at + "a166"), ok(1));
    EXPECT_EQ(request_verdict("9301" + past + "a166"), bad_request(1, "nested too deeply"));
    EXPECT_EQ(request_verdict("9601c0a16600c0" + at), ok(1));
    EXPECT_EQ(request_verdict("9601c0a16600c0" + past), bad_request(1, "nested too deeply"));
  }
  EXPECT_EQ(request_verdict("9501c0a1660081a16b" + repeat("91", limits.nesting - 2) + "c0"), ok(1));
  EXPECT_EQ(request_verdict("9501c0a1660081a16b" + repeat("91", limits.nesting - 1) + "c0"),
            bad_request(1, "nested too deeply"));
  EXPECT_EQ(request_verdict("9301" + repeat("91", 100'000) + "c0a166"), bad_request(1, "nested too deeply"));
}

TEST(Request, IsUndecodableWhenItNestsTooDeeplyAndIsMalformedBehindThat) {
  const std::string deep = "9301" + repeat("91", 100'000);

  EXPECT_EQ(request_verdict(deep), undecodable("envelope is truncated or malformed"));
  EXPECT_EQ(request_verdict(deep + "c0"), undecodable("envelope is truncated or malformed"));
  EXPECT_EQ(request_verdict(deep + "c1a166"), undecodable("envelope is truncated or malformed"));
  EXPECT_EQ(request_verdict(deep + "c0a266"), undecodable("envelope is truncated or malformed"));
  EXPECT_EQ(request_verdict(deep + "ddffffffffa166"), undecodable("envelope is truncated or malformed"));
  EXPECT_EQ(request_verdict(deep + "c0a16600"), undecodable("bytes after the envelope"));
}

TEST(Request, MayHaveAnRpcNameUpToTheLimitAndNoLonger) {
  const limits limits{.rpc_name = 3};

  EXPECT_EQ(request_verdict("9301c0a3616464", limits), ok(1));
  EXPECT_EQ(request_verdict("9301c0a461646464", limits), bad_request(1, "rpc is too long"));
}

TEST(Request, MayHaveMetadataUpToTheLimitAndNoLarger) {
  const limits limits{.metadata_size = 4};

  EXPECT_EQ(request_verdict("9501c0a1660081a16b01", limits), ok(1));
  EXPECT_EQ(request_verdict("9501c0a1660081a16bcc01", limits), bad_request(1, "metadata is too large"));
}

TEST(Request, LeavesOutTrailingDefaultsWhenWritten) {
  const bytes data = from_hex("920102");
  const bytes metadata = from_hex("81a16b01");

  EXPECT_EQ(written([&](writer& w) { write_request(w, 1, data, "add"); }), "9301920102a3616464");
  EXPECT_EQ(written([&](writer& w) { write_request(w, 300, {}, "f", request_type::cancel); }), "94cd012cc0a16603");
  EXPECT_EQ(written([&](writer& w) { write_request(w, 1, {}, "f", request_type::metadata, metadata); }),
            "9501c0a1660281a16b01");
  EXPECT_EQ(written([&](writer& w) { write_request(w, 1, data, "f", request_type::message, metadata); }),
            "9501920102a1660081a16b01");
}

TEST(Response, DecodesAllFiveElements) {
  const bytes message = from_hex("950103"
                                 "00"
                                 "81a16101"
                                 "81a16202");

  const decoded_response r = decode_response(message, {});

  EXPECT_EQ(r.status, decode_status::ok);
  EXPECT_EQ(r.envelope.seq, 1U);
  EXPECT_EQ(to_hex(r.envelope.data), "03");
  EXPECT_EQ(r.envelope.type, response_type::message);
  EXPECT_EQ(to_hex(r.envelope.leading), "81a16101");
  EXPECT_EQ(to_hex(r.envelope.trailing), "81a16202");
}

TEST(Response, ToleratesWhatLaterServersMayDo) {
  EXPECT_EQ(response_verdict("9301c001"), ok(1));
  EXPECT_EQ(response_verdict("9601c001c0c005"), ok(1));
}

TEST(Response, TellsBadFromUndecodable) {
  EXPECT_EQ(response_verdict("9201c0"), bad_request(1, "envelope has fewer than 3 elements"));
  EXPECT_EQ(response_verdict("9501c004c0c0"), bad_request(1, "type is not an integer from 0 to 3"));
  EXPECT_EQ(response_verdict("9501c00001c0"), bad_request(1, "metadata is neither nil nor a map"));
  EXPECT_EQ(response_verdict("9501c000c001"), bad_request(1, "metadata is neither nil nor a map"));
  EXPECT_EQ(response_verdict("9500c000c0c0"), undecodable("seq is not an integer from 1 to 2^53-1"));
  EXPECT_EQ(response_verdict("9501c000c0"), undecodable("envelope is truncated or malformed"));
  EXPECT_EQ(response_verdict("9501c000c0c0c0"), undecodable("bytes after the envelope"));
}

TEST(Response, IsWrittenWithAllFiveElements) {
  const bytes metadata = from_hex("81a16b01");

  EXPECT_EQ(written([&](writer& w) {
              begin_response(w, 1);
              w.integer(3);
              end_response(w, response_type::message);
            }),
            "95010300c0c0");
  EXPECT_EQ(written([&](writer& w) {
              begin_response(w, largest_seq);
              w.nil();
              end_response(w, response_type::end_of_stream, metadata, metadata);
            }),
            "95cf001fffffffffffffc00181a16b0181a16b01");
}

TEST(Response, CarriesAnError) {
  const error plain{error_code::not_found, "gone"};
  const error with_data{418, "teapot", value::map({{"k", 1}})};

  EXPECT_EQ(written([&](writer& w) { write_error(w, 1, plain); }),
            "950182a4636f6465cd0194a76d657373616765a4676f6e6503c0c0");
  EXPECT_EQ(written([&](writer& w) { write_error(w, 1, with_data); }),
            "950183a4636f6465cd01a2a76d657373616765a6746561706f74a46461746181a16b0103c0c0");
}

TEST(Response, CarriesAnErrorWhoseTextIsNotUtf8) {
  const error bad_message{400, "a\xff"};
  const error bad_data{400, "a", value::map({{"k", "\xff"}})};

  EXPECT_EQ(written([&](writer& w) { write_error(w, 1, bad_message); }),
            "950182a4636f6465cd0190a76d657373616765a461efbfbd03c0c0");
  EXPECT_EQ(written([&](writer& w) { write_error(w, 1, bad_data); }),
            "950182a4636f6465cd0190a76d657373616765a16103c0c0");
}

} // namespace
} // namespace swill::wire
