/* datagrams.c -- loads a server by datagrams, as fast as it goes
 *
 * SPDX-License-Identifier: MIT
 *
 * What vcrp-bench does by streams: members of a room, of whom some say as much
 * as their window allows. Nothing that was lost is asked for again: it is
 * counted, so that what came is what the server could send. Every number that a
 * member gets is above the one before it, and so is that of each sender. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sodium.h>

#include "figures.h"
#include "must.h"
#include "sealed.h"

#define NS 1000000000ull
#define ROOM "datagrams"

enum { READ_AT_ONCE = 64, STALLED_MS = 1000, LINE = 512 };

struct options {
	unsigned port;
	unsigned members, senders, window, bytes;
	double   time;
	pid_t    pid;
};

struct member {
	struct sealed sealed;
	char     nick[24];
	uint64_t last;		/* number of an event */
	uint64_t lost;		/* numbers that did not come */
	uint64_t said, acked;	/* of its own */
	uint64_t moved;		/* ns: when one came back */
};

struct run {
	const struct options *opt;
	struct member        *members;
	int                   epoll;
	char                 *pad;
	uint64_t              start, deliveries, datagrams, bytes, faults;
	uint64_t              given_up;	/* messages that never came back */
	bool                  speaking;
	/* Of what is received at once. */
	unsigned char         in[READ_AT_ONCE][DATAGRAM_MAX_BYTES];
	struct iovec          parts[READ_AT_ONCE];
	struct mmsghdr        headers[READ_AT_ONCE];
};

__attribute__((format(printf, 2, 3))) static void
fault(struct run *r, const char *format, ...)
{
	va_list args;

	if (++r->faults > 10)
		return;
	va_start(args, format);
	fputs("fault: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
}

/* As many as the window allows, several in a datagram. */
static void
speak(struct run *r, struct member *m)
{
	char lines[DATAGRAM_PLAIN_MAX];
	size_t len = 0;
	int n;

	while (r->speaking && m->said - m->acked < r->opt->window) {
		n = snprintf(lines + len, sizeof(lines) - len,
		    "SAY " ROOM " %" PRIu64 " %.*s\n", m->said + 1,
		    (int)r->opt->bytes - 12, r->pad);
		if (len + (size_t)n >= sizeof(lines)) {
			sealed_send(&m->sealed, lines, len);
			len = 0;
			continue;
		}
		len += (size_t)n;
		m->said++;
	}
	if (len > 0)
		sealed_send(&m->sealed, lines, len);
}

/* "MSG room number time name sequence ...". */
static void
take_message(struct run *r, struct member *m, const char *line)
{
	uint64_t number, sequence;
	char name[32];

	if (sscanf(line, "MSG " ROOM " %" SCNu64 " %*u ~%31s %" SCNu64,
	    &number, name, &sequence) != 3) {
		fault(r, "%s: what is this: %.40s", m->nick, line);
		return;
	}
	if (number <= m->last)
		fault(r, "%s: number %" PRIu64 " after %" PRIu64, m->nick,
		    number, m->last);
	if (m->last != 0)
		m->lost += number - m->last - 1;
	m->last = number;
	r->deliveries++;
	if (strcmp(name, m->nick) == 0 && sequence > m->acked) {
		m->acked = sequence;
		m->moved = now_ns();
	}
}

/* Members that only listen look at the number alone, as sscanf() costs more
 * than all else. */
static void
take_lines(struct run *r, struct member *m, char *lines, size_t len)
{
	const char *at = lines, *end = lines + len, *lf;

	lines[len] = '\0';
	for (; (lf = memchr(at, '\n', (size_t)(end - at))) != NULL;
	    at = lf + 1) {
		const size_t head = strlen("MSG " ROOM " ");
		uint64_t number;

		if (strncmp(at, "MSG ", 4) != 0)
			continue;
		if (m - r->members < (ptrdiff_t)r->opt->senders) {
			take_message(r, m, at);
			continue;
		}
		number = strtoull(at + head, NULL, 10);
		if (number <= m->last)
			fault(r, "%s: number %" PRIu64 " after %" PRIu64,
			    m->nick, number, m->last);
		if (m->last != 0)
			m->lost += number - m->last - 1;
		m->last = number;
		r->deliveries++;
	}
}

static void
receive(struct run *r, struct member *m)
{
	char lines[DATAGRAM_LINE_MAX + 1];
	size_t len;
	bool newest;
	int n;

	n = recvmmsg(m->sealed.fd, r->headers, READ_AT_ONCE, MSG_DONTWAIT,
	    NULL);
	for (int i = 0; i < n; i++) {
		if (!datagram_open(&m->sealed.datagram, r->in[i],
		    r->headers[i].msg_len, lines, &len, &newest)) {
			fault(r, "%s: a datagram does not open", m->nick);
			continue;
		}
		r->datagrams++;
		r->bytes += r->headers[i].msg_len;
		take_lines(r, m, lines, len);
	}
}

static void
turn(struct run *r)
{
	struct epoll_event events[256];
	int n = epoll_wait(r->epoll, events, 256, 10);

	for (int i = 0; i < n; i++)
		receive(r, events[i].data.ptr);
	for (unsigned i = 0; i < r->opt->senders; i++) {
		struct member *m = &r->members[i];

		/* What was lost on the way there is not asked for again. */
		if (m->said > m->acked &&
		    now_ns() - m->moved > STALLED_MS * 1000000ull) {
			r->given_up += m->said - m->acked;
			m->acked = m->said;
			m->moved = now_ns();
		}
		speak(r, m);
	}
}

static void
enter(struct run *r)
{
	for (unsigned i = 0; i < r->opt->members; i++) {
		struct member *m = &r->members[i];
		struct epoll_event event = { .events = EPOLLIN,
			.data.ptr = m };

		snprintf(m->nick, sizeof(m->nick), "load%u", i);
		sealed_open(&m->sealed, r->opt->port, m->nick, ROOM);
		epoll_ctl(r->epoll, EPOLL_CTL_ADD, m->sealed.fd, &event);
	}
}

static void
measure(const struct options *opt, struct use *use_r)
{
	if (opt->pid != 0 && use_read(opt->pid, use_r) != 0)
		fprintf(stderr, "vcrp-datagrams: no process %d\n",
		    (int)opt->pid);
}

static void
print_talk(const struct run *r, double seconds, double cpu, double own)
{
	uint64_t lost = 0;
	double deliveries = (double)r->deliveries;

	for (unsigned i = 0; i < r->opt->members; i++)
		lost += r->members[i].lost;
	figure_real("seconds", seconds);
	figure_int("deliveries", r->deliveries);
	figure_real("deliveries_per_s", deliveries / seconds);
	figure_real("lost_percent", 100.0 * (double)lost /
	    (deliveries + (double)lost));
	figure_int("given_up", r->given_up);
	figure_real("datagrams_per_s", (double)r->datagrams / seconds);
	figure_real("deliveries_per_datagram",
	    deliveries / (double)r->datagrams);
	figure_real("bytes_per_datagram",
	    (double)r->bytes / (double)r->datagrams);
	figure_real("bytes_per_delivery", (double)r->bytes / deliveries);
	figure_real("load_cpu_percent", 100 * own / seconds);
	if (r->opt->pid == 0)
		return;
	figure_real("server_cpu_percent", 100 * cpu / seconds);
	figure_real("server_cpu_us_per_delivery", 1e6 * cpu / deliveries);
	figure_real("server_cpu_us_per_datagram",
	    1e6 * cpu / (double)r->datagrams);
}

static void
talk(struct run *r)
{
	struct use before = { 0 }, after = { 0 };
	double own = own_cpu();
	uint64_t end;

	measure(r->opt, &before);
	r->start = now_ns();
	for (unsigned i = 0; i < r->opt->senders; i++)
		r->members[i].moved = r->start;
	r->speaking = true;
	end = r->start + (uint64_t)(r->opt->time * NS);
	while (now_ns() < end)
		turn(r);
	measure(r->opt, &after);
	print_talk(r, (double)(now_ns() - r->start) / NS,
	    after.cpu - before.cpu, own_cpu() - own);
}

/* The first thousand have what is there once. */
static void
stand(struct run *r, const struct use *begin)
{
	struct use end = { 0 };

	measure(r->opt, &end);
	figure_real("rss_bytes_per_session", 1024.0 *
	    (double)(end.rss - begin->rss) / r->opt->members);
	figure_real("pss_bytes_per_session", 1024.0 *
	    (double)(end.pss - begin->pss) / r->opt->members);
}

static void
prepare(struct run *r)
{
	r->members = must(calloc(r->opt->members, sizeof(*r->members)));
	r->epoll = epoll_create1(EPOLL_CLOEXEC);
	r->pad = must(malloc(r->opt->bytes + 1));
	memset(r->pad, 'x', r->opt->bytes);
	r->pad[r->opt->bytes] = '\0';
	for (int i = 0; i < READ_AT_ONCE; i++) {
		r->parts[i] = (struct iovec){ r->in[i], sizeof(r->in[i]) };
		r->headers[i].msg_hdr.msg_iov = &r->parts[i];
		r->headers[i].msg_hdr.msg_iovlen = 1;
	}
}

static void
finish(struct run *r)
{
	for (unsigned i = 0; i < r->opt->members; i++)
		sealed_close(&r->members[i].sealed);
	close(r->epoll);
	free(r->members);
	free(r->pad);
}

_Noreturn static void
usage(void)
{
	fprintf(stderr,
	    "usage: vcrp-datagrams fanout --port N [--pid N] [--members N] "
	    "[--senders N]\n"
	    "                             [--window N] [--bytes N] "
	    "[--time SECONDS]\n"
	    "       vcrp-datagrams idle --port N --pid N [--members N]\n"
	    "       vcrp-datagrams floor [--members N] [--bytes N] "
	    "[--time SECONDS]\n");
	exit(2);
}

static void
take_options(struct options *opt, int argc, char **argv)
{
	static const struct option names[] = {
		{ "bytes",	required_argument, NULL, 'b' },
		{ "members",	required_argument, NULL, 'm' },
		{ "pid",	required_argument, NULL, 'P' },
		{ "port",	required_argument, NULL, 'p' },
		{ "senders",	required_argument, NULL, 's' },
		{ "time",	required_argument, NULL, 't' },
		{ "window",	required_argument, NULL, 'w' },
		{ NULL,		0,                 NULL, 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (c) {
		case 'b': opt->bytes = (unsigned)atoi(optarg); break;
		case 'm': opt->members = (unsigned)atoi(optarg); break;
		case 'P': opt->pid = (pid_t)atoi(optarg); break;
		case 'p': opt->port = (unsigned)atoi(optarg); break;
		case 's': opt->senders = (unsigned)atoi(optarg); break;
		case 't': opt->time = atof(optarg); break;
		case 'w': opt->window = (unsigned)atoi(optarg); break;
		default: usage();
		}
	}
	if (optind < argc || opt->members == 0 || opt->bytes < 32 ||
	    opt->bytes > DATAGRAM_PLAIN_MAX || opt->senders > opt->members)
		usage();
}

int
main(int argc, char **argv)
{
	static struct run r;
	struct options opt = { .members = 100, .senders = 1, .window = 100,
		.bytes = 128, .time = 10 };
	struct use begin = { 0 };
	const char *mode = argc > 1 ? argv[1] : "";

	if (argc < 2 || sodium_init() < 0)
		usage();
	take_options(&opt, argc - 1, argv + 1);
	if (strcmp(mode, "floor") == 0)
		return sealed_floor(opt.members, opt.bytes, opt.time);
	if (opt.port == 0 || (strcmp(mode, "fanout") != 0 &&
	    strcmp(mode, "idle") != 0))
		usage();
	r.opt = &opt;
	prepare(&r);
	measure(&opt, &begin);
	enter(&r);
	if (strcmp(mode, "idle") == 0)
		stand(&r, &begin);
	else
		talk(&r);
	finish(&r);
	return r.faults > 0;
}
