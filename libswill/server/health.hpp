#pragma once

#include "libswill/base/http.hpp"

#include <string>
#include <vector>

namespace swill {

/// Whether the process lives: always 200, for supervisors, which end what does not answer.
http_response livez();
/// Whether new clients are welcome, for balancers: 200, or 503 with the reasons why not, as JSON.
http_response readyz(const std::vector<std::string>& reasons);

} // namespace swill
