/* probe_udp.c -- what a port says by UDP
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/probe.h"

enum {
	ADDRESSES_MAX = 8,
	ASKED_MAX = 3,
	ASK_EACH_US = 500000,
	PATIENCE_US = 2000000	/* silence is the common answer */
};

struct asked {
	struct probe    *probe;
	int              rounds;	/* an answer to any of them counts */
	struct question  questions[ASKED_MAX];
	bool             refused;
	int              count;
	struct pollfd    items[ADDRESSES_MAX];	/* -1: nothing is there */
	const struct addrinfo *at[ADDRESSES_MAX];
};

static void
open_all(struct asked *asked)
{
	const struct addrinfo *at;
	int fd;

	for (at = asked->probe->addresses; at != NULL &&
	    asked->count < ADDRESSES_MAX; at = at->ai_next) {
		fd = socket(at->ai_family, SOCK_DGRAM | SOCK_CLOEXEC |
		    SOCK_NONBLOCK, 0);
		if (fd < 0)
			continue;
		if (connect(fd, at->ai_addr, at->ai_addrlen) != 0) {
			close(fd);
			continue;
		}
		asked->at[asked->count] = at;
		asked->items[asked->count++] = (struct pollfd){ .fd = fd,
			.events = POLLIN };
	}
}

/* A connected socket is told that nothing has the port. */
static void
give_up(struct asked *asked, int i)
{
	if (errno == ECONNREFUSED)
		asked->refused = true;
	close(asked->items[i].fd);
	asked->items[i].fd = -1;
}

static bool
ask(struct asked *asked)
{
	struct question *question = &asked->questions[asked->rounds];
	int i;

	if (!question_init(question))
		return false;
	asked->rounds++;
	question->asked = client_now_us();
	for (i = 0; i < asked->count; i++)
		if (asked->items[i].fd >= 0 && send(asked->items[i].fd,
		    question->bytes, sizeof(question->bytes), 0) < 0 &&
		    errno != EAGAIN)
			give_up(asked, i);
	return true;
}

static void
take(struct asked *asked, int i)
{
	struct probe_udp *udp = &asked->probe->udp;
	char bytes[2048];
	ssize_t n = recv(asked->items[i].fd, bytes, sizeof(bytes), 0);
	int round;

	if (n < 0) {
		if (errno != EAGAIN)
			give_up(asked, i);
		return;
	}
	for (round = 0; round < asked->rounds && !udp->answered; round++) {
		if (!question_is_answered(&asked->questions[round], bytes,
		    (size_t)n, &udp->finding))
			continue;
		udp->answered = true;
		udp->answer = client_now_us() - asked->questions[round].asked;
		client_address(asked->at[i]->ai_addr,
		    asked->at[i]->ai_addrlen, udp->address);
	}
}

static bool
is_hopeless(const struct asked *asked)
{
	int i;

	for (i = 0; i < asked->count; i++)
		if (asked->items[i].fd >= 0)
			return false;
	return true;
}

static void
wait_until(struct asked *asked, int64_t until)
{
	int64_t left;
	int i;

	while (!asked->probe->udp.answered && !is_hopeless(asked)) {
		left = until - client_now_us();
		if (left <= 0)
			return;
		poll(asked->items, (nfds_t)asked->count,
		    (int)(left / 1000) + 1);
		for (i = 0; i < asked->count; i++)
			if (asked->items[i].fd >= 0 &&
			    asked->items[i].revents != 0)
				take(asked, i);
	}
}

void *
probe_udp(void *arg)
{
	struct asked asked = { .probe = arg };
	struct probe_udp *udp = &asked.probe->udp;
	int64_t until = client_now_us() + PATIENCE_US, next;
	int i;

	if (until > asked.probe->deadline)
		until = asked.probe->deadline;
	open_all(&asked);
	while (asked.rounds < ASKED_MAX && !udp->answered && ask(&asked)) {
		next = client_now_us() + ASK_EACH_US;
		wait_until(&asked, next < until && asked.rounds < ASKED_MAX ?
		    next : until);
	}
	udp->unreachable = asked.refused && is_hopeless(&asked);
	for (i = 0; i < asked.count; i++)
		if (asked.items[i].fd >= 0)
			close(asked.items[i].fd);
	return NULL;
}
