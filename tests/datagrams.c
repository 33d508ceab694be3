/* datagrams.c -- a udp thread on the test's own thread, and sessions that keep
 *                what they are sent
 *
 * SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sodium.h>

#include "base/alloc.h"
#include "datagrams.h"
#include "proto/mail.h"

enum { MOST_ROUNDS = 1000 };

static int
new_socket(struct sockaddr_in *own_r)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	socklen_t len = sizeof(*own_r);
	int size = 4 << 20;

	*own_r = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	assert(fd >= 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)own_r, len) < 0 ||
	    getsockname(fd, (struct sockaddr *)own_r, &len) < 0)
		abort();
	return fd;
}

static void
open_io(struct stage *s)
{
	struct net *net = &s->net;
	struct sockaddr_in own;
	const char *why = NULL;
	char text[256];
	struct io *io;

	net->config = s->fake->config;
	net->registry = s->fake->registry;
	net->io_count = FAKE_IOS;
	net->stream_ios = FAKE_IOS - 1;
	net->descriptors = 1000;
	addresses_init(&net->addresses);
	bans_init(&net->bans);
	if (udp_sockets_take(&s->sockets, new_socket(&own), text,
	    sizeof(text)) != 1)
		abort();
	s->port = own.sin_port;
	io = net->ios[1] = io_new(net, 1, &why);
	assert(io != NULL);
	net->udp = io->udp = udp_new(io, &s->sockets, &why);
	assert(io->udp != NULL);
	s->fake->box_at[1] = &io->box;
}

/* The registry finds it, and takes the test for its thread. */
static void
show(struct stage *s, struct room *room)
{
	unsigned i = s->rooms[0] == NULL ? 0 : 1;

	s->rooms[i] = room;
	room->live = true;
	room->holders = 1;
	table_add(&s->fake->registry->rooms, &room->node);
}

struct stage *
stage_new(bool log)
{
	struct stage *s = xcalloc(1, sizeof(*s));

	s->fake = fake_new();
	open_io(s);
	if (log)
		fake_store(s->fake);
	show(s, fake_room(s->fake, NULL, "lobby"));
	return s;
}

/* The next that the fake makes is of io thread 0. */
static void
use_fake_thread(struct fake *f)
{
	if (f->conns % FAKE_IOS == 0)
		f->conns++;
}

struct guy *
stage_guest(struct stage *s, const char *nick)
{
	use_fake_thread(s->fake);
	return fake_guest(s->fake, nick, NULL);
}

void
stage_room(struct stage *s, const char *word)
{
	struct room *first = s->fake->room;
	struct guy *maker;

	maker = stage_guest(s, "maker");
	s->fake->room = NULL;
	show(s, fake_room(s->fake, maker, word));
	s->fake->room = first;
	fake_drop(&maker, NULL);
}

struct guy *
stage_guy(struct stage *s, const char *nick)
{
	use_fake_thread(s->fake);
	return fake_inside(s->fake, nick);
}

static void
end_room(struct stage *s, struct room *room)
{
	if (room == NULL)
		return;
	room->live = false;
	table_remove(&s->fake->registry->rooms, &room->node);
	if (room == s->fake->room)
		return;
	if (room->ledger != NULL)
		ledger_rest(room->ledger);
	room_hibernate(room);
	room_free(&room);
}

void
stage_free(struct stage **at)
{
	struct stage *s = *at;
	struct io *io = s->net.ios[1];

	*at = NULL;
	for (unsigned i = 0; i < s->count; i++) {
		struct peer_session *p = &s->peers[i];

		p->conn = io_find(io, p->id);
		if (p->conn != NULL)
			io_close(io, p->conn, END_STOPPED);
	}
	stage_round(s);
	for (unsigned i = 0; i < s->count; i++) {
		struct peer_session *p = &s->peers[i];

		datagram_fini(&p->datagram);
		blob_unref(&p->heard);
		close(p->fd);
	}
	end_room(s, s->rooms[1]);
	end_room(s, s->rooms[0]);
	io_free(&s->net.ios[1]);
	fake_free(&s->fake);
	udp_sockets_close(&s->sockets);
	addresses_fini(&s->net.addresses);
	bans_fini(&s->net.bans);
	free(s);
}

static void
connect_peer(struct peer_session *p)
{
	struct sockaddr_in own, there = { .sin_family = AF_INET,
		.sin_port = p->stage->port,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	p->fd = new_socket(&own);
	if (connect(p->fd, (struct sockaddr *)&there, sizeof(there)) < 0)
		abort();
}

struct peer_session *
stage_peer(struct stage *s, const char *nick)
{
	struct peer_session *p = &s->peers[s->count++];
	struct sockaddr_storage from = { 0 };
	unsigned char session[DATAGRAM_SESSION_BYTES];
	unsigned char key[DATAGRAM_KEY_BYTES];
	struct peer peer;
	struct conn *c;
	struct person *claim;
	const char *why;
	enum error e;

	assert(s->count <= PEERS_MAX);
	p->stage = s;
	((struct sockaddr_in *)&from)->sin_family = AF_INET;
	((struct sockaddr_in *)&from)->sin_addr.s_addr =
	    htonl(INADDR_LOOPBACK);
	peer_set(&peer, &from);
	randombytes_buf(session, sizeof(session));
	session[0] |= 0x80;
	randombytes_buf(key, sizeof(key));
	p->id = ++s->fake->conns;
	p->conn = c = conn_new(&s->net, udp_fd(s->net.udp), &peer, p->id,
	    s->fake->now);
	c->udp = udp_session_new(c, 0, session, key);
	c->greeted = true;
	c->stage = STAGE_LINES;
	c->contact.io = 1;
	c->mail.kind = MAIL_CONN;
	atomic_fetch_add(&s->net.connections, 1);
	e = people_hello(s->fake->registry, slice_of(nick), slice_of(""),
	    &c->contact, &c->mail, &claim, &why);
	assert(e == ERROR_NONE && claim == NULL);
	datagram_init(&p->datagram, DATAGRAM_CLIENT, session, key);
	connect_peer(p);
	peer_say(p, "@id=here PING");
	assert(peer_heard(p, "@id=here PONG\n"));
	return p;
}

static bool
receive(struct peer_session *p)
{
	char lines[DATAGRAM_LINE_MAX];
	unsigned char bytes[65536];
	ssize_t n = recv(p->fd, bytes, sizeof(bytes), 0);
	bool newest;
	size_t len;

	if (n < 0) {
		assert(errno == EAGAIN);
		return false;
	}
	if (p->deaf)
		return true;
	if (!datagram_open(&p->datagram, bytes, (size_t)n, lines, &len,
	    &newest))
		abort();
	blob_add(&p->heard, (struct slice){ lines, len });
	p->datagrams++;
	if ((unsigned)n > p->largest)
		p->largest = (unsigned)n;
	return true;
}

static void
turn_rooms(struct stage *s)
{
	struct room *first = s->fake->room;

	for (int i = 0; i < ROOMS_MAX && s->rooms[i] != NULL; i++) {
		s->fake->room = s->rooms[i];
		fake_turn(s->fake);
	}
	s->fake->room = first;
}

static bool
is_busy(struct stage *s)
{
	struct io *io = s->net.ios[1];
	bool busy = !list_empty(&io->turns) || !mailbox_may_sleep(&io->box);

	for (unsigned i = 0; i < s->count; i++)
		while (receive(&s->peers[i]))
			busy = true;
	return busy;
}

void
stage_round(struct stage *s)
{
	struct io *io = s->net.ios[1];
	bool again = true;

	for (int i = 0; again; i++) {
		assert(i < MOST_ROUNDS);
		turn_rooms(s);
		thread_adopt(&io->thread, "udp");
		s->sockets.all[0].readable = true;
		io_pass(io, NULL, 0, s->fake->now);
		turn_rooms(s);
		again = is_busy(s);
	}
	for (unsigned i = 0; i < s->count; i++)
		s->peers[i].conn = io_find(io, s->peers[i].id);
}

void
stage_wait(struct stage *s, unsigned ms)
{
	while (ms-- > 0) {
		s->fake->now++;
		stage_round(s);
	}
}

void
stage_fill(struct stage *s, struct guy *g, unsigned count, bool together)
{
	char line[1024];

	while (count-- > 0) {
		memset(line, 'x', sizeof(line) - 1);
		line[sizeof(line) - 1] = '\0';
		memcpy(line, "SAY lobby ", 10);
		if (!fake_post(g, line))
			abort();
		if (!together)
			stage_round(s);
	}
	stage_round(s);
	fake_forget(s->fake);
}

__attribute__((format(printf, 2, 0)))
static void
post(struct peer_session *p, const char *fmt, va_list args)
{
	unsigned char bytes[DATAGRAM_MAX_BYTES];
	char line[DATAGRAM_PLAIN_MAX];
	int len = vsnprintf(line, sizeof(line) - 1, fmt, args);
	size_t sealed;

	assert(len > 0 && (size_t)len < sizeof(line) - 1);
	line[len++] = '\n';
	sealed = datagram_seal(&p->datagram, line, (size_t)len, bytes);
	if (send(p->fd, bytes, sealed, 0) != (ssize_t)sealed)
		abort();
}

void
peer_post(struct peer_session *p, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	post(p, fmt, args);
	va_end(args);
}

void
peer_say(struct peer_session *p, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	post(p, fmt, args);
	va_end(args);
	stage_round(p->stage);
}

static struct slice
heard(const struct peer_session *p)
{
	return p->heard == NULL ? (struct slice){ "", 0 } :
	    (struct slice){ p->heard->data, p->heard->len };
}

bool
peer_heard(struct peer_session *p, const char *text)
{
	struct slice all = heard(p);
	bool same = slice_is(all, text);

	if (!same)
		printf("\n    heard:\n%.*s    not:\n%s", (int)all.len, all.at,
		    text);
	peer_forget(p);
	return same;
}

unsigned
peer_count(struct peer_session *p, const char *text)
{
	struct slice all = heard(p);
	unsigned count = 0;

	while (all.len > 0) {
		const char *lf = memchr(all.at, '\n', all.len);
		size_t len = (size_t)(lf + 1 - all.at);

		count += memmem(all.at, len, text, strlen(text)) != NULL;
		all.at += len;
		all.len -= len;
	}
	return count;
}

bool
peer_has(struct peer_session *p, const char *first, const char *then)
{
	struct slice all = heard(p);
	const char *at = memmem(all.at, all.len, first, strlen(first));

	return at != NULL && memmem(at, (size_t)(all.at + all.len - at), then,
	    strlen(then)) != NULL;
}

void
peer_forget(struct peer_session *p)
{
	blob_unref(&p->heard);
	p->datagrams = p->largest = 0;
}
