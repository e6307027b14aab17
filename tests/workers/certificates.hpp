#pragma once

#include "actors/workers/options.hpp"
#include "tests/support/certificates.hpp"

#include <string>

namespace swill::worker_tests {

/// Signs certificates of links.
class certificate_authority : public test::certificate_authority {
public:
  using test::certificate_authority::certificate_authority;

  /// A new key with a certificate of this authority, and whom its owner trusts.
  link_tls issue(const std::string& name, const certificate_authority& trusted) const {
    const test::issued files = test::certificate_authority::issue(name);
    return {files.certificate, files.key, trusted.file()};
  }
  link_tls issue(const std::string& name) const { return issue(name, *this); }
};

} // namespace swill::worker_tests
