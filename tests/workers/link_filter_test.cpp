#include "actors/workers/link_filter.hpp"

#include "actors/workers/network.hpp"
#include "tests/support/patience.hpp"

#include <gtest/gtest.h>

#include <future>
#include <string>

#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <caf/io/basp_broker.hpp>

namespace swill {
namespace {

using namespace actors::workers;
using namespace std::chrono_literals;
using message_kind = caf::io::basp::message_type;

std::string header_for(message_kind is, std::size_t payload) {
  std::string out(32, '\0');
  out[0] = static_cast<char>(is);
  for (int i = 0; i < 4; ++i) out[static_cast<std::size_t>(7 - i)] = static_cast<char>(payload >> 8 * i & 0xffU);
  return out;
}

/// Whether both pass, or the header does not and nothing comes after it.
bool passes(message_kind is, const std::string& payload) {
  link_filter f;
  return f.passes(header_for(is, payload.size())) && (payload.empty() || f.passes(payload));
}

/// A message as CAF writes it: no stages, and the name of its types.
std::string message_of(const std::string& types, const std::string& content) {
  return std::string(3, '\0') + static_cast<char>(types.size()) + types + content;
}

/// What CAF itself writes of a message.
template <class... Ts>
std::string written(const Ts&... values) {
  caf::actor_system_config config;
  config.set("scheduler.max-threads", std::uint64_t{1});
  caf::actor_system system{config};
  std::vector<char> out;
  caf::binary_serializer to{system, out};
  std::vector<caf::strong_actor_ptr> stages;
  caf::message m = caf::make_message(values...);
  EXPECT_FALSE(to(stages, m));
  return {out.begin(), out.end()};
}

TEST(LinkFilter, LetsBatchesPassAsCafWritesThem) {
  for (const std::size_t size : {0U, 1U, 127U, 128U, 16383U, 16384U, 3000000U})
    EXPECT_TRUE(passes(message_kind::direct_message, written(std::vector<char>(size, '\xff')))) << size;
}

TEST(LinkFilter, KnowsNoOtherMessages) {
  EXPECT_FALSE(passes(message_kind::direct_message, written(std::string{"text"})));
  EXPECT_FALSE(passes(message_kind::direct_message, written(std::vector<char>(3), std::vector<char>(3))));
  EXPECT_FALSE(passes(message_kind::direct_message, written(caf::make_message(1))));
  EXPECT_FALSE(passes(message_kind::direct_message, message_of("@<>", "")));
  EXPECT_FALSE(passes(message_kind::direct_message, ""));
}

TEST(LinkFilter, LetsCafAskAndAnswerOnce) {
  const std::string question = written(caf::atom("sys"), caf::atom("get"), std::string{"info"});
  const std::string answer =
      written(caf::atom("ok"), std::string{"info"}, caf::strong_actor_ptr{}, std::string{"name"});
  link_filter f;
  for (const bool first : {true, false}) {
    for (const std::string& m : {question, answer}) {
      ASSERT_TRUE(f.passes(header_for(message_kind::direct_message, m.size())));
      EXPECT_EQ(f.passes(m), first);
    }
  }
  EXPECT_FALSE(passes(message_kind::direct_message, question + std::string(65536, 'x')));
}

TEST(LinkFilter, LengthIsThatOfWhatHasCome) {
  const std::string batch = "@<>+@charbuf";
  for (const std::string length :
       {"\x04", "\x06", "\xff\xff\xff\xff\x0f", "\xff\xff\xff\xff\xff\x0f", "\x85\x80\x80\x80\x80", "\xff"})
    EXPECT_FALSE(passes(message_kind::direct_message, message_of(batch, length + "12345")));
  EXPECT_TRUE(passes(message_kind::direct_message, message_of(batch, "\x05"
                                                                     "12345")));
  EXPECT_FALSE(passes(message_kind::direct_message, message_of(batch, "")));
}

TEST(LinkFilter, MessagesWithinOtherKindsDoNotPass) {
  for (const auto is : {message_kind::server_handshake, message_kind::client_handshake, message_kind::monitor_message,
                        message_kind::down_message}) {
    EXPECT_TRUE(passes(is, std::string(60, '\1')));
    EXPECT_TRUE(passes(is, std::string(60, '\1') + "\0\0\3@<>"));
    EXPECT_FALSE(passes(is, std::string(60, '\1') + message_of("@<>+@charbuf", "\xff\xff\xff\xff\x0f")));
    EXPECT_FALSE(passes(is, std::string(65537, '\1')));
    EXPECT_FALSE(passes(is, ""));
  }
}

TEST(LinkFilter, HeadersAreThoseOfALink) {
  EXPECT_TRUE(passes(message_kind::heartbeat, ""));
  EXPECT_FALSE(passes(message_kind::heartbeat, "1"));
  EXPECT_FALSE(passes(message_kind::routed_message, written(std::vector<char>(3))));
  for (int is = 7; is < 256; ++is) EXPECT_FALSE(passes(static_cast<message_kind>(is), "1")) << is;
  link_filter f;
  EXPECT_FALSE(f.passes("short"));
  EXPECT_FALSE(f.passes(""));
}

TEST(Network, SaysWhenCafsPartHasFailedAndNotWhenItEnds) {
  std::promise<void> failed;
  std::atomic<int> times{0};
  const link_troubles told{.on_failure = [&] {
    if (++times == 1) failed.set_value();
  }};
  { network ends{told}; }
  EXPECT_EQ(times, 0);

  network fails{told};
  // As after an exception.
  const auto broker = fails.system().middleman().named_broker<caf::io::basp_broker>(caf::atom("BASP"));
  caf::anon_send(broker, caf::exit_msg{broker.address(), caf::make_error(caf::sec::runtime_error)});
  EXPECT_EQ(failed.get_future().wait_for(patient(10s)), std::future_status::ready);
  EXPECT_EQ(times, 1);
  caf::logger::set_current_actor_system(nullptr); // which sending has set
}

} // namespace
} // namespace swill
