#pragma once

#include <string>
#include <vector>

namespace swill::chaos {

/// A network namespace that one link leads to. Gone with this object. Functions throw std::runtime_error.
class network {
public:
  /// Empty when this process may make namespaces, else why it cannot.
  static std::string obstacle();

  network();
  ~network();
  network(const network&) = delete;
  network& operator=(const network&) = delete;

  /// The address of this side of the link.
  const std::string& address() const noexcept { return address_; }
  /// Stands before a command that shall run in there.
  std::vector<std::string> wrapper() const { return {"ip", "netns", "exec", name_}; }

  void cut();
  void mend();

private:
  std::string name_;
  std::string link_;
  std::string address_;
};

} // namespace swill::chaos
