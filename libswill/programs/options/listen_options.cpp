#include "libswill/programs/options/listen_options.hpp"

#include "libswill/base/host_and_port.hpp"
#include "libswill/base/printable.hpp"
#include "libswill/base/several_addresses.hpp"

#include <cstdlib>
#include <limits>
#include <stdexcept>
#include <string_view>

namespace swill::programs {

namespace {

constexpr std::size_t most_threads = 1024;
constexpr std::uint64_t largest_port = std::numeric_limits<std::uint16_t>::max();

/// The environment's port, which somebody may have set for another program: it counts only where nothing else says where to listen, so it is
/// no variable of an option, which would count like the command line.
std::optional<std::uint16_t> port_in_environment() {
  const char* set = std::getenv("SWILL_PORT");
  if (set == nullptr || *set == '\0') return std::nullopt;
  const std::string_view text{set};
  const auto port = port_number(text);
  if (!port) throw std::invalid_argument("SWILL_PORT: '" + std::string{text} + "' is no port");
  return port;
}

/// Throws where the option was given one value for several addresses, on the command line or by its variable, where a comma is between them.
void require_one_address(const std::string& option, const std::string& text) {
  const auto several = several_addresses(text);
  if (several.empty() || text.starts_with("unix:")) return;
  std::string right, in_variable;
  for (const std::string& one : several) {
    right.append(right.empty() ? "" : " ").append(option + ' ').append(one);
    in_variable.append(in_variable.empty() ? "" : ",").append(one);
  }
  throw std::invalid_argument(option + ": '" + printable(text) + "' are " + std::to_string(several.size()) +
                              " addresses, and a value is one; " + printable(right) + " would be right, or " +
                              variable_of(option) + '=' + printable(in_variable));
}

std::string address_of(std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); }

} // namespace

void require_address(const std::string& option, const std::string& address) {
  require_one_address(option, address);
  try {
    static_cast<void>(net::listen_address::parse(address));
  } catch (const std::invalid_argument& e) {
    throw std::invalid_argument(option + ": " + e.what());
  }
}

void listening_places::add(const std::string& option, const std::string& address) {
  const auto mine = [&address]() -> std::optional<net::listen_address> {
    try {
      return net::listen_address::parse(address);
    } catch (const std::invalid_argument&) {
      return std::nullopt; // whoever listens there says why it cannot
    }
  }();
  if (!mine) return;
  for (const auto& [other, at] : all_)
    if (const std::string clash = net::clash_of(*mine, at, other); !clash.empty())
      throw std::invalid_argument(option + ": " + clash);
  all_.emplace_back(option, *mine);
}

void listen_options::add_to(listening_places& all) const {
  for (const std::string& address : listen_) all.add("--listen", address);
  for (const std::string& address : listen_tls_) all.add("--listen-tls", address);
  if (port_) all.add("--port", address_of(*port_));
}

void listen_options::add_to(command_line& program) {
  program.add({"--listen", listen_, "ADDRESS:PORT, [ADDRESS]:PORT or unix:PATH; repeatable; port 0: any free one"});
  add_tls_to(program);
  program.add({.name = "--port",
               .value = whole_number(largest_port + 1, 0, largest_port,
                                     [this](std::uint64_t n) { port_ = static_cast<std::uint16_t>(n); }),
               .text = "short for --listen 127.0.0.1:PORT; when nothing says where to listen: SWILL_PORT of the "
                       "environment, or 8080",
               .unit = "PORT",
               .variable = ""});
  program.add({"--io-threads", whole_number(io_threads_, 0, most_threads),
               "threads for connections; 0: one for each core", "COUNT"});
  program.add({"--test-echo", test_echo_, "also serve /echo, a plain WebSocket echo for conformance suites"});
  program.add({"--debug", debug_, "tell clients what went wrong inside; not for strangers to see"});
}

void listen_options::add_tls_to(command_line& program) {
  program.add({"--listen-tls", listen_tls_, "the same for wss://, by TLS; repeatable"});
  const auto add = [&](option o) {
    o.group = "TLS";
    return tls_options_.emplace_back(program.add(std::move(o)));
  };
  add({"--listen-tls-cert", certificates_,
       "certificate and those between it and its authority (PEM); repeatable: clients get the one with the name that "
       "they ask for, or the first"});
  add({"--listen-tls-key", keys_, "its key (PEM); as many as --listen-tls-cert, in the same order"});
  add({"--listen-tls-client-ca", tls_.client_authority,
       "clients must show a certificate of one of these authorities (PEM)"});
  optional_option_ = add({"--listen-tls-client-optional", optional_clients_, "clients may also show none"});
  add({"--listen-tls-ticket-secrets", tls_.ticket_secrets,
       "file with secrets of session tickets, that all nodes share: 64 hex digits a line, the first for new tickets"});
}

tls_server_options listen_options::tls() const {
  if (certificates_.empty() && keys_.empty())
    throw std::invalid_argument(
        "--listen-tls: the certificate is missing; --listen-tls-cert FILE with it and --listen-tls-key FILE with its "
        "key would be right");
  if (certificates_.size() != keys_.size())
    throw std::invalid_argument("--listen-tls-key: each --listen-tls-cert needs its own, in the same order");
  require_effect(optional_option_, !tls_.client_authority.empty(), "without --listen-tls-client-ca");
  tls_server_options out = tls_;
  if (optional_clients_) out.clients = client_certificates::optional;
  for (std::size_t i = 0; i < keys_.size(); ++i) out.identities.push_back({certificates_[i], keys_[i]});
  return out;
}

server_options listen_options::server() const {
  server_options options;
  for (const std::string& address : listen_) require_one_address("--listen", address);
  options.listen.assign(listen_.begin(), listen_.end());
  for (const added_option o : tls_options_) require_effect(o, !listen_tls_.empty(), "without --listen-tls");
  for (const std::string& address : listen_tls_) {
    require_address("--listen-tls", address);
    options.listen.emplace_back(address, tls());
  }
  constexpr std::uint16_t usual_port = 8080;
  const auto port = port_ || !options.listen.empty() ? port_ : port_in_environment().value_or(usual_port);
  if (port) options.listen.emplace_back(address_of(*port));
  options.io_threads = io_threads_;
  options.test_echo = test_echo_;
  return options;
}

} // namespace swill::programs
