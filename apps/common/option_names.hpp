#pragma once

#include "libswill/base/mistakes.hpp"

#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace swill::apps {

/// The beginning of a mistake's path, and the option of a program that sets what is there: {"server_options.path", "--path"}. Of several that
/// fit, the longest counts. Indexes do not: "server_options.listen.tls" is that of every listener.
using option_name = std::pair<std::string_view, std::string_view>;

/// The mistakes of a program's configuration, a line each, for who wrote its command line: "--nesting: is 300; 2 to 256 would be right". A limit
/// is called like its member, "limits.send_buffer" --send-buffer; what no option sets keeps its name. So it is in the texts, too.
std::string text_of(const invalid_configuration& e, std::span<const option_name> names);

} // namespace swill::apps
