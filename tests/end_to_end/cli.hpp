#pragma once

#include "libswill/base/await.hpp"
#include "libswill/server/server.hpp"
#include "sessions/sessions.hpp"
#include "tests/end_to_end/program.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace swill::test {

/// What its handlers take.
namespace cli_types {

struct order {
  std::string sku;
  int quantity = 1;
};
template <class D>
void describe(D& d, order& o) {
  d.field("sku", o.sku, length{.min = 1, .max = 31}, doc{"stock keeping unit"});
  d.field("quantity", o.quantity, range{1, 100});
}

struct tagged {
  std::vector<std::string> tags;
  std::map<std::string, int> marks;
  std::optional<std::string> note;
};
template <class D>
void describe(D& d, tagged& t) {
  d.field("tags", t.tags, min_length{1}, each{pattern{"^[a-z]+$"}});
  d.field("marks", t.marks, values{range{1, 6}});
  d.field("note", t.note, min_length{2});
}

} // namespace cli_types

/// The tool beside a server with a handler of each kind.
class Cli : public testing::Test {
protected:
  Cli() {
    app_.set_log([](const log_entry&) {});
    app_.limits().drain_timeout = std::chrono::milliseconds{0};
    add_handlers();
    server_ = std::make_unique<server>(app_, server_options{.listen = {"127.0.0.1:0"}, .io_threads = 1});
    server_->start();
  }
  ~Cli() override { server_->stop(); }

  std::vector<std::string> with_url(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"--url", "ws://127.0.0.1:" + std::to_string(server_->port()) + "/ws"});
    return arguments;
  }
  program::ending swill(const std::vector<std::string>& arguments, std::string_view input = {}) const {
    return run_cli(with_url(arguments), input);
  }
  bool unwound() { return unwound_.get_future().wait_for(std::chrono::seconds{10}) == std::future_status::ready; }

private:
  struct on_unwind {
    std::promise<void>& to;
    ~on_unwind() { to.set_value(); }
  };

  void add_handlers() {
    app_.handle("add", [](request<std::pair<int, int>> r) { return r.data().first + r.data().second; });
    app_.handle("echo", [](request<value> r) { return r.data(); });
    app_.handle("place", [](request<cli_types::order> r) { return r.data().quantity; }, {.doc = "Places an order"});
    app_.handle("tag", [](request<cli_types::tagged>) {});
    app_.handle("metadata", [](request<> r) {
      value all = value::map({});
      for (const auto& [k, v] : r.metadata()) all.set(k, v);
      return all;
    });
    app_.handle("header",
                [](request<> r) { return std::string{r.context().connection().header("X-Test").value_or("")}; });
    app_.before_connection([](connection& c) {
      if (const auto status = c.header("X-Reject")) throw rejection{std::stoi(std::string{*status}), "go away\x1b[2J"};
    });
    app_.use(std::make_shared<sessions>());
    app_.handle("visit", [](request<> r) -> task<int> {
      session& s = co_await r.context().session();
      s.set("visits", s.get<int>("visits").value_or(0) + 1);
      co_return *s.get<int>("visits");
    });
    app_.handle("told", [](request<> r) {
      r.context().set_leading({"engine", "v7"});
      r.context().trailing().set("words", 1);
      return 5;
    });
    app_.handle("tells", [](request<int> r) -> stream<int> {
      r.context().set_leading({"engine", "v8"});
      for (int i = 1; i <= r.data(); ++i) co_yield i;
      r.context().trailing().set("words", 2);
    });
    app_.handle("rude", [](request<> r) -> int {
      (void)r;
      throw error{400, "no\x1b]0;title\x07\nswill: all is well"};
    });
    app_.handle("fail", [](request<int> r) -> int { throw error{r.data(), "as asked", value{7}}; });
    app_.handle("close", [](request<> r) -> int {
      (void)r;
      throw close_connection{4001, "bye"};
    });
    app_.handle("count", [](request<int> r) -> stream<int> {
      for (int i = 1; i <= r.data(); ++i) co_yield i;
    });
    app_.handle("endless", [this](request<> r) -> stream<int> {
      const on_unwind end{unwound_};
      for (int i = 0;; ++i) co_yield i;
      (void)r;
    });
    app_.handle("hang", [this](request<> r) -> task<void> {
      const on_unwind end{unwound_};
      co_await sleep_for(std::chrono::hours{1});
      (void)r;
    });
    app_.handle("hangs_later", [this](request<> r) -> task<void> {
      if (++calls_ == 1) co_return;
      if (calls_ > 2) co_await sleep_for(std::chrono::hours{1});
      const on_unwind end{unwound_};
      co_await sleep_for(std::chrono::hours{1});
      (void)r;
    });
    app_.handle("fails_third", [this](request<> r) -> task<void> {
      if (++calls_ == 1) co_return;
      if (calls_ > 2) throw error{400, "the third"};
      const on_unwind end{unwound_};
      co_await sleep_for(std::chrono::hours{1});
      (void)r;
    });
    app_.handle("sum", [](streaming_request<int> r) -> task<int> {
      int sum = 0;
      while (const auto item = co_await r.next()) sum += *item;
      co_return sum;
    });
    app_.handle("pairs", [](streaming_request<int> r) -> stream<int> {
      while (const auto first = co_await r.next()) {
        const auto second = co_await r.next();
        co_yield *first + second.value_or(0);
      }
    });
    app_.handle("double", [](streaming_request<int> r) -> stream<int> {
      while (const auto item = co_await r.next()) co_yield 2 * *item;
    });
  }

  app app_;
  std::promise<void> unwound_;
  std::atomic<int> calls_{0};
  std::unique_ptr<server> server_;
};

} // namespace swill::test
