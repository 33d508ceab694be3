/* together.c -- people who talk by libvcrp: how long each waits, and for what
 *
 * SPDX-License-Identifier: MIT
 *
 * Where vcrp-bench speaks the protocol by itself, this one is a program like
 * any other on the library: so what is measured is what a person would wait,
 * repeated, resumed and put in order as the library does it, by a stream or by
 * datagrams, over a link that may lose what it likes. What is said has to be
 * with each member exactly once and in order; signals may be lost, and come
 * once. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "figures.h"
#include "must.h"
#include "vcrp.h"

#define NS 1000000000ull

enum { FAULTS_SHOWN = 10 };

struct options {
	const char *server;
	const char *fingerprint;	/* of the server's; or NULL */
	const char *room;
	unsigned    members;
	unsigned    senders;	/* the first members */
	unsigned    bytes;	/* of a text */
	uint64_t    count;	/* messages of a sender */
	double      rate;	/* a second of a sender */
	double      patience;	/* seconds for all to be over */
	bool        udp;
	bool        hold;	/* for a line of standard input, when all
				 * are inside */
	bool        signal;
};

struct member {
	struct vcrp *v;
	uint64_t    *seen;	/* of each sender: the last one */
	uint64_t     last;	/* number of an event */
	uint64_t     said;
	bool         inside;
};

struct together {
	const struct options *opt;
	struct member        *members;
	struct pollfd        *fds;
	char                 *pad;
	struct histogram      delays;
	uint64_t              start;
	uint64_t              deliveries, twice, downs;
	uint64_t              faults;
	unsigned              inside;
};

__attribute__((format(printf, 3, 4))) static void
fault(struct together *t, unsigned member, const char *format, ...)
{
	va_list args;

	if (++t->faults > FAULTS_SHOWN)
		return;
	fprintf(stderr, "fault: member %u: ", member);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

/* "sender sequence nanoseconds xxx". */
static void
take_text(struct together *t, unsigned i, const struct vcrp_event *event)
{
	struct member *m = &t->members[i];
	uint64_t sequence, when;
	unsigned sender;

	if (sscanf(event->text, "%u %" SCNu64 " %" SCNu64, &sender, &sequence,
	    &when) != 3 || sender >= t->opt->senders) {
		fault(t, i, "what is this: %s", event->line);
		return;
	}
	if (t->opt->signal && sequence <= m->seen[sender])
		t->twice++;
	else if (!t->opt->signal && sequence != m->seen[sender] + 1)
		fault(t, i, "message %" PRIu64 " of %u after %" PRIu64,
		    sequence, sender, m->seen[sender]);
	if (event->number != 0 && event->number <= m->last)
		fault(t, i, "number %" PRIu64 " after %" PRIu64, event->number,
		    m->last);
	m->last = event->number;
	m->seen[sender] = sequence;
	t->deliveries++;
	histogram_add(&t->delays, now_ns() - when);
}

static void
take_line(struct together *t, unsigned i, const struct vcrp_event *event)
{
	struct member *m = &t->members[i];
	const char *verb = event->verb;

	if (strcmp(verb, "MSG") == 0 || strcmp(verb, "SIGNAL") == 0) {
		take_text(t, i, event);
	} else if (strcmp(verb, "ERR") == 0) {
		fault(t, i, "%s", event->line);
	} else if (strcmp(verb, "OK") == 0 && event->count > 0 && !m->inside &&
	    strcmp(event->words[0], "JOIN") == 0) {
		m->inside = true;
		t->inside++;
	}
}

static void
take(struct together *t, unsigned i, const struct vcrp_event *event)
{
	switch (event->kind) {
	case VCRP_LINE:
		take_line(t, i, event);
		break;
	case VCRP_DOWN:
		t->downs++;
		break;
	case VCRP_DEFECT:
	case VCRP_LOST:
	case VCRP_END:
		fault(t, i, "%s", event->text != NULL ? event->text : "end");
		break;
	case VCRP_UP:
		break;
	}
}

/* Waits for what happens, until then at the latest. */
static void
turn(struct together *t, uint64_t until)
{
	uint64_t now = now_ns();
	int wait = until <= now ? 0 : (int)((until - now) / 1000000) + 1;
	struct vcrp_event event;

	for (unsigned i = 0; i < t->opt->members; i++) {
		const struct vcrp *v = t->members[i].v;
		int own = vcrp_timeout(v);

		t->fds[i] = (struct pollfd){ vcrp_fd(v), vcrp_events(v), 0 };
		if (own >= 0 && own < wait)
			wait = own;
	}
	if (poll(t->fds, t->opt->members, wait) < 0 && errno != EINTR)
		perror("vcrp-together: poll");
	for (unsigned i = 0; i < t->opt->members; i++) {
		vcrp_step(t->members[i].v);
		while (vcrp_next(t->members[i].v, &event))
			take(t, i, &event);
	}
}

static void
enter(struct together *t)
{
	const struct options *opt = t->opt;
	uint64_t end = now_ns() + (uint64_t)(opt->patience * NS);
	char nick[32];
	const char *why;

	for (unsigned i = 0; i < opt->members; i++) {
		struct vcrp_options login = { .server = opt->server,
			.nick = nick, .fingerprint = opt->fingerprint,
			.udp = opt->udp };

		snprintf(nick, sizeof(nick), "%s-%u", opt->room, i);
		t->members[i].seen = must(calloc(opt->senders,
		    sizeof(uint64_t)));
		t->members[i].v = vcrp_new(&login, &why);
		if (t->members[i].v == NULL) {
			fprintf(stderr, "vcrp-together: %s: %s\n",
			    opt->server, why);
			exit(2);
		}
		vcrp_join(t->members[i].v, opt->room, 0);
	}
	while (t->inside < opt->members && now_ns() < end)
		turn(t, now_ns() + NS / 10);
}

/* The people stay awake meanwhile. */
static void
hold(struct together *t)
{
	struct pollfd p = { STDIN_FILENO, POLLIN, 0 };

	while (poll(&p, 1, 0) == 0)
		turn(t, now_ns() + NS / 100);
}

static uint64_t
due(const struct together *t, unsigned i)
{
	const struct options *opt = t->opt;

	/* Senders are evenly spread, so that none waits for another. */
	return t->start + (uint64_t)(NS / opt->rate *
	    ((double)t->members[i].said + (double)i / opt->senders));
}

static void
say(struct together *t, unsigned i)
{
	const struct options *opt = t->opt;
	struct member *m = &t->members[i];
	char text[VCRP_TEXT_MAX + 1];
	int64_t result;
	int head;

	head = snprintf(text, sizeof(text), "%u %" PRIu64 " %" PRIu64 " ", i,
	    ++m->said, now_ns());
	if ((unsigned)head < opt->bytes)
		snprintf(text + head, sizeof(text) - (size_t)head, "%.*s",
		    (int)opt->bytes - head, t->pad);
	result = opt->signal ? vcrp_signal(m->v, opt->room, text) :
	    vcrp_say(m->v, opt->room, text);
	if (result < 0 && !opt->signal)
		fault(t, i, "cannot say: %s", strerror((int)-result));
}

/* Says what is due; gives when the next is, UINT64_MAX for never. */
static uint64_t
speak(struct together *t)
{
	uint64_t next = UINT64_MAX;

	for (unsigned i = 0; i < t->opt->senders; i++) {
		while (t->members[i].said < t->opt->count &&
		    due(t, i) <= now_ns())
			say(t, i);
		if (t->members[i].said < t->opt->count && due(t, i) < next)
			next = due(t, i);
	}
	return next;
}

static bool
all_there(const struct together *t)
{
	const struct options *opt = t->opt;

	return t->deliveries == opt->count * opt->senders * opt->members;
}

/* Signals have another second. */
static void
talk(struct together *t)
{
	uint64_t end, over = 0, next;

	t->start = now_ns() + NS / 10;
	end = t->start + (uint64_t)(t->opt->patience * NS);
	while (now_ns() < end && !(over != 0 && (all_there(t) ||
	    (t->opt->signal && now_ns() > over + NS)))) {
		next = speak(t);
		if (next == UINT64_MAX && over == 0)
			over = now_ns();
		turn(t, next < now_ns() + NS / 10 ? next : now_ns() + NS / 10);
	}
}

static void
check(struct together *t)
{
	const struct options *opt = t->opt;

	if (t->twice > 0)
		fault(t, 0, "%" PRIu64 " signals came late or twice", t->twice);
	for (unsigned i = 0; i < opt->members && !opt->signal; i++)
		for (unsigned s = 0; s < opt->senders; s++)
			if (t->members[i].seen[s] != opt->count)
				fault(t, i, "has %" PRIu64 " of %u, not %"
				    PRIu64, t->members[i].seen[s], s,
				    opt->count);
}

static void
print(const struct together *t)
{
	const struct histogram *h = &t->delays;

	figure_int("inside", t->inside);
	figure_int("deliveries", t->deliveries);
	figure_real("delivered_percent", 100.0 * (double)t->deliveries /
	    (double)(t->opt->count * t->opt->senders * t->opt->members));
	figure_real("delay_p50_ms", (double)histogram_quantile(h, 0.5) / 1e6);
	figure_real("delay_p95_ms", (double)histogram_quantile(h, 0.95) / 1e6);
	figure_real("delay_p99_ms", (double)histogram_quantile(h, 0.99) / 1e6);
	figure_real("delay_max_ms", (double)h->max / 1e6);
	figure_int("interruptions", t->downs);
	figure_int("faults", t->faults);
}

_Noreturn static void
usage(void)
{
	fprintf(stderr, "usage: vcrp-together [--udp] [--signal] [--room NAME] "
	    "[--members N] [--senders N]\n"
	    "       [--count MESSAGES] [--rate A-SECOND] [--bytes N] "
	    "[--patience SECONDS]\n"
	    "       [--hold] [--fingerprint sha256:HEX] SERVER\n");
	exit(2);
}

static void
take_options(struct options *opt, int argc, char **argv)
{
	static const struct option names[] = {
		{ "bytes",	required_argument, NULL, 'b' },
		{ "count",	required_argument, NULL, 'c' },
		{ "fingerprint", required_argument, NULL, 'f' },
		{ "hold",	no_argument,       NULL, 'h' },
		{ "members",	required_argument, NULL, 'm' },
		{ "patience",	required_argument, NULL, 'p' },
		{ "rate",	required_argument, NULL, 'r' },
		{ "room",	required_argument, NULL, 'R' },
		{ "senders",	required_argument, NULL, 's' },
		{ "signal",	no_argument,       NULL, 'S' },
		{ "udp",	no_argument,       NULL, 'u' },
		{ NULL,		0,                 NULL, 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (c) {
		case 'b': opt->bytes = (unsigned)atoi(optarg); break;
		case 'c': opt->count = strtoull(optarg, NULL, 10); break;
		case 'f': opt->fingerprint = optarg; break;
		case 'h': opt->hold = true; break;
		case 'm': opt->members = (unsigned)atoi(optarg); break;
		case 'p': opt->patience = atof(optarg); break;
		case 'r': opt->rate = atof(optarg); break;
		case 'R': opt->room = optarg; break;
		case 's': opt->senders = (unsigned)atoi(optarg); break;
		case 'S': opt->signal = true; break;
		case 'u': opt->udp = true; break;
		default: usage();
		}
	}
	if (optind != argc - 1 || opt->members == 0 || opt->senders == 0 ||
	    opt->senders > opt->members || opt->count == 0 ||
	    opt->rate <= 0 || opt->bytes > VCRP_TEXT_MAX)
		usage();
	opt->server = argv[optind];
}

int
main(int argc, char **argv)
{
	struct options opt = { .room = "together", .members = 20, .senders = 5,
		.bytes = 64, .count = 30, .rate = 1, .patience = 120 };
	struct together t = { .opt = &opt };
	double entering;

	take_options(&opt, argc, argv);
	signal(SIGPIPE, SIG_IGN);
	t.members = must(calloc(opt.members, sizeof(*t.members)));
	t.fds = must(calloc(opt.members, sizeof(*t.fds)));
	t.pad = must(malloc(VCRP_TEXT_MAX + 1));
	memset(t.pad, 'x', VCRP_TEXT_MAX);
	t.pad[VCRP_TEXT_MAX] = '\0';
	entering = (double)now_ns() / NS;
	enter(&t);
	entering = (double)now_ns() / NS - entering;
	figure_real("entering_seconds", entering);
	fflush(stdout);
	if (opt.hold)
		hold(&t);
	if (t.inside < opt.members)
		fault(&t, 0, "%u of %u are inside", t.inside, opt.members);
	else
		talk(&t);
	if (t.inside == opt.members)
		check(&t);
	print(&t);
	for (unsigned i = 0; i < opt.members; i++) {
		vcrp_quit(t.members[i].v);
		vcrp_step(t.members[i].v);
		vcrp_free(&t.members[i].v);
		free(t.members[i].seen);
	}
	free(t.members);
	free(t.fds);
	free(t.pad);
	return t.faults > 0;
}
