#include "tests/chaos/network.hpp"

#include "tests/chaos/process.hpp"

#include <stdexcept>
#include <unistd.h>

namespace swill::chaos {

namespace {

void must_run(std::vector<std::string> command) {
  std::string text;
  for (const std::string& word : command) text += word + " ";
  if (run(std::move(command)) != 0) throw std::runtime_error("failed: " + text);
}

std::string own_name(const std::string& what) { return what + std::to_string(::getpid()); }

} // namespace

std::string network::obstacle() {
  if (run({"ip", "-V"}) != 0) return "there is no ip (package iproute2)";
  const std::string name = own_name("swt");
  const bool may = run({"ip", "netns", "add", name}) == 0 &&
                   run({"ip", "-n", name, "link", "add", name, "type", "veth", "peer", "name", name + "b"}) == 0;
  run({"ip", "netns", "del", name});
  return may ? "" : "this process may not make network namespaces: it needs CAP_SYS_ADMIN and CAP_NET_ADMIN";
}

network::network() : name_(own_name("swn")), link_(own_name("swa")) {
  // 198.18.0.0/15 is set aside for tests between networks (RFC 2544).
  const std::string subnet = "198.18." + std::to_string(::getpid() % 250) + ".";
  address_ = subnet + "1";
  const std::string inside = own_name("swb");
  must_run({"ip", "netns", "add", name_});
  must_run({"ip", "link", "add", link_, "type", "veth", "peer", "name", inside, "netns", name_});
  must_run({"ip", "addr", "add", address_ + "/30", "dev", link_});
  must_run({"ip", "link", "set", link_, "up"});
  must_run({"ip", "-n", name_, "addr", "add", subnet + "2/30", "dev", inside});
  must_run({"ip", "-n", name_, "link", "set", inside, "up"});
}

network::~network() {
  try {
    run({"ip", "link", "del", link_});
    run({"ip", "netns", "del", name_});
  } catch (const std::exception&) {
  }
}

void network::cut() { must_run({"ip", "link", "set", link_, "down"}); }
void network::mend() { must_run({"ip", "link", "set", link_, "up"}); }

} // namespace swill::chaos
