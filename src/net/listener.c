/* listener.c -- the sockets that connections come in by
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "net/listener.h"

enum {
	BACKLOG = 4096,		/* a storm waits here, not on SYN retries */
	TRIES = 16,		/* for a port that is free on all addresses */
	KEEP_IDLE = 120, KEEP_EVERY = 30, KEEP_COUNT = 4
};

static int
say(char *why, size_t size, int error, const char *what)
{
	snprintf(why, size, "%s: %s", what, strerror(error));
	return -error;
}

static void
set(int fd, int level, int option, int value)
{
	/* None of them is needed to serve: what a kernel does not know is
	 * left. */
	(void)setsockopt(fd, level, option, &value, sizeof(value));
}

static int
add(struct listeners *l, int fd, bool local)
{
	l->all[l->count].fd = fd;
	l->all[l->count].local = local;
	l->count++;
	return 0;
}

static void
set_tcp(int fd)
{
	set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEP_IDLE);
	set(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEP_EVERY);
	set(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEP_COUNT);
}

static int
open_one(struct listeners *l, const struct sockaddr *sa, socklen_t len)
{
	int fd = socket(sa->sa_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (sa->sa_family == AF_INET6)
		set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	set_tcp(fd);
	if (bind(fd, sa, len) < 0 || listen(fd, BACKLOG) < 0) {
		int error = errno;

		close(fd);
		return -error;
	}
	return add(l, fd, false);
}

static unsigned
port_of(int fd)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);

	if (getsockname(fd, (struct sockaddr *)&sa, &len) < 0)
		return 0;
	return ntohs(sa.ss_family == AF_INET6 ?
	    ((struct sockaddr_in6 *)&sa)->sin6_port :
	    ((struct sockaddr_in *)&sa)->sin_port);
}

static int
open_address(struct listeners *l, const char *address, unsigned port)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM }, *found;
	char service[8];
	int rc;

	snprintf(service, sizeof(service), "%u", port);
	if (getaddrinfo(address, service, &hints, &found) != 0)
		return -EINVAL;
	rc = open_one(l, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	return rc;
}

static void
close_from(struct listeners *l, unsigned first)
{
	while (l->count > first)
		close(l->all[--l->count].fd);
}

/* All of them with one port, which the first decides if it is free to. */
static int
open_all(struct listeners *l, char *const *addresses, unsigned port,
    bool optional, char *why, size_t size)
{
	unsigned first = l->count;

	l->port = port;
	for (; *addresses != NULL; addresses++) {
		int rc = open_address(l, *addresses, l->port);

		/* A host without IPv6 is served by IPv4. */
		if (rc == -EAFNOSUPPORT && optional)
			continue;
		if (rc == -EADDRNOTAVAIL && optional)
			continue;
		if (rc < 0) {
			char what[96];

			snprintf(what, sizeof(what), "address %s port %u",
			    *addresses, l->port);
			close_from(l, first);
			return say(why, size, -rc, what);
		}
		l->port = port_of(l->all[first].fd);
	}
	return l->count > first ? 0 :
	    say(why, size, EADDRNOTAVAIL, "no address");
}

int
listeners_open(struct listeners *l, char *const *addresses, unsigned port,
    char *why, size_t size)
{
	static char v6[] = "::", v4[] = "0.0.0.0";
	char *any[] = { v6, v4, NULL };
	bool all = addresses == NULL || *addresses == NULL;
	int rc = -EADDRINUSE;

	for (int i = 0; i < TRIES && rc == -EADDRINUSE; i++) {
		rc = open_all(l, all ? any : addresses, port, all, why,
		    size);
		if (port != 0)
			break;
	}
	return rc;
}

int
listeners_take(struct listeners *l, int fd, char *why, size_t size)
{
	struct sockaddr_storage sa = { 0 };
	socklen_t len = sizeof(sa), value = sizeof(int);
	int type = 0, listens = 0;
	bool local;

	if (getsockname(fd, (struct sockaddr *)&sa, &len) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &value) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &value) < 0)
		return say(why, size, errno, "a socket that was passed");
	local = sa.ss_family == AF_UNIX;
	if (type != SOCK_STREAM || !listens ||
	    (!local && sa.ss_family != AF_INET && sa.ss_family != AF_INET6) ||
	    l->count >= LISTENERS_MAX)
		return say(why, size, EINVAL, "a socket that was passed");
	if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return say(why, size, errno, "a socket that was passed");
	if (!local)
		set_tcp(fd);
	if (!local && l->port == 0)
		l->port = port_of(fd);
	return add(l, fd, local);
}

bool
listeners_has(const struct listeners *l, bool local)
{
	for (unsigned i = 0; i < l->count; i++)
		if (l->all[i].local == local)
			return true;
	return false;
}

/* Does anybody listen there? */
static bool
is_live(const struct sockaddr_un *sa)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool live = fd >= 0 &&
	    (connect(fd, (const struct sockaddr *)sa, sizeof(*sa)) == 0 ||
	    errno == EAGAIN);

	if (fd >= 0)
		close(fd);
	return live;
}

int
listeners_open_local(struct listeners *l, const char *path, char *why,
    size_t size)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct stat st;
	int fd;

	if (strlen(path) >= sizeof(sa.sun_path))
		return say(why, size, ENAMETOOLONG, path);
	memcpy(sa.sun_path, path, strlen(path));
	if (lstat(path, &st) == 0) {
		if (!S_ISSOCK(st.st_mode))
			return say(why, size, EEXIST, path);
		if (is_live(&sa))
			return say(why, size, EADDRINUSE, path);
		unlink(path);
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return say(why, size, errno, path);
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 ||
	    chmod(path, 0666) < 0 || listen(fd, BACKLOG) < 0) {
		int error = errno;

		close(fd);
		return say(why, size, error, path);
	}
	l->path = xmemdup(path, strlen(path));
	return add(l, fd, true);
}

void
listeners_close_ports(struct listeners *l)
{
	close_from(l, 0);
	l->port = 0;
}

void
listeners_close(struct listeners *l)
{
	close_from(l, 0);
	if (l->path != NULL)
		unlink(l->path);
	free(l->path);
	l->path = NULL;
}
