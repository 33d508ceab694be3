/* sealed.c -- a guest with a session of datagrams
 *
 * SPDX-License-Identifier: MIT */
#include "sealed.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sodium.h>

enum { TRIES = 20, TRY_MS = 500, BUFFER = 4 << 20 };

_Noreturn static void
fail(const char *what, const char *said)
{
	fprintf(stderr, "vcrp-datagrams: %s: %s\n", what, said);
	exit(2);
}

static int
reach(int type, unsigned port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), size = BUFFER;

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		perror("vcrp-datagrams: connect");
		exit(2);
	}
	if (type == SOCK_DGRAM &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return fd;
}

/* Asks, and reads up to the line that begins so. */
static void
ask(int stream, const char *request, const char *answer, char *line_r,
    size_t size)
{
	size_t len = 0;

	if (write(stream, request, strlen(request)) < 0)
		fail(request, "cannot be sent");
	for (;;) {
		if (len + 1 == size || read(stream, line_r + len, 1) != 1)
			fail(request, "no answer");
		if (line_r[len++] != '\n')
			continue;
		line_r[len - 1] = '\0';
		if (strncmp(line_r, answer, strlen(answer)) == 0)
			return;
		if (strncmp(line_r, "ERR ", 4) == 0)
			fail(request, line_r);
		len = 0;
	}
}

static void
take_session(struct sealed *s, const char *line)
{
	unsigned char session[DATAGRAM_SESSION_BYTES];
	unsigned char key[DATAGRAM_KEY_BYTES];
	const char *at = line + strlen("OK UDP ");

	if (sodium_hex2bin(session, sizeof(session), at, 2 * sizeof(session),
	    NULL, NULL, NULL) != 0 ||
	    sodium_hex2bin(key, sizeof(key), at + 2 * sizeof(session) + 1,
	    2 * sizeof(key), NULL, NULL, NULL) != 0)
		fail("UDP", line);
	datagram_init(&s->datagram, DATAGRAM_CLIENT, session, key);
}

/* Until the answer that begins so is in a datagram. */
static bool
wait_for(struct sealed *s, const char *answer)
{
	struct pollfd p = { s->fd, POLLIN, 0 };
	unsigned char bytes[DATAGRAM_MAX_BYTES];
	char lines[DATAGRAM_LINE_MAX + 1];
	size_t len;
	ssize_t n;
	bool newest;

	while (poll(&p, 1, TRY_MS) > 0) {
		n = recv(s->fd, bytes, sizeof(bytes), 0);
		if (n < 0 || !datagram_open(&s->datagram, bytes, (size_t)n,
		    lines, &len, &newest))
			continue;
		lines[len] = '\0';
		if (strstr(lines, answer) != NULL)
			return true;
	}
	return false;
}

void
sealed_send(struct sealed *s, const char *lines, size_t len)
{
	unsigned char bytes[DATAGRAM_MAX_BYTES];
	size_t sealed = datagram_seal(&s->datagram, lines, len, bytes);

	(void)!send(s->fd, bytes, sealed, MSG_DONTWAIT);
}

void
sealed_open(struct sealed *s, unsigned port, const char *nick,
    const char *room)
{
	int stream = reach(SOCK_STREAM, port);
	char line[512], request[256];
	bool inside = false;

	snprintf(request, sizeof(request), "HELLO %s\n", nick);
	ask(stream, request, "OK HELLO ", line, sizeof(line));
	ask(stream, "UDP\n", "OK UDP ", line, sizeof(line));
	take_session(s, line);
	s->fd = reach(SOCK_DGRAM, port);
	snprintf(request, sizeof(request), "JOIN %s\n", room);
	for (int i = 0; i < TRIES && !inside; i++) {
		sealed_send(s, request, strlen(request));
		inside = wait_for(s, "OK JOIN ");
	}
	if (!inside)
		fail(request, "no answer by datagrams");
	close(stream);
}

void
sealed_close(struct sealed *s)
{
	sealed_send(s, "QUIT\n", 5);
	close(s->fd);
	datagram_fini(&s->datagram);
}
