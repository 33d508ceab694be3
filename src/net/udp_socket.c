/* udp_socket.c -- the sockets of datagrams, and what each says of where
 *
 * SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "net/udp_socket.h"
#include "wire/discovery.h"

/* A burst waits here: of datagrams that come while the thread sends, and of
 * those that it sends faster than the network takes them. */
enum { BUFFER_BYTES = 4 << 20 };

static int
say(char *why, size_t size, int error, const char *what)
{
	snprintf(why, size, "%s: %s", what, strerror(error));
	return -error;
}

static int
set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value));
}

/* Over what everybody may have, where we may. */
static void
set_buffers(int fd)
{
	if (set(fd, SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES) < 0)
		(void)set(fd, SOL_SOCKET, SO_RCVBUF, BUFFER_BYTES);
	if (set(fd, SOL_SOCKET, SO_SNDBUFFORCE, BUFFER_BYTES) < 0)
		(void)set(fd, SOL_SOCKET, SO_SNDBUF, BUFFER_BYTES);
}

/* A group that another process of this host has joined is not ours. */
static int
prepare(int fd, bool v4)
{
	set_buffers(fd);
	if (v4) {
		(void)set(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
		return set(fd, IPPROTO_IP, IP_PKTINFO, 1);
	}
	(void)set(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0);
	/* One that was passed may have both. */
	(void)set(fd, IPPROTO_IP, IP_PKTINFO, 1);
	return set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
}

/* Both kinds of address have the port at the same place. */
static void
add(struct udp_sockets *u, int fd, const struct sockaddr_storage *sa)
{
	u->all[u->count++] = (struct udp_socket){ .fd = fd,
		.port = ntohs(((const struct sockaddr_in *)sa)->sin_port),
		.v4 = sa->ss_family == AF_INET, .readable = true };
}

/* A socket of TCP that was passed may have both families. */
static int
only_six(int tcp)
{
	int only = 1;
	socklen_t len = sizeof(only);

	(void)getsockopt(tcp, IPPROTO_IPV6, IPV6_V6ONLY, &only, &len);
	return only;
}

static int
open_one(struct udp_sockets *u, int tcp, const struct sockaddr_storage *sa,
    socklen_t len)
{
	bool v4 = sa->ss_family == AF_INET;
	int error, fd = socket(sa->ss_family,
	    SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if ((v4 || set(fd, IPPROTO_IPV6, IPV6_V6ONLY, only_six(tcp)) == 0) &&
	    prepare(fd, v4) == 0 &&
	    bind(fd, (const struct sockaddr *)sa, len) == 0) {
		add(u, fd, sa);
		return 0;
	}
	error = errno;
	close(fd);
	return -error;
}

int
udp_sockets_open(struct udp_sockets *u, const struct listeners *l, char *why,
    size_t size)
{
	for (unsigned i = 0; i < l->count; i++) {
		struct sockaddr_storage sa = { 0 };
		socklen_t len = sizeof(sa);
		char what[40];
		int rc;

		if (l->all[i].local)
			continue;
		rc = getsockname(l->all[i].fd, (struct sockaddr *)&sa, &len) <
		    0 ? -errno : open_one(u, l->all[i].fd, &sa, len);
		if (rc == 0)
			continue;
		udp_sockets_close(u);
		snprintf(what, sizeof(what), "port %u of UDP", l->port);
		return say(why, size, -rc, what);
	}
	return 0;
}

int
udp_sockets_take(struct udp_sockets *u, int fd, char *why, size_t size)
{
	static const char what[] = "a socket of datagrams that was passed";
	struct sockaddr_storage sa = { 0 };
	socklen_t len = sizeof(sa), value = sizeof(int);
	int type = 0;
	bool v4;

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &value) < 0)
		return say(why, size, errno, what);
	if (type != SOCK_DGRAM)
		return 0;
	if (getsockname(fd, (struct sockaddr *)&sa, &len) < 0)
		return say(why, size, errno, what);
	v4 = sa.ss_family == AF_INET;
	if ((!v4 && sa.ss_family != AF_INET6) || u->count >= LISTENERS_MAX)
		return say(why, size, EINVAL, what);
	if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || prepare(fd, v4) < 0)
		return say(why, size, errno, what);
	add(u, fd, &sa);
	return 1;
}

void
udp_sockets_close(struct udp_sockets *u)
{
	while (u->count > 0)
		close(u->all[--u->count].fd);
}

static bool
join(const struct udp_socket *s, unsigned interface)
{
	struct ip_mreqn four = { .imr_ifindex = (int)interface };
	struct ipv6_mreq six = { .ipv6mr_interface = interface };

	inet_pton(AF_INET, DISCOVERY_GROUP_V4, &four.imr_multiaddr);
	inet_pton(AF_INET6, DISCOVERY_GROUP_V6, &six.ipv6mr_multiaddr);
	return (s->v4 ? setsockopt(s->fd, IPPROTO_IP, IP_ADD_MEMBERSHIP,
	    &four, sizeof(four)) : setsockopt(s->fd, IPPROTO_IPV6,
	    IPV6_JOIN_GROUP, &six, sizeof(six))) == 0;
}

unsigned
udp_sockets_join(const struct udp_sockets *u)
{
	struct if_nameindex *all = if_nameindex();
	unsigned count = 0;

	if (all == NULL)
		return 0;
	for (struct if_nameindex *at = all; at->if_index != 0; at++) {
		bool joined = false;

		/* One without IPv6, say, has not both. */
		for (unsigned i = 0; i < u->count; i++)
			joined |= join(&u->all[i], at->if_index);
		count += joined;
	}
	if_freenameindex(all);
	return count;
}

bool
udp_path_same(const struct udp_path *a, const struct udp_path *b)
{
	return a->port == b->port && a->scope == b->scope &&
	    memcmp(&a->peer, &b->peer, sizeof(a->peer)) == 0;
}

static void
map(struct in6_addr *to, const struct in_addr *from)
{
	memset(to, 0, sizeof(*to));
	to->s6_addr[10] = to->s6_addr[11] = 0xff;
	memcpy(&to->s6_addr[12], from, 4);
}

/* Which of our addresses it was sent to, where that tells: of one to many hosts
 * it is that of the interface, or none. */
static void
take_info(struct udp_path *path, const struct cmsghdr *c)
{
	if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
		struct in_pktinfo info;

		memcpy(&info, CMSG_DATA(c), sizeof(info));
		map(&path->own, &info.ipi_spec_dst);
		path->lan = info.ipi_addr.s_addr != info.ipi_spec_dst.s_addr;
	} else if (c->cmsg_level == IPPROTO_IPV6 &&
	    c->cmsg_type == IPV6_PKTINFO) {
		struct in6_pktinfo info;

		memcpy(&info, CMSG_DATA(c), sizeof(info));
		path->lan = IN6_IS_ADDR_MULTICAST(&info.ipi6_addr);
		if (!path->lan)
			path->own = info.ipi6_addr;
	}
}

void
udp_path_of(unsigned socket, const struct msghdr *m, struct udp_path *path)
{
	const struct sockaddr_in6 *sa = m->msg_name;

	memset(path, 0, sizeof(*path));
	path->socket = (uint16_t)socket;
	if (sa->sin6_family == AF_INET) {
		const struct sockaddr_in *sa4 = m->msg_name;

		map(&path->peer, &sa4->sin_addr);
		path->port = ntohs(sa4->sin_port);
	} else {
		path->peer = sa->sin6_addr;
		path->port = ntohs(sa->sin6_port);
		path->scope = sa->sin6_scope_id;
	}
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL;
	    c = CMSG_NXTHDR((struct msghdr *)m, c))
		take_info(path, c);
}

static void
put_info(struct msghdr *m, int level, int type, const void *info, size_t len)
{
	struct cmsghdr *c = m->msg_control;

	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), info, len);
	m->msg_controllen = CMSG_SPACE(len);
}

static void
to_v4(const struct udp_path *path, struct msghdr *m)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
		.sin_port = htons(path->port) };
	struct in_pktinfo info = { 0 };

	memcpy(&sa.sin_addr, &path->peer.s6_addr[12], 4);
	memcpy(&info.ipi_spec_dst, &path->own.s6_addr[12], 4);
	memcpy(m->msg_name, &sa, sizeof(sa));
	m->msg_namelen = sizeof(sa);
	put_info(m, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
}

/* A route is not to be forced but where an address means nothing without its
 * interface. */
static void
to_v6(const struct udp_path *path, struct msghdr *m)
{
	struct sockaddr_in6 sa = { .sin6_family = AF_INET6,
		.sin6_port = htons(path->port), .sin6_addr = path->peer,
		.sin6_scope_id = path->scope };
	struct in6_pktinfo info = { .ipi6_addr = path->own,
		.ipi6_ifindex = path->scope };

	memcpy(m->msg_name, &sa, sizeof(sa));
	m->msg_namelen = sizeof(sa);
	put_info(m, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
}

void
udp_path_to(const struct udp_sockets *u, const struct udp_path *path,
    struct msghdr *m)
{
	if (u->all[path->socket].v4)
		to_v4(path, m);
	else
		to_v6(path, m);
}
