/* vcrp-bench.c -- loads a chat server and checks what it delivers
 *
 * SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "modes.h"
#include "protocol.h"

static const struct mode modes[] = {
	{ "fanout", talk_run,
	    { .rooms = 1,
		.members = 100,
		.senders = 1,
		.window = 100,
		.time = 10 },
	    "senders speak as fast as their windows allow" },
	{ "volano", talk_run,
	    { .rooms = 50,
		.members = 20,
		.senders = 20,
		.window = 1,
		.time = 10 },
	    "fanout in many rooms in which everybody speaks" },
	{ "latency", talk_run,
	    { .rooms = 1,
		.members = 100,
		.senders = 1,
		.rate = 100,
		.sample = 1,
		.time = 10 },
	    "senders speak at a fixed rate, whatever comes back" },
	{ "slow", talk_run,
	    { .rooms = 1,
		.members = 100,
		.senders = 1,
		.stop = 1,
		.stop_after = 3,
		.resume_after = 7,
		.time = 10 },
	    "fanout in which some stop reading and read again later" },
	{ "chat", talk_run,
	    { .rooms = 100,
		.members = 20,
		.senders = 20,
		.rate = 1,
		.sample = 1,
		.time = 60 },
	    "everybody speaks at a moderate pace" },
	{ "mixed", mixed_run,
	    { .rooms = 100,
		.members = 2000,
		.window = 16,
		.share = 0.1,
		.exponent = 1,
		.time = 10 },
	    "rooms by a power law: few large, many small" },
	{ "churn", churn_run,
	    { .rooms = 1,
		.members = 100,
		.senders = 1,
		.rate = 100,
		.window = 1024,
		.churn = 1000,
		.pool = 200,
		.time = 5 },
	    "some are cut and resume all the time, beside a chat" },
	{ "returns", returns_run,
	    { .rooms = 50,
		.members = 100,
		.senders = 1,
		.rate = 10,
		.count = 20 },
	    "all are cut at once, and resume what was said meanwhile" },
	{ "storm", storm_run, { .rooms = 100, .members = 100, .rounds = 1 },
	    "all connect, log in and enter; with --reset, again and again" },
	{ "idle", idle_run, { .rooms = 250, .members = 20, .time = 3600 },
	    "all enter and keep still until a line comes on standard input" },
};

#define MODES (sizeof(modes) / sizeof(modes[0]))

enum { TEXT, COUNT, REAL, SWITCH, LONG };

/* One row an option; `at` is its place in struct options. */
static const struct row {
	const char *name;
	int kind;
	size_t at;
	const char *unit, *help;
} rows[] = {
#define ROW(name, kind, field, unit, help)                                     \
	{                                                                      \
		name, kind, offsetof(struct options, field), unit, help        \
	}
	ROW("protocol", TEXT, protocol, "NAME",
	    "vcrp, irc, nats, redis or mqtt (vcrp)"),
	ROW("host", TEXT, host, "ADDRESS", "the server (127.0.0.1)"),
	ROW("port", TEXT, port, "N", "its port (the protocol's own)"),
	ROW("socket", TEXT, socket, "PATH", "its Unix socket, in place of TCP"),
	ROW("from", TEXT, from, "ADDRESS", "the address to connect from"),
	ROW("pid", COUNT, pid, "PID", "measure this process too"),
	ROW("room", TEXT, room, "NAME", "how rooms' names begin (load)"),
	ROW("nick", TEXT, nick, "NAME", "how nicks begin (by process)"),
	ROW("tls", SWITCH, tls, "", "speak TLS; no certificate is verified"),
	ROW("user", TEXT, user, "NAME",
	    "log in to this account, by SCRAM, with --tls by its -PLUS"),
	ROW("users", TEXT, users, "NAME",
	    "log in to NAME0, NAME1 and so on, one each"),
	ROW("password", TEXT, secret, "TEXT", "of all these accounts"),
	ROW("rooms", COUNT, rooms, "R", "rooms; 0: enter none"),
	ROW("members", COUNT, members, "M",
	    "members of each room (or of none); mixed: of all together"),
	ROW("senders", COUNT, senders, "S", "of these, how many speak"),
	ROW("churn", REAL, churn, "N", "reconnects a second (1000)"),
	ROW("pool", COUNT, pool, "P",
	    "churn: further members, who are cut and come back (200)"),
	ROW("churn-rooms", COUNT, churn_rooms, "R",
	    "churn: these are in so many rooms of their own"),
	ROW("keys", SWITCH, keys, "", "log in with keys, so names are stored"),
	ROW("leave", SWITCH, leave, "",
	    "churn: they leave and join, and keep their connections"),
	ROW("share", REAL, share, "F",
	    "mixed: the share of a room's members that speak (0.1)"),
	ROW("exponent", REAL, exponent, "X",
	    "mixed: the i-th room has 1/i^X of the largest's members (1)"),
	ROW("bytes", COUNT, bytes, "B", "of a text, 32 to 3072 (128)"),
	ROW("window", COUNT, window, "W",
	    "messages of a sender that have not come back (64)"),
	ROW("rate", REAL, rate, "N",
	    "messages a second of each sender; 0: no pause"),
	ROW("time", REAL, time, "S", "seconds to speak or to keep still"),
	ROW("count", LONG, count, "N", "messages of each sender, then end"),
	ROW("sample", COUNT, sample, "N", "time one message in N"),
	ROW("ids", SWITCH, ids, "", "give each message an id"),
	ROW("stop", COUNT, stop, "X", "members of each room that stop reading"),
	ROW("stop-after", REAL, stop_after, "S", "when they stop"),
	ROW("resume-after", REAL, resume_after, "S",
	    "when they read again; over --time: at the end; -1: never"),
	ROW("rcvbuf", COUNT, rcvbuf, "BYTES", "their sockets' receive buffer"),
	ROW("at-once", COUNT, at_once, "K", "logins under way (200)"),
	ROW("rounds", COUNT, rounds, "N", "how often a storm comes"),
	ROW("reset", SWITCH, reset, "", "end connections by RST (storm, churn)"),
	ROW("patience", REAL, patience, "S",
	    "seconds without progress before giving up (10)"),
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static void
usage(FILE *to)
{
	fprintf(to, "Usage: vcrp-bench MODE [--OPTION VALUE]...\n\nModes:\n");
	for (size_t i = 0; i < MODES; i++)
		fprintf(to, "  %-8s %s\n", modes[i].name, modes[i].help);
	fprintf(to, "\nOptions:\n");
	for (size_t i = 0; i < ROWS; i++)
		fprintf(to, "  --%s %s%*s%s\n", rows[i].name, rows[i].unit,
		    (int)(22 - strlen(rows[i].name) - strlen(rows[i].unit)), "",
		    rows[i].help);
	fprintf(to,
	    "\nEach figure is printed on a line of its own. Exit status"
	    ": 0 all promises kept,\n1 one was broken, 2 could not run."
	    "\n");
}

static void
set(struct options *opt, const struct row *row, const char *value)
{
	void *at = (char *)opt + row->at;
	char *end = NULL;

	switch (row->kind) {
	case TEXT:
		*(const char **)at = value;
		break;
	case COUNT:
		*(unsigned *)at = strtoul(value, &end, 10);
		break;
	case LONG:
		*(uint64_t *)at = strtoull(value, &end, 10);
		break;
	case REAL:
		*(double *)at = strtod(value, &end);
		break;
	case SWITCH:
		*(bool *)at = true;
		break;
	}
	if (end != NULL && *end != '\0') {
		fprintf(stderr, "vcrp-bench: --%s: not a number: %s\n",
		    row->name, value);
		exit(2);
	}
}

static void
parse(struct options *opt, int argc, char **argv)
{
	struct option longs[ROWS + 2] = { { "help", no_argument, NULL, 0 } };
	int which;

	for (size_t i = 0; i < ROWS; i++)
		longs[i + 1] = (struct option){ rows[i].name,
			rows[i].kind == SWITCH ? no_argument
					       : required_argument,
			NULL, 0 };
	while (getopt_long(argc, argv, "", longs, &which) == 0) {
		if (which == 0) {
			usage(stdout);
			exit(0);
		}
		set(opt, &rows[which - 1], optarg);
	}
	if (optind != argc) {
		usage(stderr);
		exit(2);
	}
}

static void
refuse(const char *why)
{
	fprintf(stderr, "vcrp-bench: %s\n", why);
	exit(2);
}

static void
check_accounts(const struct options *opt)
{
	const char *name = opt->user != NULL ? opt->user : opt->users;

	if (opt->tls && opt->socket != NULL)
		refuse("--tls is not for a Unix socket");
	if (opt->tls && strcmp(opt->protocol, "nats") == 0)
		refuse("--tls is not for --protocol nats, which begins without"
		       " it");
	if ((name != NULL) != (opt->secret != NULL))
		refuse("--user or --users, and --password go together");
	if (name == NULL)
		return;
	if (opt->user != NULL && opt->users != NULL)
		refuse("--user or --users, not both");
	if (opt->keys)
		refuse("--keys is for guests, not for --user and --users");
	if (strlen(name) > 20 || strpbrk(name, ",=") != NULL)
		refuse("--user and --users have at most 20 bytes, and no comma"
		       " or equals sign");
}

static void
check_protocol(const struct options *opt)
{
	const struct protocol *p = protocol_find(opt->protocol);

	if (p == NULL)
		refuse("--protocol is vcrp, irc, nats, redis or mqtt");
	if (opt->bytes < 32 || opt->bytes > p->bytes_max) {
		fprintf(stderr, "vcrp-bench: --bytes is 32 to %u with %s\n",
		    p->bytes_max, p->name);
		exit(2);
	}
	if (strlen(opt->nick) > p->nick_max) {
		fprintf(stderr,
		    "vcrp-bench: --nick has at most %u bytes with"
		    " %s\n",
		    p->nick_max, p->name);
		exit(2);
	}
	if (p == &vcrp_protocol)
		return;
	if (opt->secret != NULL)
		refuse("--user and --users are for --protocol vcrp only");
	if (opt->keys)
		refuse("--keys is for --protocol vcrp only");
	if (opt->ids)
		refuse("--ids is for --protocol vcrp only: the others have"
		       " none");
	if (opt->stop > 0)
		refuse("--stop and the mode slow need GAPs, which only"
		       " --protocol vcrp has");
	if (!p->echo && opt->members < 2 && opt->senders > 0)
		refuse("--members is at least 2 where nobody receives his own"
		       " messages");
}

static void
check(const struct options *opt)
{
	check_protocol(opt);
	check_accounts(opt);
	if (opt->members == 0 || opt->window == 0 || opt->at_once == 0 ||
	    opt->sample == 0)
		refuse("--members, --window, --at-once and --sample are at"
		       " least 1");
	if (opt->senders + opt->stop > opt->members)
		refuse("--senders and --stop together exceed --members");
	if (strlen(opt->room) > 20)
		refuse("--room has at most 20 bytes");
}

/* By the process, so that several can load one server. */
static void
default_nick(size_t max, char *out_r)
{
	unsigned pid = getpid();
	int len = sprintf(out_r, "v%ux", pid);

	if ((size_t)len <= max)
		return;
	memset(out_r, 0, len);
	for (size_t i = max; i-- > 0; pid /= 36)
		out_r[i] = "0123456789abcdefghijklmnopqrstuvwxyz"[pid % 36];
}

static const struct mode *
find_mode(const char *name)
{
	for (size_t i = 0; i < MODES; i++)
		if (strcmp(modes[i].name, name) == 0)
			return &modes[i];
	return NULL;
}

int
main(int argc, char **argv)
{
	const struct mode *mode;
	struct options opt;
	char nick[16] = "";

	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		usage(stdout);
		return 0;
	}
	mode = argc > 1 ? find_mode(argv[1]) : NULL;
	if (mode == NULL) {
		usage(stderr);
		return 2;
	}
	opt = mode->defaults;
	opt.host = "127.0.0.1";
	opt.protocol = "vcrp";
	opt.room = "load";
	opt.nick = nick;
	opt.bytes = 128;
	opt.at_once = 200;
	opt.patience = 10;
	if (opt.sample == 0)
		opt.sample = 16;
	if (opt.window == 0)
		opt.window = 64;
	parse(&opt, argc - 1, argv + 1);
	check(&opt);
	if (opt.port == NULL)
		opt.port = protocol_find(opt.protocol)->port;
	if (*opt.nick == '\0')
		default_nick(protocol_find(opt.protocol)->nick_max, nick);
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	return mode->run(&opt);
}
