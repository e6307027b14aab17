#include "actors/workers/introduction.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace swill::actors::workers {
namespace {

using side = introduction::side;

/// Moves what one side has to say to the other, a few bytes at a time; all that was said.
std::string carry(introduction& from, introduction& to, std::size_t at_once) {
  std::string said;
  while (!from.to_send().empty() && to.wanted() > 0) {
    const bytes_view b = from.to_send().first(std::min({from.to_send().size(), to.wanted(), at_once}));
    said += as_text(b);
    to.take(b);
    from.sent(b.size());
  }
  return said;
}

/// What the worker said.
std::string introduce(introduction& worker, introduction& gateway, std::size_t at_once = 64) {
  std::string said = carry(worker, gateway, at_once);
  carry(gateway, worker, at_once);
  said += carry(worker, gateway, at_once);
  carry(gateway, worker, at_once);
  return said;
}

TEST(Introduction, ProvesBothSidesToEachOther) {
  for (const std::size_t at_once : {1, 7, 64}) {
    introduction worker{side::worker, "a secret of some length"}, gateway{side::gateway, "a secret of some length"};
    introduce(worker, gateway, at_once);
    ASSERT_TRUE(worker.is_over() && gateway.is_over());
    ASSERT_TRUE(worker.is_proven() && gateway.is_proven()) << worker.failure() << gateway.failure();
    EXPECT_EQ(worker.keys().ticket, gateway.keys().ticket);
    EXPECT_EQ(worker.keys().to_worker, gateway.keys().to_worker);
    EXPECT_EQ(worker.keys().to_gateway, gateway.keys().to_gateway);
    EXPECT_NE(worker.keys().to_gateway, worker.keys().to_worker);
  }
}

TEST(Introduction, RefusesAnotherSecretAndSaysSo) {
  introduction worker{side::worker, "quite another secret"}, gateway{side::gateway, "a secret of some length"};
  introduce(worker, gateway);
  EXPECT_TRUE(gateway.is_over());
  EXPECT_EQ(gateway.failure(), "it does not know the secret");
  EXPECT_EQ(worker.failure(), "refused: it does not know the secret");
}

TEST(Introduction, GatewayMustKnowTheSecretToo) {
  introduction worker{side::worker, "a secret of some length"};
  worker.sent(worker.to_send().size());
  worker.take(as_bytes(std::string{"swill-l\3"} + std::string(nonce_size, 'n')));
  worker.sent(worker.to_send().size());
  worker.take(as_bytes("\1" + std::string(proof_size, 'p')));
  EXPECT_FALSE(worker.is_proven());
  EXPECT_EQ(worker.failure(), "the gateway does not know the secret");
}

TEST(Introduction, WhatWasRecordedOpensNothing) {
  introduction worker{side::worker, "a secret of some length"}, gateway{side::gateway, "a secret of some length"};
  std::string recorded = introduce(worker, gateway);
  ASSERT_TRUE(gateway.is_proven());

  introduction next{side::gateway, "a secret of some length"};
  while (next.wanted() > 0 && !recorded.empty()) {
    const std::size_t n = std::min(next.wanted(), recorded.size());
    next.take(as_bytes(recorded).first(n));
    recorded.erase(0, n);
  }

  EXPECT_FALSE(next.is_proven());
  EXPECT_EQ(next.failure(), "it does not know the secret");
}

TEST(Introduction, StopsAtTheFirstByteThatIsNotOfIt) {
  introduction gateway{side::gateway, "a secret of some length"};
  gateway.take(as_bytes("swill-m"));
  EXPECT_EQ(gateway.wanted(), 0U);
  EXPECT_TRUE(gateway.is_over());
  EXPECT_FALSE(gateway.is_proven());
}

} // namespace
} // namespace swill::actors::workers
