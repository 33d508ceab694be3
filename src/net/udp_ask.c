/* udp_ask.c -- the command UDP: a connection asks for a session
 *
 * SPDX-License-Identifier: MIT
 *
 * The session is known to the registry, and on its way to the udp thread,
 * before its key is told. */
#include <sodium.h>

#include "net/io.h"
#include "net/udp.h"
#include "proto/mail.h"

enum error
udp_may_ask(const struct conn *c)
{
	if (c->net->udp == NULL || c->udp != NULL || c->peer.local)
		return ERROR_DENIED;
	return conn_is_secure(c) ? ERROR_NONE : ERROR_NEED_TLS;
}

static void
refuse(struct io *io, struct conn *c, const struct words *w,
    enum limiter limit, const char *why)
{
	struct blob *b = NULL;

	io_refused(io, c, limit);
	reply_error(&b, w->id, ERROR_TOO_MANY, 0, limit_name(limit), why);
	conn_put(c, b);
}

/* Counted where the asker is counted; who is exempt stays so. */
static bool
count(struct io *io, struct conn *c, const struct words *w,
    struct address **address_r)
{
	struct net *net = io->net;
	uint64_t wait;

	*address_r = NULL;
	if (atomic_load(&net->memory_full)) {
		refuse(io, c, w, LIMIT_MEMORY,
		    "the server is short of memory; try again");
		return false;
	}
	if (atomic_load(&net->connections) >= net_connections_max(net)) {
		refuse(io, c, w, LIMIT_CONNECTIONS,
		    "the server has as many connections as it may have");
		return false;
	}
	if (c->address == NULL)
		return true;
	*address_r = addresses_enter(&net->addresses, &c->peer,
	    (unsigned)config_get(&net->config->limits_address), 0,
	    io->now * 1000, &wait);
	if (*address_r == NULL)
		refuse(io, c, w, LIMIT_ADDRESS,
		    "too many connections from your address");
	return *address_r != NULL;
}

static void
tell(struct conn *c, const struct words *w, const unsigned char *session,
    const unsigned char *key)
{
	char id[2 * DATAGRAM_SESSION_BYTES + 1];
	char secret[2 * DATAGRAM_KEY_BYTES + 1];
	struct blob *ok = NULL;

	sodium_bin2hex(id, sizeof(id), session, DATAGRAM_SESSION_BYTES);
	sodium_bin2hex(secret, sizeof(secret), key, DATAGRAM_KEY_BYTES);
	reply_ok(&ok, w->id, "UDP");
	blob_printf(&ok, " %s %s\n", id, secret);
	conn_put_secret(c, ok);
	sodium_memzero(secret, sizeof(secret));
}

static struct conn *
new_session(struct io *io, struct conn *c, struct address *address,
    const unsigned char *session, const unsigned char *key)
{
	struct net *net = io->net;
	struct conn *s = conn_new(net, udp_fd(net->udp), &c->peer,
	    net_new_conn(net), io->now);

	s->udp = udp_session_new(s, c->contact.conn, session, key);
	s->address = address;
	s->greeted = true;
	s->stage = STAGE_LINES;
	s->contact.io = net->io_count - 1;
	s->mail.kind = MAIL_CONN;
	atomic_fetch_add(&net->connections, 1);
	return s;
}

static void
begin(struct io *io, struct conn *c, const struct words *w,
    struct address *address)
{
	struct net *net = io->net;
	unsigned char session[DATAGRAM_SESSION_BYTES];
	unsigned char key[DATAGRAM_KEY_BYTES];
	const char *why;
	struct conn *s;
	enum error e;

	randombytes_buf(session, sizeof(session));
	session[0] |= 0x80;
	randombytes_buf(key, sizeof(key));
	s = new_session(io, c, address, session, key);
	e = people_further(net->registry, &c->contact, &s->contact, &s->mail,
	    &why);
	if (e == ERROR_NONE) {
		tell(c, w, session, key);
	} else {
		atomic_fetch_sub(&net->connections, 1);
		addresses_leave(&net->addresses, &s->address, io->now * 1000);
		conn_free(&s);
		if (e == ERROR_TOO_MANY)
			refuse(io, c, w, LIMIT_ACCOUNT, why);
		else
			conn_error(c, w->id, e, why);
	}
	sodium_memzero(key, sizeof(key));
}

void
udp_ask(struct io *io, struct conn *c, const struct words *w)
{
	enum error e = udp_may_ask(c);
	struct address *address;

	if (e == ERROR_NEED_TLS)
		conn_error(c, w->id, e, error_help(e));
	else if (e != ERROR_NONE)
		conn_error(c, w->id, e, io->net->udp == NULL ?
		    "there are no datagrams here" :
		    "there are no datagrams from here");
	else if (count(io, c, w, &address))
		begin(io, c, w, address);
}
