/* test_tls.c -- encryption: what is read early, what a socket does not take,
 * and certificates
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/conn.h"
#include "net/tls.h"
#include "net/tls_context.h"
#include "suite.h"

enum { MUCH = 3 * 1024 * 1024 };

/* A server's context, and one connection with both its ends. */
struct ends {
	char                dir[32];
	struct config      *config;
	struct tls_context *context;
	struct tls_scratch *scratch;
	SSL_CTX            *rules;
	SSL                *client;
	struct tls         *server;
	int                 fds[2];	/* the server's, the client's */
};

static void
told(const char *text, void *arg)
{
	(void)text;
	(void)arg;
	CU_FAIL("a fault of the configuration");
}

static void
set(struct ends *e, const char *option, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/%s", e->dir, name);
	config_set(e->config, option, path, told, NULL);
}

static void
make_pair(struct ends *e, const char *name)
{
	char crt[64], key[64], why[256];

	snprintf(crt, sizeof(crt), "%s/%s.crt", e->dir, name);
	snprintf(key, sizeof(key), "%s/%s.key", e->dir, name);
	CU_ASSERT_FATAL(certificate_make(crt, key, name, why, sizeof(why)));
}

static void
open_site(struct ends *e)
{
	memset(e, 0, sizeof(*e));
	snprintf(e->dir, sizeof(e->dir), "/tmp/vcrp-tls.XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(e->dir));
	e->config = config_new();
	e->scratch = tls_scratch_new();
	e->rules = SSL_CTX_new(TLS_client_method());
	e->fds[0] = e->fds[1] = -1;
}

static void
open_context(struct ends *e)
{
	char why[512] = "";

	e->context = tls_context_new(e->config, e->dir, "chat.example.org",
	    why, sizeof(why));
	CU_ASSERT_STRING_EQUAL(why, "");
	CU_ASSERT_PTR_NOT_NULL_FATAL(e->context);
}

static void
part(struct ends *e)
{
	tls_free(&e->server);
	SSL_free(e->client);
	e->client = NULL;
	for (int i = 0; i < 2; i++)
		if (e->fds[i] >= 0)
			close(e->fds[i]);
}

static void
close_site(struct ends *e)
{
	char command[64];

	part(e);
	tls_context_free(&e->context);
	tls_scratch_free(&e->scratch);
	SSL_CTX_free(e->rules);
	config_free(&e->config);
	snprintf(command, sizeof(command), "rm -rf %s", e->dir);
	CU_ASSERT_EQUAL(system(command), 0);
}

static void
begin(struct ends *e, SSL_SESSION *session)
{
	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, e->fds), 0);
	e->client = SSL_new(e->rules);
	SSL_set_fd(e->client, e->fds[1]);
	SSL_set_connect_state(e->client);
	if (session != NULL)
		SSL_set_session(e->client, session);
	CU_ASSERT_EQUAL(SSL_do_handshake(e->client), -1);
}

/* The client has said its hello, of which `early` bytes are read already. */
static void
meet(struct ends *e, size_t early, bool ask)
{
	char buf[4096];
	ssize_t n = 0;

	begin(e, NULL);
	if (early > 0)
		n = recv(e->fds[0], buf, early, 0);
	e->server = tls_new(e->context, e->scratch, e->fds[0],
	    (struct slice){ buf, (size_t)n }, ask);
}

static void
meet_again(struct ends *e, SSL_SESSION *session)
{
	begin(e, session);
	e->server = tls_new(e->context, e->scratch, e->fds[0],
	    (struct slice){ 0 }, false);
}

/* Both do what they can; the server's last word. */
static int
shake(struct ends *e)
{
	const char *why = "";
	int rc = 0;

	for (int i = 0; i < 10 && rc == 0; i++) {
		rc = tls_handshake(e->server, &why);
		(void)SSL_do_handshake(e->client);
	}
	return rc;
}

static void
open_ends(struct ends *e)
{
	open_site(e);
	open_context(e);
	meet(e, 1, false);
	CU_ASSERT_EQUAL_FATAL(shake(e), 1);
}

static void
early_bytes_come_first(void)
{
	static const size_t early[] = { 0, 1, 5, 100, 4096 };
	char buf[16];

	for (int i = 0; i < 5; i++) {
		struct ends e;
		const char *why;

		open_site(&e);
		open_context(&e);
		meet(&e, early[i], false);
		CU_ASSERT_EQUAL(tls_handshake(e.server, &why), 0);
		CU_ASSERT_EQUAL(SSL_do_handshake(e.client), 1);
		/* Its first lines travel with the end of its handshake. */
		CU_ASSERT_EQUAL(SSL_write(e.client, "HELLO\n", 6), 6);
		CU_ASSERT_EQUAL(tls_handshake(e.server, &why), 1);
		CU_ASSERT(tls_pending(e.server));
		CU_ASSERT_EQUAL(tls_recv(e.server, buf, sizeof(buf)), 6);
		CU_ASSERT_EQUAL(memcmp(buf, "HELLO\n", 6), 0);
		CU_ASSERT(!tls_pending(e.server));
		CU_ASSERT_EQUAL(tls_recv(e.server, buf, sizeof(buf)),
		    -EAGAIN);
		CU_ASSERT(!tls_readable(e.server));
		close_site(&e);
	}
}

/* Bytes that tell where they are. */
static char *
pattern(void)
{
	char *p = malloc(MUCH);

	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	for (uint32_t i = 0; i < MUCH; i++)
		p[i] = (char)((i * 2654435761u) >> 23);
	return p;
}

/* The next bytes in parts of all sizes, as a turn is made of chunks. */
static size_t
make_parts(struct iovec iov[8], char *from, size_t at)
{
	size_t len = 0;

	for (int i = 0; i < 8; i++) {
		size_t n = (size_t)random() % (i % 3 == 0 ? 70000 : 90);

		if (n > MUCH - at - len)
			n = MUCH - at - len;
		iov[i] = (struct iovec){ from + at + len, n };
		len += n;
	}
	return len;
}

/* Reads some at the client's: how many. */
static size_t
hear(struct ends *e, char *to, size_t most)
{
	size_t n;

	return SSL_read_ex(e->client, to, most, &n) == 1 ? n : 0;
}

static void
nothing_is_lost_where_a_socket_is_full(void)
{
	char *sent = pattern(), *heard = malloc(MUCH);
	int small = 4096;
	size_t at = 0, got = 0, blocked = 0;
	struct ends e;

	open_ends(&e);
	setsockopt(e.fds[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	while (got < MUCH) {
		struct iovec iov[8];
		struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 8 };
		size_t asked = make_parts(iov, sent, at);
		ssize_t n = tls_send(e.server, &msg);

		CU_ASSERT_FATAL(n >= 0 || n == -EAGAIN);
		/* All is taken, or it is blocked. */
		CU_ASSERT(n == (ssize_t)asked || tls_blocked(e.server));
		at += n > 0 ? (size_t)n : 0;
		blocked += tls_blocked(e.server);
		got += hear(&e, heard + got, (size_t)random() % 30000 + 1);
		CU_ASSERT_FATAL(tls_flush(e.server) >= 0);
		if (at == MUCH && !tls_blocked(e.server))
			while (got < MUCH)
				got += hear(&e, heard + got, MUCH - got);
	}
	CU_ASSERT(blocked > 10);
	CU_ASSERT_EQUAL(at, MUCH);
	CU_ASSERT_EQUAL(tls_flush(e.server), 1);
	CU_ASSERT(!tls_blocked(e.server));
	CU_ASSERT_EQUAL(memcmp(sent, heard, MUCH), 0);
	close_site(&e);
	free(sent);
	free(heard);
}

static void
much_comes_in_whole(void)
{
	char *sent = pattern(), *heard = malloc(MUCH);
	size_t at = 0, got = 0, n;
	struct ends e;

	open_ends(&e);
	SSL_set_mode(e.client, SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	while (got < MUCH) {
		ssize_t len;

		if (SSL_write_ex(e.client, sent + at, MUCH - at, &n) == 1)
			at += n;
		do {
			size_t most = (size_t)random() % 40000 + 1;

			if (most > MUCH - got)
				most = MUCH - got;
			len = tls_recv(e.server, heard + got, most);
			CU_ASSERT_FATAL(len > 0 || len == -EAGAIN);
			got += len > 0 ? (size_t)len : 0;
		} while (len > 0 && tls_readable(e.server) && got < MUCH);
	}
	CU_ASSERT_EQUAL(memcmp(sent, heard, MUCH), 0);
	close_site(&e);
	free(sent);
	free(heard);
}

/* What is no data keeps nobody else waiting, however much of it comes; and what
 * is behind it is not forgotten. */
static void
new_keys_without_end_are_a_turn_each(void)
{
	int large = 1024 * 1024, turns = 0, left = 0, before = 0;
	char buf[16];
	struct ends e;
	ssize_t n;

	open_ends(&e);
	setsockopt(e.fds[1], SOL_SOCKET, SO_SNDBUF, &large, sizeof(large));
	while (left < 4 * 16384) {
		CU_ASSERT_EQUAL_FATAL(SSL_key_update(e.client,
		    SSL_KEY_UPDATE_NOT_REQUESTED), 1);
		CU_ASSERT_EQUAL_FATAL(SSL_do_handshake(e.client), 1);
		ioctl(e.fds[0], FIONREAD, &left);
	}
	CU_ASSERT_EQUAL(SSL_write(e.client, "PING\n", 5), 5);
	ioctl(e.fds[0], FIONREAD, &before);
	while ((n = tls_recv(e.server, buf, sizeof(buf))) == -EAGAIN) {
		CU_ASSERT_FATAL(tls_readable(e.server));
		ioctl(e.fds[0], FIONREAD, &left);
		CU_ASSERT(before - left <= 2 * 16384 + 1024);
		before = left;
		turns++;
	}
	CU_ASSERT_EQUAL(n, 5);
	CU_ASSERT(turns >= 2);
	CU_ASSERT_EQUAL(tls_recv(e.server, buf, sizeof(buf)), -EAGAIN);
	CU_ASSERT(!tls_readable(e.server));
	close_site(&e);
}

/* epoll tells of what comes once, maybe while records of before are left over
 * that can be had without a look at the socket. */
static void
what_comes_between_two_records_is_not_forgotten(void)
{
	struct ends e;
	char buf[16];

	open_ends(&e);
	CU_ASSERT_EQUAL(SSL_write(e.client, "one\n", 4), 4);
	CU_ASSERT_EQUAL(SSL_write(e.client, "two\n", 4), 4);
	CU_ASSERT_EQUAL(tls_recv(e.server, buf, sizeof(buf)), 4);
	CU_ASSERT(tls_readable(e.server));
	CU_ASSERT_EQUAL(SSL_write(e.client, "three\n", 6), 6);
	CU_ASSERT_EQUAL(tls_recv(e.server, buf, sizeof(buf)), 4);
	CU_ASSERT(tls_readable(e.server));
	CU_ASSERT_EQUAL(tls_recv(e.server, buf, sizeof(buf)), 6);
	close_site(&e);
}

/* It waits for its socket also where it has handed over all it had. */
static void
a_connection_is_blocked_by_what_is_kept(void)
{
	struct net net = { .name = "x" };
	struct peer from = { .local = false };
	char line[3000], buf[8192];
	struct iovec iov = { line, sizeof(line) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	size_t sent = 0, got = 0, n;
	int small = 4096;
	struct conn *c;
	struct ends e;

	open_ends(&e);
	setsockopt(e.fds[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	c = conn_new(&net, e.fds[0], &from, 1, 1);
	c->tls = e.server;
	e.server = NULL;
	e.fds[0] = -1;
	memset(line, 'x', sizeof(line));
	while (!c->blocked) {
		CU_ASSERT_EQUAL_FATAL(conn_send(c, &msg, sizeof(line)),
		    sizeof(line));
		sent += sizeof(line);
	}
	CU_ASSERT(tls_blocked(c->tls));
	CU_ASSERT_EQUAL(c->bytes_out, sent);
	CU_ASSERT_EQUAL(conn_unblock(c), 0);
	CU_ASSERT(c->blocked);
	while ((n = hear(&e, buf, sizeof(buf))) > 0 || got < sent) {
		got += n;
		CU_ASSERT_FATAL(conn_unblock(c) >= 0);
	}
	CU_ASSERT_EQUAL(got, sent);
	CU_ASSERT(!c->blocked);
	conn_free(&c);
	close_site(&e);
}

/* Who takes nothing is not sent for ever. */
static void
what_is_kept_is_little(void)
{
	char *sent = pattern();
	struct iovec iov = { sent, MUCH };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	int small = 4096;
	struct ends e;
	ssize_t n;

	open_ends(&e);
	setsockopt(e.fds[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	n = tls_send(e.server, &msg);
	CU_ASSERT(n > 0 && n <= 2 * TLS_STEP);
	CU_ASSERT(tls_blocked(e.server));
	CU_ASSERT_EQUAL(tls_send(e.server, &msg), -EAGAIN);
	CU_ASSERT_EQUAL(tls_flush(e.server), 0);
	/* Its end is told as an error, not waited for. */
	close(e.fds[1]);
	e.fds[1] = -1;
	CU_ASSERT(tls_flush(e.server) < 0);
	CU_ASSERT(tls_send(e.server, &msg) < 0);
	close_site(&e);
	free(sent);
}

static void
an_end_is_told_from_a_cut(void)
{
	char buf[16];
	struct ends e;

	open_ends(&e);
	CU_ASSERT_EQUAL(SSL_write(e.client, "QUIT\n", 5), 5);
	CU_ASSERT_EQUAL(SSL_shutdown(e.client), 0);
	CU_ASSERT_EQUAL(tls_recv(e.server, buf, sizeof(buf)), 5);
	CU_ASSERT_EQUAL(tls_recv(e.server, buf, sizeof(buf)), 0);
	tls_end(e.server);
	CU_ASSERT_EQUAL(SSL_shutdown(e.client), 1);
	close_site(&e);

	open_ends(&e);
	CU_ASSERT_EQUAL(SSL_write(e.client, "QUIT\n", 5), 5);
	shutdown(e.fds[1], SHUT_WR);
	CU_ASSERT_EQUAL(tls_recv(e.server, buf, sizeof(buf)), 5);
	CU_ASSERT(tls_recv(e.server, buf, sizeof(buf)) < 0);
	close_site(&e);
}

static void
what_is_no_tls_is_refused(void)
{
	static const char garbage[] = "\x16\x03\x01\0\x05HELLO ann\n";
	const char *why = NULL;
	struct tls_counts n;
	struct ends e;

	open_site(&e);
	open_context(&e);
	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, e.fds), 0);
	e.server = tls_new(e.context, e.scratch, e.fds[0],
	    (struct slice){ garbage, sizeof(garbage) - 1 }, false);
	CU_ASSERT_EQUAL(tls_handshake(e.server, &why), -1);
	CU_ASSERT_PTR_NOT_NULL(why);
	tls_context_counts(e.context, &n);
	CU_ASSERT_EQUAL(n.connections, 1);
	CU_ASSERT_EQUAL(n.failures, 1);
	CU_ASSERT_EQUAL(n.handshakes, 0);
	tls_free(&e.server);
	tls_context_counts(e.context, &n);
	CU_ASSERT_EQUAL(n.connections, 0);
	CU_ASSERT_EQUAL(n.failures, 1);
	close_site(&e);
}

static int
try_with(struct ends *e, int version, const char *ciphers,
    const char *protocols)
{
	int rc;

	SSL_CTX_set_min_proto_version(e->rules, version);
	SSL_CTX_set_max_proto_version(e->rules, version);
	SSL_CTX_set_cipher_list(e->rules, ciphers);
	SSL_CTX_set_alpn_protos(e->rules, (const unsigned char *)protocols,
	    (unsigned)strlen(protocols));
	meet(e, 1, false);
	rc = shake(e);
	part(e);
	return rc;
}

static void
only_what_is_good_is_spoken(void)
{
	static const char all[] = "ALL:@SECLEVEL=0";
	struct ends e;

	open_site(&e);
	open_context(&e);
	CU_ASSERT_EQUAL(try_with(&e, TLS1_3_VERSION, all, ""), 1);
	CU_ASSERT_EQUAL(try_with(&e, TLS1_2_VERSION, all, ""), 1);
	CU_ASSERT_EQUAL(try_with(&e, TLS1_1_VERSION, all, ""), -1);
	CU_ASSERT_EQUAL(try_with(&e, TLS1_2_VERSION, "AES128-GCM-SHA256",
	    ""), -1);
	CU_ASSERT_EQUAL(try_with(&e, TLS1_2_VERSION,
	    "ECDHE-ECDSA-AES128-SHA256", ""), -1);
	CU_ASSERT_EQUAL(try_with(&e, TLS1_3_VERSION, all, "\4vcrp"), 1);
	CU_ASSERT_EQUAL(try_with(&e, TLS1_3_VERSION, all, "\2h2\4vcrp"), 1);
	CU_ASSERT_EQUAL(try_with(&e, TLS1_3_VERSION, all, "\2h2"), -1);
	close_site(&e);
}

static void
a_login_can_be_bound(void)
{
	static const char label[] = "EXPORTER-Channel-Binding";
	unsigned char ours[TLS_BINDING_MAX], theirs[TLS_BINDING_MAX];
	struct ends e;

	open_ends(&e);
	CU_ASSERT_EQUAL(tls_binding(e.server, "tls-exporter", ours), 32);
	CU_ASSERT_EQUAL(SSL_export_keying_material(e.client, theirs, 32,
	    label, sizeof(label) - 1, NULL, 0, 0), 1);
	CU_ASSERT_EQUAL(memcmp(ours, theirs, 32), 0);
	CU_ASSERT_EQUAL(tls_binding(e.server, "tls-unique", ours), 0);
	close_site(&e);
}

/* The first Finished: the client's, or in a resumed session the server's. */
static void
older_logins_are_bound_otherwise(void)
{
	unsigned char ours[TLS_BINDING_MAX], theirs[TLS_BINDING_MAX];
	SSL_SESSION *session;
	struct ends e;
	size_t len;

	open_site(&e);
	open_context(&e);
	SSL_CTX_set_max_proto_version(e.rules, TLS1_2_VERSION);
	meet(&e, 1, false);
	CU_ASSERT_EQUAL_FATAL(shake(&e), 1);
	CU_ASSERT_EQUAL(tls_binding(e.server, "tls-exporter", ours), 0);
	len = SSL_get_finished(e.client, theirs, sizeof(theirs));
	CU_ASSERT_EQUAL(tls_binding(e.server, "tls-unique", ours), len);
	CU_ASSERT_EQUAL(memcmp(ours, theirs, len), 0);
	session = SSL_get1_session(e.client);
	/* What was not ended in order is not resumed. */
	SSL_set_shutdown(e.client, SSL_SENT_SHUTDOWN);
	part(&e);

	meet_again(&e, session);
	CU_ASSERT_EQUAL_FATAL(shake(&e), 1);
	CU_ASSERT(SSL_session_reused(e.client));
	len = SSL_get_peer_finished(e.client, theirs, sizeof(theirs));
	CU_ASSERT_EQUAL(tls_binding(e.server, "tls-unique", ours), len);
	CU_ASSERT_EQUAL(memcmp(ours, theirs, len), 0);
	SSL_SESSION_free(session);
	close_site(&e);
}

/* Without the extended master secret who relays two connections can give both
 * the same binding. */
static void
a_weak_binding_is_none(void)
{
	unsigned char ours[TLS_BINDING_MAX];
	struct ends e;

	open_site(&e);
	open_context(&e);
	SSL_CTX_set_max_proto_version(e.rules, TLS1_2_VERSION);
	SSL_CTX_set_options(e.rules, SSL_OP_NO_EXTENDED_MASTER_SECRET);
	meet(&e, 1, false);
	CU_ASSERT_EQUAL_FATAL(shake(&e), 1);
	CU_ASSERT_EQUAL(tls_binding(e.server, "tls-unique", ours), 0);
	CU_ASSERT_EQUAL(tls_binding(e.server, "tls-exporter", ours), 0);
	close_site(&e);
}

static void
show_certificate(struct ends *e, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/%s.crt", e->dir, name);
	CU_ASSERT_EQUAL(SSL_CTX_use_certificate_file(e->rules, path,
	    SSL_FILETYPE_PEM), 1);
	snprintf(path, sizeof(path), "%s/%s.key", e->dir, name);
	CU_ASSERT_EQUAL(SSL_CTX_use_PrivateKey_file(e->rules, path,
	    SSL_FILETYPE_PEM), 1);
}

static void
peers_show_certificates(void)
{
	char fingerprint[FINGERPRINT_MAX], expected[FINGERPRINT_MAX];
	char name[CERTIFICATE_NAME_MAX + 1];
	struct ends e;

	open_site(&e);
	make_pair(&e, "ann");
	make_pair(&e, "eve");
	set(&e, "tls.client_ca", "ann.crt");
	open_context(&e);
	meet(&e, 1, false);
	CU_ASSERT_EQUAL(shake(&e), 1);
	CU_ASSERT(!tls_certificate(e.server, fingerprint, name));
	part(&e);

	show_certificate(&e, "eve");
	certificate_fingerprint(SSL_CTX_get0_certificate(e.rules), expected);
	meet(&e, 1, false);
	CU_ASSERT_EQUAL(shake(&e), 1);
	CU_ASSERT(tls_certificate(e.server, fingerprint, name));
	CU_ASSERT_STRING_EQUAL(fingerprint, expected);
	CU_ASSERT_EQUAL(strncmp(fingerprint, "sha256:", 7), 0);
	CU_ASSERT_EQUAL(strlen(fingerprint), 7 + 64);
	CU_ASSERT_STRING_EQUAL(name, "");
	part(&e);
	close_site(&e);
}

/* Nobody is asked where it is of no use. */
static void
nobody_is_asked_in_vain(void)
{
	char fingerprint[FINGERPRINT_MAX], name[CERTIFICATE_NAME_MAX + 1];
	struct ends e;

	open_site(&e);
	make_pair(&e, "ann");
	open_context(&e);
	show_certificate(&e, "ann");
	for (int ask = 0; ask < 2; ask++) {
		meet(&e, 1, ask == 1);
		CU_ASSERT_EQUAL(shake(&e), 1);
		CU_ASSERT_EQUAL(tls_certificate(e.server, fingerprint, name),
		    ask == 1);
		part(&e);
	}
	CU_ASSERT_STRING_EQUAL(name, "");
	close_site(&e);
}

static void
copy(struct ends *e, const char *from, const char *to, const char *kind)
{
	char command[128];

	snprintf(command, sizeof(command), "cp %s/%s.%s %s/%s.%s", e->dir,
	    from, kind, e->dir, to, kind);
	CU_ASSERT_EQUAL(system(command), 0);
}

/* What a new connection is shown. */
static void
seen(struct ends *e, char fingerprint_r[FINGERPRINT_MAX])
{
	X509 *x;

	meet(e, 1, false);
	CU_ASSERT_EQUAL_FATAL(shake(e), 1);
	x = SSL_get1_peer_certificate(e->client);
	certificate_fingerprint(x, fingerprint_r);
	X509_free(x);
}

static void
a_new_certificate_is_for_new_connections(void)
{
	char first[FINGERPRINT_MAX], now[FINGERPRINT_MAX], why[512], buf[8];
	struct iovec part_of = { buf, 5 };
	struct msghdr msg = { .msg_iov = &part_of, .msg_iovlen = 1 };
	struct ends e, later;

	open_site(&e);
	make_pair(&e, "one");
	make_pair(&e, "two");
	copy(&e, "one", "used", "crt");
	copy(&e, "one", "used", "key");
	set(&e, "tls.certificate", "used.crt");
	set(&e, "tls.key", "used.key");
	open_context(&e);
	seen(&e, first);
	CU_ASSERT_STRING_EQUAL(first, tls_context_fingerprint(e.context));

	/* Half a change is none. */
	later = e;
	copy(&e, "two", "used", "crt");
	CU_ASSERT(!tls_context_prepare(e.context, why, sizeof(why)));
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "used.key: "));
	tls_context_take(e.context);
	seen(&later, now);
	CU_ASSERT_STRING_EQUAL(now, first);
	part(&later);

	copy(&e, "two", "used", "key");
	CU_ASSERT(tls_context_prepare(e.context, why, sizeof(why)));
	tls_context_take(e.context);
	seen(&later, now);
	CU_ASSERT_STRING_NOT_EQUAL(now, first);
	CU_ASSERT_STRING_EQUAL(now, tls_context_fingerprint(e.context));
	part(&later);

	/* The old connection is as it was. */
	CU_ASSERT_EQUAL(SSL_write(e.client, "PING\n", 5), 5);
	CU_ASSERT_EQUAL(tls_recv(e.server, buf, sizeof(buf)), 5);
	CU_ASSERT_EQUAL(tls_send(e.server, &msg), 5);
	CU_ASSERT_EQUAL(SSL_read(e.client, buf, sizeof(buf)), 5);
	close_site(&e);
}

static void
changed_files_are_looked_for(void)
{
	char first[FINGERPRINT_MAX], now[FINGERPRINT_MAX];
	uint64_t then = clock_ms();
	struct ends e;

	open_site(&e);
	make_pair(&e, "one");
	make_pair(&e, "two");
	set(&e, "tls.certificate", "one.crt");
	set(&e, "tls.key", "one.key");
	open_context(&e);
	snprintf(first, sizeof(first), "%s",
	    tls_context_fingerprint(e.context));
	tls_context_look(e.context, then + 20000);
	CU_ASSERT_STRING_EQUAL(first, tls_context_fingerprint(e.context));
	copy(&e, "two", "one", "crt");
	tls_context_look(e.context, then + 40000);
	CU_ASSERT_STRING_EQUAL(first, tls_context_fingerprint(e.context));
	copy(&e, "two", "one", "key");
	tls_context_look(e.context, then + 60000);
	CU_ASSERT_STRING_NOT_EQUAL(first, tls_context_fingerprint(e.context));
	seen(&e, now);
	CU_ASSERT_STRING_EQUAL(now, tls_context_fingerprint(e.context));
	close_site(&e);
}

static bool
resumes(struct ends *e, SSL_SESSION *session)
{
	bool reused;

	meet_again(e, session);
	CU_ASSERT_EQUAL_FATAL(shake(e), 1);
	reused = SSL_session_reused(e->client) == 1;
	SSL_set_shutdown(e->client, SSL_SENT_SHUTDOWN);
	part(e);
	return reused;
}

/* For both versions: what was stolen of an old key is of no use for long. */
static void
tickets_are_good_for_a_day(void)
{
	static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

	for (int i = 0; i < 2; i++) {
		SSL_SESSION *session;
		struct ends e;
		char buf[1];

		open_site(&e);
		open_context(&e);
		SSL_CTX_set_max_proto_version(e.rules, versions[i]);
		meet(&e, 1, false);
		CU_ASSERT_EQUAL_FATAL(shake(&e), 1);
		(void)SSL_read(e.client, buf, 1);
		session = SSL_get1_session(e.client);
		SSL_set_shutdown(e.client, SSL_SENT_SHUTDOWN);
		part(&e);
		tls_context_look(e.context, clock_ms() + 86000000);
		CU_ASSERT(resumes(&e, session));
		tls_context_look(e.context, clock_ms() + 86400000);
		CU_ASSERT(!resumes(&e, session));
		SSL_SESSION_free(session);
		close_site(&e);
	}
}

static void
refused(struct ends *e, const char *what)
{
	char why[512] = "";

	CU_ASSERT_PTR_NULL(tls_context_new(e->config, e->dir, "x", why,
	    sizeof(why)));
	CU_ASSERT_PTR_NOT_NULL(strstr(why, what));
}

static void
bad_files_are_named(void)
{
	char path[64];
	struct ends e;

	open_site(&e);
	make_pair(&e, "good");
	set(&e, "tls.certificate", "good.crt");
	refused(&e, "tls.key: is missing");
	set(&e, "tls.key", "none.key");
	refused(&e, "/none.key: ");
	set(&e, "tls.key", "good.crt");
	refused(&e, "/good.crt: is not the certificate's private key");
	set(&e, "tls.certificate", "good.key");
	refused(&e, "/good.key: is not a certificate");
	set(&e, "tls.certificate", "good.crt");
	set(&e, "tls.key", "good.key");
	set(&e, "tls.client_ca", "none.crt");
	refused(&e, "/none.crt: ");
	close_site(&e);

	/* One of its own: a key that others may read is none. */
	open_site(&e);
	open_context(&e);
	tls_context_free(&e.context);
	snprintf(path, sizeof(path), "%s/tls.key", e.dir);
	CU_ASSERT_EQUAL(chmod(path, 0640), 0);
	refused(&e, "/tls.key: others may read it");
	CU_ASSERT_EQUAL(unlink(path), 0);
	refused(&e, "/tls.key: is missing");
	snprintf(path, sizeof(path), "%s/tls.crt", e.dir);
	CU_ASSERT_EQUAL(unlink(path), 0);
	open_context(&e);
	close_site(&e);
}

static void
one_of_its_own_is_kept(void)
{
	char first[FINGERPRINT_MAX], path[64];
	struct stat st;
	struct ends e;

	open_site(&e);
	open_context(&e);
	snprintf(first, sizeof(first), "%s",
	    tls_context_fingerprint(e.context));
	snprintf(path, sizeof(path), "%s/tls.key", e.dir);
	CU_ASSERT_EQUAL(stat(path, &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 0777, 0600);
	tls_context_free(&e.context);
	open_context(&e);
	CU_ASSERT_STRING_EQUAL(first, tls_context_fingerprint(e.context));
	meet(&e, 1, false);
	CU_ASSERT_EQUAL(SSL_set1_host(e.client, "chat.example.org"), 1);
	snprintf(path, sizeof(path), "%s/tls.crt", e.dir);
	CU_ASSERT_EQUAL(SSL_CTX_load_verify_file(e.rules, path), 1);
	CU_ASSERT_EQUAL(shake(&e), 1);
	CU_ASSERT_EQUAL(SSL_get_verify_result(e.client), X509_V_OK);
	close_site(&e);
}

static CU_TestInfo tests[] = {
	{ "early bytes come first", early_bytes_come_first },
	{ "nothing is lost where a socket is full",
	    nothing_is_lost_where_a_socket_is_full },
	{ "much comes in whole", much_comes_in_whole },
	{ "new keys without end are a turn each",
	    new_keys_without_end_are_a_turn_each },
	{ "what comes between two records is not forgotten",
	    what_comes_between_two_records_is_not_forgotten },
	{ "a connection is blocked by what is kept",
	    a_connection_is_blocked_by_what_is_kept },
	{ "what is kept is little", what_is_kept_is_little },
	{ "an end is told from a cut", an_end_is_told_from_a_cut },
	{ "what is no TLS is refused", what_is_no_tls_is_refused },
	{ "only what is good is spoken", only_what_is_good_is_spoken },
	{ "a login can be bound", a_login_can_be_bound },
	{ "older logins are bound otherwise",
	    older_logins_are_bound_otherwise },
	{ "a weak binding is none", a_weak_binding_is_none },
	{ "peers show certificates", peers_show_certificates },
	{ "nobody is asked in vain", nobody_is_asked_in_vain },
	{ "a new certificate is for new connections",
	    a_new_certificate_is_for_new_connections },
	{ "changed files are looked for", changed_files_are_looked_for },
	{ "tickets are good for a day", tickets_are_good_for_a_day },
	{ "bad files are named", bad_files_are_named },
	{ "one of its own is kept", one_of_its_own_is_kept },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "tls", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
