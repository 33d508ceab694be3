/* test_udp_socket.c -- the sockets of datagrams, and what each says of where
 *
 * SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "net/udp_socket.h"
#include "suite.h"

enum { PATIENCE_MS = 10000 };

static int
client(int family, const char *host, unsigned port)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
		.sin6_port = htons((uint16_t)port) };
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int rc;

	if (family == AF_INET) {
		CU_ASSERT_EQUAL(inet_pton(family, host, &v4.sin_addr), 1);
		rc = connect(fd, (struct sockaddr *)&v4, sizeof(v4));
	} else {
		CU_ASSERT_EQUAL(inet_pton(family, host, &v6.sin6_addr), 1);
		rc = connect(fd, (struct sockaddr *)&v6, sizeof(v6));
	}
	CU_ASSERT_EQUAL_FATAL(rc, 0);
	return fd;
}

static void
wait_for(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };

	CU_ASSERT_EQUAL_FATAL(poll(&ready, 1, PATIENCE_MS), 1);
}

/* What comes there goes back to where it came from. */
static void
echo(const struct udp_sockets *u, unsigned socket, struct udp_path *path)
{
	char bytes[64], control[UDP_CONTROL_BYTES]
	    __attribute__((aligned(8)));
	struct sockaddr_in6 name;
	struct iovec iov = { bytes, sizeof(bytes) };
	struct msghdr m = { .msg_name = &name, .msg_namelen = sizeof(name),
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
		.msg_controllen = sizeof(control) };

	wait_for(u->all[socket].fd);
	iov.iov_len = (size_t)recvmsg(u->all[socket].fd, &m, 0);
	CU_ASSERT_EQUAL_FATAL(iov.iov_len, 2);
	CU_ASSERT_EQUAL(m.msg_flags & MSG_CTRUNC, 0);
	udp_path_of(socket, &m, path);
	m = (struct msghdr){ .msg_name = &name, .msg_iov = &iov,
		.msg_iovlen = 1, .msg_control = control };
	udp_path_to(u, path, &m);
	CU_ASSERT_EQUAL(sendmsg(u->all[socket].fd, &m, 0), 2);
}

/* The client hears nothing from another address than it asked. */
static void
ask(const struct udp_sockets *u, unsigned socket, int family,
    const char *host, const char *mapped, struct udp_path *path)
{
	char bytes[64], own[INET6_ADDRSTRLEN];
	int fd = client(family, host, u->all[socket].port);

	CU_ASSERT_EQUAL(send(fd, "hi", 2, 0), 2);
	echo(u, socket, path);
	wait_for(fd);
	CU_ASSERT_EQUAL(recv(fd, bytes, sizeof(bytes), 0), 2);
	CU_ASSERT_STRING_EQUAL(inet_ntop(AF_INET6, &path->own, own,
	    sizeof(own)), mapped);
	CU_ASSERT_FALSE(path->lan);
	CU_ASSERT_EQUAL(path->socket, socket);
	close(fd);
}

static void
the_port_is_that_of_tcp_and_the_answers_address_the_one_asked(void)
{
	struct listeners l = { .count = 0 };
	struct udp_sockets u = { .count = 0 };
	struct udp_path one, other;
	char why[128];

	do {
		listeners_close(&l);
		CU_ASSERT_EQUAL_FATAL(listeners_open(&l, NULL, 0, why,
		    sizeof(why)), 0);
	} while (udp_sockets_open(&u, &l, why, sizeof(why)) == -EADDRINUSE);
	CU_ASSERT_EQUAL_FATAL(u.count, l.count);
	for (unsigned i = 0; i < u.count; i++) {
		CU_ASSERT_EQUAL(u.all[i].port, l.port);
		if (!u.all[i].v4) {
			ask(&u, i, AF_INET6, "::1", "::1", &one);
			continue;
		}
		ask(&u, i, AF_INET, "127.0.0.1", "::ffff:127.0.0.1", &one);
		ask(&u, i, AF_INET, "127.0.0.9", "::ffff:127.0.0.9", &other);
		CU_ASSERT_FALSE(udp_path_same(&one, &other));
		other = one;
		other.own.s6_addr[15]++;
		CU_ASSERT(udp_path_same(&one, &other));
	}
	udp_sockets_close(&u);
	CU_ASSERT_EQUAL(u.count, 0);
	listeners_close(&l);
}

static void
a_port_in_use_is_refused_with_a_reason(void)
{
	static char loopback[] = "127.0.0.1";
	char *addresses[] = { loopback, NULL }, why[128];
	struct listeners l = { .count = 0 };
	struct udp_sockets u = { .count = 0 }, v = { .count = 0 };

	do {
		listeners_close(&l);
		CU_ASSERT_EQUAL_FATAL(listeners_open(&l, addresses, 0, why,
		    sizeof(why)), 0);
	} while (udp_sockets_open(&u, &l, why, sizeof(why)) == -EADDRINUSE);
	CU_ASSERT_EQUAL(udp_sockets_open(&v, &l, why, sizeof(why)),
	    -EADDRINUSE);
	CU_ASSERT_EQUAL(v.count, 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "of UDP: "));
	udp_sockets_close(&u);
	CU_ASSERT_EQUAL(udp_sockets_open(&v, &l, why, sizeof(why)), 0);
	udp_sockets_close(&v);
	listeners_close(&l);
}

/* As a manager of services makes it: one socket of both families. */
/* Of TCP one of both families was passed, and none of datagrams. */
static void
it_has_both_families_where_tcp_has(void)
{
	struct sockaddr_in6 sa = { .sin6_family = AF_INET6 };
	struct listeners l = { .count = 0 };
	struct udp_sockets u = { .count = 0 };
	struct udp_path path;
	char why[128];
	int rc;

	do {
		int off = 0, fd = socket(AF_INET6, SOCK_STREAM, 0);

		listeners_close(&l);
		CU_ASSERT_EQUAL(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY,
		    &off, sizeof(off)), 0);
		CU_ASSERT_EQUAL_FATAL(bind(fd, (struct sockaddr *)&sa,
		    sizeof(sa)), 0);
		CU_ASSERT_EQUAL_FATAL(listen(fd, 1), 0);
		CU_ASSERT_EQUAL_FATAL(listeners_take(&l, fd, why,
		    sizeof(why)), 0);
		rc = udp_sockets_open(&u, &l, why, sizeof(why));
	} while (rc == -EADDRINUSE);
	CU_ASSERT_EQUAL_FATAL(u.count, 1);
	ask(&u, 0, AF_INET6, "::1", "::1", &path);
	ask(&u, 0, AF_INET, "127.0.0.1", "::ffff:127.0.0.1", &path);
	udp_sockets_close(&u);
	listeners_close(&l);
}

static void
what_was_bound_already_is_taken_over(void)
{
	struct sockaddr_in6 sa = { .sin6_family = AF_INET6 };
	struct udp_sockets u = { .count = 0 };
	struct udp_path path;
	int pair[2], off = 0, fd = socket(AF_INET6, SOCK_DGRAM, 0);
	int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char why[128];

	CU_ASSERT_EQUAL(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off,
	    sizeof(off)), 0);
	CU_ASSERT_EQUAL_FATAL(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	CU_ASSERT_EQUAL(udp_sockets_take(&u, tcp, why, sizeof(why)), 0);
	CU_ASSERT_EQUAL_FATAL(udp_sockets_take(&u, fd, why, sizeof(why)), 1);
	CU_ASSERT_EQUAL(u.count, 1);
	CU_ASSERT(fcntl(fd, F_GETFL) & O_NONBLOCK);
	CU_ASSERT_EQUAL(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ask(&u, 0, AF_INET6, "::1", "::1", &path);
	ask(&u, 0, AF_INET, "127.0.0.1", "::ffff:127.0.0.1", &path);
	ask(&u, 0, AF_INET, "127.0.0.9", "::ffff:127.0.0.9", &path);
	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC,
	    0, pair), 0);
	CU_ASSERT_EQUAL(udp_sockets_take(&u, pair[0], why, sizeof(why)),
	    -EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "passed"));
	close(pair[0]);
	close(pair[1]);
	close(tcp);
	udp_sockets_close(&u);
}

static CU_TestInfo tests[] = {
	{ "the port is that of TCP, and the answer's address the one asked",
	    the_port_is_that_of_tcp_and_the_answers_address_the_one_asked },
	{ "a port in use is refused with a reason",
	    a_port_in_use_is_refused_with_a_reason },
	{ "it has both families where TCP has",
	    it_has_both_families_where_tcp_has },
	{ "what was bound already is taken over",
	    what_was_bound_already_is_taken_over },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "udp_socket", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
