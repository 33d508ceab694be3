/* sealed_floor.c -- what a sealed datagram costs at least
 *
 * SPDX-License-Identifier: MIT
 *
 * The system calls of a server that tells all members something, and nothing
 * else: first with datagrams that were sealed before, then with sealing each
 * for its member. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "figures.h"
#include "must.h"
#include "sealed.h"

#define NS 1000000000ull

enum { BATCH = 256, READ_AT_ONCE = 64 };

struct floor {
	unsigned            members;
	unsigned            bytes;	/* of plaintext */
	int                 fd;
	struct sockaddr_in *to;
	struct datagram    *datagrams;
	unsigned char     (*sealed)[DATAGRAM_MAX_BYTES];	/* one each */
	char                plain[DATAGRAM_PLAIN_MAX];
};

static void
run_on(int core)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(core, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* Those who read: what it costs them counts elsewhere. */
_Noreturn static void
read_all(const int *fds, unsigned count)
{
	static char bytes[READ_AT_ONCE][DATAGRAM_MAX_BYTES];
	struct mmsghdr headers[READ_AT_ONCE] = { 0 };
	struct iovec parts[READ_AT_ONCE];
	struct epoll_event event = { .events = EPOLLIN }, events[64];
	int epoll = epoll_create1(0), n;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	run_on((int)sysconf(_SC_NPROCESSORS_ONLN) - 1);
	for (int i = 0; i < READ_AT_ONCE; i++) {
		parts[i] = (struct iovec){ bytes[i], sizeof(bytes[i]) };
		headers[i].msg_hdr.msg_iov = &parts[i];
		headers[i].msg_hdr.msg_iovlen = 1;
	}
	for (unsigned i = 0; i < count; i++) {
		event.data.fd = fds[i];
		epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i], &event);
	}
	for (;;) {
		n = epoll_wait(epoll, events, 64, -1);
		for (int i = 0; i < n; i++)
			recvmmsg(events[i].data.fd, headers, READ_AT_ONCE,
			    MSG_DONTWAIT, NULL);
	}
}

static int
open_socket(struct sockaddr_in *at_r)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_DGRAM, 0), size = 4 << 20;

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, len) < 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &len) < 0) {
		perror("vcrp-datagrams: socket");
		exit(2);
	}
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	*at_r = at;
	return fd;
}

static pid_t
begin(struct floor *f)
{
	unsigned char session[DATAGRAM_SESSION_BYTES] = { 0x80 };
	unsigned char key[DATAGRAM_KEY_BYTES] = { 1 };
	int *fds = must(calloc(f->members, sizeof(*fds)));
	struct sockaddr_in own;
	pid_t pid;

	f->to = must(calloc(f->members, sizeof(*f->to)));
	f->datagrams = must(calloc(f->members, sizeof(*f->datagrams)));
	f->sealed = must(calloc(f->members, sizeof(*f->sealed)));
	memset(f->plain, 'x', sizeof(f->plain));
	f->plain[f->bytes - 1] = '\n';
	for (unsigned i = 0; i < f->members; i++) {
		fds[i] = open_socket(&f->to[i]);
		key[1] = (unsigned char)i;
		datagram_init(&f->datagrams[i], DATAGRAM_SERVER, session, key);
		datagram_seal(&f->datagrams[i], f->plain, f->bytes,
		    f->sealed[i]);
	}
	f->fd = open_socket(&own);
	pid = fork();
	if (pid == 0)
		read_all(fds, f->members);
	for (unsigned i = 0; i < f->members; i++)
		close(fds[i]);
	free(fds);
	run_on(0);
	return pid;
}

static uint64_t
tell(struct floor *f, unsigned first, bool sealing)
{
	struct mmsghdr headers[BATCH] = { 0 };
	struct iovec parts[BATCH];
	unsigned count = f->members - first;
	int sent;

	if (count > BATCH)
		count = BATCH;
	for (unsigned i = 0; i < count; i++) {
		unsigned member = first + i;

		if (sealing)
			datagram_seal(&f->datagrams[member], f->plain,
			    f->bytes, f->sealed[member]);
		parts[i] = (struct iovec){ f->sealed[member],
			f->bytes + DATAGRAM_OVERHEAD };
		headers[i].msg_hdr.msg_iov = &parts[i];
		headers[i].msg_hdr.msg_iovlen = 1;
		headers[i].msg_hdr.msg_name = &f->to[member];
		headers[i].msg_hdr.msg_namelen = sizeof(f->to[member]);
	}
	sent = sendmmsg(f->fd, headers, count, 0);
	return sent < 0 ? 0 : (uint64_t)sent;
}

static void
run(struct floor *f, bool sealing, double seconds)
{
	uint64_t start = now_ns(), sent = 0;
	double cpu = own_cpu(), took;
	char name[64];

	while (now_ns() - start < (uint64_t)(seconds * NS))
		for (unsigned at = 0; at < f->members; at += BATCH)
			sent += tell(f, at, sealing);
	took = (double)(now_ns() - start) / NS;
	cpu = own_cpu() - cpu;
	snprintf(name, sizeof(name), "%s_datagrams_per_s",
	    sealing ? "sealed" : "bare");
	figure_real(name, (double)sent / took);
	snprintf(name, sizeof(name), "%s_cpu_us_per_datagram",
	    sealing ? "sealed" : "bare");
	figure_real(name, 1e6 * cpu / (double)sent);
}

int
sealed_floor(unsigned members, unsigned bytes, double seconds)
{
	struct floor f = { .members = members, .bytes = bytes };
	pid_t readers = begin(&f);

	run(&f, false, seconds / 2);
	run(&f, true, seconds / 2);
	kill(readers, SIGKILL);
	waitpid(readers, NULL, 0);
	close(f.fd);
	free(f.to);
	free(f.datagrams);
	free(f.sealed);
	return 0;
}
