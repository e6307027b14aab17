#include "libswill/api/app.hpp"

#include "libswill/api/introspection.hpp"
#include "libswill/base/printable.hpp"
#include "libswill/base/utf8.hpp"

#include <algorithm>
#include <chrono>
#include <typeinfo>

namespace swill {

using std::chrono::milliseconds;

namespace {

constexpr std::size_t longest_shown = 100;

std::string path_of(std::string_view handler) { return "handlers." + printable(cut_text(handler, longest_shown)); }

// --- Names

void check_name(const detail::handler& h, const limits& l, mistake_list& out) {
  const std::string path = path_of(h.name);
  if (printable(h.name) != h.name)
    out.add(path,
            "its name holds control characters, or bytes that are not UTF-8; letters, digits and dots would be right");
  else if (h.name.starts_with(' ') || h.name.ends_with(' '))
    out.add(path, "its name begins or ends with a space, which nobody sees; letters, digits and dots would be right");
  if (h.name.size() > l.rpc_name) {
    out.add(path, "its name has " + std::to_string(h.name.size()) + " bytes: more than limits.rpc_name (" +
                      std::to_string(l.rpc_name) + "), so that nobody can call it");
  }
  if (h.name.starts_with("swill.") && !h.is_of_plugin)
    out.add(path, "names that begin with \"swill.\" are the library's; any other would be right");
}

// --- Options

void check_deadlines(const handler_options& o, const std::string& path, const limits& l, mistake_list& out) {
  out.check_time(path + ".default_deadline", o.default_deadline, {}, milliseconds::max());
  out.check_time(path + ".maximum_deadline", o.maximum_deadline, {}, milliseconds::max());
  const bool has_maximum = o.maximum_deadline.count() != 0;
  const milliseconds most = has_maximum ? o.maximum_deadline : l.maximum_deadline;
  if (most.count() <= 0 || o.default_deadline <= most) return;
  out.add(path + ".default_deadline", "is " + mistake_list::text_of(o.default_deadline) + ", longer than " +
                                          (has_maximum ? "its maximum_deadline" : "limits.maximum_deadline") + " (" +
                                          mistake_list::text_of(most) + "); at most that would be right");
}

/// What a handler's signature gives no meaning.
void check_meaning(const detail::handler& h, const std::string& path, const limits& l, mistake_list& out) {
  const handler_options& o = h.options;
  if (o.message_size > l.message_size) {
    out.add(path + ".message_size", "is " + std::to_string(o.message_size) + ", more than limits.message_size (" +
                                        std::to_string(l.message_size) +
                                        "): nothing so large arrives; at most that would be right");
  }
  if (o.queued_bytes != 0 && !h.request_streams)
    out.add(path + ".queued_bytes", "has no effect: its request is one message; only a streaming request has a queue");
  if (o.endless && !h.response_streams)
    out.add(path + ".endless", "has no effect: its response is one message; only a stream can be endless");
}

void check_own_tags(const handler_options& o, const std::string& path, mistake_list& out) {
  for (const std::string& tag : o.tags) {
    if (tag.empty() || printable(tag) != tag)
      out.add(path + ".tags", "a tag is empty, or holds control characters; a word would be right");
  }
}

// --- What clients are told

/// Where in v there is text that no client can decode: a path, or nothing.
std::optional<std::string> find_bad_text(const value& v) {
  if (const auto* text = v.get_if<std::string>(); text != nullptr && !valid_utf8(*text)) return std::string{};
  if (const auto* all = v.get_if<value_array>()) {
    for (std::size_t i = 0; i < all->size(); ++i) {
      if (const auto inner = find_bad_text((*all)[i])) return "[" + std::to_string(i) + "]" + *inner;
    }
  }
  if (const auto* all = v.get_if<value_map>()) {
    for (const auto& [key, inner] : *all) {
      const std::string name = key.get_if<std::string>() != nullptr ? *key.get_if<std::string>() : to_text(key);
      if (!valid_utf8(name)) return "." + printable(name);
      if (const auto found = find_bad_text(inner)) return "." + name + *found;
    }
  }
  return std::nullopt;
}

void check_record(const detail::handler& h, mistake_list& out) {
  if (!valid_utf8(h.name)) return; // told already
  if (const auto at = find_bad_text(introspection_record(h)))
    out.add(path_of(h.name) + *at, "is text that is not UTF-8, which introspection cannot send; UTF-8 would be right");
}

// --- Hooks and rules

constexpr const char* null_text = "is null; a function would be right";

template <class List>
void check_hooks(const std::string& path, const List& hooks, std::vector<mistake>& out) {
  for (std::size_t i = 0; i < hooks.size(); ++i) {
    if (hooks[i].has_none()) out.push_back({path + "[" + std::to_string(i) + "]", null_text});
  }
}

void check_request_hooks(const std::string& in, const detail::request_hooks& h, std::vector<mistake>& out) {
  check_hooks(in + "before_request", h.before_request, out);
  check_hooks(in + "before_request_metadata", h.before_request_metadata, out);
  check_hooks(in + "before_request_data", h.before_request_data, out);
  check_hooks(in + "before_request_message", h.before_request_message, out);
  check_hooks(in + "before_leading_metadata", h.before_leading_metadata, out);
  check_hooks(in + "before_response_message", h.before_response_message, out);
  check_hooks(in + "before_trailing_metadata", h.before_trailing_metadata, out);
  check_hooks(in + "after_request", h.after_request, out);
}

// --- Plugins

/// What to call a plugin in a path.
std::string path_of(const plugin& p) {
  const std::string_view kind = p.kind();
  return "plugins." + (kind.empty() ? detail::short_name(typeid(p)) : std::string{kind});
}

} // namespace

void app::check_handlers(mistake_list& out) const {
  for (const auto& h : handlers_) {
    const std::string path = path_of(h->name);
    check_name(*h, limits_, out);
    if (h->has_none) out.add(path, "its function is null, or its object or actor; what can be called would be right");
    if (h->backend) h->backend->check(path, out);
    check_deadlines(h->options, path, limits_, out);
    check_meaning(*h, path, limits_, out);
    check_own_tags(h->options, path, out);
    for (const mistake& m : h->mistakes) out.add(m);
    for (const declared_error& e : h->options.errors) {
      for (const mistake& m : e.mistakes) out.add(m);
    }
    check_record(*h, out);
  }
}

void blueprint::check_functions(const blueprint& b, std::vector<mistake>& out) {
  const std::string in = "hooks." + (b.name_.empty() ? "" : printable(b.name_) + ".");
  check_request_hooks(in, b.hooks_, out);
  for (std::size_t i = 0; i < b.errors_.exceptions.size(); ++i) {
    if (!b.errors_.exceptions[i]) out.push_back({in + "on_exception[" + std::to_string(i) + "]", null_text});
  }
  for (const auto& [code, f] : b.errors_.errors) {
    if (!f) out.push_back({in + "on_error[" + std::to_string(code) + "]", null_text});
  }
}

void app::check_own_functions(mistake_list& out) const {
  std::vector<mistake> found;
  check_functions(*this, found);
  check_hooks("hooks.before_connection", connection_.before_connection, found);
  check_hooks("hooks.before_accept", connection_.before_accept, found);
  check_hooks("hooks.after_accept", connection_.after_accept, found);
  check_hooks("hooks.after_connection", connection_.after_connection, found);
  check_hooks("hooks.introspection", introspection_hooks_.before_request, found);
  for (std::size_t i = 0; i < describers_.size(); ++i) {
    if (!describers_[i]) found.push_back({"hooks.on_describe[" + std::to_string(i) + "]", null_text});
  }
  for (mistake& m : found) out.add(std::move(m));
}

void app::check_plugins(mistake_list& out) const {
  for (std::size_t i = 0; i < plugins_.size(); ++i) {
    const plugin* p = plugins_[i].get();
    if (p == nullptr) {
      out.add("plugins[" + std::to_string(i) + "]", "app.use was given null; a plugin would be right");
      continue;
    }
    const std::string path = path_of(*p);
    const auto is_before = [&](const auto& f) {
      return std::any_of(plugins_.begin(), plugins_.begin() + static_cast<std::ptrdiff_t>(i), f);
    };
    if (is_before([p](const auto& other) { return other.get() == p; })) {
      out.add(path, "app.use was given it twice; once would be right");
      continue;
    }
    if (!p->kind().empty() && is_before([p](const auto& other) { return other && other->kind() == p->kind(); }))
      out.add(path, "an app can have only one of these; app.use, or app.spawn, was given two");
    if (const plugin* needed = p->needs(); needed != nullptr) {
      if (!is_before([needed](const auto& other) { return other.get() == needed; }))
        out.add(path, "needs " + path_of(*needed).substr(std::string_view{"plugins."}.size()) +
                          ", which must be given to app.use before it");
    }
    p->check(out);
  }
}

void app::check(mistake_list& out) const {
  swill::check(limits_, out);
  check_handlers(out);
  check_own_functions(out);
  check_plugins(out);
  http_routes_.check(out);
  std::vector<mistake> of_rules = mistakes_;
  const auto brings_more = [](const auto& p) { return p && p->brings_handlers(); };
  if (std::none_of(plugins_.begin(), plugins_.end(), brings_more)) check_tags(*this, of_rules);
  for (mistake& m : of_rules) out.add(std::move(m));
}

bool app::brings_clients() const noexcept {
  return std::any_of(plugins_.begin(), plugins_.end(), [](const auto& p) { return p && p->brings_clients(); });
}

void app::validate() const {
  mistake_list found;
  check(found);
  found.throw_if_any();
}

} // namespace swill
