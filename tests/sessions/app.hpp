#pragma once

#include "libswill/api/app.hpp"
#include "sessions/sessions.hpp"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace swill {

inline std::map<std::string, int> values_of(const session& s) {
  std::map<std::string, int> out;
  for (const std::string& name : s.names()) out[name] = s.get<int>(name).value_or(0);
  return out;
}

/// Handlers that do with sessions what applications do.
inline app session_app(const std::shared_ptr<sessions>& all) {
  app a;
  a.set_log({});
  a.use(all);
  a.handle("plain", [](request<int> r) { return r.data(); });
  a.handle("visit", [](request<> r) -> task<int> {
    session& s = co_await r.context().session();
    const int n = s.get<int>("visits").value_or(0) + 1;
    s.set("visits", n);
    co_return n;
  });
  a.handle("peek", [](request<> r) -> task<int> {
    session& s = co_await r.context().session();
    co_return s.get<int>("visits").value_or(0);
  });
  a.handle("fail", [](request<> r) -> task<int> {
    session& s = co_await r.context().session();
    s.set("visits", 1000);
    throw error{error_code::bad_request, "no"};
  });
  a.handle("token", [](request<> r) -> task<std::string> {
    session& s = co_await r.context().session();
    co_return s.token();
  });
  a.handle("login", [](request<std::string> r) -> task<std::string> {
    session& s = co_await r.context().session();
    co_return co_await s.login(r.data());
  });
  a.handle("logout", [](request<> r) -> task<void> {
    session& s = co_await r.context().session();
    co_await s.destroy();
  });
  a.handle("who", [](request<> r) -> task<std::vector<std::string>> {
    session& s = co_await r.context().session();
    const std::vector<std::string> both{s.user(), r.context().connection().user()};
    co_return both;
  });
  // Loads, waits for the first item, sets, ends: so that another may come in between.
  a.handle("slow", [](streaming_request<int> in) -> task<int> {
    session& s = co_await in.context().session();
    const auto item = co_await in.next();
    s.set("visits", item.value_or(0));
    co_return s.get<int>("visits").value_or(-1);
  });
  a.handle("set", [](request<std::pair<std::string, int>> r) -> task<void> {
    session& s = co_await r.context().session();
    s.set(r.data().first, r.data().second);
  });
  // The same, in two steps: for 0 it erases.
  a.handle("slow_set", [](streaming_request<std::pair<std::string, int>> in) -> task<std::map<std::string, int>> {
    session& s = co_await in.context().session();
    const auto item = co_await in.next();
    if (item->second == 0) {
      s.erase(item->first);
    } else {
      s.set(item->first, item->second);
    }
    co_await s.save();
    co_return values_of(s);
  });
  a.handle("values", [](request<> r) -> task<std::map<std::string, int>> {
    session& s = co_await r.context().session();
    co_return values_of(s);
  });
  a.handle("add", [](request<int> r) -> task<int> {
    session& s = co_await r.context().session();
    const int by = r.data();
    const auto add = [by](session& one) { one.set("visits", one.get<int>("visits").value_or(0) + by); };
    co_await s.update(add);
    co_return s.get<int>("visits").value_or(0);
  });
  a.handle("add_elsewhere", [all](request<std::pair<std::string, int>> r) -> task<void> {
    const int by = r.data().second;
    const auto add = [by](session& one) { one.set("visits", one.get<int>("visits").value_or(0) + by); };
    co_await all->update(r.data().first, add);
  });
  a.handle("sessions_of", [all](request<std::string> r) -> task<int> {
    const auto some = co_await all->of_user(r.data());
    co_return static_cast<int>(some.size());
  });
  a.handle("end_all_of", [all](request<std::string> r) -> task<int> {
    co_return static_cast<int>(co_await all->destroy_user(r.data()));
  });
  a.handle("end", [all](request<std::string> r) -> task<bool> { co_return co_await all->destroy(r.data()); });
  a.handle("big", [](request<int> r) -> task<void> {
    session& s = co_await r.context().session();
    s.set("big", std::string(static_cast<std::size_t>(r.data()), 'x'));
  });
  return a;
}

} // namespace swill
