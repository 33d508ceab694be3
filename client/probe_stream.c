/* probe_stream.c -- what a port says by TCP
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <openssl/err.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/probe.h"

/* VCRP greets, answers and says good-bye; others mostly find that something
 * is wrong with it, and say so. The empty line is the end of a head of HTTP. */
#define SAID	"PING\r\nQUIT\r\n\r\n"

enum { QUIET_US = 400000 };	/* after which that was all */

bool
probe_wait(int fd, short events, int64_t deadline)
{
	struct pollfd item = { .fd = fd, .events = events };
	int64_t left;
	int n;

	do {
		left = deadline - client_now_us();
		n = poll(&item, 1, left > 0 ? (int)(left / 1000) + 1 : 0);
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

static int
connect_one(const struct addrinfo *at, int64_t deadline, int *error_r)
{
	int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0);
	socklen_t len = sizeof(*error_r);

	*error_r = errno;
	if (fd < 0)
		return -1;
	*error_r = 0;
	if (connect(fd, at->ai_addr, at->ai_addrlen) != 0)
		*error_r = errno;
	if (*error_r == EINPROGRESS) {
		if (!probe_wait(fd, POLLOUT, deadline))
			*error_r = ETIMEDOUT;
		else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, error_r,
		    &len) != 0)
			*error_r = errno;
	}
	if (*error_r == 0)
		return fd;
	close(fd);
	return -1;
}

int
probe_connect(const struct probe *probe, struct probe_talk *talk)
{
	const struct addrinfo *at;
	int64_t begun, now;
	int fd = -1, left = 0;
	size_t used = 0;

	talk->answer = -1;
	for (at = probe->addresses; at != NULL; at = at->ai_next)
		left++;
	for (at = probe->addresses; at != NULL && fd < 0; at = at->ai_next) {
		begun = now = client_now_us();
		client_address(at->ai_addr, at->ai_addrlen, talk->address);
		/* One that is silent leaves time for the others. */
		fd = connect_one(at, now + (probe->deadline - now) / left--,
		    &talk->error);
		talk->connect = client_now_us() - begun;
		if (fd < 0 && used < sizeof(talk->failed))
			used += (size_t)snprintf(talk->failed + used,
			    sizeof(talk->failed) - used, "%s%s: %s",
			    used > 0 ? ", " : "", talk->address,
			    strerror(talk->error));
	}
	return fd;
}

static ssize_t
say(int fd, SSL *ssl)
{
	if (ssl != NULL)
		return SSL_write(ssl, SAID, strlen(SAID));
	return send(fd, SAID, strlen(SAID), MSG_NOSIGNAL);
}

/* More of it: false at its end, or when it is late. */
static bool
hear_more(int fd, SSL *ssl, int64_t until, struct probe_talk *talk)
{
	char *to = talk->bytes + talk->len;
	size_t room = PROBE_HEARD - talk->len;
	ssize_t n;

	while (room > 0) {
		n = ssl != NULL ? SSL_read(ssl, to, (int)room) :
		    recv(fd, to, room, 0);
		if (n > 0) {
			talk->len += (size_t)n;
			return true;
		}
		if (ssl != NULL ?
		    SSL_get_error(ssl, (int)n) != SSL_ERROR_WANT_READ :
		    n == 0 || errno != EAGAIN) {
			talk->closed = true;
			return false;
		}
		if (!probe_wait(fd, POLLIN, until))
			return false;
	}
	return false;
}

void
probe_converse(const struct probe *probe, int fd, SSL *ssl,
    struct probe_talk *talk)
{
	int64_t begun = client_now_us(), until = probe->deadline, now;

	/* Who has closed may have said something before. */
	(void)say(fd, ssl);
	while (hear_more(fd, ssl, until, talk)) {
		now = client_now_us();
		if (talk->answer < 0)
			talk->answer = now - begun;
		if (now + QUIET_US < probe->deadline)
			until = now + QUIET_US;
	}
	ERR_clear_error();
	recognise(talk->bytes, talk->len, &talk->found);
}

void *
probe_plain(void *arg)
{
	struct probe *probe = arg;
	int fd = probe_connect(probe, &probe->plain);

	if (fd < 0)
		return NULL;
	probe_converse(probe, fd, NULL, &probe->plain);
	close(fd);
	return NULL;
}
