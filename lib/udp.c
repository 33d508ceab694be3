/* udp.c -- lines in sealed datagrams, in the order in which they were sent
 *
 * SPDX-License-Identifier: MIT */
#include "lib/udp.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/clock.h"
#include "wire/datagram.h"

#define HOLD_LEAST	20	/* for one that may have been overtaken */
#define HOLD_MOST	200
#define PATIENCE_FIRST	1000	/* nothing measured yet */
#define PATIENCE_LEAST	200
#define PATIENCE_MOST	5000
#define STEP_MOST	64	/* datagrams read in one step */
#define GONE_LEAST	1000	/* to wait for what shows it is not */
#define GONE_TRIPS	3	/* or so many round trips */
#define GONE_AGAIN	5000	/* between two that count */

/* When it is asked whether the session is really gone. */
static const int gone_pings[] = { 0, 200, 500 };

#define GONE_PINGS	(sizeof(gone_pings) / sizeof(*gone_pings))

/* A datagram's lines, which wait for those before them. */
struct held {
	struct held *next;
	uint64_t     counter;
	int64_t      come_at;
	size_t       len;
	char         lines[];
};

struct vudp {
	int                     fd;
	struct sockaddr_storage to;
	socklen_t               to_len;
	struct datagram         seal;
	struct held            *held;	/* by their counters */
	size_t                  count;	/* of held */
	uint64_t                next;	/* the counter that comes next */
	int                     hold;
	int                     dead_after;
	int64_t                 heard_at;	/* 0: never */
	int64_t                 asked_at;	/* first sent since; 0 */
	int64_t                 sent_at;
	int64_t                 smooth;	/* round trip; -1: not measured */
	int64_t                 varies;
	int64_t                 doubted_at;	/* "gone" came, and nothing
						 * since; 0 */
	int64_t                 gone_at;	/* then: when it is believed */
	int64_t                 hinted_at;	/* one counted last; 0 */
	size_t                  pings;		/* sent since doubted_at */
};

static bool
from_hex(unsigned char *bytes_r, size_t size, const char *hex)
{
	size_t len;

	return sodium_hex2bin(bytes_r, size, hex, strlen(hex), NULL, &len,
	    NULL) == 0 && len == size;
}

static bool
open_socket(struct vudp *u, int stream)
{
	u->to_len = sizeof(u->to);
	if (getpeername(stream, (struct sockaddr *)&u->to, &u->to_len) < 0 ||
	    (u->to.ss_family != AF_INET && u->to.ss_family != AF_INET6))
		return false;
	u->fd = socket(u->to.ss_family,
	    SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	return u->fd >= 0;
}

struct vudp *
vudp_new(int stream, const char *session, const char *key, int dead_after)
{
	unsigned char session_bytes[DATAGRAM_SESSION_BYTES];
	unsigned char key_bytes[DATAGRAM_KEY_BYTES];
	struct vudp *u = calloc(1, sizeof(*u));

	if (u == NULL)
		return NULL;
	u->fd = -1;
	u->next = 1;
	u->hold = HOLD_LEAST;
	u->dead_after = dead_after;
	u->smooth = -1;
	if (sodium_init() >= 0 &&
	    from_hex(session_bytes, sizeof(session_bytes), session) &&
	    from_hex(key_bytes, sizeof(key_bytes), key)) {
		datagram_init(&u->seal, DATAGRAM_CLIENT, session_bytes,
		    key_bytes);
		open_socket(u, stream);
	}
	sodium_memzero(key_bytes, sizeof(key_bytes));
	if (u->fd < 0)
		vudp_free(&u);
	return u;
}

static void
drop_first(struct vudp *u)
{
	struct held *first = u->held;

	u->held = first->next;
	u->count--;
	free(first);
}

void
vudp_free(struct vudp **at)
{
	struct vudp *u = *at;

	*at = NULL;
	if (u == NULL)
		return;
	while (u->held != NULL)
		drop_first(u);
	if (u->fd >= 0)
		close(u->fd);
	datagram_fini(&u->seal);
	free(u);
}

int
vudp_fd(const struct vudp *u)
{
	return u->fd;
}

static void
send_one(struct vudp *u, const unsigned char *bytes, size_t len)
{
	sendto(u->fd, bytes, len, MSG_NOSIGNAL, (struct sockaddr *)&u->to,
	    u->to_len);
	u->sent_at = vclock_now();
	if (u->asked_at == 0)
		u->asked_at = u->sent_at;
}

static void
send_pieces(struct vudp *u, const char *line, size_t len)
{
	unsigned char bytes[DATAGRAM_MAX_BYTES];

	for (unsigned i = 0; i < datagram_pieces(len); i++)
		send_one(u, bytes, datagram_seal_piece(&u->seal, line, len, i,
		    bytes));
}

/* As many lines as fit into one datagram, or else one. */
static size_t
count_whole(const char *lines, size_t len)
{
	size_t most = len < DATAGRAM_PLAIN_MAX ? len : DATAGRAM_PLAIN_MAX;
	const char *end = memrchr(lines, '\n', most);

	if (end == NULL)
		end = memchr(lines, '\n', len);
	return end != NULL ? (size_t)(end - lines) + 1 : 0;
}

void
vudp_send(struct vudp *u, const char *lines, size_t len)
{
	unsigned char bytes[DATAGRAM_MAX_BYTES];
	size_t n;

	for (; (n = count_whole(lines, len)) > 0; lines += n, len -= n) {
		if (n > DATAGRAM_PLAIN_MAX)
			send_pieces(u, lines, n);
		else
			send_one(u, bytes, datagram_seal(&u->seal, lines, n,
			    bytes));
	}
}

static uint64_t
counter_of(const unsigned char *bytes)
{
	uint64_t counter = 0;

	for (int i = 0; i < 8; i++)
		counter = counter << 8 | bytes[DATAGRAM_SESSION_BYTES + i];
	return counter;
}

/* In its place. What nobody has memory for was lost. */
static void
keep(struct vudp *u, uint64_t counter, const char *lines, size_t len)
{
	struct held **at = &u->held, *held;

	if (counter < u->next) {
		/* It was waited for too short a time. */
		if (u->hold < HOLD_MOST)
			u->hold *= 2;
		return;
	}
	held = malloc(sizeof(*held) + len);
	if (held == NULL)
		return;
	held->counter = counter;
	held->come_at = vclock_now();
	held->len = len;
	memcpy(held->lines, lines, len);
	while (*at != NULL && (*at)->counter < counter)
		at = &(*at)->next;
	held->next = *at;
	*at = held;
	u->count++;
}

/* Anybody can send one, who knows the session's number: so it is only asked
 * whether that is so, and not too often. */
static void
doubt(struct vudp *u)
{
	int64_t now = vclock_now();
	int64_t trips = GONE_TRIPS *
	    (u->smooth < 0 ? PATIENCE_FIRST : u->smooth);

	if (u->heard_at == 0 || u->doubted_at > 0 ||
	    (u->hinted_at > 0 && now - u->hinted_at < GONE_AGAIN))
		return;
	u->doubted_at = u->hinted_at = now;
	u->gone_at = now + (trips > GONE_LEAST ? trips : GONE_LEAST);
	u->pings = 0;
}

static int64_t
ping_at(const struct vudp *u)
{
	return u->doubted_at > 0 && u->pings < GONE_PINGS ?
	    u->doubted_at + gone_pings[u->pings] : INT64_MAX;
}

static bool
receive(struct vudp *u)
{
	unsigned char bytes[DATAGRAM_MAX_BYTES + 1];
	char lines[DATAGRAM_LINE_MAX];
	ssize_t n = recv(u->fd, bytes, sizeof(bytes), 0);
	size_t len;
	bool newest;

	if (n < 0)
		return false;
	if (datagram_is_gone(&u->seal, bytes, (size_t)n))
		doubt(u);
	if (!datagram_open(&u->seal, bytes, (size_t)n, lines, &len, &newest))
		return true;
	u->heard_at = vclock_now();
	u->asked_at = u->doubted_at = 0;
	keep(u, counter_of(bytes), lines, len);
	sodium_memzero(lines, len);
	return true;
}

/* Is what comes next here, or has it been waited for long enough? */
static bool
is_ready(const struct vudp *u)
{
	return u->held != NULL && (u->held->counter == u->next ||
	    u->count >= VUDP_AHEAD ||
	    vclock_now() >= u->held->come_at + u->hold);
}

void
vudp_step(struct vudp *u)
{
	/* What is not taken is left to the system, which drops it. */
	for (int i = 0; i < STEP_MOST && u->count < VUDP_AHEAD; i++) {
		if (!receive(u))
			break;
	}
	for (; vclock_now() >= ping_at(u); u->pings++)
		vudp_send(u, "PING\n", 5);
}

size_t
vudp_take(struct vudp *u, char *to, size_t size)
{
	size_t len = 0;

	while (is_ready(u) && size - len >= VUDP_LEAST) {
		if (u->held->counter != u->next) {
			memcpy(to + len, VUDP_HOLE "\n", 2);
			len += 2;
		}
		memcpy(to + len, u->held->lines, u->held->len);
		len += u->held->len;
		u->next = u->held->counter + 1;
		drop_first(u);
	}
	return len;
}

bool
vudp_is_alive(const struct vudp *u)
{
	return u->heard_at > 0;
}

bool
vudp_is_waiting(const struct vudp *u)
{
	return u->asked_at > 0;
}

bool
vudp_is_dead(const struct vudp *u)
{
	int64_t now = vclock_now();

	return (u->asked_at > 0 && now - u->asked_at >= u->dead_after) ||
	    (u->doubted_at > 0 && now >= u->gone_at);
}

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t
vudp_deadline(const struct vudp *u)
{
	int64_t next = least(ping_at(u),
	    u->doubted_at > 0 ? u->gone_at : INT64_MAX);

	if (u->asked_at > 0)
		next = least(next, u->asked_at + u->dead_after);
	if (u->held != NULL)
		next = least(next, u->held->come_at + u->hold);
	return next;
}

int64_t
vudp_sent_at(const struct vudp *u)
{
	return u->sent_at;
}

void
vudp_measured(struct vudp *u, int64_t ms)
{
	if (u->smooth < 0) {
		u->smooth = ms;
		u->varies = ms / 2;
	} else {
		u->varies = (3 * u->varies + llabs(u->smooth - ms)) / 4;
		u->smooth = (7 * u->smooth + ms) / 8;
	}
}

int64_t
vudp_patience(const struct vudp *u, unsigned tries)
{
	int64_t ms = u->smooth < 0 ? PATIENCE_FIRST :
	    u->smooth + 4 * u->varies;

	if (ms < PATIENCE_LEAST)
		ms = PATIENCE_LEAST;
	while (tries-- > 1 && ms < PATIENCE_MOST)
		ms *= 2;
	return ms < PATIENCE_MOST ? ms : PATIENCE_MOST;
}
