/* link.c -- a member's socket: opened, read, written and closed
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/un.h>
#include <unistd.h>

#include "link.h"
#include "member.h"
#include "secure.h"

static void
resolve(const char *host, const char *port, struct sockaddr_storage *to,
    socklen_t *len_r)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST,
		.ai_socktype = SOCK_STREAM },
			*found;
	int err = getaddrinfo(host, port, &hints, &found);

	if (err != 0) {
		fprintf(
		    stderr, "vcrp-bench: %s: %s\n", host, gai_strerror(err));
		exit(2);
	}
	memcpy(to, found->ai_addr, found->ai_addrlen);
	*len_r = found->ai_addrlen;
	freeaddrinfo(found);
}

void
link_resolve(struct load *l)
{
	const struct options *opt = l->opt;
	struct sockaddr_un *un = (struct sockaddr_un *)&l->to;

	if (opt->socket != NULL) {
		if (strlen(opt->socket) >= sizeof(un->sun_path)) {
			fprintf(stderr, "vcrp-bench: path is too long\n");
			exit(2);
		}
		un->sun_family = AF_UNIX;
		strcpy(un->sun_path, opt->socket);
		l->to_len = sizeof(*un);
		return;
	}
	resolve(opt->host, opt->port, &l->to, &l->to_len);
	if (opt->from != NULL)
		resolve(opt->from, "0", &l->from, &l->from_len);
}

static void
watch(struct load *l, struct member *m, int op, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = m };

	if (epoll_ctl(l->epoll, op, m->fd, &ev) < 0) {
		perror("vcrp-bench: epoll_ctl");
		exit(2);
	}
}

/* What to wait for follows from the member's state alone. */
static void
rewatch(struct load *l, struct member *m)
{
	watch(l, m, EPOLL_CTL_MOD,
	    (m->stopped ? 0 : EPOLLIN) | (m->out_len > 0 ? EPOLLOUT : 0));
}

static void
tune(struct load *l, struct member *m)
{
	int on = 1, rcvbuf = l->opt->rcvbuf;

	if (l->to.ss_family != AF_UNIX)
		setsockopt(m->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (m->slow && rcvbuf > 0)
		setsockopt(
		    m->fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf));
	if (l->from_len > 0) {
		setsockopt(m->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on,
		    sizeof(on));
		if (bind(m->fd, (struct sockaddr *)&l->from, l->from_len) < 0)
			perror("vcrp-bench: bind");
	}
}

bool
link_open(struct load *l, struct member *m)
{
	m->begun = now_ns();
	m->fd = socket(
	    l->to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (m->fd < 0) {
		perror("vcrp-bench: socket");
		exit(2);
	}
	tune(l, m);
	if (connect(m->fd, (struct sockaddr *)&l->to, l->to_len) < 0 &&
	    errno != EINPROGRESS) {
		/* A full backlog of a Unix socket is no refusal. */
		bool later = errno == EAGAIN;

		if (!later) {
			load_fault(l, m, "connect: %s", strerror(errno));
			l->refused++;
		}
		close(m->fd);
		m->fd = -1;
		return !later;
	}
	m->state = CONNECTING;
	l->under_way++;
	watch(l, m, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
	return true;
}

static ssize_t
put(const struct member *m, const char *data, size_t len)
{
	if (m->tls != NULL)
		return secure_send(m->tls, data, len);
	return send(m->fd, data, len, MSG_NOSIGNAL);
}

static void
send_kept(struct load *l, struct member *m)
{
	ssize_t n = put(m, m->out + m->out_at, m->out_len - m->out_at);

	if (n < 0)
		return;
	m->out_at += n;
	if (m->out_at < m->out_len)
		return;
	free(m->out);
	m->out = NULL;
	m->out_len = m->out_at = 0;
	rewatch(l, m);
}

void
link_send(struct load *l, struct member *m, const char *data, size_t len)
{
	ssize_t n = 0;

	l->bytes_out += len;
	if (m->out_len == 0)
		n = put(m, data, len);
	/* A connection that is broken is found out when it is read. */
	if (n < 0 && errno != EAGAIN)
		return;
	if (n < 0)
		n = 0;
	if ((size_t)n == len)
		return;
	m->out = must(realloc(m->out, m->out_len + len - n));
	memcpy(m->out + m->out_len, data + n, len - n);
	m->out_len += len - n;
	rewatch(l, m);
}

static void
shake_hands(struct load *l, struct member *m)
{
	bool writing;
	int done = secure_handshake(m->tls, &writing);

	if (done < 0) {
		load_fault(l, m, "TLS handshake: %s", secure_fault());
		link_close(l, m, false);
		return;
	}
	if (done == 0) {
		watch(l, m, EPOLL_CTL_MOD, writing ? EPOLLOUT : EPOLLIN);
		return;
	}
	histogram_add(&l->secured, now_ns() - m->begun);
	m->state = ENTERING;
	rewatch(l, m);
	member_connected(l, m);
}

static void
connected(struct load *l, struct member *m)
{
	int err = 0;
	socklen_t size = sizeof(err);

	getsockopt(m->fd, SOL_SOCKET, SO_ERROR, &err, &size);
	if (err != 0) {
		load_fault(l, m, "connect: %s", strerror(err));
		link_close(l, m, false);
		return;
	}
	if (l->tls != NULL) {
		m->state = SECURING;
		m->tls = secure_begin(l->tls, m->fd);
		shake_hands(l, m);
		return;
	}
	m->state = ENTERING;
	rewatch(l, m);
	member_connected(l, m);
}

/* As many records as there are, up to what is taken at once. What ends it
 * comes back when it is read again. */
static ssize_t
get_secure(struct member *m, char *data)
{
	size_t len = 0;
	ssize_t n;

	do {
		n = secure_recv(m->tls, data + len, INPUT_BYTES - len);
		if (n > 0)
			len += n;
	} while (n > 0 && len < INPUT_BYTES);
	return len > 0 ? (ssize_t)len : n;
}

/* Whether there may be more that epoll does not tell of. */
static bool
receive(struct load *l, struct member *m)
{
	char *input = l->input + INPUT_HEAD;
	ssize_t n = m->tls != NULL ? get_secure(m, input)
				   : recv(m->fd, input, INPUT_BYTES, 0);

	l->now = now_ns();
	if (n > 0) {
		l->bytes_in += n;
		member_take(l, m, input, n);
	} else if (n == 0) {
		link_close(l, m, false);
	} else if (errno != EAGAIN && errno != EINTR) {
		if (!m->bye && !l->ending && m->state == INSIDE)
			load_fault(l, m, "receive: %s", strerror(errno));
		link_close(l, m, false);
	}
	return m->tls != NULL && n == INPUT_BYTES;
}

void
link_event(struct load *l, struct member *m, uint32_t events)
{
	if (m->state == CONNECTING) {
		connected(l, m);
		return;
	}
	if (m->state == SECURING) {
		shake_hands(l, m);
		return;
	}
	if ((events & EPOLLOUT) && m->out_len > 0)
		send_kept(l, m);
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		while (receive(l, m))
			;
}

void
link_read(struct load *l, struct member *m, bool on)
{
	m->stopped = !on;
	if (m->state == INSIDE)
		rewatch(l, m);
}

void
link_close(struct load *l, struct member *m, bool reset)
{
	struct linger hard = { 1, 0 };

	if (m->fd < 0)
		return;
	if (reset)
		setsockopt(m->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	if (m->tls != NULL)
		secure_end(m->tls);
	m->tls = NULL;
	close(m->fd);
	m->fd = -1;
	if (m->state == INSIDE) {
		l->inside--;
		l->gone++;
	} else {
		l->under_way--;
		l->refused++;
	}
	l->last_end = now_ns();
	m->state = GONE;
	m->attached = false;
	free(m->rest);
	free(m->out);
	m->rest = m->out = NULL;
	m->rest_len = m->out_len = m->out_at = 0;
}
