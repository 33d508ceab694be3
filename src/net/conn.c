/* conn.c -- one connection: its socket, its lines in, its bytes out
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include <sodium.h>

#include "base/alloc.h"
#include "net/exchange.h"
#include "net/udp.h"
#include "wire/vcrp.h"

enum { PIECES_AT_ONCE = 16, PIECE_GROWS = 4096, PIECE_SMALL = 1024 };

struct piece {
	struct piece *next;
	struct blob  *blob;
	size_t        off;
	bool          own;	/* may be appended to */
	bool          secret;	/* to be wiped */
};

struct conn *
conn_new(struct net *net, int fd, const struct peer *peer, uint64_t id,
    uint64_t now)
{
	struct conn *c = xcalloc(1, sizeof(*c));

	c->net = net;
	c->fd = fd;
	c->peer = *peer;
	c->contact.conn = id;
	c->since = c->active = now;
	list_init(&c->contact.link);
	list_init(&c->by_time);
	list_init(&c->turn);
	list_init(&c->members);
	return c;
}

static void
drop_piece(struct conn *c)
{
	struct piece *p = c->out->next;

	if (p == c->out)
		c->out = NULL;
	else
		c->out->next = p->next;
	c->out_bytes -= p->blob->len - p->off;
	if (p->secret)
		sodium_memzero(p->blob->data, p->blob->len);
	blob_unref(&p->blob);
	free(p);
}

/* A key or a password may be in it. */
static void
forget_input(struct conn *c)
{
	if (c->in != NULL)
		sodium_memzero(c->in, c->in_len);
	free(c->in);
}

void
conn_free(struct conn **at)
{
	struct conn *c = *at;

	*at = NULL;
	if (c == NULL)
		return;
	conn_close(c);
	while (c->out != NULL)
		drop_piece(c);
	blob_unref(&c->bye);
	blob_unref(&c->parting);
	forget_input(c);
	free(c);
}

void
conn_close(struct conn *c)
{
	if (c->tls != NULL)
		tls_end(c->tls);
	tls_free(&c->tls);
	if (c->udp != NULL)
		udp_end(c);
	else if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

bool
conn_is_secure(const struct conn *c)
{
	return c->tls != NULL || c->udp != NULL || c->peer.local ||
	    (peer_is_loopback(&c->peer) &&
	    config_get(&c->net->config->limits_loopback_trusted));
}

static ssize_t
recv_plain(struct conn *c, void *buf, size_t size)
{
	ssize_t n;

	do {
		n = recv(c->fd, buf, size, MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* A short read has emptied the socket, unless its end is there too: that is
 * told once, so it is read for. */
ssize_t
conn_recv(struct conn *c, void *buf, size_t size)
{
	ssize_t n;

	if (c->tls == NULL) {
		n = recv_plain(c, buf, size);
		c->readable = n > 0 && ((size_t)n == size || c->hup);
	} else {
		n = tls_recv(c->tls, buf, size);
		c->readable = tls_readable(c->tls) || (n > 0 && c->hup);
		c->blocked = c->blocked || tls_blocked(c->tls);
	}
	c->bytes_in += n > 0 ? (uint64_t)n : 0;
	return n;
}

static ssize_t
send_plain(struct conn *c, const struct msghdr *msg)
{
	ssize_t n;

	do {
		n = sendmsg(c->fd, msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

ssize_t
conn_send(struct conn *c, const struct msghdr *msg, size_t len)
{
	ssize_t n;

	if (c->udp != NULL)
		return udp_send(c, msg, len);
	n = c->tls == NULL ? send_plain(c, msg) : tls_send(c->tls, msg);
	if (n < 0 && n != -EAGAIN)
		return n;
	c->blocked = n < (ssize_t)len ||
	    (c->tls != NULL && tls_blocked(c->tls));
	c->bytes_out += n > 0 ? (uint64_t)n : 0;
	return n;
}

int
conn_unblock(struct conn *c)
{
	int rc = c->tls == NULL ? 1 : tls_flush(c->tls);

	if (rc > 0)
		c->blocked = false;
	return rc;
}

const char *
conn_end_name(enum conn_end e)
{
	static const char *const names[END_COUNT] = {
		[END_NONE] = "alive", [END_QUIT] = "quit",
		[END_EOF] = "closed by peer", [END_LOST] = "connection lost",
		[END_STRANGER] = "not VCRP", [END_REFUSED] = "refused",
		[END_MEMORY] = "too much unread",
		[END_LOGIN_TIMEOUT] = "login timeout",
		[END_IDLE] = "idle", [END_KILLED] = "killed",
		[END_REPLACED] = "replaced", [END_DRAINED] = "drained",
		[END_STOPPED] = "server stopped"
	};

	return names[e];
}

void
conn_keep(struct conn *c, const char *at, size_t len)
{
	char *kept = NULL;

	assert(len <= UINT16_MAX);
	if (len > 0) {
		kept = xmalloc(len);
		memcpy(kept, at, len);
	}
	forget_input(c);
	c->in = kept;
	c->in_len = (uint16_t)len;
}

static struct piece *
new_piece(struct blob *b, bool own)
{
	struct piece *p = xmalloc(sizeof(*p));

	p->blob = b;
	p->off = 0;
	p->own = own;
	p->secret = false;
	return p;
}

static void
put_first(struct conn *c, struct piece *p)
{
	if (c->out != NULL) {
		p->next = c->out->next;
		c->out->next = p;
	} else {
		p->next = c->out = p;
	}
	c->out_bytes += p->blob->len;
}

static void
append(struct conn *c, struct piece *p)
{
	put_first(c, p);
	c->out = p;
}

/* Little goes into what waits already: its own piece would cost more than it
 * is. */
void
conn_add(struct conn *c, struct slice s)
{
	struct piece *last = c->out;

	if (last != NULL && last->own && last->blob->len <= PIECE_GROWS) {
		blob_add(&last->blob, s);
		c->out_bytes += s.len;
	} else {
		struct blob *b = NULL;

		blob_add(&b, s);
		append(c, new_piece(b, true));
	}
}

void
conn_printf(struct conn *c, const char *fmt, ...)
{
	char text[LINE_MAX_BYTES];
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (len < 0 || (size_t)len >= sizeof(text)) {
		len = sizeof(text) - 1;
		text[len - 1] = '\n';
	}
	conn_add(c, (struct slice){ text, (size_t)len });
}

void
conn_put(struct conn *c, struct blob *b)
{
	if (b->len <= PIECE_SMALL) {
		if (b->len > 0)
			conn_add(c, (struct slice){ b->data, b->len });
		blob_unref(&b);
		return;
	}
	append(c, new_piece(b, false));
}

void
conn_put_secret(struct conn *c, struct blob *b)
{
	struct piece *p = new_piece(b, false);

	p->secret = true;
	append(c, p);
}

void
conn_put_first(struct conn *c, struct slice s)
{
	struct blob *b = NULL;

	blob_add(&b, s);
	put_first(c, new_piece(b, false));
}

void
conn_error(struct conn *c, struct slice id, enum error e, const char *text)
{
	struct blob *b = NULL;

	reply_error(&b, id, e, 0, NULL, text);
	conn_add(c, (struct slice){ b->data, b->len });
	blob_unref(&b);
}

void
conn_features(const struct conn *c, struct blob **b)
{
	static const char *const guests[] = {
		[GUESTS_YES] = ",guest", [GUESTS_READ] = ",guest-read",
		[GUESTS_NO] = ""
	};
	static const char *const registration[] = {
		[REGISTER_OPEN] = ",register",
		[REGISTER_INVITE] = ",register-invite",
		[REGISTER_CLOSED] = ""
	};

	blob_printf(b, "%s%s",
	    guests[config_get(&c->net->config->accounts_guests)],
	    c->net->tls != NULL && c->tls == NULL && !c->peer.local ?
	    ",tls" : "");
	if (conn_is_secure(c) || !config_get(&c->net->config->tls_required))
		exchange_features(c, b);
	if (conn_is_secure(c))
		blob_add(b, slice_of(registration[config_get(
		    &c->net->config->accounts_registration)]));
	if (udp_may_ask(c) == ERROR_NONE)
		blob_add(b, slice_of(",udp"));
}

void
conn_greet(struct conn *c)
{
	struct blob *features = NULL;

	if (c->greeted)
		return;
	c->greeted = true;
	conn_features(c, &features);
	conn_printf(c, "VCRP 1 %s vcrpd/%s", c->net->name, PACKAGE_VERSION);
	if (features->len > 0)
		conn_printf(c, " %.*s", (int)features->len - 1,
		    features->data + 1);
	conn_printf(c, "\n");
	blob_unref(&features);
}

int
conn_flush(struct conn *c)
{
	while (c->out != NULL) {
		struct iovec iov[PIECES_AT_ONCE];
		struct msghdr msg = { .msg_iov = iov };
		struct piece *p = c->out;
		size_t asked = 0;
		ssize_t n;

		do {
			struct iovec *v = &iov[msg.msg_iovlen++];

			p = p->next;
			v->iov_base = p->blob->data + p->off;
			v->iov_len = p->blob->len - p->off;
			asked += v->iov_len;
		} while (p != c->out && msg.msg_iovlen < PIECES_AT_ONCE);
		n = conn_send(c, &msg, asked);
		if (n < 0 && n != -EAGAIN)
			return (int)n;
		while (n > 0) {
			size_t left;

			p = c->out->next;
			left = p->blob->len - p->off;
			if ((size_t)n < left) {
				p->off += (size_t)n;
				p->own = false;
				c->out_bytes -= (size_t)n;
				break;
			}
			n -= (ssize_t)left;
			drop_piece(c);
		}
		if (c->blocked)
			return 0;
	}
	return 1;
}

static int
line_too_long(struct conn *c, struct slice *rest, const char *end,
    struct slice *id_r)
{
	*id_r = vcrp_peek_id((struct slice){ rest->at,
	    rest->len < ATTRS_MAX_BYTES + 2 ? rest->len :
	    ATTRS_MAX_BYTES + 2 });
	c->skipping = end == NULL;
	if (end == NULL)
		end = rest->at + rest->len - 1;
	rest->len -= (size_t)(end + 1 - rest->at);
	rest->at = end + 1;
	return -1;
}

int
conn_line(struct conn *c, struct slice *rest, struct slice *line_r,
    struct slice *id_r)
{
	const char *end = memchr(rest->at, '\n', rest->len);
	size_t len = end == NULL ? rest->len : (size_t)(end - rest->at);

	if (c->skipping) {
		c->skipping = end == NULL;
		rest->at += len + (end != NULL);
		rest->len -= len + (end != NULL);
		return end == NULL ? 0 : conn_line(c, rest, line_r, id_r);
	}
	if (len >= LINE_MAX_BYTES)
		return line_too_long(c, rest, end, id_r);
	if (end == NULL)
		return 0;
	*line_r = (struct slice){ rest->at, len };
	rest->at = end + 1;
	rest->len -= len + 1;
	return 1;
}
