#include "tests/chaos/cluster.hpp"

#include "tests/support/free_port.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace swill::chaos {

const char* const gateway_program = SWILL_GATEWAY_PROGRAM;
const char* const worker_program = SWILL_WORKER_PROGRAM;

void report(const std::string& line) {
  std::printf("[ measured ] %s\n", line.c_str());
  std::fflush(stdout);
}

// --- Gateway

gateway::gateway(std::string name, std::vector<std::string> arguments, std::string listen,
                 std::vector<std::string> wrapper)
    : name_(std::move(name)), command_(std::move(wrapper)) {
  for (int attempts = 0; attempts < 5; ++attempts) { // somebody else may take the port between its choice and its use
    const std::string address = listen.empty() ? "127.0.0.1:" + std::to_string(test::free_port()) : listen;
    const std::size_t before = command_.size();
    command_.insert(command_.end(), {gateway_program, "--listen", address, "--io-threads", "2", "--workers", "2"});
    command_.insert(command_.end(), arguments.begin(), arguments.end());
    url_ = listen.starts_with("unix:") ? listen : "ws://" + address + "/ws";
    if (launch()) return;
    command_.resize(before);
  }
  throw std::runtime_error("a gateway does not start: " + process_->output());
}

bool gateway::launch() {
  // A file for each life, so that what an earlier one has said is not taken for this one's.
  process_.emplace(command_, directory_.path() / (name_ + "-" + std::to_string(++launches_) + ".log"));
  return eventually([this] { return listens() || !process_->is_running(); }) && process_->is_running();
}

bool gateway::listens() { return process_->output().find("listens on") != std::string::npos; }

void gateway::restart() {
  kill();
  if (!launch()) throw std::runtime_error("a gateway does not start again: " + process_->output());
}

// --- Cluster

cluster::cluster(std::size_t count, std::vector<std::string> more) {
  std::vector<std::string> all = arguments(redis.address(), directory);
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  for (std::size_t i = 0; i < count; ++i)
    gateways.push_back(std::make_unique<gateway>("gateway" + std::to_string(i), all));
}

const std::string& cluster::admin_token() {
  static const std::string token = "the administrators of these tests";
  return token;
}

std::vector<std::string> cluster::arguments(const std::string& redis_address, const temporary_directory& directory) {
  const std::string token_file = (directory.path() / "admin").string();
  std::ofstream{token_file} << admin_token();
  return {"--redis",     redis_address, "--topic-history",    "1000000",
          "--topic-age", "7200",        "--admin-token-file", token_file};
}

addresses cluster::urls() const {
  addresses all;
  for (const auto& g : gateways) all.push_back(g->url());
  return all;
}

// --- Load

load::load(const addresses& gateways, std::size_t publishers_wanted, std::size_t subscribers_wanted, load_options o) {
  for (std::size_t i = 0; i < subscribers_wanted; ++i)
    subscribers.push_back(std::make_unique<subscriber>(book, gateways, i, o));
  const bool begun = eventually([this] {
    return std::all_of(subscribers.begin(), subscribers.end(),
                       [this](const auto& s) { return book.at(s->number()).has_value(); });
  });
  if (!begun) throw std::runtime_error("a subscription does not begin");
  for (std::size_t i = 0; i < publishers_wanted; ++i)
    publishers.push_back(std::make_unique<publisher>(book, gateways, i, o));
  if (!wait_for_acknowledged(3)) throw std::runtime_error("nothing can be published");
}

bool load::wait_for_acknowledged(std::size_t more) {
  std::vector<std::size_t> goals;
  for (const auto& p : publishers) goals.push_back(p->calls.successes() + more);
  return eventually([&] {
    for (std::size_t i = 0; i < publishers.size(); ++i) {
      if (publishers[i]->calls.successes() < goals[i]) return false;
    }
    return true;
  });
}

std::vector<std::size_t> load::failure_counts() const {
  std::vector<std::size_t> counts;
  for (const auto& p : publishers) counts.push_back(p->calls.failures());
  return counts;
}

bool load::wait_for_failures(std::size_t more) {
  const auto before = failure_counts();
  return eventually([&] {
    const auto now = failure_counts();
    for (std::size_t i = 0; i < now.size(); ++i) {
      if (now[i] < before[i] + more) return false;
    }
    return true;
  });
}

bool load::is_everybody_once(const ids_by_user& members) const {
  return members.size() == subscribers.size() &&
         std::all_of(subscribers.begin(), subscribers.end(),
                     [&](const auto& s) { return members.count(s->name()) == 1; });
}

void load::finish_and_check(bool wiped) {
  for (const auto& p : publishers) EXPECT_TRUE(p->finish()) << "the last message is not acknowledged";
  EXPECT_TRUE(book.wait_for_all()) << "subscribers do not get to the end";
  const auto problems = book.problems(wiped);
  EXPECT_EQ(problems.size(), 0U);
  for (std::size_t i = 0; i < std::min<std::size_t>(problems.size(), 20); ++i) ADD_FAILURE() << problems[i];
  if (!wiped) {
    EXPECT_EQ(book.notice_count(), 0U) << "subscribers were told that messages are missing";
  }
  report(book.summary());
}

} // namespace swill::chaos
