/* floor.c -- a bare loop of sends, to know what the machine allows at most
 *
 * SPDX-License-Identifier: MIT
 *
 * One thread and one room: lines are numbered, appended to one buffer, and
 * after each turn of epoll every member is sent what is new since its last
 * send. No rights, no limits, no checks; it speaks just enough of VCRP for
 * `vcrp-bench fanout --rooms 1`. What a server delivers is to be read beside
 * what this delivers on the same machine in the same minute. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PEERS_MAX 20000
#define LINE_BYTES 4096
#define STREAM_BYTES (64u << 20)
#define INPUT_BYTES (256u << 10)

struct peer {
	int fd;
	char name[64];
	char rest[LINE_BYTES];
	size_t rest_len;
	size_t at; /* how far into the stream it has been sent */
};

struct floor {
	int epoll, listener;
	char *stream, *input;
	size_t end;
	unsigned long last, time;
	struct peer **members;
	size_t count;
};

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static void
send_new(struct floor *f, struct peer *p)
{
	ssize_t n;

	if (p->at == f->end)
		return;
	n = send(p->fd, f->stream + p->at, f->end - p->at,
	    MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n > 0)
		p->at += n;
}

/* The buffer begins anew when everybody has all of it; who does not read for
 * as long as that takes holds up the others here. */
static void
begin_anew(struct floor *f)
{
	for (size_t i = 0; i < f->count; i++)
		while (f->members[i]->at < f->end)
			send_new(f, f->members[i]);
	for (size_t i = 0; i < f->count; i++)
		f->members[i]->at = 0;
	f->end = 0;
}

static void
leave(struct floor *f, struct peer *p)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->members[i] == p)
			f->members[i--] = f->members[--f->count];
	close(p->fd);
	free(p);
}

static void
reply(struct peer *p, const char *line, int len)
{
	if (send(p->fd, line, len, MSG_NOSIGNAL) != len)
		die("vcrp-floor: reply");
}

static void
say(struct floor *f, struct peer *p, const char *words, size_t len)
{
	const char *text = memchr(words, ' ', len);

	if (text == NULL)
		return;
	f->end += sprintf(f->stream + f->end, "MSG %.*s %lu %lu ~%s ",
	    (int)(text - words), words, ++f->last, f->time, p->name);
	len -= text + 1 - words;
	memcpy(f->stream + f->end, text + 1, len);
	f->end += len;
	f->stream[f->end++] = '\n';
}

static void
take_line(struct floor *f, struct peer *p, const char *line, size_t len)
{
	char out[256];

	if (len > 6 && len < 60 && memcmp(line, "HELLO ", 6) == 0) {
		sprintf(p->name, "%.*s", (int)len - 6, line + 6);
		reply(p, out,
		    sprintf(out,
			"VCRP 1 floor floor/0 guest\n"
			"OK HELLO ~%s\n",
			p->name));
	} else if (len > 5 && len < 100 && memcmp(line, "JOIN ", 5) == 0) {
		p->at = f->end;
		f->members[f->count++] = p;
		reply(p, out,
		    sprintf(out, "OK JOIN %.*s %lu\n", (int)len - 5, line + 5,
			f->last));
	} else if (len > 4 && memcmp(line, "SAY ", 4) == 0) {
		say(f, p, line + 4, len - 4);
	}
}

static void
receive(struct floor *f, struct peer *p)
{
	char *at = f->input, *end, *lf;
	ssize_t n;

	memcpy(f->input, p->rest, p->rest_len);
	n = recv(p->fd, f->input + p->rest_len, INPUT_BYTES - LINE_BYTES,
	    MSG_DONTWAIT);
	if (n <= 0) {
		leave(f, p);
		return;
	}
	end = f->input + p->rest_len + n;
	for (; (lf = memchr(at, '\n', end - at)) != NULL; at = lf + 1)
		take_line(f, p, at, lf - at);
	p->rest_len = (size_t)(end - at) < LINE_BYTES ? end - at : 0;
	memcpy(p->rest, at, p->rest_len);
}

static void
welcome(struct floor *f)
{
	struct epoll_event ev = { .events = EPOLLIN };
	struct peer *p;
	int fd, on = 1;

	while ((fd = accept(f->listener, NULL, NULL)) >= 0) {
		p = calloc(1, sizeof(*p));
		if (p == NULL)
			die("vcrp-floor: calloc");
		p->fd = fd;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		ev.data.ptr = p;
		epoll_ctl(f->epoll, EPOLL_CTL_ADD, fd, &ev);
	}
}

static void
turn(struct floor *f)
{
	struct epoll_event events[512];
	int n = epoll_wait(f->epoll, events, 512, -1);
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	f->time = now.tv_sec * 1000ul + now.tv_nsec / 1000000;
	for (int i = 0; i < n; i++) {
		if (f->end > STREAM_BYTES - 2 * INPUT_BYTES)
			begin_anew(f);
		if (events[i].data.ptr == NULL)
			welcome(f);
		else
			receive(f, events[i].data.ptr);
	}
	for (size_t i = 0; i < f->count; i++)
		send_new(f, f->members[i]);
}

static int
listen_somewhere(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, len) < 0 ||
	    listen(fd, 4096) < 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &len) < 0)
		die("vcrp-floor: listen");
	printf("vcrp-floor: ready on port %u\n", ntohs(at.sin_port));
	fflush(stdout);
	return fd;
}

int
main(void)
{
	struct epoll_event ev = { .events = EPOLLIN };
	struct floor f = { .last = 1000 };

	f.stream = malloc(STREAM_BYTES);
	f.input = malloc(INPUT_BYTES);
	f.members = calloc(PEERS_MAX, sizeof(*f.members));
	f.epoll = epoll_create1(0);
	if (f.stream == NULL || f.input == NULL || f.members == NULL ||
	    f.epoll < 0)
		die("vcrp-floor: start");
	f.listener = listen_somewhere();
	epoll_ctl(f.epoll, EPOLL_CTL_ADD, f.listener, &ev);
	for (;;)
		turn(&f);
}
