/* test_listener.c -- the sockets that connections come in by
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/listener.h"
#include "suite.h"

static char dir[] = "/tmp/vcrp-listener-XXXXXX";

static int
connect_port(unsigned port)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0)
		return fd;
	close(fd);
	return -1;
}

static int
connect_path(const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0)
		return fd;
	close(fd);
	return -1;
}

static char *
in_dir(const char *name, char path[64])
{
	snprintf(path, 64, "%s/%s", dir, name);
	return path;
}

static int
option(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	getsockopt(fd, level, name, &value, &len);
	return value;
}

static void
port_0_is_one_that_is_free_and_known(void)
{
	static char loopback[] = "127.0.0.1";
	char *addresses[] = { loopback, NULL }, why[128];
	struct listeners l = { .count = 0 };
	int client, server;

	CU_ASSERT_EQUAL_FATAL(listeners_open(&l, addresses, 0, why,
	    sizeof(why)), 0);
	CU_ASSERT_EQUAL(l.count, 1);
	CU_ASSERT(l.port > 0);
	CU_ASSERT_FALSE(l.all[0].local);
	client = connect_port(l.port);
	CU_ASSERT_FATAL(client >= 0);
	server = accept4(l.all[0].fd, NULL, NULL, SOCK_CLOEXEC);
	CU_ASSERT_FATAL(server >= 0);
	/* What every connection inherits. */
	CU_ASSERT_EQUAL(option(server, IPPROTO_TCP, TCP_NODELAY), 1);
	CU_ASSERT_EQUAL(option(server, SOL_SOCKET, SO_KEEPALIVE), 1);
	CU_ASSERT_EQUAL(option(server, IPPROTO_TCP, TCP_KEEPIDLE), 120);
	CU_ASSERT(fcntl(l.all[0].fd, F_GETFL) & O_NONBLOCK);
	CU_ASSERT(fcntl(l.all[0].fd, F_GETFD) & FD_CLOEXEC);
	close(client);
	close(server);
	listeners_close(&l);
	CU_ASSERT_EQUAL(l.count, 0);
}

static void
all_addresses_have_one_port(void)
{
	struct listeners l = { .count = 0 };
	char why[128];
	int client;

	CU_ASSERT_EQUAL_FATAL(listeners_open(&l, NULL, 0, why, sizeof(why)),
	    0);
	CU_ASSERT(l.count >= 1);
	client = connect_port(l.port);
	CU_ASSERT(client >= 0);
	close(client);
	listeners_close(&l);
}

static void
a_port_in_use_is_refused_with_a_reason(void)
{
	static char loopback[] = "127.0.0.1";
	char *addresses[] = { loopback, NULL };
	char why[128] = "", expected[128];
	struct listeners one = { .count = 0 }, two = { .count = 0 };

	CU_ASSERT_EQUAL_FATAL(listeners_open(&one, addresses, 0, why,
	    sizeof(why)), 0);
	CU_ASSERT_EQUAL(listeners_open(&two, addresses, one.port, why,
	    sizeof(why)), -EADDRINUSE);
	snprintf(expected, sizeof(expected), "address 127.0.0.1 port %u: %s",
	    one.port, strerror(EADDRINUSE));
	CU_ASSERT_STRING_EQUAL(why, expected);
	CU_ASSERT_EQUAL(two.count, 0);
	listeners_close(&one);
}

static void
an_address_is_numeric(void)
{
	static char name[] = "localhost";
	char *addresses[] = { name, NULL }, why[128];
	struct listeners l = { .count = 0 };

	CU_ASSERT_EQUAL(listeners_open(&l, addresses, 0, why, sizeof(why)),
	    -EINVAL);
}

static void
the_local_socket_is_everybodys_and_goes_with_the_server(void)
{
	struct listeners l = { .count = 0 };
	char why[128], path[64];
	struct stat st;
	int fd;

	in_dir("socket", path);
	CU_ASSERT_EQUAL_FATAL(listeners_open_local(&l, path, why,
	    sizeof(why)), 0);
	CU_ASSERT(l.all[0].local);
	CU_ASSERT_EQUAL(stat(path, &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 0777, 0666);
	fd = connect_path(path);
	CU_ASSERT(fd >= 0);
	close(fd);
	listeners_close(&l);
	CU_ASSERT_EQUAL(stat(path, &st), -1);
}

/* A server that was killed leaves its socket's file behind. */
static void
leave_behind(const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	CU_ASSERT_EQUAL(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	close(fd);
}

static void
a_dead_socket_is_replaced_and_a_live_one_is_not(void)
{
	struct listeners one = { .count = 0 }, two = { .count = 0 };
	char why[128], path[64];
	int fd;

	leave_behind(in_dir("dead", path));
	CU_ASSERT_EQUAL_FATAL(listeners_open_local(&one, path, why,
	    sizeof(why)), 0);
	CU_ASSERT_EQUAL(listeners_open_local(&two, path, why, sizeof(why)),
	    -EADDRINUSE);
	fd = connect_path(path);
	CU_ASSERT(fd >= 0);
	close(fd);
	listeners_close(&one);
}

static void
no_other_file_is_touched(void)
{
	struct listeners l = { .count = 0 };
	char why[128], path[64], text[4] = "";
	FILE *file = fopen(in_dir("file", path), "w");

	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	fputs("abc", file);
	fclose(file);
	CU_ASSERT_EQUAL(listeners_open_local(&l, path, why, sizeof(why)),
	    -EEXIST);
	file = fopen(path, "r");
	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	CU_ASSERT_PTR_NOT_NULL(fgets(text, sizeof(text), file));
	CU_ASSERT_STRING_EQUAL(text, "abc");
	fclose(file);
	unlink(path);
}

static void
a_path_that_is_too_long_is_refused(void)
{
	struct listeners l = { .count = 0 };
	char why[300], path[200];

	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	CU_ASSERT_EQUAL(listeners_open_local(&l, path, why, sizeof(why)),
	    -ENAMETOOLONG);
}

static int
make_dir(void)
{
	return mkdtemp(dir) == NULL;
}

static int
remove_dir(void)
{
	return rmdir(dir);
}

static void
what_listens_already_is_taken_over(void)
{
	struct listeners mine = { .count = 0 }, l = { .count = 0 };
	char path[64], why[128];
	int pair[2];

	CU_ASSERT_EQUAL_FATAL(listeners_open(&mine, NULL, 0, why,
	    sizeof(why)), 0);
	CU_ASSERT_EQUAL_FATAL(listeners_open_local(&mine,
	    in_dir("passed", path), why, sizeof(why)), 0);
	CU_ASSERT_FALSE(listeners_has(&l, false));
	for (unsigned i = 0; i < mine.count; i++)
		CU_ASSERT_EQUAL(listeners_take(&l, dup(mine.all[i].fd), why,
		    sizeof(why)), 0);
	CU_ASSERT_EQUAL(l.count, mine.count);
	CU_ASSERT_EQUAL(l.port, mine.port);
	CU_ASSERT(listeners_has(&l, false) && listeners_has(&l, true));
	CU_ASSERT_EQUAL(option(l.all[0].fd, IPPROTO_TCP, TCP_NODELAY), 1);
	CU_ASSERT(fcntl(l.all[0].fd, F_GETFL) & O_NONBLOCK);
	CU_ASSERT_EQUAL(fcntl(l.all[0].fd, F_GETFD), FD_CLOEXEC);
	/* The file is whose who made it. */
	listeners_close(&l);
	CU_ASSERT_EQUAL(access(path, F_OK), 0);
	listeners_close(&mine);
	CU_ASSERT_EQUAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
	    pair), 0);
	CU_ASSERT_EQUAL(listeners_take(&l, pair[0], why, sizeof(why)),
	    -EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "passed"));
	close(pair[0]);
	close(pair[1]);
}

static CU_TestInfo tests[] = {
	{ "port 0 is one that is free, and known",
	    port_0_is_one_that_is_free_and_known },
	{ "all addresses have one port", all_addresses_have_one_port },
	{ "a port in use is refused with a reason",
	    a_port_in_use_is_refused_with_a_reason },
	{ "an address is numeric", an_address_is_numeric },
	{ "the local socket is everybody's, and goes with the server",
	    the_local_socket_is_everybodys_and_goes_with_the_server },
	{ "a dead socket is replaced, and a live one is not",
	    a_dead_socket_is_replaced_and_a_live_one_is_not },
	{ "what listens already is taken over",
	    what_listens_already_is_taken_over },
	{ "no other file is touched", no_other_file_is_touched },
	{ "a path that is too long is refused",
	    a_path_that_is_too_long_is_refused },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "listener", make_dir, remove_dir, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
