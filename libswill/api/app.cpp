#include "libswill/api/app.hpp"

#include "libswill/api/context.hpp"
#include "libswill/api/introspection.hpp"
#include "libswill/base/printable.hpp"

#include <algorithm>
#include <stdexcept>

namespace swill {

namespace {

template <class List>
void prepend(List& inner, const List& outer) {
  inner.insert(inner.begin(), outer.begin(), outer.end());
}
template <class List>
void append(List& inner, const List& outer) {
  inner.insert(inner.end(), outer.begin(), outer.end());
}

/// The handler `swill.ping` (docs/protocol.md §12). No hook runs for it: who may call what is not its business, and it costs next to nothing.
std::shared_ptr<detail::handler> make_ping() {
  auto h = detail::make_handler([](request<value>) {});
  h->name = "swill.ping";
  h->options.doc = "Answers nothing, at once: for clients that cannot send a ping of the WebSocket.";
  h->options.idempotent = true;
  return h;
}

/// A blueprint's hooks run inside those around it: later on the way in, earlier on the way out. Those for a tag that the handler has not
/// do not run at all.
void enclose(detail::request_hooks& inner, const detail::request_hooks& outer, const handler_options& options) {
  auto before = outer.before_request;
  std::erase_if(before, [&options](const auto& h) { return !h.tag.empty() && !options.has_tag(h.tag); });
  prepend(inner.before_request, before);
  prepend(inner.before_request_metadata, outer.before_request_metadata);
  prepend(inner.before_request_data, outer.before_request_data);
  prepend(inner.before_request_message, outer.before_request_message);
  append(inner.before_leading_metadata, outer.before_leading_metadata);
  append(inner.before_response_message, outer.before_response_message);
  append(inner.before_trailing_metadata, outer.before_trailing_metadata);
  append(inner.after_request, outer.after_request);
}

/// Those of the blueprint, where the handler says nothing itself.
void complete(detail::handler& h, const handler_limits& l) {
  handler_options& o = h.options;
  if (o.default_deadline.count() == 0) o.default_deadline = l.default_deadline;
  if (o.maximum_deadline.count() == 0) o.maximum_deadline = l.maximum_deadline;
  if (o.message_size == 0) o.message_size = l.message_size;
  if (o.queued_bytes == 0 && h.request_streams) o.queued_bytes = l.queued_bytes;
}

/// For handlers that come later: whether they have the tag of a hook is seen when they are called.
detail::request_hooks with_tags_at_run_time(detail::request_hooks hooks) {
  for (auto& h : hooks.before_request) {
    if (h.tag.empty()) continue;
    auto rule = std::make_shared<const detail::hook<context&>>(h); // with the hook and its coroutines
    h = {nullptr, [rule](context& c) -> task<void> {
           if (!c.options().has_tag(rule->tag)) co_return;
           if (rule->plain) {
             rule->plain(c);
           } else {
             co_await rule->awaiting(c);
           }
         }};
  }
  return hooks;
}

} // namespace

blueprint::blueprint(blueprint&&) noexcept = default;
blueprint& blueprint::operator=(blueprint&&) noexcept = default;
blueprint::~blueprint() = default;

void blueprint::must_be_open(std::string_view what) const {
  const std::string why = std::string{what} + ": " + (name_.empty() ? "" : "blueprint " + name_ + ": ");
  if (moved_) throw std::logic_error(why + "it was mounted, or moved, before: add everything to it, then mount it");
  if (!running_.expired())
    throw std::logic_error(why + "a server runs this app already: add everything, then start it");
}

void blueprint::add(std::string_view name, std::shared_ptr<detail::handler> h, handler_options options) {
  must_be_open("handler " + std::string{name});
  if (name.empty()) throw std::invalid_argument("a handler needs a name");
  std::string full = name_.empty() ? std::string{name} : name_ + "." + std::string{name};
  const auto taken = [&full](const auto& other) { return other->name == full; };
  if (std::any_of(handlers_.begin(), handlers_.end(), taken))
    throw std::invalid_argument("two handlers named " + full + "; each name once would be right");
  h->name = std::move(full);
  h->options = std::move(options);
  handlers_.push_back(std::move(h));
}

void blueprint::check_tags(const blueprint& b, std::vector<mistake>& out) {
  for (const auto& hook : b.hooks_.before_request) {
    const auto has = [&hook](const auto& h) { return h->options.has_tag(hook.tag); };
    if (hook.tag.empty() || std::any_of(b.handlers_.begin(), b.handlers_.end(), has)) continue;
    out.push_back({"require." + printable(hook.tag),
                   "no handler has this tag, so that the rule protects nothing; one of "
                   "handler_options::tags would be right"});
  }
}

void blueprint::mount(blueprint inner) {
  must_be_open("mount");
  if (inner.moved_) throw std::logic_error("mount: this blueprint was mounted, or moved, before");
  mistakes_.insert(mistakes_.end(), inner.mistakes_.begin(), inner.mistakes_.end());
  check_tags(inner, mistakes_);
  check_functions(inner, mistakes_);
  const auto errors = std::make_shared<const detail::error_rules>(std::move(inner.errors_));
  for (auto& h : inner.handlers_) {
    enclose(h->hooks, inner.hooks_, h->options);
    complete(*h, inner.limits_);
    if (!errors->empty()) h->errors.push_back(errors);
    const std::string name = h->name;
    detail::request_hooks own = std::move(h->hooks);
    handler_options options = std::move(h->options);
    add(name, h, std::move(options));
    h->hooks = std::move(own);
  }
}

app::app() : log_(stderr_log()) {}

void plugin::install(app&) {}
void plugin::check(mistake_list&) const {}

void app::add_plugin(std::shared_ptr<plugin> p) {
  must_be_open("use");
  const auto same = [&p](const auto& other) {
    return p == other || (p && other && !p->kind().empty() && p->kind() == other->kind());
  };
  const bool is_second = std::any_of(plugins_.begin(), plugins_.end(), same);
  plugins_.push_back(p);
  if (!p || is_second) return; // validate() tells; what it brings may be there already
  const std::size_t before = handlers_.size();
  p->install(*this);
  std::for_each(handlers_.begin() + static_cast<std::ptrdiff_t>(before), handlers_.end(),
                [](const auto& h) { h->is_of_plugin = true; });
}

void app::http(std::string path, http_handler f, http_listeners where) {
  add_route(detail::http_routes::function{std::move(path), std::move(f), where});
}

void app::files(std::string path, std::string directory, file_options o) {
  add_route(detail::http_routes::directory{std::move(path), std::move(directory), std::move(o)});
}

void app::add_route(detail::http_routes::function f) {
  must_be_open("http");
  http_routes_.functions.push_back(std::move(f));
}

void app::add_route(detail::http_routes::directory d) {
  must_be_open("files");
  http_routes_.directories.push_back(std::move(d));
}

std::shared_ptr<const detail::service> app::build() const {
  auto s = std::make_shared<detail::service>();
  s->limits = limits_;
  s->connection = connection_;
  s->hooks = with_tags_at_run_time(hooks_);
  s->plugins = plugins_;
  s->sessions = sessions_;
  s->describers = describers_;
  s->mail = mail_;
  s->push = push_;
  s->http = http_routes_;
  s->errors = errors_;
  s->log = log_;
  s->debug = debug_;
  for (const auto& h : handlers_) {
    auto own = h->clone();
    enclose(own->hooks, hooks_, own->options);
    s->add(std::move(own));
  }
  s->add(make_ping());
  if (introspection_ == introspect::on) {
    auto h = make_introspection(*s);
    h->hooks = introspection_hooks_;
    enclose(h->hooks, hooks_, h->options);
    s->add(std::move(h));
  }
  running_ = s;
  return s;
}

} // namespace swill
