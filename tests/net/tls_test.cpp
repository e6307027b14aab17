#include "libswill/net/tls.hpp"

#include "libswill/net/detail/tls_session.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/tls_line.hpp"

#include <gmock/gmock.h>
#include <openssl/ssl.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <sstream>

// TLS without sockets: a session of ours, and a client of OpenSSL's own, whose bytes the tests carry to and fro.

namespace swill::net {
namespace {

using test::certificate_authority;
using test::issued;
using test::tls_line;
using testing::AnyOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using state = tls_session::state;

/// What a session decrypts from these bytes.
std::string give(tls_session& to, std::string_view ciphertext) {
  std::array<std::byte, 64 * 1024> room{};
  std::string plain;
  to.feed(as_bytes(ciphertext));
  while (const std::size_t n = to.read(room.data(), room.size())) plain += as_text(bytes_view{room}.first(n));
  return plain;
}

/// Its ciphertext that waits.
std::string take(tls_session& from) {
  std::string out{as_text(from.output())};
  from.sent(out.size());
  return out;
}

/// Carries bytes until neither side has any; what the client decrypts stays with it.
std::string carry(tls_line& client, tls_session& server) {
  std::string plain;
  for (;;) {
    const std::string up = client.take();
    plain += give(server, up);
    const std::string down = take(server);
    if (up.empty() && down.empty()) return plain;
    client.feed(down);
  }
}

class Tls : public testing::Test {
protected:
  tls_server_options with(const issued& files) const { return {.identities = {{files.certificate, files.key}}}; }
  tls_server_options usual() const { return with(own); }
  tls_line::options trusting() const { return {.authority = authority.file()}; }

  std::vector<std::string> mistakes_of(const tls_server_options& o) const {
    mistake_list found;
    check(o, "tls", found);
    std::vector<std::string> out;
    for (const mistake& m : found.all()) out.push_back(m.path + " " + m.text);
    return out;
  }

  certificate_authority authority{"authority"};
  issued own = authority.issue("localhost", {"DNS:localhost"});
  std::vector<std::string> lines;
  log_sink sink{
      [this](const log_entry& e) { lines.push_back(std::string{name_of(e.level)} + " " + std::string{e.text}); }};
  logger log{&sink};
};

TEST_F(Tls, CarriesBytesBothWays) {
  const tls_server tls{usual()};
  const auto server = tls.make_session();
  tls_line client{trusting()};
  carry(client, *server);
  ASSERT_EQ(server->now(), state::open);

  client.write("up");
  EXPECT_EQ(carry(client, *server), "up");
  EXPECT_EQ(server->write(as_bytes("down")), 4U);
  carry(client, *server);
  EXPECT_EQ(client.read(), "down");
  EXPECT_GT(server->cost().count(), 0);
}

TEST_F(Tls, IsTheSameHoweverItsRecordsAreCut) {
  const tls_server tls{usual()};
  for (const bool old : {false, true}) {
    // Byte by byte, the handshake included.
    const auto server = tls.make_session();
    auto o = trusting();
    o.only_tls_1_2 = old;
    tls_line client{o};
    const auto byte_by_byte = [&](std::string_view text) {
      std::string plain;
      for (const char c : text) plain += give(*server, {&c, 1});
      return plain;
    };
    for (int i = 0; i < 4 && !client.is_open(); ++i) {
      byte_by_byte(client.take());
      client.feed(take(*server));
    }
    byte_by_byte(client.take());
    ASSERT_EQ(server->now(), state::open);
    client.feed(take(*server));

    // A record, and the beginning of the next, cut in two at every place.
    const std::string first(100, 'a'), second(50, 'b');
    for (std::size_t cut = 0;; ++cut) {
      client.write(first);
      client.write(second);
      const std::string sent = client.take();
      if (cut > sent.size()) break;
      std::string plain = give(*server, sent.substr(0, cut));
      plain += give(*server, sent.substr(cut));
      ASSERT_EQ(plain, first + second) << cut;
    }
  }
}

TEST_F(Tls, EncryptsARecordAtATime) {
  const tls_server tls{usual()};
  const auto server = tls.make_session();
  tls_line client{trusting()};
  carry(client, *server);
  const std::string large(100'000, 'x');

  EXPECT_EQ(server->write(as_bytes(large)), tls_session::record_size);

  EXPECT_LT(server->waiting(), tls_session::record_size + 100);
  carry(client, *server);
  EXPECT_EQ(client.read(), large.substr(0, tls_session::record_size));
}

TEST_F(Tls, EndsEachWayByItself) {
  const tls_server tls{usual()};
  const auto server = tls.make_session();
  tls_line client{trusting()};
  carry(client, *server);

  client.write("last");
  client.end();
  EXPECT_EQ(give(*server, client.take()), "last");
  EXPECT_EQ(server->now(), state::ended);
  EXPECT_EQ(server->write(as_bytes("answer")), 6U);
  server->end();
  client.feed(take(*server));

  EXPECT_EQ(client.read(), "answer");
  EXPECT_TRUE(client.has_ended());
}

TEST_F(Tls, SaysWhatIsNoTls) {
  const tls_server tls{usual()};
  const auto why = [&](std::string_view said) {
    const auto server = tls.make_session();
    give(*server, said);
    EXPECT_EQ(server->now(), state::failed);
    return server->failure();
  };

  EXPECT_THAT(why("GET /ws HTTP/1.1\r\nHost: x\r\n\r\n"), HasSubstr("HTTP without TLS"));
  EXPECT_THAT(why(std::string(100, '\xff')), HasSubstr("does not speak TLS"));
}

TEST_F(Tls, TellsThatThePeerDoesNotTrustIt) {
  const tls_server tls{usual()};
  const auto server = tls.make_session();
  const certificate_authority other{"other"};
  tls_line client{{.authority = other.file()}};
  give(*server, client.take());

  EXPECT_THROW(client.feed(take(*server)), std::runtime_error);
  give(*server, client.take());

  EXPECT_EQ(server->now(), state::failed);
  EXPECT_THAT(server->failure(), HasSubstr("unknown ca"));
}

TEST_F(Tls, NoticesABrokenRecord) {
  const tls_server tls{usual()};
  const auto server = tls.make_session();
  tls_line client{trusting()};
  carry(client, *server);
  client.write("something");
  std::string record = client.take();
  record.back() = static_cast<char>(record.back() ^ 1);

  EXPECT_EQ(give(*server, record), "");

  EXPECT_EQ(server->now(), state::failed);
  EXPECT_THAT(server->failure(), HasSubstr("bad record mac"));
  EXPECT_GT(server->waiting(), 0U) << "an alert";
}

TEST_F(Tls, BoundsAHandshake) {
  const tls_server tls{usual()};
  const auto server = tls.make_session();
  // A ClientHello that says it has 120,000 bytes, in records of 16,000.
  std::string hello{"\x01\x01\xd4\xc0", 4};
  hello.resize(120'000, 'x');
  std::size_t sent = 0;
  for (; sent < hello.size() && server->now() == state::shaking; sent += 16'000) {
    std::string record{"\x16\x03\x01\x3e\x80", 5};
    give(*server, record + hello.substr(sent, 16'000));
  }

  EXPECT_EQ(server->now(), state::failed);
  EXPECT_LT(sent, 100'000U);
}

// --- Renegotiation (TLS 1.2)

TEST_F(Tls, RefusesToNegotiateAgain) {
  const tls_server tls{usual()};
  const auto server = tls.make_session();
  auto o = trusting();
  o.only_tls_1_2 = true;
  tls_line client{o};
  carry(client, *server);

  ::SSL_renegotiate(client.native());
  ::SSL_do_handshake(client.native());
  give(*server, client.take());

  EXPECT_THROW(client.feed(take(*server)), std::runtime_error) << "it is told by an alert";
}

TEST_F(Tls, ForgetsWhoAsksForMoreThanHeReads) {
  const tls_server tls{usual()};
  const auto server = tls.make_session();
  tls_line client{trusting()};
  carry(client, *server);

  // Each asks for an answer of the same size; nobody takes the answers.
  for (int i = 0; i < 10'000 && server->now() == state::open; ++i) {
    ::SSL_key_update(client.native(), SSL_KEY_UPDATE_REQUESTED);
    ::SSL_do_handshake(client.native());
    give(*server, client.take());
  }

  EXPECT_LT(server->waiting(), 100'000U);
}

// --- Who is who

TEST_F(Tls, ShowsTheCertificateOfTheNameThatIsAskedFor) {
  const issued shop = authority.issue("shop", {"DNS:shop.example.org"});
  const issued others = authority.issue("others", {"DNS:*.example.net"});
  auto o = usual();
  o.identities.push_back({shop.certificate, shop.key});
  o.identities.push_back({others.certificate, others.key});
  const tls_server tls{o};
  const auto shown_to = [&](const std::string& name) {
    const auto server = tls.make_session();
    tls_line client{{.authority = authority.file(), .name = name}};
    carry(client, *server);
    return client.server();
  };

  EXPECT_EQ(shown_to("shop.example.org"), "shop");
  EXPECT_EQ(shown_to("a.example.net"), "others");
  EXPECT_EQ(shown_to("localhost"), "localhost");
  EXPECT_THROW(shown_to("unknown.example"), std::runtime_error) << "it gets the first, which is not good for it";
}

TEST_F(Tls, AgreesOnHttp) {
  const tls_server tls{usual()};
  const auto agreed = [&](const std::string& offer) {
    const auto server = tls.make_session();
    auto o = trusting();
    o.protocols = offer;
    tls_line client{o};
    carry(client, *server);
    return client.protocol();
  };

  EXPECT_EQ(agreed("\x02h2\x08http/1.1"), "http/1.1");
  EXPECT_EQ(agreed(""), "");
  EXPECT_THROW(agreed("\x02h2"), std::runtime_error);
}

TEST_F(Tls, KnowsItsClients) {
  const certificate_authority clients{"clients"};
  const issued billing = clients.issue("billing", {"DNS:billing.local", "URI:spiffe://x/billing", "IP:10.0.0.1"});
  auto o = usual();
  o.client_authority = clients.file();
  const auto meet = [&](const tls_server_options& options, const tls_line::options& who) {
    const tls_server tls{options};
    auto server = tls.make_session();
    tls_line client{who};
    carry(client, *server);
    return server;
  };
  auto known = trusting();
  known.certificate = billing.certificate;
  known.key = billing.key;

  const auto peer = meet(o, known)->peer();
  ASSERT_NE(peer, nullptr);
  EXPECT_EQ(peer->subject, "CN=billing");
  EXPECT_THAT(peer->names, ElementsAre("DNS:billing.local", "URI:spiffe://x/billing", "IP:10.0.0.1"));
  EXPECT_THAT(peer->fingerprint, SizeIs(64));

  // Without one, and with one of somebody else.
  EXPECT_THROW(meet(o, trusting()), std::runtime_error);
  o.clients = client_certificates::optional;
  EXPECT_EQ(meet(o, trusting())->peer(), nullptr);
  auto stranger = known;
  stranger.certificate = own.certificate;
  stranger.key = own.key;
  EXPECT_THROW(meet(o, stranger), std::runtime_error);
}

// --- Tickets

class TlsTickets : public Tls {
protected:
  const std::string one = std::string(64, '1') + "\n", two = std::string(64, '2') + "\n";

  tls_server_options with_secrets(const std::string& file, const std::string& text) const {
    auto o = usual();
    o.ticket_secrets = authority.write_file(file, text);
    return o;
  }
  /// A ticket of that server.
  std::shared_ptr<SSL_SESSION> ticket(const tls_server& of, tls_line::options o) const {
    const auto server = of.make_session();
    tls_line client{o};
    carry(client, *server);
    return client.session();
  }
  bool is_taken(const std::shared_ptr<SSL_SESSION>& ticket, const tls_server& by, tls_line::options o) const {
    o.resume = ticket;
    const auto server = by.make_session();
    tls_line client{o};
    carry(client, *server);
    EXPECT_EQ(server->now(), state::open);
    EXPECT_EQ(server->is_resumed(), client.is_resumed());
    return client.is_resumed();
  }
};

TEST_F(TlsTickets, AreTakenByWhoHasTheSecret) {
  const tls_server a{with_secrets("a", one)}, b{with_secrets("b", "# since today\n\n" + two + one)},
      c{with_secrets("c", two)};
  for (const bool old : {false, true}) {
    auto o = trusting();
    o.only_tls_1_2 = old;
    const auto of_a = ticket(a, o);

    EXPECT_TRUE(is_taken(of_a, a, o));
    EXPECT_TRUE(is_taken(of_a, b, o)) << "an older secret";
    EXPECT_FALSE(is_taken(of_a, c, o));
    EXPECT_TRUE(is_taken(ticket(b, o), c, o)) << "new ones are of the first secret";
  }
}

TEST_F(TlsTickets, AreOfOneProcessWithoutASecret) {
  tls_server a{usual()};
  const tls_server b{usual()};
  const auto of_a = ticket(a, trusting());

  a.reload(log, "here");

  EXPECT_TRUE(is_taken(of_a, a, trusting()));
  EXPECT_FALSE(is_taken(of_a, b, trusting()));
}

TEST_F(TlsTickets, AreNotForListenersThatAskForCertificates) {
  auto strict = with_secrets("strict", one);
  strict.client_authority = authority.file();
  strict.clients = client_certificates::optional;
  const tls_server open{with_secrets("open", one)}, closed{strict};

  EXPECT_FALSE(is_taken(ticket(open, trusting()), closed, trusting()));
  EXPECT_FALSE(is_taken(ticket(closed, trusting()), closed, trusting()));
}

// --- Files

TEST_F(Tls, SaysWhichFileCannotBeUsed) {
  const issued other = authority.issue("other");
  const std::string text = authority.write_file("text", "no certificate");
  const auto files = [](const std::string& certificate, const std::string& key) {
    return tls_server_options{.identities = {{certificate, key}}};
  };

  EXPECT_THAT(mistakes_of(usual()), IsEmpty());
  EXPECT_THAT(mistakes_of({}), ElementsAre("tls.identities is empty; a certificate and its key would be right"));
  EXPECT_THAT(mistakes_of(files("", own.key)),
              ElementsAre("tls.identities[0].certificate is missing; a PEM file would be right"));
  EXPECT_THAT(mistakes_of(files("/no/file", own.key)),
              ElementsAre("tls.identities[0].certificate \"/no/file\" cannot be read: No such file or directory"));
  EXPECT_THAT(mistakes_of(files(text, own.key)), ElementsAre(HasSubstr("has no certificate in PEM")));
  EXPECT_THAT(mistakes_of(files(own.certificate, other.key)),
              ElementsAre("tls.identities[0].key \"" + other.key +
                          "\" has another key than that of the certificate in \"" + own.certificate +
                          "\", which is that of CN=localhost (DNS:localhost)"));
  EXPECT_THAT(mistakes_of(files(own.key, own.certificate)),
              ElementsAre("tls.identities[0].certificate \"" + own.key + "\" has a key and no certificate"));
  EXPECT_THAT(mistakes_of(files(own.certificate, own.certificate)),
              ElementsAre("tls.identities[0].key \"" + own.certificate + "\" has a certificate and no key"));
  EXPECT_THAT(mistakes_of(files(own.certificate, text)), ElementsAre(HasSubstr("has no key in PEM")));
  auto o = usual();
  o.client_authority = text;
  EXPECT_THAT(mistakes_of(o), ElementsAre(HasSubstr("tls.client_authority \"")));
  o = usual();
  o.clients = client_certificates::optional;
  EXPECT_THAT(mistakes_of(o), ElementsAre(HasSubstr("tls.client_authority is empty")));
  for (const std::string& bad : {std::string{"\n"}, std::string(63, '1'), std::string(64, 'g')}) {
    o = usual();
    o.ticket_secrets = authority.write_file("secrets", bad);
    EXPECT_THAT(mistakes_of(o), ElementsAre(HasSubstr("tls.ticket_secrets \""))) << bad;
  }
  o = usual();
  o.client_authority = authority.file();
  EXPECT_THAT(mistakes_of(o), ElementsAre());
  o.ticket_secrets = authority.write_file("secrets", std::string(64, '1'));
  EXPECT_THAT(mistakes_of(o), ElementsAre(HasSubstr("tls.ticket_secrets has no effect")));
  EXPECT_THROW(tls_server{files("/no/file", own.key)}, invalid_configuration);
}

TEST_F(Tls, SaysThatItsCertificateIsNotTheFirst) {
  const auto text_of = [](const std::string& file) {
    std::ostringstream all;
    all << std::ifstream{file}.rdbuf();
    return all.str();
  };
  const std::string chain = authority.write_file("chain", text_of(authority.file()) + text_of(own.certificate));

  EXPECT_THAT(mistakes_of({.identities = {{chain, own.key}}}),
              ElementsAre(EndsWith("which is that of CN=authority; the certificate of this key, which comes after it "
                                   "there, must be the first")));
}

TEST_F(Tls, WarnsOfACertificateThatIsTooOld) {
  const tls_server tls{with(authority.issue("old", {}, std::chrono::seconds{-60}))};

  EXPECT_THAT(tls.warnings(), ElementsAre(HasSubstr("has expired")));
  EXPECT_THAT(tls_server{usual()}.warnings(), IsEmpty());
}

TEST_F(Tls, ReadsItsFilesAgain) {
  tls_server tls{usual()};
  const auto shown = [&] {
    const auto server = tls.make_session();
    tls_line client{trusting()};
    carry(client, *server);
    return client.server();
  };
  const auto before = tls.make_session();
  const auto replace = [&](const issued& by) {
    std::filesystem::copy_file(by.certificate, own.certificate, std::filesystem::copy_options::overwrite_existing);
    std::filesystem::copy_file(by.key, own.key, std::filesystem::copy_options::overwrite_existing);
  };

  tls.look(log, "here");
  EXPECT_EQ(shown(), "localhost");
  replace(authority.issue("next", {"DNS:localhost"}));
  tls.look(log, "here");
  EXPECT_EQ(shown(), "localhost") << "somebody may still be writing";
  tls.look(log, "here");
  EXPECT_EQ(shown(), "next");
  EXPECT_THAT(lines, ElementsAre("info TLS files of here are read again; new connections get what has changed: \"" +
                                 own.certificate + "\", \"" + own.key + '"'));

  // A connection that began before goes on with what it had.
  tls_line early{trusting()};
  carry(early, *before);
  EXPECT_EQ(early.server(), "localhost");
}

TEST_F(Tls, KeepsWhatItHadWhereNewFilesCannotBeUsed) {
  tls_server tls{usual()};
  authority.write_file("localhost.pem", "half a certificate");

  tls.look(log, "here");
  tls.look(log, "here");
  tls.look(log, "here");

  const auto server = tls.make_session();
  tls_line client{trusting()};
  carry(client, *server);
  EXPECT_EQ(client.server(), "localhost");
  EXPECT_THAT(lines, ElementsAre("error TLS files of here cannot be used, so what was read before stays: \"" +
                                 own.certificate + "\" has no certificate in PEM that TLS could use"));
}

TEST_F(Tls, SaysWhichOfItsFilesHaveChanged) {
  const issued second = authority.issue("second"), third = authority.issue("third");
  auto o = usual();
  o.identities.push_back({second.certificate, second.key});
  tls_server tls{o};
  const std::string again = "TLS files of here are read again; ";

  tls.reload(log, "here");
  std::filesystem::rename(third.certificate, second.certificate);
  tls.reload(log, "here"); // the key is not that of the new certificate
  std::filesystem::rename(third.key, second.key);
  tls.reload(log, "here");
  tls.reload(log, "here");

  EXPECT_THAT(lines, ElementsAre("info " + again + "none has changed",
                                 "error TLS files of here cannot be used, so what was read before stays: \"" +
                                     second.key + "\" has another key than that of the certificate in \"" +
                                     second.certificate + "\", which is that of CN=third",
                                 "info " + again + "new connections get what has changed: \"" + second.certificate +
                                     "\", \"" + second.key + '"',
                                 "info " + again + "none has changed"));
}

TEST_F(Tls, NamesFiveFilesAtMost) {
  std::vector<issued> all;
  const auto issue_all = [&](int count) {
    all.clear();
    for (int i = 0; i < count; ++i) all.push_back(authority.issue("host" + std::to_string(i)));
  };
  const auto reloaded = [&](int count) {
    issue_all(count);
    auto o = usual();
    for (const issued& one : all) o.identities.push_back({one.certificate, one.certificate}); // each file twice
    for (const issued& one : all) {
      std::ofstream{one.certificate, std::ios::app} << std::ifstream{one.key}.rdbuf();
    }
    tls_server tls{o};
    for (const issued& one : all) std::ofstream{one.certificate, std::ios::app} << "\n";
    lines.clear();
    tls.reload(log, "here");
    return lines.at(0);
  };

  const std::string of_five = reloaded(5), of_six = reloaded(6);

  EXPECT_THAT(of_five, EndsWith(all[3].certificate + "\", \"" + all[4].certificate + '"'));
  EXPECT_THAT(of_six, EndsWith(all[4].certificate + "\" and 1 more"));
}

// --- Clients of ours

class TlsClient : public Tls {
protected:
  /// Between a client and a server of ours: why it fails; empty when it does not.
  std::string meet(const tls_server_options& s, const tls_client_options& c, const std::string& host) const {
    const tls_server tls{s};
    const auto server = tls.make_session();
    tls_session client{c, host, "http/1.1"};
    for (int i = 0; i < 4; ++i) {
      give(*server, take(client));
      give(client, take(*server));
    }
    EXPECT_TRUE(client.now() != state::open || server->now() == state::open);
    return client.failure();
  }
};

TEST_F(TlsClient, TrustsWhoHasTheNameAndIsOfTheAuthority) {
  const issued local = authority.issue("local", {"IP:127.0.0.1", "DNS:*.example.org"});
  const certificate_authority other{"other"};
  const issued old = authority.issue("old", {"DNS:localhost"}, std::chrono::seconds{-60});
  const tls_client_options trusting{.authority = authority.file()};

  EXPECT_EQ(meet(usual(), trusting, "localhost"), "");
  EXPECT_EQ(meet(with(local), trusting, "127.0.0.1"), "");
  EXPECT_EQ(meet(with(local), trusting, "a.example.org"), "");
  EXPECT_EQ(meet(usual(), {.authority = authority.file(), .server_name = "localhost"}, "10.0.0.1"), "");
  EXPECT_THAT(meet(usual(), trusting, "example.org"),
              EndsWith("not trusted: hostname mismatch: \"example.org\" was asked for, and it is the certificate of "
                       "CN=localhost (DNS:localhost)"));
  EXPECT_THAT(
      meet(with(local), trusting, "::1"),
      EndsWith("not trusted: IP address mismatch: \"0:0:0:0:0:0:0:1\" was asked for, and it is the certificate of "
               "CN=local (IP:127.0.0.1, DNS:*.example.org)"));
  const issued many =
      authority.issue("many", {"DNS:a", "DNS:" + std::string(63, 'b') + ".b", "DNS:c", "DNS:d", "DNS:e"});
  EXPECT_THAT(meet(with(many), trusting, "f"),
              EndsWith("CN=many (DNS:a, DNS:" + std::string(63, 'b') + ".b, DNS:c and 2 more)"));
  EXPECT_THAT(meet(usual(), {.authority = other.file()}, "localhost"), HasSubstr("not trusted: "));
  EXPECT_THAT(meet(usual(), {}, "localhost"), HasSubstr("not trusted: "));
  EXPECT_THAT(meet(with(old), trusting, "localhost"), HasSubstr("not trusted: certificate has expired"));
}

TEST_F(TlsClient, ShowsItsCertificate) {
  auto o = usual();
  o.client_authority = authority.file();
  const issued me = authority.issue("me");

  EXPECT_EQ(meet(o, {.authority = authority.file(), .identity = {me.certificate, me.key}}, "localhost"), "");
  EXPECT_THAT(meet(o, {.authority = authority.file()}, "localhost"), HasSubstr("it refuses: "));
}

TEST_F(TlsClient, SaysWhichFileCannotBeUsed) {
  const auto mistake_of = [](const tls_client_options& o) {
    mistake_list found;
    check(o, "tls", found);
    return found.empty() ? std::string{} : found.all().front().path + " " + found.all().front().text;
  };

  EXPECT_EQ(mistake_of({.authority = authority.file()}), "");
  EXPECT_THAT(mistake_of({.authority = "/no/file"}), HasSubstr("tls.authority \"/no/file\" cannot be read"));
  EXPECT_THAT(mistake_of({.identity = {own.certificate, ""}}), HasSubstr("tls.key is missing"));
}

} // namespace
} // namespace swill::net
