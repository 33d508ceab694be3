/* udp_socket.h -- the sockets of datagrams, and what each says of where
 *
 * SPDX-License-Identifier: MIT
 *
 * One beside each listening socket of TCP, at the same address and port; or
 * those that a manager of services has passed. A host may have many addresses:
 * each datagram tells which of them was asked, and the answer comes from there.
 * The structure begins as zeros.
 *
 * Threads: main opens and closes; the udp thread receives and sends.
 * Locks:   none.
 * Memory:  the caller's. */
#ifndef NET_UDP_SOCKET_H
#define NET_UDP_SOCKET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "net/listener.h"

enum { UDP_CONTROL_BYTES = 80 };

struct udp_socket {
	int      fd;
	uint16_t port;
	bool     v4;
	bool     readable;	/* the udp thread's: there may be more */
	bool     full;		/* the same: it takes no more for now */
};

struct udp_sockets {
	struct udp_socket all[LISTENERS_MAX];
	unsigned          count;
};

/* Where a datagram came from, and where it was sent to. IPv4 is mapped. */
struct udp_path {
	struct in6_addr peer;
	struct in6_addr own;
	uint32_t        scope;	/* the interface of a link-local peer; or 0 */
	uint16_t        port;	/* the peer's */
	uint16_t        socket;	/* its place in udp_sockets */
	bool            lan;	/* sent to more than this host */
};

/* Is it the same peer? */
bool udp_path_same(const struct udp_path *, const struct udp_path *);

/* One beside each of TCP. 0, or -errno and what could not be had in why_r,
 * and none is open. */
int udp_sockets_open(struct udp_sockets *, const struct listeners *,
    char *why_r, size_t size);
/* One that was passed: 1; 0: it is none of datagrams; -errno. */
int udp_sockets_take(struct udp_sockets *, int fd, char *why_r, size_t size);
void udp_sockets_close(struct udp_sockets *);
/* Into the groups that are asked whether a server is here, on every interface
 * that is there now: how many took one. */
unsigned udp_sockets_join(const struct udp_sockets *);

/* Of a message that came; its msg_name has an address, msg_control up to
 * UDP_CONTROL_BYTES. */
void udp_path_of(unsigned socket, const struct msghdr *,
    struct udp_path *path_r);
/* Makes the message go there. msg_name and msg_control have room for a
 * sockaddr_in6 and UDP_CONTROL_BYTES. */
void udp_path_to(const struct udp_sockets *, const struct udp_path *,
    struct msghdr *);

#endif
