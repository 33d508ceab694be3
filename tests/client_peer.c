/* client_peer.c -- a server of libvcrp's that says what a test tells it to
 *
 * SPDX-License-Identifier: MIT */
#include "client_peer.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "suite.h"

#define PATIENCE	10000

const struct vcrp_options peer_defaults = {
	.nick = "alice", .key = "kkkkkkkkkkkkkkkkkkkkkk",
	.retry_min = 1, .retry_max = 4
};

static int64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
give_up(const struct peer *peer, const char *waiting_for)
{
	fprintf(stderr, "nothing came while waiting for %s; unread: %.*s\n",
	    waiting_for, (int)peer->in_len, peer->in);
	abort();
}

static void
begin(struct peer *peer)
{
	*peer = (struct peer){
		.fd = -1, .udp = -1, .give = SIZE_MAX, .take = SIZE_MAX
	};
}

void
peer_open_with(struct peer *peer, const struct vcrp_options *options,
    const char *server)
{
	struct vcrp_options o = options != NULL ? *options : peer_defaults;
	const char *why = NULL;

	o.server = server;
	peer->v = vcrp_new(&o, &why);
	if (peer->v == NULL || listen(peer->listener, 16) < 0) {
		fprintf(stderr, "cannot begin: %s\n", why ? why : "listen");
		abort();
	}
}

int
peer_listen(struct peer *peer)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)
	};
	socklen_t len = sizeof(address);

	begin(peer);
	peer->listener = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(peer->listener, (struct sockaddr *)&address, len) < 0 ||
	    getsockname(peer->listener, (struct sockaddr *)&address, &len) < 0)
		abort();
	return ntohs(address.sin_port);
}

void
peer_open(struct peer *peer, const struct vcrp_options *options)
{
	char server[64];

	snprintf(server, sizeof(server), "127.0.0.1:%d",
	    peer_listen(peer));
	peer_open_with(peer, options, server);
}

void
peer_open_tls(struct peer *peer, const struct vcrp_options *options,
    SSL_CTX *context, const char *server)
{
	const char *mark = strstr(server, "%d");
	char whole[128];

	snprintf(whole, sizeof(whole), "%.*s%d%s", (int)(mark - server),
	    server, peer_listen(peer), mark + 2);
	peer->context = context;
	peer_open_with(peer, options, whole);
}

void
peer_open_local(struct peer *peer, const struct vcrp_options *options)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char dir[] = "/tmp/vcrp-peer-XXXXXX";

	begin(peer);
	if (mkdtemp(dir) == NULL)
		abort();
	snprintf(peer->path, sizeof(peer->path), "%s/socket", dir);
	strcpy(address.sun_path, peer->path);
	peer->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(peer->listener, (struct sockaddr *)&address,
	    sizeof(address)) < 0)
		abort();
	peer_open_with(peer, options, peer->path);
}

void
peer_close(struct peer *peer)
{
	vcrp_free(&peer->v);
	free(peer->events);
	peer_hang_up(peer);
	close(peer->listener);
	if (peer->udp >= 0)
		close(peer->udp);
	if (peer->path[0] != '\0') {
		unlink(peer->path);
		*strrchr(peer->path, '/') = '\0';
		rmdir(peer->path);
	}
}

static void
copy_text(char *dst, size_t size, const char *text)
{
	snprintf(dst, size, "%s", text != NULL ? text : "");
}

static void
keep(struct peer *peer, const struct vcrp_event *event)
{
	struct seen *seen;

	peer->events = realloc(peer->events,
	    (peer->count + 1) * sizeof(*peer->events));
	if (peer->events == NULL)
		abort();
	seen = &peer->events[peer->count++];
	*seen = (struct seen){
		.kind = event->kind, .request = event->request,
		.page = event->page,
		.mine = event->mine, .replay = event->replay, .out = event->out,
		.number = event->number, .wait = event->wait
	};
	copy_text(seen->line, sizeof(seen->line), event->line);
	copy_text(seen->text, sizeof(seen->text), event->text);
	copy_text(seen->room, sizeof(seen->room), event->room);
	copy_text(seen->name, sizeof(seen->name), event->name);
	copy_text(seen->code, sizeof(seen->code), event->code);
}

bool
peer_readable(int fd)
{
	struct pollfd item = { .fd = fd, .events = POLLIN };

	return poll(&item, 1, 0) == 1;
}

/* All of it, up to where it is to be cut. */
static void
send_bytes(struct peer *peer, const char *bytes, size_t len)
{
	size_t most = len < peer->give ? len : peer->give;
	ssize_t n;

	for (; most > 0; bytes += n, len -= (size_t)n, most -= (size_t)n) {
		n = send(peer->fd, bytes, most, MSG_NOSIGNAL);
		if (n <= 0)
			break;
		peer->give -= (size_t)n;
		peer->given += (size_t)n;
	}
	if (len > 0)
		peer_hang_up(peer);
}

/* 0 when it is over. */
static size_t
receive_bytes(struct peer *peer, char *bytes, size_t size)
{
	ssize_t n = peer->take == 0 ? 0 : recv(peer->fd, bytes,
	    size < peer->take ? size : peer->take, 0);

	if (n <= 0) {
		peer_hang_up(peer);
		return 0;
	}
	peer->take -= (size_t)n;
	peer->taken_in += (size_t)n;
	return (size_t)n;
}

static void
flush_tls(struct peer *peer)
{
	char bytes[16384];
	int n;

	while (peer->ssl != NULL && (n = BIO_read(SSL_get_wbio(peer->ssl),
	    bytes, sizeof(bytes))) > 0)
		send_bytes(peer, bytes, (size_t)n);
}

/* Takes in what has come. */
static void
take_in(struct peer *peer)
{
	char bytes[16384];
	size_t n;
	int len;

	if (peer->sealed) {
		peer_take_datagram(peer);
		return;
	}
	if (peer->ssl == NULL) {
		peer->in_len += receive_bytes(peer, peer->in + peer->in_len,
		    sizeof(peer->in) - peer->in_len);
		return;
	}
	n = receive_bytes(peer, bytes, sizeof(bytes));
	if (n == 0)
		return;
	BIO_write(SSL_get_rbio(peer->ssl), bytes, (int)n);
	while (peer->ssl != NULL && (len = SSL_read(peer->ssl, peer->in +
	    peer->in_len, (int)(sizeof(peer->in) - peer->in_len))) > 0)
		peer->in_len += (size_t)len;
	flush_tls(peer);
}

/* Lets the library work, for as long as nothing happens on fd or to it. */
static void
turn(struct peer *peer, int fd)
{
	struct vcrp_event event;
	struct pollfd items[2];
	int wait = vcrp_timeout(peer->v);

	items[0] = (struct pollfd){
		.fd = vcrp_fd(peer->v), .events = vcrp_events(peer->v)
	};
	if (peer->ssl != NULL)
		fd = peer->fd;
	items[1] = (struct pollfd){ .fd = fd, .events = POLLIN };
	poll(items, 2, wait >= 0 && wait < 100 ? wait : 100);
	vcrp_step(peer->v);
	while (vcrp_next(peer->v, &event))
		keep(peer, &event);
	/* A handshake takes turns, and nobody waits for a line in it. */
	if (peer->ssl != NULL && peer_readable(peer->fd))
		take_in(peer);
}

void
peer_turn(struct peer *peer)
{
	turn(peer, peer->fd >= 0 ? peer->fd : peer->listener);
	if (peer->fd >= 0 && peer->ssl == NULL && peer_readable(peer->fd))
		take_in(peer);
}

static void
accept_one(struct peer *peer)
{
	int on = 1;

	peer_hang_up(peer);
	peer->fd = accept(peer->listener, NULL, NULL);
	/* Fails on a local socket, which has no need of it. */
	setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (peer->context == NULL)
		return;
	peer->ssl = SSL_new(peer->context);
	if (peer->ssl == NULL)
		abort();
	SSL_set_bio(peer->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_accept_state(peer->ssl);
}

bool
peer_has_accepted(struct peer *peer)
{
	if (!peer_readable(peer->listener))
		return false;
	accept_one(peer);
	return true;
}

void
peer_accept(struct peer *peer, const char *first)
{
	int64_t end = now() + PATIENCE;

	while (!peer_readable(peer->listener)) {
		if (now() > end)
			give_up(peer, "a connection");
		turn(peer, peer->listener);
	}
	accept_one(peer);
	if (first != NULL)
		peer_hear(peer, first);
}

void
peer_login(struct peer *peer)
{
	peer_accept(peer, "@key=kkkkkkkkkkkkkkkkkkkkkk HELLO alice");
	peer_tell(peer, "VCRP 1 here peer/0 guest");
	peer_tell(peer, "OK HELLO ~alice");
	peer_line(peer, "VCRP 1 here peer/0 guest", 0);
	CU_ASSERT_EQUAL(peer_event(peer)->kind, VCRP_UP);
}

void
peer_hang_up(struct peer *peer)
{
	SSL_free(peer->ssl);
	peer->ssl = NULL;
	if (peer->sealed)
		datagram_fini(&peer->seal);
	else if (peer->fd >= 0)
		close(peer->fd);
	peer->sealed = false;
	peer->fd = -1;
	peer->in_len = 0;
}

void
peer_cut(struct peer *peer)
{
	peer_hang_up(peer);
	CU_ASSERT_EQUAL(peer_event(peer)->kind, VCRP_DOWN);
}

bool
peer_has_line(struct peer *peer, char *line_r)
{
	char *lf = memchr(peer->in, '\n', peer->in_len);

	if (lf == NULL)
		return false;
	*lf++ = '\0';
	strcpy(line_r, peer->in);
	peer->in_len -= (size_t)(lf - peer->in);
	memmove(peer->in, lf, peer->in_len);
	return true;
}

void
peer_take_line(struct peer *peer, char *line_r)
{
	int64_t end = now() + PATIENCE;

	while (!peer_has_line(peer, line_r)) {
		if (now() > end)
			give_up(peer, "a line");
		peer_turn(peer);
		if (peer->fd < 0)
			give_up(peer, "a line, before the connection's end");
	}
}

void
peer_hear(struct peer *peer, const char *line)
{
	char got[sizeof(peer->in)];

	peer_take_line(peer, got);
	CU_ASSERT_STRING_EQUAL(got, line);
	if (strcmp(got, line) != 0)
		fprintf(stderr, "heard %s, not %s\n", got, line);
}

void
peer_asked(struct peer *peer, const char *line)
{
	char got[sizeof(peer->in)], rest[sizeof(peer->in)] = "";

	peer_take_line(peer, got);
	peer->id[0] = '\0';
	sscanf(got, "@id=%63[a-z0-9-]%65535[^\n]", peer->id, rest);
	CU_ASSERT(peer->id[0] != '\0');
	CU_ASSERT_STRING_EQUAL(rest, line);
	if (strcmp(rest, line) != 0)
		fprintf(stderr, "asked %s, not %s\n", got, line);
}

void
peer_hear_nothing(struct peer *peer)
{
	peer_tell(peer, "PING still there?");
	peer_hear(peer, "PONG still there?");
	CU_ASSERT_EQUAL(peer->taken, peer->count);
}

void
peer_tell_bytes(struct peer *peer, const char *bytes, size_t len)
{
	if (peer->sealed) {
		peer_send_sealed(peer, bytes, len);
		return;
	}
	if (peer->ssl == NULL) {
		send_bytes(peer, bytes, len);
		return;
	}
	if (SSL_write(peer->ssl, bytes, (int)len) != (int)len)
		give_up(peer, "TLS to send");
	flush_tls(peer);
}

/* line with the last id for its '#'. */
static void
with_id(const struct peer *peer, const char *line, char *to, size_t size)
{
	const char *mark = strchr(line, '#');

	if (mark == NULL)
		snprintf(to, size, "%s", line);
	else
		snprintf(to, size, "%.*s%s%s", (int)(mark - line), line,
		    peer->id, mark + 1);
}

void
peer_tell(struct peer *peer, const char *line)
{
	char whole[8192];

	with_id(peer, line, whole, sizeof(whole) - 1);
	strcat(whole, "\n");
	peer_tell_bytes(peer, whole, strlen(whole));
}

struct seen *
peer_event(struct peer *peer)
{
	int64_t end = now() + PATIENCE;

	while (peer->taken == peer->count) {
		if (now() > end)
			give_up(peer, "an event");
		turn(peer, -1);
	}
	return &peer->events[peer->taken++];
}

struct seen *
peer_line(struct peer *peer, const char *line, int64_t request)
{
	struct seen *seen = peer_event(peer);
	char whole[8192];

	with_id(peer, line, whole, sizeof(whole));
	CU_ASSERT_EQUAL(seen->kind, VCRP_LINE);
	CU_ASSERT_STRING_EQUAL(seen->line, whole);
	CU_ASSERT_EQUAL(seen->request, request);
	if (strcmp(seen->line, whole) != 0)
		fprintf(stderr, "event of kind %d: %s %s, not %s\n",
		    (int)seen->kind, seen->line, seen->text, whole);
	return seen;
}
