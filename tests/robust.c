/* robust.c -- bad lines, cut in two at every byte, beside a chat that goes on
 *
 * SPDX-License-Identifier: MIT
 *
 * Mallory sends each line whole, byte by byte, and cut in two everywhere
 * (around the ends and the limits where it is long). Each must get its one
 * answer, and a PING after it must be answered next. Ann and Bea chat in the
 * room that Mallory is in and must see nothing of it.
 *
 * The server has one io thread, which serves its connections in the order
 * they have something: Bea's PING between two pieces makes sure that they are
 * read apart.
 *
 * Threads: one.
 * Locks:   none.
 * Memory:  main's. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "robust_cases.h"
#include "talk_match.h"
#include "talk_stage.h"

enum { WHOLE_MAX = 600, EDGE = 8 };

struct robust {
	struct talk_stage stage;
	struct talk_peer *ann, *bea, *mallory;
	const struct bad *bad; /* what is being sent, cut at `cut` */
	size_t cut;
	unsigned pings, ticks, sent;
};

static void __attribute__((noreturn))
die(struct robust *robust, const char *what, const char *came)
{
	fprintf(stderr, "robust: %s: %.300s\n", what, came);
	if (robust->bad != NULL) {
		fprintf(stderr, "  after, cut at %zu: ", robust->cut);
		for (size_t i = 0; i < robust->bad->len && i < 80; i++) {
			unsigned char c = (unsigned char)robust->bad->bytes[i];

			fprintf(stderr,
			    c < 0x20 || c > 0x7e || c == '\\' ? "\\x%02x"
							      : "%c",
			    c);
		}
		fprintf(stderr, "%s\n  expected: %s\n",
		    robust->bad->len > 80 ? "..." : "",
		    robust->bad->pattern ? robust->bad->pattern : "nothing");
	}
	talk_server_read_log(robust->stage.server);
	fprintf(stderr, "%s", robust->stage.server->log);
	talk_stage_fini(&robust->stage);
	exit(1);
}

static struct talk_peer *
connect_peer(struct robust *robust, const char *name)
{
	const char *why;
	struct talk_peer *peer = talk_stage_peer(&robust->stage, name, &why);

	if (peer == NULL)
		die(robust, "cannot connect", why);
	return peer;
}

static void
send_bytes(struct robust *robust, struct talk_peer *peer, const char *bytes,
    size_t len)
{
	if (!talk_stage_send(&robust->stage, peer, bytes, len))
		die(robust, "cannot send", peer->name);
}

static void
expect(struct robust *robust, struct talk_peer *peer, const char *pattern)
{
	struct talk_vars vars = { .count = 0 };
	const char *why;

	switch (talk_stage_line(&robust->stage, peer, &why)) {
	case TALK_LINE:
		if (talk_match(&vars, pattern, peer->line))
			return;
		die(robust, peer->name, peer->line);
	case TALK_END:
		die(robust, peer->name, "the end of the connection");
	case TALK_LATE:
		die(robust, peer->name, "no answer");
	case TALK_FAULT:
		die(robust, peer->name, why);
	}
}

/* Whatever peer has sent is read, and it has nothing to read. */
static void
ping(struct robust *robust, struct talk_peer *peer)
{
	char line[32];

	snprintf(line, sizeof(line), "PING %u\n", ++robust->pings);
	send_bytes(robust, peer, line, strlen(line));
	snprintf(line, sizeof(line), "PONG %u", robust->pings);
	expect(robust, peer, line);
}

/* One message of the others, seen by all three and nothing before it. */
static void
tick(struct robust *robust)
{
	char line[64];

	snprintf(line, sizeof(line), "SAY lobby tick %u\n", ++robust->ticks);
	send_bytes(robust, robust->ann, line, strlen(line));
	snprintf(
	    line, sizeof(line), "MSG lobby * * ~ann tick %u", robust->ticks);
	expect(robust, robust->ann, line);
	expect(robust, robust->bea, line);
	expect(robust, robust->mallory, line);
}

static void
send_cut(struct robust *robust, const struct bad *bad, size_t cut)
{
	robust->cut = cut;
	robust->sent++;
	send_bytes(robust, robust->mallory, bad->bytes, cut);
	if (cut > 0)
		ping(robust, robust->bea);
	send_bytes(robust, robust->mallory, bad->bytes + cut, bad->len - cut);
	if (bad->pattern != NULL)
		expect(robust, robust->mallory, bad->pattern);
	ping(robust, robust->mallory);
}

static void
send_bytewise(struct robust *robust, const struct bad *bad)
{
	for (size_t i = 0; i < bad->len; i++) {
		send_bytes(robust, robust->mallory, bad->bytes + i, 1);
		ping(robust, robust->bea);
	}
	if (bad->pattern != NULL)
		expect(robust, robust->mallory, bad->pattern);
	ping(robust, robust->mallory);
}

static bool
interesting(size_t at, size_t len)
{
	return len <= WHOLE_MAX || len > 100000 || at < EDGE ||
	    at + EDGE > len || (at >= 4096 - EDGE && at <= 4096 + EDGE) ||
	    at % 4096 == 1;
}

static void
run_lines(struct robust *robust)
{
	struct cases cases;

	cases_lines(&cases);
	for (size_t i = 0; i < cases.count; i++) {
		const struct bad *bad = robust->bad = &cases.bad[i];
		size_t step = bad->len > 100000 ? bad->len / 4 : 1;

		for (size_t cut = 0; cut < bad->len; cut += step)
			if (interesting(cut, bad->len))
				send_cut(robust, bad, cut);
		if (bad->len <= WHOLE_MAX)
			send_bytewise(robust, bad);
		tick(robust);
	}
	robust->bad = NULL;
	cases_fini(&cases);
}

/* All the lines that the io thread itself refuses at once: one answer each, in
 * order. */
static void
run_together(struct robust *robust)
{
	static const char *const own[] = { "ERR bad-line ...",
		"ERR bad-utf8 ...", "ERR unknown-verb ..." };
	struct cases cases;
	bool chosen[1024] = { false };

	cases_lines(&cases);
	for (size_t i = 0; i < cases.count && i < 1024; i++) {
		for (int k = 0; k < 3 && cases.bad[i].pattern != NULL; k++)
			chosen[i] |= strcmp(cases.bad[i].pattern, own[k]) == 0;
		if (chosen[i])
			send_bytes(robust, robust->mallory, cases.bad[i].bytes,
			    cases.bad[i].len);
	}
	for (size_t i = 0; i < cases.count && i < 1024; i++)
		if (chosen[i])
			expect(robust, robust->mallory, cases.bad[i].pattern);
	ping(robust, robust->mallory);
	tick(robust);
	cases_fini(&cases);
}

static void
run_first(struct robust *robust)
{
	struct cases cases;
	struct talk_peer *peer;
	const char *why;

	cases_first(&cases);
	for (size_t i = 0; i < cases.count; i++) {
		const struct bad *bad = robust->bad = &cases.bad[i];

		for (size_t cut = 0; cut < bad->len; cut++) {
			if (!interesting(cut, bad->len))
				continue;
			robust->cut = cut;
			robust->sent++;
			peer = connect_peer(robust, "first");
			send_bytes(robust, peer, bad->bytes, cut);
			if (cut > 0)
				ping(robust, robust->bea);
			/* It may have been refused by now. */
			talk_stage_send(&robust->stage, peer, bad->bytes + cut,
			    bad->len - cut);
			expect(robust, peer, bad->pattern);
			if (talk_stage_line(&robust->stage, peer, &why) !=
			    TALK_END)
				die(robust, "no end", peer->line);
			talk_stage_drop(&robust->stage, peer);
		}
		tick(robust);
	}
	robust->bad = NULL;
	cases_fini(&cases);
}

static struct talk_peer *
enter(struct robust *robust, const char *name)
{
	struct talk_peer *peer = connect_peer(robust, name);
	char line[64];

	snprintf(line, sizeof(line), "HELLO %s\nJOIN lobby\n", name);
	send_bytes(robust, peer, line, strlen(line));
	expect(robust, peer, "VCRP 1 ...");
	expect(robust, peer, "OK HELLO ...");
	expect(robust, peer, "ROOM lobby ...");
	expect(robust, peer, "OK JOIN lobby ...");
	return peer;
}

int
main(void)
{
	struct robust robust = { .bad = NULL };
	struct talk_server *server;
	const char *why;

	signal(SIGPIPE, SIG_IGN);
	talk_stage_init(&robust.stage, NULL);
	server = robust.stage.server;
	talk_server_configure(server,
	    "limits = { lines = 0; };\n"
	    "tls = { enable = false; };\n"
	    "threads = { io = 1; };\n"
	    "rooms = { presence_limit = 0; };\n");
	if (!talk_server_start(server, robust.stage.wait_ms, &why))
		die(&robust, "no server", why);
	robust.ann = enter(&robust, "ann");
	robust.bea = enter(&robust, "bea");
	robust.mallory = enter(&robust, "mallory");
	run_lines(&robust);
	run_together(&robust);
	run_first(&robust);
	talk_server_signal(server, SIGTERM);
	if (!talk_server_wait(server, robust.stage.wait_ms, &why))
		die(&robust, "the server's end", why);
	printf("ok: %u bad lines, %u messages beside them\n", robust.sent,
	    robust.ticks);
	talk_stage_fini(&robust.stage);
	return 0;
}
