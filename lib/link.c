/* link.c -- the bytes of one connection, in lines
 *
 * SPDX-License-Identifier: MIT */
#include "lib/link.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/line.h"

#define SOCKET_FLAGS	(SOCK_NONBLOCK | SOCK_CLOEXEC)

void
vlink_init(struct vlink *link, struct vtls *tls)
{
	link->fd = -1;
	link->tls = tls;
	link->udp = NULL;
	link->connecting = link->shaking = false;
	link->ended = NULL;
	link->addresses = link->next = NULL;
	link->in_begin = link->in_end = 0;
	link->out_begin = link->out_end = 0;
}

static void
hang_up(struct vlink *link)
{
	if (link->udp != NULL) {
		vudp_free(&link->udp);
		link->fd = -1;
	}
	if (link->tls != NULL)
		vtls_end(link->tls);
	if (link->fd >= 0)
		close(link->fd);
	link->fd = -1;
}

void
vlink_close(struct vlink *link)
{
	hang_up(link);
	if (link->addresses != NULL)
		freeaddrinfo(link->addresses);
	vlink_init(link, link->tls);
}

void
vlink_switch(struct vlink *link, struct vudp *udp)
{
	const char *begin = link->in + link->in_begin;
	const char *lf = memrchr(begin, '\n', link->in_end - link->in_begin);

	hang_up(link);
	link->fd = vudp_fd(udp);
	link->udp = udp;
	link->ended = NULL;
	link->in_end = lf != NULL ? (size_t)(lf + 1 - link->in) :
	    link->in_begin;
	link->out_begin = link->out_end = 0;
}

static void
connect_to(struct vlink *link, int family, const struct sockaddr *address,
    socklen_t len)
{
	link->connecting = true;
	link->shaking = false;
	link->fd = socket(family, SOCK_STREAM | SOCKET_FLAGS, 0);
	if (link->fd < 0)
		link->ended = strerror(errno);
	else if (connect(link->fd, address, len) < 0 && errno != EINPROGRESS)
		link->ended = strerror(errno);
}

bool
vlink_try_next(struct vlink *link)
{
	struct addrinfo *address;

	while ((address = link->next) != NULL) {
		hang_up(link);
		link->ended = NULL;
		link->next = address->ai_next;
		connect_to(link, address->ai_family, address->ai_addr,
		    address->ai_addrlen);
		if (link->ended == NULL)
			return true;
	}
	return false;
}

static void
open_local(struct vlink *link, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(address.sun_path)) {
		link->ended = strerror(ENAMETOOLONG);
		return;
	}
	strcpy(address.sun_path, path);
	connect_to(link, AF_UNIX, (struct sockaddr *)&address,
	    sizeof(address));
}

void
vlink_open(struct vlink *link, const struct vaddress *address)
{
	static const struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM
	};
	int error;

	vlink_close(link);
	if (address->path != NULL) {
		open_local(link, address->path);
		return;
	}
	error = getaddrinfo(address->host, address->port, &hints,
	    &link->addresses);
	if (error != 0) {
		link->addresses = NULL;
		link->ended = error == EAI_SYSTEM ? strerror(errno) :
		    gai_strerror(error);
		return;
	}
	link->next = link->addresses;
	vlink_try_next(link);
}

static bool
has_room(const struct vlink *link)
{
	size_t room = VLINK_IN - (link->in_end - link->in_begin);

	return room >= (link->udp != NULL ? VUDP_LEAST : 1);
}

short
vlink_events(const struct vlink *link)
{
	short events = 0;

	if (link->fd < 0 || link->ended != NULL)
		return 0;
	if (link->connecting)
		return link->shaking ? vtls_events(link->tls) : POLLOUT;
	if (has_room(link))
		events |= POLLIN;
	if (link->out_begin < link->out_end)
		events |= POLLOUT;
	if (link->tls != NULL && link->udp == NULL)
		events |= vtls_events(link->tls) & POLLOUT;
	return events;
}

/* A peer that went without a word is found after some two minutes, by probes
 * when it is quiet and by the lack of acknowledgements when it is not. */
static void
set_options(int fd)
{
	const struct { int name, value; } options[] = {
		{ TCP_NODELAY, 1 },
		{ TCP_KEEPIDLE, 60 },
		{ TCP_KEEPINTVL, 20 },
		{ TCP_KEEPCNT, 3 },
		{ TCP_USER_TIMEOUT, 120000 }
	};
	int on = 1;
	size_t i;

	/* On a local socket these fail, and nobody needs them. */
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	for (i = 0; i < sizeof(options) / sizeof(*options); i++)
		setsockopt(fd, IPPROTO_TCP, options[i].name,
		    &options[i].value, sizeof(options[i].value));
}

static void
finish_connecting(struct vlink *link)
{
	struct pollfd item = { .fd = link->fd, .events = POLLOUT };
	socklen_t len = sizeof(int);
	int error = 0;

	if (poll(&item, 1, 0) != 1)
		return;
	if (getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	if (error != 0) {
		if (!vlink_try_next(link))
			link->ended = strerror(error);
		return;
	}
	set_options(link->fd);
	if (link->tls == NULL)
		link->connecting = false;
	else if (vtls_begin(link->tls, link->fd))
		link->shaking = true;
	else
		link->ended = vtls_why(link->tls);
}

static void
shake(struct vlink *link)
{
	int result = vtls_shake(link->tls);

	if (result > 0)
		link->connecting = link->shaking = false;
	else if (result < 0)
		link->ended = vtls_why(link->tls);
}

static ssize_t
put_out(struct vlink *link, const char *bytes, size_t len)
{
	ssize_t n;

	if (link->tls != NULL)
		return vtls_write(link->tls, bytes, len);
	do
		n = send(link->fd, bytes, len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n;
}

void
vlink_flush(struct vlink *link)
{
	ssize_t n;

	if (link->fd < 0 || link->connecting || link->ended != NULL)
		return;
	if (link->udp != NULL) {
		vudp_send(link->udp, link->out + link->out_begin,
		    link->out_end - link->out_begin);
		link->out_begin = link->out_end;
	}
	while (link->out_begin < link->out_end) {
		n = put_out(link, link->out + link->out_begin,
		    link->out_end - link->out_begin);
		/* A broken pipe is left to reading: there may be a BYE. */
		if (n <= 0)
			break;
		link->out_begin += (size_t)n;
	}
	if (link->out_begin == link->out_end)
		link->out_begin = link->out_end = 0;
}

static void
take_in(struct vlink *link, char *bytes, size_t size)
{
	ssize_t n = link->tls != NULL ? vtls_read(link->tls, bytes, size) :
	    recv(link->fd, bytes, size, 0);

	if (n > 0)
		link->in_end += (size_t)n;
	else if (link->tls != NULL)
		link->ended = n < 0 ? vtls_why(link->tls) : NULL;
	else if (n == 0)
		link->ended = "the server closed the connection";
	else if (errno != EAGAIN && errno != EINTR)
		link->ended = strerror(errno);
}

static void
take_datagrams(struct vlink *link, char *bytes, size_t size)
{
	vudp_step(link->udp);
	link->in_end += vudp_take(link->udp, bytes, size);
	if (vudp_is_dead(link->udp))
		link->ended = "the server does not answer any more";
}

static void
fill(struct vlink *link)
{
	size_t len = link->in_end - link->in_begin;

	memmove(link->in, link->in + link->in_begin, len);
	link->in_begin = 0;
	link->in_end = len;
	if (!has_room(link))
		return;
	if (link->udp != NULL)
		take_datagrams(link, link->in + len, VLINK_IN - len);
	else
		take_in(link, link->in + len, VLINK_IN - len);
}

bool
vlink_has_more(const struct vlink *link)
{
	return link->tls != NULL && link->udp == NULL && link->ended == NULL &&
	    link->in_end - link->in_begin < VLINK_IN &&
	    vtls_has_more(link->tls);
}

void
vlink_step(struct vlink *link)
{
	if (link->fd < 0 || link->ended != NULL)
		return;
	if (link->connecting && !link->shaking)
		finish_connecting(link);
	if (link->shaking)
		shake(link);
	if (link->connecting || link->ended != NULL)
		return;
	vlink_flush(link);
	fill(link);
}

static const char *
line_end(const struct vlink *link)
{
	return memchr(link->in + link->in_begin, '\n',
	    link->in_end - link->in_begin);
}

bool
vlink_has_line(const struct vlink *link)
{
	return line_end(link) != NULL;
}

bool
vlink_take(struct vlink *link, char *line_r)
{
	const char *begin = link->in + link->in_begin;
	const char *end = line_end(link);
	size_t len = end != NULL ? (size_t)(end - begin) :
	    link->in_end - link->in_begin;

	if (len >= VLINE_MAX) {
		link->in_begin = link->in_end;
		link->ended = "the server sent a line that is too long";
		return false;
	}
	if (end == NULL)
		return false;
	link->in_begin += len + 1;
	if (len > 0 && begin[len - 1] == '\r')
		len--;
	memcpy(line_r, begin, len);
	line_r[len] = '\0';
	return true;
}

bool
vlink_put(struct vlink *link, const char *bytes, size_t len)
{
	if (link->out_begin > 0) {
		memmove(link->out, link->out + link->out_begin,
		    link->out_end - link->out_begin);
		link->out_end -= link->out_begin;
		link->out_begin = 0;
	}
	if (len > VLINK_OUT - link->out_end)
		return false;
	memcpy(link->out + link->out_end, bytes, len);
	link->out_end += len;
	return true;
}
