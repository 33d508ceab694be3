/* floor.c -- a bare loop of sends, to know what the machine allows at most
 *
 * SPDX-License-Identifier: MIT
 *
 * One thread and one epoll: what a turn of it brings is read, each line said is
 * numbered and appended to its room's buffer, and then every member of a room
 * that has news is sent what is new to him, by one send. No rights, no limits,
 * no history, no check of what comes; it speaks just enough of VCRP for the
 * load generator, with lines as long as vcrpd's. What a server delivers is to
 * be read beside what this delivers on the same machine in the same minute.
 *
 * A connection is in one room at a time. There is no history: a JOIN that asks
 * for some gets a GAP. Who is far behind when STREAM_MAX is full is thrown out.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <search.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ROOMS_MAX 65536
#define EVENTS_AT_ONCE 16384
#define LINE_BYTES 4096
#define NAME_BYTES 64
#define INPUT_BYTES (256u << 10)
#define STREAM_AT_FIRST 4096u
#define STREAM_MAX (64u << 20)
#define FIRST_NUMBER 1000000000000000 /* of as many digits as vcrpd's */

struct room {
	char *name, *stream;
	size_t size, len;    /* of the stream's memory; of what is in it */
	unsigned long begin; /* the offset of what is first in it */
	unsigned long last;
	struct peer **members;
	unsigned count, places;
	struct room *next; /* of those with news */
	bool news;
};

struct peer {
	struct room *room;
	char *name;
	char *rest;	  /* a begun line */
	unsigned long at; /* up to where in the room it has been sent */
	int fd;
	unsigned place; /* in the room */
	unsigned short rest_len;
	bool torn; /* has part of a line only */
};

struct span {
	const char *at;
	size_t len;
};

struct floor {
	int epoll, listener;
	char *input;
	char *replies; /* to what has been read at once from one peer */
	size_t replies_len;
	char time[24];
	struct room *news;
};

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static void *
must(void *p)
{
	if (p == NULL)
		die("vcrp-floor: memory");
	return p;
}

static void
leave(struct peer *p)
{
	struct room *r = p->room;

	if (r == NULL)
		return;
	r->members[p->place] = r->members[--r->count];
	r->members[p->place]->place = p->place;
	p->room = NULL;
}

/* Its end is then read like any other, in its own turn. */
static void
throw_out(struct peer *p)
{
	leave(p);
	shutdown(p->fd, SHUT_RDWR);
}

static void
send_new(struct room *r, struct peer *p)
{
	ssize_t n = send(p->fd, r->stream + (p->at - r->begin),
	    r->begin + r->len - p->at, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n > 0)
		p->at += n;
	p->torn = p->at < r->begin + r->len;
}

/* Forgets what nobody needs any more. */
static void
trim(struct room *r, unsigned long lowest)
{
	size_t gone = lowest - r->begin;

	if (gone < r->len && gone < r->size / 2)
		return;
	memmove(r->stream, r->stream + gone, r->len - gone);
	r->begin = lowest;
	r->len -= gone;
}

/* Whether all members have everything now. */
static bool
tell(struct room *r)
{
	unsigned long end = r->begin + r->len, lowest = end;

	for (unsigned i = 0; i < r->count; i++) {
		struct peer *p = r->members[i];

		if (p->at < end)
			send_new(r, p);
		if (p->at < lowest)
			lowest = p->at;
	}
	trim(r, lowest);
	return lowest == end;
}

static void
throw_out_laggards(struct room *r)
{
	for (unsigned i = r->count; i-- > 0;)
		if (r->begin + r->len - r->members[i]->at > STREAM_MAX / 4)
			throw_out(r->members[i]);
	tell(r);
}

static void
make_place(struct room *r, size_t len)
{
	if (r->len + len <= r->size)
		return;
	if (r->size >= STREAM_MAX && !tell(r))
		throw_out_laggards(r);
	while (r->size < r->len + len)
		r->size = r->size == 0 ? STREAM_AT_FIRST : r->size * 2;
	r->stream = must(realloc(r->stream, r->size));
}

static void
note(struct floor *f, struct room *r)
{
	if (r->news)
		return;
	r->news = true;
	r->next = f->news;
	f->news = r;
}

static char *
put(char *to, const char *text, size_t len)
{
	memcpy(to, text, len);
	return to + len;
}

static char *
put_number(char *to, unsigned long number)
{
	char digits[20];
	size_t at = sizeof(digits);

	do
		digits[--at] = '0' + number % 10;
	while ((number /= 10) > 0);
	return put(to, digits + at, sizeof(digits) - at);
}

static void
say(struct floor *f, struct peer *p, struct span attrs, struct span line)
{
	const char *words = line.at + 4;
	size_t len = line.len - 4;
	const char *text = memchr(words, ' ', len);
	struct room *r = p->room;
	char *to;

	if (text == NULL || r == NULL)
		return;
	make_place(r, attrs.len + len + 128 + NAME_BYTES);
	to = put(r->stream + r->len, attrs.at, attrs.len);
	to = put(to, "MSG ", 4);
	to = put(to, words, text + 1 - words);
	to = put_number(to, ++r->last);
	to = put(to, f->time, strlen(f->time));
	to = put(to, p->name, strlen(p->name));
	to = put(to, text, words + len - text);
	*to++ = '\n';
	r->len = to - r->stream;
	note(f, r);
}

__attribute__((format(printf, 2, 3))) static void
reply(struct floor *f, const char *fmt, ...)
{
	va_list ap;

	if (f->replies_len + 512 > INPUT_BYTES)
		return;
	va_start(ap, fmt);
	f->replies_len += vsnprintf(f->replies + f->replies_len, 512, fmt, ap);
	va_end(ap);
}

static struct room *
find_room(const char *name)
{
	struct room *r;
	ENTRY *found = hsearch((ENTRY){ .key = (char *)name }, FIND);

	if (found != NULL)
		return found->data;
	r = must(calloc(1, sizeof(*r)));
	r->name = must(strdup(name));
	r->last = FIRST_NUMBER;
	must(hsearch((ENTRY){ .key = r->name, .data = r }, ENTER));
	return r;
}

static void
join(struct floor *f, struct peer *p, const char *words, size_t len)
{
	const char *blank = memchr(words, ' ', len);
	unsigned long after = -1;
	char name[NAME_BYTES];
	struct room *r;

	if (blank != NULL)
		after = strtoul(blank, NULL, 10);
	snprintf(name, sizeof(name), "%.*s",
	    (int)(blank != NULL ? blank - words : (long)len), words);
	leave(p);
	r = p->room = find_room(name);
	if (r->count == r->places) {
		r->places = r->places == 0 ? 4 : r->places * 2;
		r->members =
		    must(realloc(r->members, r->places * sizeof(*r->members)));
	}
	p->place = r->count;
	p->at = r->begin + r->len;
	r->members[r->count++] = p;
	reply(f, "ROOM %s %lu %u\nOK JOIN %s %lu\n", name, r->last, r->count,
	    name, r->last);
	if (after < r->last)
		reply(f, "GAP %s %lu %lu\n", name, after + 1, r->last);
}

static void
login(struct floor *f, struct peer *p, const char *nick, size_t len)
{
	free(p->name);
	p->name = must(strndup(nick, len < NAME_BYTES ? len : NAME_BYTES));
	reply(f, "VCRP 1 floor floor/0 guest\nOK HELLO ~%s\n", p->name);
}

static bool
is(struct span line, const char *verb)
{
	size_t len = strlen(verb);

	return line.len >= len && memcmp(line.at, verb, len) == 0;
}

static void
take_line(struct floor *f, struct peer *p, struct span line)
{
	struct span attrs = { line.at, 0 };
	const char *blank;

	if (is(line, "@") && (blank = memchr(line.at, ' ', line.len)) != NULL) {
		attrs.len = blank + 1 - line.at;
		line = (struct span){ blank + 1, line.len - attrs.len };
	}
	if (is(line, "SAY "))
		say(f, p, attrs, line);
	else if (is(line, "HELLO "))
		login(f, p, line.at + 6, line.len - 6);
	else if (p->name == NULL)
		reply(f, "ERR need-login\n");
	else if (is(line, "JOIN "))
		join(f, p, line.at + 5, line.len - 5);
	else if (is(line, "PING"))
		reply(f, "PONG\n");
	else if (is(line, "LEAVE ")) {
		leave(p);
		reply(f, "OK LEAVE %.*s\n",
		    (int)(line.len < 70 ? line.len - 6 : 64), line.at + 6);
	}
}

/* What has been answered goes out at once, and whole: who has part of a line,
 * or takes no answers, is no use here. */
static void
answer(struct floor *f, struct peer *p)
{
	size_t len = f->replies_len;

	f->replies_len = 0;
	if (len > 0 &&
	    (p->torn ||
		send(p->fd, f->replies, len, MSG_NOSIGNAL | MSG_DONTWAIT) !=
		    (ssize_t)len))
		throw_out(p);
}

static void
end(struct peer *p)
{
	leave(p);
	close(p->fd);
	free(p->name);
	free(p->rest);
	free(p);
}

static void
keep(struct peer *p, const char *rest, size_t len)
{
	free(p->rest);
	p->rest = NULL;
	p->rest_len = len < LINE_BYTES ? len : 0;
	if (p->rest_len > 0)
		p->rest = memcpy(must(malloc(p->rest_len)), rest, p->rest_len);
}

static void
receive(struct floor *f, struct peer *p)
{
	char *at = f->input, *end_at, *lf;
	ssize_t n;

	n = recv(
	    p->fd, at + p->rest_len, INPUT_BYTES - p->rest_len, MSG_DONTWAIT);
	if (n <= 0) {
		end(p);
		return;
	}
	if (p->rest_len > 0)
		memcpy(at, p->rest, p->rest_len);
	end_at = at + p->rest_len + n;
	for (; (lf = memchr(at, '\n', end_at - at)) != NULL; at = lf + 1)
		take_line(f, p, (struct span){ at, lf - at });
	keep(p, at, end_at - at);
	answer(f, p);
}

static void
welcome(struct floor *f)
{
	struct epoll_event ev = { .events = EPOLLIN };
	struct peer *p;
	int fd, on = 1;

	while ((fd = accept(f->listener, NULL, NULL)) >= 0) {
		p = must(calloc(1, sizeof(*p)));
		p->fd = fd;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		ev.data.ptr = p;
		epoll_ctl(f->epoll, EPOLL_CTL_ADD, fd, &ev);
	}
}

/* A room with somebody whose socket is full has news until that is not. */
static void
tell_all(struct floor *f)
{
	struct room *r = f->news, *next;

	f->news = NULL;
	for (; r != NULL; r = next) {
		next = r->next;
		r->news = false;
		if (!tell(r))
			note(f, r);
	}
}

static void
turn(struct floor *f)
{
	static struct epoll_event events[EVENTS_AT_ONCE];
	int n = epoll_wait(
	    f->epoll, events, EVENTS_AT_ONCE, f->news != NULL ? 1 : -1);
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(f->time, sizeof(f->time), " %lu ~",
	    now.tv_sec * 1000ul + now.tv_nsec / 1000000);
	for (int i = 0; i < n; i++) {
		if (events[i].data.ptr == NULL)
			welcome(f);
		else
			receive(f, events[i].data.ptr);
	}
	tell_all(f);
}

static int
listen_at(unsigned port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons(port) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&at, len) < 0 || listen(fd, 4096) < 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &len) < 0)
		die("vcrp-floor: listen");
	printf("vcrp-floor: ready on port %u\n", ntohs(at.sin_port));
	fflush(stdout);
	return fd;
}

static unsigned
port_of(int argc, char **argv)
{
	unsigned long port;
	char *end_at;

	if (argc == 1)
		return 0;
	if (argc != 3 || strcmp(argv[1], "--port") != 0) {
		fprintf(stderr, "Usage: vcrp-floor [--port N]\n");
		exit(2);
	}
	port = strtoul(argv[2], &end_at, 10);
	if (*argv[2] == '\0' || *end_at != '\0' || port > 65535) {
		fprintf(stderr, "vcrp-floor: no port: %s\n", argv[2]);
		exit(2);
	}
	return port;
}

int
main(int argc, char **argv)
{
	struct epoll_event ev = { .events = EPOLLIN };
	struct floor f = { .listener = listen_at(port_of(argc, argv)) };

	f.input = must(malloc(INPUT_BYTES));
	f.replies = must(malloc(INPUT_BYTES));
	f.epoll = epoll_create1(0);
	if (f.epoll < 0 || hcreate(ROOMS_MAX) == 0)
		die("vcrp-floor: start");
	epoll_ctl(f.epoll, EPOLL_CTL_ADD, f.listener, &ev);
	for (;;)
		turn(&f);
}
