/* listener.h -- the sockets that connections come in by
 *
 * SPDX-License-Identifier: MIT
 *
 * What accepted sockets inherit (no delay, keepalive) is set here, once. The
 * structure begins as zeros.
 *
 * Threads: main opens and closes; the acceptor accepts.
 * Locks:   none.
 * Memory:  the caller's. */
#ifndef NET_LISTENER_H
#define NET_LISTENER_H

#include <stdbool.h>
#include <stddef.h>

enum { LISTENERS_MAX = 66 };

struct listener {
	int  fd;
	bool local;
};

struct listeners {
	struct listener all[LISTENERS_MAX];
	unsigned        count;
	unsigned        port;		/* the one in use */
	char           *path;		/* of the local socket; or NULL */
};

/* Listens on each address (NULL-terminated, numeric), or on all of the host,
 * IPv6 and IPv4, if there is none. Port 0: one that is free on all of them.
 * 0, or -errno and what could not be had in why_r. */
int listeners_open(struct listeners *, char *const *addresses, unsigned port,
    char *why_r, size_t size);
/* One that listens already, passed by a manager of services. 0 or -errno. */
int listeners_take(struct listeners *, int fd, char *why_r, size_t size);
/* Is there one of TCP, or a local one? */
bool listeners_has(const struct listeners *, bool local);
/* The local socket, for everybody on this host. One that nobody listens on
 * any more is replaced; one in use is refused. */
int listeners_open_local(struct listeners *, const char *path, char *why_r,
    size_t size);
/* Those of TCP, which are all there are so far. */
void listeners_close_ports(struct listeners *);
/* With the local socket's file. */
void listeners_close(struct listeners *);

#endif
