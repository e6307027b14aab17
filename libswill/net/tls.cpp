#include "libswill/net/tls.hpp"

#include "libswill/base/printable.hpp"
#include "libswill/base/random.hpp"
#include "libswill/net/detail/tls_context.hpp"
#include "libswill/net/detail/tls_session.hpp"
#include "libswill/net/detail/tls_tickets.hpp"
#include "libswill/net/http/request.hpp"

#include <algorithm>
#include <new>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <utility>

namespace swill::net {

struct tls_server::stamp {
  std::uint64_t inode = 0;
  std::int64_t size = 0;
  std::int64_t seconds = 0;
  std::int64_t nanoseconds = 0;
  bool operator==(const stamp&) const = default;
};

/// What was read from the files at one time.
struct tls_server::contexts {
  std::vector<stamp> stamps;    ///< of the files, as they were before they were read
  std::vector<tls_context> all; ///< of each identity
  std::vector<tls_ticket_keys> tickets;
  std::vector<std::string> warnings;
};

namespace {

constexpr std::string_view protocol = "http/1.1";

int choose_protocol(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* offer, unsigned length,
                    void*) {
  for (unsigned at = 0; at < length; at += 1U + offer[at]) {
    if (at + 1U + offer[at] > length) break;
    if (std::string_view{reinterpret_cast<const char*>(offer + at + 1), offer[at]} != protocol) continue;
    *out = offer + at + 1;
    *size = offer[at];
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL; // RFC 7301 §3.2
}

int choose_identity(SSL* session, int*, void* argument) {
  const char* name = ::SSL_get_servername(session, TLSEXT_NAMETYPE_host_name);
  if (name == nullptr) return SSL_TLSEXT_ERR_OK;
  for (const tls_context& c : *static_cast<const std::vector<tls_context>*>(argument)) {
    X509* certificate = ::SSL_CTX_get0_certificate(c.get());
    if (::X509_check_host(certificate, name, 0, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, nullptr) != 1) continue;
    ::SSL_set_SSL_CTX(session, c.get());
    break;
  }
  return SSL_TLSEXT_ERR_OK;
}

/// Who shows a certificate shakes hands in full each time: a ticket would go on saying what a certificate said that has expired since, or whose
/// authority has been taken away.
void ask_clients(SSL_CTX* c, const tls_server_options& o) {
  if (o.client_authority.empty() || o.clients == client_certificates::none) return;
  for (const certificate& one : use_authority(c, o.client_authority, "client_authority"))
    if (::SSL_CTX_add_client_CA(c, one.get()) != 1) throw std::bad_alloc{}; // clients are told whose to show
  const int must = o.clients == client_certificates::required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
  ::SSL_CTX_set_verify(c, SSL_VERIFY_PEER | must, nullptr);
  ::SSL_CTX_set_options(c, SSL_OP_NO_TICKET);
  ::SSL_CTX_set_num_tickets(c, 0);
}

void check_dates(SSL_CTX* c, const std::string& file, std::vector<std::string>& out) {
  const X509* certificate = ::SSL_CTX_get0_certificate(c);
  if (::X509_cmp_current_time(::X509_get0_notAfter(certificate)) < 0)
    out.push_back("the certificate " + printable(file) + " has expired");
  else if (::X509_cmp_current_time(::X509_get0_notBefore(certificate)) > 0)
    out.push_back("the certificate " + printable(file) + " is not valid yet");
}

/// The first few of them, each once, and how many more there are.
std::string few_of(const std::vector<std::string>& all, const char* between) {
  constexpr std::size_t most = 5;
  std::vector<std::string> once;
  for (const std::string& one : all)
    if (std::find(once.begin(), once.end(), one) == once.end()) once.push_back(one);
  std::string text;
  for (std::size_t i = 0; i < std::min(most, once.size()); ++i) text += (i == 0 ? "" : between) + once[i];
  return once.size() > most ? text + " and " + std::to_string(once.size() - most) + " more" : text;
}

} // namespace

tls_server::tls_server(tls_server_options o, const std::string& path)
    : options_(std::move(o)), own_secret_(random_hex(32)), read_(stamps()), seen_(read_) {
  mistake_list found;
  contexts_ = read(found, path);
  found.throw_if_any();
}

tls_server::~tls_server() = default;

std::vector<std::string> tls_server::files() const {
  std::vector<std::string> all{options_.client_authority, options_.ticket_secrets};
  for (const tls_identity& who : options_.identities) all.insert(all.end(), {who.certificate, who.key});
  std::erase(all, std::string{});
  return all;
}

std::vector<tls_server::stamp> tls_server::stamps() const {
  std::vector<stamp> all;
  for (const std::string& file : files()) {
    struct stat s {};
    all.push_back(::stat(file.c_str(), &s) == 0 ? stamp{s.st_ino, s.st_size, s.st_mtim.tv_sec, s.st_mtim.tv_nsec}
                                                : stamp{});
  }
  return all;
}

std::shared_ptr<const tls_server::contexts> tls_server::read(mistake_list& out, const std::string& path) const {
  const auto guarded = [&out](const std::string& under, const auto& f) {
    try {
      f();
    } catch (const tls_file_error& e) {
      out.add(under + "." + e.member, e.what());
    }
  };
  auto made = std::make_shared<contexts>();
  made->stamps = read_;
  guarded(path, [&] {
    if (options_.ticket_secrets.empty())
      made->tickets.emplace_back(own_secret_);
    else
      made->tickets = read_ticket_keys(options_.ticket_secrets, "ticket_secrets");
  });
  if (options_.identities.empty()) out.add(path + ".identities", "is empty; a certificate and its key would be right");
  for (std::size_t i = 0; i < options_.identities.size(); ++i) {
    tls_context c = make_tls_context(tls_role::server);
    guarded(path + ".identities[" + std::to_string(i) + "]", [&] {
      use_identity(c.get(), options_.identities[i]);
      check_dates(c.get(), options_.identities[i].certificate, made->warnings);
    });
    use_ticket_keys(c.get(), made->tickets);
    guarded(path, [&] { ask_clients(c.get(), options_); });
    ::SSL_CTX_set_alpn_select_cb(c.get(), &choose_protocol, nullptr);
    made->all.push_back(std::move(c));
  }
  if (made->all.size() > 1) {
    ::SSL_CTX_callback_ctrl(made->all.front().get(), SSL_CTRL_SET_TLSEXT_SERVERNAME_CB,
                            reinterpret_cast<void (*)()>(&choose_identity));
    SSL_CTX_set_tlsext_servername_arg(made->all.front().get(), &made->all);
  }
  return made;
}

std::unique_ptr<tls_session> tls_server::make_session() const {
  const auto now = [this] {
    const std::lock_guard lock{mutex_};
    return contexts_;
  }();
  return std::make_unique<tls_session>(now->all.front().get(), now);
}

std::vector<std::string> tls_server::warnings() const {
  const std::lock_guard lock{mutex_};
  return contexts_->warnings;
}

// --- Reading again

std::vector<std::string> tls_server::changed_since(const std::vector<stamp>& before) const {
  std::vector<std::string> out;
  const auto all = files();
  for (std::size_t i = 0; i < all.size(); ++i)
    if (read_[i] != before[i]) out.push_back('"' + printable(all[i]) + '"');
  return out;
}

void tls_server::reload(const logger& log, const std::string& where) {
  const std::string of_listener = "TLS files of " + where;
  const std::lock_guard reading{reading_};
  read_ = seen_ = stamps(); // before they are read: what changes meanwhile is read by the next look
  mistake_list found;
  auto made = read(found, "tls");
  if (!found.empty()) {
    std::vector<std::string> why; // each names its file
    for (const mistake& m : found.all()) why.push_back(m.text);
    return log.write(log_level::error,
                     of_listener + " cannot be used, so what was read before stays: " + few_of(why, "; "));
  }
  const auto changed = changed_since(contexts_->stamps); // which only this function changes
  log.write(log_level::info,
            of_listener + " are read again" +
                (changed.empty() ? "; none has changed"
                                 : "; new connections get what has changed: " + few_of(changed, ", ")));
  for (const std::string& warning : made->warnings)
    log.write(log_level::warning, std::string{of_listener}.append(": ").append(warning));
  const std::lock_guard lock{mutex_};
  contexts_.swap(made);
}

void tls_server::look(const logger& log, const std::string& where) {
  {
    const std::unique_lock reading{reading_, std::try_to_lock};
    if (!reading) return; // somebody is at it
    const auto now = stamps();
    const bool is_settled = std::exchange(seen_, now) == now;
    if (now == read_ || !is_settled) return;
  }
  reload(log, where);
}

void check(const tls_server_options& o, const std::string& path, mistake_list& out) {
  if (o.client_authority.empty() && o.clients == client_certificates::optional)
    out.add(path + ".client_authority",
            "is empty, but clients are to be asked for certificates; a PEM file would be right");
  if (!o.client_authority.empty() && !o.ticket_secrets.empty())
    out.add(path + ".ticket_secrets",
            "has no effect where clients are asked for certificates: they get no tickets; one of both would be right");
  out.check_time(path + ".look_interval", o.look_interval);
  try {
    static_cast<void>(tls_server{o, path});
  } catch (const invalid_configuration& e) {
    for (const mistake& m : e.mistakes()) out.add(m);
  }
}

void check(const tls_client_options& o, const std::string& path, mistake_list& out) {
  if (!o.server_name.empty() && !http::is_host(o.server_name) && !http::is_host('[' + o.server_name + ']'))
    out.add(path + ".server_name",
            "is \"" + printable(o.server_name) + "\"; a name or an address would be right, without scheme and port");
  try {
    static_cast<void>(make_tls_client(o, {}));
  } catch (const tls_file_error& e) {
    out.add(path + "." + e.member, e.what());
  }
}

} // namespace swill::net
