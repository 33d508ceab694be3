/* talk_udp.c -- a participant of a talk script that speaks by datagrams
 *
 * SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sodium.h>

#include "talk_udp.h"

enum { TOKEN = 16 };

/* Connected: what comes from another address than was asked is not heard. */
static int
open_socket(const struct sockaddr_in *from, int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd >= 0 && bind(fd, (const struct sockaddr *)from,
	    sizeof(*from)) == 0 &&
	    connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool
address_of(int fd, struct sockaddr_in *sin)
{
	socklen_t len = sizeof(*sin);

	if (getsockname(fd, (struct sockaddr *)sin, &len) < 0 ||
	    sin->sin_family != AF_INET)
		return false;
	sin->sin_port = 0;
	return true;
}

static bool
bytes_of(const char *hex, unsigned char *bytes, size_t size)
{
	size_t len;

	return sodium_hex2bin(bytes, size, hex, 2 * size, NULL, &len, NULL) ==
	    0 && len == size;
}

struct talk_peer *
talk_udp_new(const char *name, const struct talk_peer *of, int port,
    const char *ok, const char **why_r)
{
	unsigned char session[DATAGRAM_SESSION_BYTES], key[DATAGRAM_KEY_BYTES];
	struct talk_peer *peer = calloc(1, sizeof(*peer));
	struct talk_udp *udp = calloc(1, sizeof(*udp));
	char words[2][128];
	struct sockaddr_in sin;

	assert(peer != NULL && udp != NULL);
	peer->fd = -1;
	*why_r = "this is no session";
	if (sscanf(ok, "OK UDP %127s %127s", words[0], words[1]) == 2 &&
	    bytes_of(words[0], session, sizeof(session)) &&
	    bytes_of(words[1], key, sizeof(key))) {
		*why_r = "there is no socket";
		if (address_of(of->fd, &sin))
			peer->fd = open_socket(&sin, port);
	}
	if (peer->fd < 0) {
		free(peer);
		free(udp);
		return NULL;
	}
	datagram_init(&udp->datagram, DATAGRAM_CLIENT, session, key);
	udp->port = port;
	udp->other = -1;
	snprintf(peer->name, sizeof(peer->name), "%s", name);
	peer->udp = udp;
	peer->inside = true;
	return peer;
}

void
talk_udp_free(struct talk_udp **at)
{
	struct talk_udp *udp = *at;

	*at = NULL;
	if (udp == NULL)
		return;
	datagram_fini(&udp->datagram);
	if (udp->other >= 0)
		close(udp->other);
	free(udp);
}

static bool
send_last(struct talk_peer *peer)
{
	struct talk_udp *udp = peer->udp;
	int fd = udp->other >= 0 ? udp->other : peer->fd;

	/* Once more: an error of an earlier one is told first. */
	return send(fd, udp->last, udp->last_len, 0) >= 0 ||
	    send(fd, udp->last, udp->last_len, 0) >= 0;
}

long
talk_udp_write(struct talk_peer *peer, const char *bytes, size_t len)
{
	struct talk_udp *udp = peer->udp;
	unsigned pieces = datagram_pieces(len);

	if (peer->ended || pieces == 0)
		return -1;
	if (pieces == 1) {
		udp->last_len = datagram_seal(&udp->datagram, bytes, len,
		    udp->last);
		return send_last(peer) ? (long)len : -1;
	}
	for (unsigned i = 0; i < pieces; i++) {
		udp->last_len = datagram_seal_piece(&udp->datagram, bytes, len,
		    i, udp->last);
		if (!send_last(peer))
			return -1;
	}
	return (long)len;
}

static bool
is_challenge(const char *line, size_t len)
{
	return len == 5 + TOKEN + 1 && memcmp(line, "PING ", 5) == 0 &&
	    strspn(line + 5, "0123456789abcdef") == TOKEN;
}

static void
take_line(struct talk_peer *peer, const char *line, size_t len)
{
	struct talk_udp *udp = peer->udp;
	char pong[5 + TOKEN + 1];

	if (is_challenge(line, len)) {
		memcpy(pong, line, len);
		pong[1] = 'O';
		udp->proved = true;
		talk_udp_write(peer, pong, len);
		return;
	}
	if (!udp->hears && strncmp(line, "AT ", 3) == 0)
		return;
	memcpy(peer->in + peer->used, line, len);
	peer->used += len;
}

void
talk_udp_read(struct talk_peer *peer)
{
	unsigned char bytes[DATAGRAM_MAX_BYTES + 1];
	char lines[DATAGRAM_LINE_MAX];
	size_t len, line;
	bool newest;
	ssize_t got;

	while ((got = recv(peer->fd, bytes, sizeof(bytes), 0)) >= 0) {
		if (!datagram_open(&peer->udp->datagram, bytes, (size_t)got,
		    lines, &len, &newest))
			continue;
		if (peer->room - peer->used < len) {
			peer->room = peer->room * 2 + 65536;
			peer->in = realloc(peer->in, peer->room);
			assert(peer->in != NULL);
		}
		for (size_t at = 0; at < len; at += line) {
			line = (size_t)((char *)memchr(lines + at, '\n',
			    len - at) + 1 - (lines + at));
			take_line(peer, lines + at, line);
		}
	}
}

bool
talk_udp_leave(struct talk_peer *peer, const char *from, bool hear)
{
	struct talk_udp *udp = peer->udp;
	struct sockaddr_in sin;
	int fd;

	if (!address_of(peer->fd, &sin) || (from != NULL &&
	    inet_pton(AF_INET, from, &sin.sin_addr) != 1))
		return false;
	fd = open_socket(&sin, udp->port);
	if (fd < 0)
		return false;
	if (udp->other >= 0)
		close(udp->other);
	udp->other = hear ? -1 : fd;
	if (hear) {
		close(peer->fd);
		peer->fd = fd;
		udp->proved = false;
	}
	return true;
}

bool
talk_udp_again(struct talk_peer *peer, bool forged)
{
	struct talk_udp *udp = peer->udp;

	if (forged)
		udp->last[udp->last_len - 1] ^= 1;
	return udp->last_len > 0 && send_last(peer);
}
