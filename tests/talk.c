/* talk.c -- runs a scripted conversation with a server of its own
 *
 * SPDX-License-Identifier: MIT
 *
 *	talk-run FILE.talk...     with VCRPD=the server's program
 *
 * Each script gets a server with an empty data directory, started before the
 * first connection is made. A script's end is a test too: the server is told
 * TERM, everybody still there must get `@retry=... BYE restarting` and the end
 * with not a line before, and the server must exit with status 0 and without a
 * sanitizer's report. talk.md tells what a script may say.
 *
 * Threads: one.
 * Locks:   none.
 * Memory:  a script's lines point into the text of its file. */
#include <assert.h>
#include <ctype.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "talk_ops.h"

static bool
start(struct talk *talk)
{
	const char *why;

	if (talk->started)
		return true;
	talk->started = true;
	return talk_server_start(
		   talk->stage.server, talk->stage.wait_ms, &why) ||
	    talk_fail(talk, "%s", why);
}

static struct talk_peer *
find_peer(struct talk *talk, const char *name)
{
	struct talk_peer *peer = NULL;
	const char *why;

	if (!start(talk))
		return NULL;
	peer = talk_stage_peer(&talk->stage, name, &why);
	if (peer == NULL)
		talk_fail(talk, "%s cannot connect: %s", name, why);
	return peer;
}

static bool
server_step(struct talk *talk, const char *text)
{
	struct talk_server *server = talk->stage.server;
	int wait = talk->stage.wait_ms;
	const char *why;

	if (strcmp(text, "start") == 0) {
		if (!talk_server_wait(server, wait, &why))
			return talk_fail(talk, "%s", why);
		talk->started = false;
		return start(talk);
	}
	if (strcmp(text, "TERM") == 0)
		talk_server_signal(server, SIGTERM);
	else if (strcmp(text, "HUP") == 0)
		talk_server_signal(server, SIGHUP);
	else if (strcmp(text, "KILL") == 0)
		talk_server_kill(server);
	else if (strcmp(text, "wait") == 0)
		return talk_server_wait(server, wait, &why) ||
		    talk_fail(talk, "%s", why);
	else
		return talk_fail(talk, "no such order to the server");
	return true;
}

static bool
log_step(struct talk *talk, const char *text)
{
	struct talk_server *server = talk->stage.server;
	long long end = talk_now() + talk->stage.wait_ms;
	char pattern[512];

	snprintf(pattern, sizeof(pattern), "...%s...", text);
	while (talk_now() < end) {
		char *line = server->log + talk->log_seen;
		char *lf = strchr(line, '\n');
		bool good;

		if (lf == NULL) {
			talk_stage_turn(&talk->stage, talk_now());
			continue;
		}
		*lf = '\0';
		good = talk_match(&talk->vars, pattern, line);
		*lf = '\n';
		talk->log_seen = (size_t)(lf + 1 - server->log);
		if (good)
			return true;
	}
	return talk_fail(talk, "no such line in the log");
}

/* A name is free a moment after its last connection has ended, not at once. */
static bool
hello(struct talk *talk, struct talk_peer *peer)
{
	long long end = talk_now() + talk->stage.wait_ms;
	char line[128];
	const char *why;

	for (;;) {
		snprintf(line, sizeof(line), "HELLO %s", peer->name);
		if (!talk_send(talk, peer, line) ||
		    talk_stage_line(&talk->stage, peer, &why) != TALK_LINE)
			return talk_fail(talk, "no answer to %s", line);
		if (talk_now() > end ||
		    strncmp(peer->line, "ERR name-taken ", 15) != 0)
			break;
		talk_stage_turn(&talk->stage, talk_now() + 20);
	}
	snprintf(line, sizeof(line), "OK HELLO ~%s", peer->name);
	return strcmp(line, peer->line) == 0 ||
	    talk_fail(talk, "expected %s, came: %s", line, peer->line);
}

static bool
login_one(struct talk *talk, const char *name, bool administrator)
{
	struct talk_peer *peer = find_peer(talk, name);

	if (peer == NULL)
		return false;
	if (administrator)
		return talk_send(talk, peer, "AUTH EXTERNAL") &&
		    talk_expect(talk, peer, "VCRP 1 * vcrpd/* *") &&
		    talk_expect(talk, peer, "OK AUTH ${user}");
	/* PING gets the greeting out of the way. */
	return talk_send(talk, peer, "PING") &&
	    talk_expect(talk, peer, "VCRP 1 * vcrpd/* *") &&
	    talk_expect(talk, peer, "PONG") && hello(talk, peer);
}

static bool
login(struct talk *talk, const char *names, bool administrator)
{
	char name[64];
	int len;

	for (; sscanf(names, " %63s%n", name, &len) == 1; names += len)
		if (!login_one(talk, name, administrator))
			return false;
	return true;
}

static bool
config_step(struct talk *talk)
{
	char text[TALK_TEXT_MAX] = "";
	size_t used = 0;

	while (++talk->at < talk->count &&
	    strcmp(talk->line[talk->at], "end") != 0 && used < TALK_TEXT_MAX)
		used += (size_t)snprintf(text + used, TALK_TEXT_MAX - used,
		    "%s\n", talk->line[talk->at]);
	if (talk->at == talk->count || used >= TALK_TEXT_MAX)
		return talk_fail(talk, "a config without an end");
	talk_server_configure(talk->stage.server, text);
	return true;
}

static bool
peer_step(struct talk *talk, const char *line)
{
	size_t len = strcspn(line, "<>! ");
	struct talk_peer *peer;
	char name[64];

	snprintf(name, sizeof(name), "%.*s", (int)len, line);
	peer = find_peer(talk, name);
	return peer != NULL && talk_op(talk, peer, line + len);
}

static bool
pause_step(struct talk *talk, const char *text)
{
	char ms[TALK_TEXT_MAX];

	if (!talk_text(talk, text, ms))
		return false;
	talk_stage_turn(&talk->stage, talk_now() + atoi(ms));
	return true;
}

/* The server takes no connections any more. */
static bool
refused_step(struct talk *talk, const char *name)
{
	long long end = talk_now() + talk->stage.wait_ms;
	struct talk_peer *peer;
	const char *why;

	while ((peer = talk_stage_peer(&talk->stage, name, &why)) != NULL) {
		if (talk_now() >= end)
			return talk_fail(talk, "%s is connected", name);
		talk_stage_drop(&talk->stage, peer);
		talk_stage_turn(&talk->stage, talk_now() + 20);
	}
	return true;
}

static bool
udp_step(struct talk *talk, const char *names)
{
	char of[64], name[64];
	struct talk_peer *peer;

	if (sscanf(names, "%63s %63s", of, name) != 2 ||
	    talk_stage_find(&talk->stage, name) != NULL)
		return talk_fail(talk, "whose session, and its name?");
	peer = find_peer(talk, of);
	return peer != NULL && talk_session(talk, peer, name);
}

static bool
step(struct talk *talk, const char *line)
{
	if (strcmp(line, "config") == 0)
		return config_step(talk);
	if (strncmp(line, "login ", 6) == 0)
		return login(talk, line + 6, false);
	if (strncmp(line, "admin ", 6) == 0)
		return login(talk, line + 6, true);
	if (strncmp(line, "udp ", 4) == 0)
		return udp_step(talk, line + 4);
	if (strncmp(line, "pause ", 6) == 0)
		return pause_step(talk, line + 6);
	if (strncmp(line, "refused ", 8) == 0)
		return refused_step(talk, line + 8);
	if (strncmp(line, "server! ", 8) == 0)
		return start(talk) && server_step(talk, line + 8);
	if (strncmp(line, "log< ", 5) == 0)
		return start(talk) && log_step(talk, line + 5);
	return peer_step(talk, line);
}

/* How often the line is to be done (what is to be done starts at *rest_r), or
 * -1 when that cannot be told. */
static long
times(struct talk *talk, const char *line, const char **rest_r)
{
	const char *star = strstr(line, "* ");
	char prefix[64], count[TALK_TEXT_MAX];

	*rest_r = line;
	if (star == NULL || (*line != '$' && !isdigit((unsigned char)*line)))
		return 1;
	*rest_r = star + 2;
	snprintf(prefix, sizeof(prefix), "%.*s", (int)(star - line), line);
	return talk_text(talk, prefix, count) ? strtol(count, NULL, 10) : -1;
}

static bool
line_step(struct talk *talk)
{
	const char *line = talk->line[talk->at];
	char index[24];
	long count;

	if (*line == '\0' || *line == '#')
		return true;
	talk->steps++;
	count = times(talk, line, &line);
	for (long i = 0; i < count; i++) {
		snprintf(index, sizeof(index), "%ld", i);
		talk_vars_set(&talk->vars, "i", index);
		if (!step(talk, line))
			return count > 1 ? talk_fail(talk, "in round %ld", i)
					 : false;
	}
	return count >= 0;
}

/* The lines up to `end`, as often as is said. */
static bool
repeat_step(struct talk *talk)
{
	size_t first = talk->at + 1, after;
	long count = strtol(talk->line[talk->at] + 7, NULL, 10);

	for (after = first; after < talk->count; after++)
		if (strcmp(talk->line[after], "end") == 0)
			break;
	if (after == talk->count)
		return talk_fail(talk, "a repeat without an end");
	while (count-- > 0)
		for (talk->at = first; talk->at < after; talk->at++)
			if (!line_step(talk))
				return talk_fail(
				    talk, "with %ld rounds to go", count);
	talk->at = after;
	return true;
}

/* Nothing may be left to read before a connection is told that the server
 * stops. */
static bool
expect_silence(struct talk *talk)
{
	struct talk_stage *stage = &talk->stage;

	for (size_t i = 0; i < stage->count; i++) {
		struct talk_peer *peer = stage->peer[i];

		if (peer->inside && !peer->parted && !peer->stopped &&
		    !stage->server->killed && !talk_op(talk, peer, "<?"))
			return false;
	}
	return true;
}

/* Who stops with the others may still hear that they have left. */
static enum talk_got
last_line(struct talk *talk, struct talk_peer *peer, const char **why_r)
{
	enum talk_got got;

	do {
		got = talk_stage_line(&talk->stage, peer, why_r);
	} while (got == TALK_LINE &&
	    talk_match(&talk->vars, "LEAVE * * server stopped", peer->line));
	return got;
}

static bool
farewell(struct talk *talk, struct talk_peer *peer)
{
	bool due = peer->inside && !peer->parted;
	const char *bye = peer->inside ? "@retry=* BYE restarting ..."
				       : "ERR shutting-down ...";
	const char *why = NULL;
	enum talk_got got;

	if (peer->stopped || talk->stage.server->killed)
		return true;
	got = last_line(talk, peer, &why);
	if (got == TALK_LINE && talk_match(&talk->vars, bye, peer->line)) {
		due = false;
		got = talk_stage_line(&talk->stage, peer, &why);
	}
	return (got == TALK_END && !due) ||
	    talk_fail(talk, "%s should be told %s, then the end; last came: %s",
		peer->name, bye, why ? why : peer->line);
}

static bool
finish(struct talk *talk)
{
	struct talk_stage *stage = &talk->stage;
	const char *why;

	if (!expect_silence(talk))
		return false;
	talk_server_signal(stage->server, SIGTERM);
	for (size_t i = 0; i < stage->count; i++)
		if (!farewell(talk, stage->peer[i]))
			return false;
	while (stage->count > 0)
		talk_stage_drop(stage, stage->peer[0]);
	return talk_server_wait(stage->server, stage->wait_ms, &why) ||
	    talk_fail(talk, "%s", why);
}

static char *
read_file(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;

	if (file == NULL || getdelim(&text, &size, '\0', file) < 0) {
		perror(path);
		exit(2);
	}
	fclose(file);
	return text;
}

static void
split(struct talk *talk, char *text)
{
	char *lf;

	for (; *text != '\0'; text = lf + 1) {
		talk->line = realloc(
		    talk->line, (talk->count + 1) * sizeof(*talk->line));
		assert(talk->line != NULL);
		talk->line[talk->count++] = text;
		lf = strchr(text, '\n');
		if (lf == NULL)
			return;
		*lf = '\0';
	}
}

static bool
run(const char *path)
{
	struct talk talk = { .path = path };
	struct passwd *user = getpwuid(getuid());
	char *text = read_file(path);
	bool good = true;

	split(&talk, text);
	talk_stage_init(&talk.stage, NULL);
	talk_vars_set(&talk.vars, "user", user != NULL ? user->pw_name : "?");
	for (; good && talk.at < talk.count; talk.at++)
		good = strncmp(talk.line[talk.at], "repeat ", 7) == 0
		    ? repeat_step(&talk)
		    : line_step(&talk);
	good = good && finish(&talk);
	if (good)
		printf("ok: %s, %u steps\n", path, talk.steps);
	talk_stage_fini(&talk.stage);
	free(talk.line);
	free(text);
	return good;
}

int
main(int argc, char **argv)
{
	int bad = 0;

	signal(SIGPIPE, SIG_IGN);
	for (int i = 1; i < argc; i++)
		bad += !run(argv[i]);
	return argc < 2 ? 2 : bad > 0;
}
