/* talk_peer.c -- one connection to a server under test, never blocking
 *
 * SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "talk_udp.h"

static int
connect_path(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof(sun.sun_path))
		return fd < 0 ? -1 : (close(fd), -1);
	strcpy(sun.sun_path, path);
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		return fd;
	close(fd);
	return -1;
}

static int
connect_port(const struct talk_place *place)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int one = 1;

	if (fd < 0)
		return -1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (place->from != NULL &&
	    (inet_pton(AF_INET, place->from, &sin.sin_addr) != 1 ||
		bind(fd, (struct sockaddr *)&sin, sizeof(sin)) != 0))
		goto fail;
	sin.sin_port = htons((uint16_t)place->port);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0)
		return fd;
fail:
	close(fd);
	return -1;
}

struct talk_peer *
talk_peer_new(
    const char *name, const struct talk_place *place, const char **why_r)
{
	struct talk_peer *peer = calloc(1, sizeof(*peer));

	assert(peer != NULL);
	snprintf(peer->name, sizeof(peer->name), "%s", name);
	peer->fd = place->path != NULL ? connect_path(place->path)
				       : connect_port(place);
	if (peer->fd < 0) {
		*why_r = strerror(errno);
		free(peer);
		return NULL;
	}
	fcntl(peer->fd, F_SETFL, O_NONBLOCK);
	return peer;
}

void
talk_peer_free(struct talk_peer **peer)
{
	struct talk_peer *p = *peer;

	*peer = NULL;
	if (p == NULL)
		return;
	talk_udp_free(&p->udp);
	close(p->fd);
	free(p->in);
	free(p);
}

void
talk_peer_reset(struct talk_peer *peer)
{
	struct linger linger = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

void
talk_peer_read(struct talk_peer *peer)
{
	if (peer->udp != NULL) {
		talk_udp_read(peer);
		return;
	}
	while (!peer->ended) {
		ssize_t got;

		if (peer->room - peer->used < 65536) {
			peer->room = peer->room * 2 + 65536;
			peer->in = realloc(peer->in, peer->room);
			assert(peer->in != NULL);
		}
		got = read(
		    peer->fd, peer->in + peer->used, peer->room - peer->used);
		if (got > 0) {
			peer->used += (size_t)got;
		} else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
			peer->ended = true;
		} else {
			return;
		}
	}
}

long
talk_peer_write(struct talk_peer *peer, const char *bytes, size_t len)
{
	ssize_t sent;

	if (peer->udp != NULL)
		return talk_udp_write(peer, bytes, len);
	sent = send(peer->fd, bytes, len, MSG_NOSIGNAL);
	if (sent >= 0)
		return sent;
	return errno == EAGAIN || errno == EINTR ? 0 : -1;
}

static const char *
fault(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)line[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return "a control character from the server";
	}
	return len == 0 ? "an empty line from the server" : NULL;
}

/* Whether the line, less its attributes, begins so. */
static bool
has(const char *line, const char *start)
{
	const char *space = *line == '@' ? strchr(line, ' ') : NULL;

	return strncmp(space ? space + 1 : line, start, strlen(start)) == 0;
}

bool
talk_peer_take(struct talk_peer *peer, const char **why_r)
{
	const char *end =
	    peer->used == 0 ? NULL : memchr(peer->in, '\n', peer->used);
	size_t len = end == NULL ? peer->used : (size_t)(end - peer->in);

	*why_r = NULL;
	if (len >= TALK_LINE_MAX)
		*why_r = "a line of more than 4096 bytes from the server";
	else if (end != NULL)
		*why_r = fault(peer->in, len);
	else if (peer->ended && len > 0)
		*why_r = "an unfinished line at the end";
	if (*why_r != NULL || end == NULL)
		return false;
	memcpy(peer->line, peer->in, len);
	peer->line[len] = '\0';
	peer->used -= len + 1;
	memmove(peer->in, end + 1, peer->used);
	peer->inside |= has(peer->line, "OK HELLO ") ||
	    has(peer->line, "OK AUTH ");
	peer->parted |= has(peer->line, "BYE ");
	peer->ended |= peer->udp != NULL && peer->parted;
	return true;
}
