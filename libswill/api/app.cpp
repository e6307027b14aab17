#include "libswill/api/app.hpp"

#include "libswill/api/introspection.hpp"

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

/// A blueprint's hooks run inside those around it: later on the way in, earlier on the way out.
void enclose(detail::request_hooks& inner, const detail::request_hooks& outer) {
  prepend(inner.before_request, outer.before_request);
  prepend(inner.before_request_metadata, outer.before_request_metadata);
  prepend(inner.before_request_data, outer.before_request_data);
  prepend(inner.before_request_message, outer.before_request_message);
  append(inner.before_leading_metadata, outer.before_leading_metadata);
  append(inner.before_response_message, outer.before_response_message);
  append(inner.before_trailing_metadata, outer.before_trailing_metadata);
  append(inner.after_request, outer.after_request);
}

} // namespace

void blueprint::add(std::string_view name, std::shared_ptr<detail::handler> h, handler_options options) {
  if (name.empty()) throw std::invalid_argument("a handler needs a name");
  std::string full = name_.empty() ? std::string{name} : name_ + "." + std::string{name};
  const auto taken = [&full](const auto& other) { return other->name == full; };
  if (std::any_of(handlers_.begin(), handlers_.end(), taken)) throw std::invalid_argument("two handlers named " + full);
  h->name = std::move(full);
  h->options = std::move(options);
  handlers_.push_back(std::move(h));
}

void blueprint::mount(blueprint inner) {
  for (auto& h : inner.handlers_) {
    enclose(h->hooks, inner.hooks_);
    const std::string name = h->name;
    detail::request_hooks own = std::move(h->hooks);
    handler_options options = std::move(h->options);
    add(name, h, std::move(options));
    h->hooks = std::move(own);
  }
}

app::app() : log_(stderr_log()) {}

void plugin::install(app&) {}

void app::use(std::shared_ptr<plugin> p) {
  plugins_.push_back(p);
  p->install(*this);
}

std::shared_ptr<const detail::service> app::build() const {
  auto s = std::make_shared<detail::service>();
  s->limits = limits_;
  s->connection = connection_;
  s->hooks = hooks_;
  s->plugins = plugins_;
  s->sessions = sessions_;
  s->describers = describers_;
  s->exceptions = exceptions_;
  s->errors = errors_;
  s->log = log_;
  s->debug = debug_;
  for (const auto& h : handlers_) {
    auto own = h->clone();
    enclose(own->hooks, hooks_);
    s->add(std::move(own));
  }
  if (introspection_ == introspect::on) {
    auto h = make_introspection(*s);
    h->hooks = introspection_hooks_;
    enclose(h->hooks, hooks_);
    s->add(std::move(h));
  }
  return s;
}

} // namespace swill
