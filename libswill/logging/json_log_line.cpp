#include "libswill/logging/logging.hpp"

#include "libswill/base/error.hpp"
#include "libswill/base/log_bounds.hpp"

#include <nlohmann/json.hpp>

namespace swill {

namespace {

using json = nlohmann::ordered_json;

json cut(std::string_view s, std::size_t most) { return std::string{cut_text(s, most)}; }

json value_of(const log_field& f) {
  switch (f.what()) {
    case log_field::kind::text: return cut(f.text(), longest_value);
    case log_field::kind::integer: return f.integer();
    case log_field::kind::natural: return f.natural();
    case log_field::kind::real: return f.real();
    case log_field::kind::boolean: return f.natural() != 0;
  }
  return nullptr;
}

} // namespace

std::string json_log_line(const log_entry& e) {
  json line;
  line["time"] = log_time();
  line["level"] = std::string{name_of(e.level)};
  line["room"] = std::string{name_of(e.room)};
  line["text"] = cut(e.text, longest_text);
  const auto add = [&line](const char* name, std::string_view s) {
    if (!s.empty()) line[name] = cut(s, longest_name);
  };
  add("connection", e.connection);
  add("user", e.user);
  add("rpc", e.rpc);
  if (e.seq != 0) line["seq"] = e.seq;
  add("trace", e.trace);
  if (!e.fields.empty()) {
    json& fields = line["fields"];
    for (const log_field& f : e.fields) fields[std::string{cut_text(f.name(), longest_name)}] = value_of(f);
  }
  return line.dump(-1, ' ', true, json::error_handler_t::replace) + '\n';
}

} // namespace swill
