/* talk_ops.c -- what a connection of a talk script does and sees
 *
 * SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "talk_ops.h"
#include "talk_udp.h"

enum { LOG_TAIL = 20, UNREAD_MAX = 10, ANY_ORDER_MAX = 16 };

struct op {
	const char *mark;
	bool (*run)(struct talk *, struct talk_peer *, const char *text);
};

static void
print_log_tail(const struct talk_server *server)
{
	const char *from = server->log + server->log_used;

	for (int lines = 0; from > server->log; from--)
		if (from[-1] == '\n' && ++lines > LOG_TAIL)
			break;
	fprintf(stderr, "  the server's log, last lines:\n%s", from);
}

bool
talk_fail(struct talk *talk, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s:%zu: %s\n  ", talk->path, talk->at + 1,
	    talk->at < talk->count ? talk->line[talk->at]
				   : "(the script's end)");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	talk_server_read_log(talk->stage.server);
	print_log_tail(talk->stage.server);
	return false;
}

static bool
fail_expected(struct talk *talk, struct talk_peer *peer, const char *pattern,
    enum talk_got got, const char *why)
{
	const char *came[] = {
		[TALK_LINE] = peer->line,
		[TALK_END] = "the end of the connection",
		[TALK_LATE] = "nothing in time",
		[TALK_FAULT] = why,
	};
	char shown[512] = "";
	const char *unknown;

	if (!talk_expand(&talk->vars, pattern, shown, sizeof(shown), &unknown))
		snprintf(shown, sizeof(shown), "%.400s", pattern);
	fprintf(stderr, "  %s\n    expected: %s\n    came:     %.500s\n",
	    peer->name, shown, came[got]);
	for (int i = 0; i < UNREAD_MAX && talk_peer_take(peer, &why); i++)
		fprintf(stderr, "    then:     %.500s\n", peer->line);
	return talk_fail(talk, "not what was expected");
}

bool
talk_text(struct talk *talk, const char *text, char *out)
{
	const char *why;

	return talk_expand(&talk->vars, text, out, TALK_TEXT_MAX, &why) ||
	    talk_fail(talk, "%s", why);
}

static bool
send_bytes(
    struct talk *talk, struct talk_peer *peer, const char *bytes, size_t len)
{
	return talk_stage_send(&talk->stage, peer, bytes, len) ||
	    talk_fail(talk, "%s cannot send", peer->name);
}

bool
talk_send(struct talk *talk, struct talk_peer *peer, const char *text)
{
	char out[TALK_TEXT_MAX + 1];

	if (!talk_text(talk, text, out))
		return false;
	strcat(out, "\n");
	return send_bytes(talk, peer, out, strlen(out));
}

/* Replaces \n \r \t \0 \\ and \xNN in place; the length that is left. */
static size_t
unescape(char *text)
{
	static const char names[] = "nrt0\\", bytes[] = "\n\r\t\0\\";
	char *out = text, *start = text;

	while (*text != '\0') {
		char hex[3] = "";
		const char *name = *text == '\\' && text[1] != '\0'
		    ? strchr(names, text[1])
		    : NULL;

		if (name != NULL) {
			*out++ = bytes[name - names];
			text += 2;
		} else if (strncmp(text, "\\x", 2) == 0 && text[2] && text[3]) {
			memcpy(hex, text + 2, 2);
			*out++ = (char)strtol(hex, NULL, 16);
			text += 4;
		} else {
			*out++ = *text++;
		}
	}
	return (size_t)(out - start);
}

static bool
op_raw(struct talk *talk, struct talk_peer *peer, const char *text)
{
	char out[TALK_TEXT_MAX];

	return talk_text(talk, text, out) &&
	    send_bytes(talk, peer, out, unescape(out));
}

bool
talk_expect(struct talk *talk, struct talk_peer *peer, const char *pattern)
{
	const char *why;
	enum talk_got got = talk_stage_line(&talk->stage, peer, &why);

	if (got == TALK_LINE && talk_match(&talk->vars, pattern, peer->line))
		return true;
	return fail_expected(talk, peer, pattern, got, why);
}

static bool
op_skip(struct talk *talk, struct talk_peer *peer, const char *pattern)
{
	const char *why;
	enum talk_got got;

	do {
		got = talk_stage_line(&talk->stage, peer, &why);
		if (got != TALK_LINE)
			return fail_expected(talk, peer, pattern, got, why);
	} while (!talk_match(&talk->vars, pattern, peer->line));
	return true;
}

static bool
op_quiet(struct talk *talk, struct talk_peer *peer, const char *text)
{
	char line[64];

	(void)text;
	snprintf(line, sizeof(line), "PING quiet-%u\n", ++talk->pings);
	if (!send_bytes(talk, peer, line, strlen(line)))
		return false;
	snprintf(line, sizeof(line), "PONG quiet-%u", talk->pings);
	return talk_expect(talk, peer, line);
}

static bool
op_end(struct talk *talk, struct talk_peer *peer, const char *text)
{
	const char *why;
	enum talk_got got = talk_stage_line(&talk->stage, peer, &why);

	(void)text;
	if (got != TALK_END)
		return fail_expected(
		    talk, peer, "the end of the connection", got, why);
	talk_stage_drop(&talk->stage, peer);
	return true;
}

bool
talk_session(struct talk *talk, struct talk_peer *of, const char *name)
{
	struct talk_peer *peer;
	const char *why;

	if (!talk_send(talk, of, "UDP") ||
	    !talk_expect(talk, of, "OK UDP * *"))
		return false;
	peer = talk_udp_new(name, of, talk->stage.server->port, of->line,
	    &why);
	if (peer == NULL)
		return talk_fail(talk, "%s has no session: %s", name, why);
	return talk_stage_add(&talk->stage, peer) ||
	    talk_fail(talk, "too many connections for one script");
}

/* Says nothing from there until it is asked whether it is there; the server
 * asks once a second at most. */
static bool
move(struct talk *talk, struct talk_peer *peer, const char *from)
{
	long long end = talk_now() + talk->stage.wait_ms;

	if (!talk_udp_leave(peer, from, true))
		return talk_fail(talk, "there is no such place");
	while (!peer->udp->proved && talk_now() < end) {
		talk_udp_write(peer, "\n", 1);
		talk_stage_turn(&talk->stage, talk_now() + 20);
	}
	return peer->udp->proved || talk_fail(talk, "%s was not challenged",
	    peer->name);
}

static bool
op_datagrams(struct talk *talk, struct talk_peer *peer, const char *text)
{
	const char *from = strchr(text, ' ');

	from += from != NULL;
	if (strncmp(text, "move", 4) == 0)
		return move(talk, peer, from);
	if (strncmp(text, "roam", 4) == 0)
		return talk_udp_leave(peer, from, false) ||
		    talk_fail(talk, "there is no such place");
	if (strcmp(text, "replay") == 0 || strcmp(text, "forge") == 0)
		return talk_udp_again(peer, *text == 'f') ||
		    talk_fail(talk, "%s cannot send", peer->name);
	if (strcmp(text, "hear") == 0)
		peer->udp->hears = true;
	else if (strcmp(text, "close") == 0)
		talk_stage_drop(&talk->stage, peer);
	else
		return talk_fail(talk, "no such fault");
	return true;
}

static bool
op_fault(struct talk *talk, struct talk_peer *peer, const char *text)
{
	if (peer->udp != NULL)
		return op_datagrams(talk, peer, text);
	if (strcmp(text, "reset") == 0)
		talk_peer_reset(peer);
	if (strcmp(text, "close") == 0 || strcmp(text, "reset") == 0)
		talk_stage_drop(&talk->stage, peer);
	else if (strcmp(text, "half-close") == 0)
		return shutdown(peer->fd, SHUT_WR) == 0 ||
		    talk_fail(talk, "%s is closed", peer->name);
	else if (strcmp(text, "stop") == 0)
		peer->stopped = true;
	else if (strcmp(text, "resume") == 0)
		peer->stopped = false;
	else
		return talk_fail(talk, "no such fault");
	return true;
}

/* The lines of a run of `NAME<| PATTERN` may come in any order: each takes the
 * first pattern that is left and matches. */
static bool
op_any_order(struct talk *talk, struct talk_peer *peer, const char *pattern)
{
	const char *left[ANY_ORDER_MAX], *why;
	size_t head = (size_t)(pattern - talk->line[talk->at]), count = 0, i;

	do {
		left[count++] = talk->line[talk->at] + head;
		talk->at++;
	} while (talk->at < talk->count && count < ANY_ORDER_MAX &&
	    strncmp(talk->line[talk->at], talk->line[talk->at - 1], head) == 0);
	talk->at--;
	while (count > 0) {
		enum talk_got got = talk_stage_line(&talk->stage, peer, &why);

		for (i = 0; i < count && got == TALK_LINE; i++)
			if (talk_match(&talk->vars, left[i], peer->line))
				break;
		if (got != TALK_LINE || i == count)
			return fail_expected(talk, peer, left[0], got, why);
		left[i] = left[--count];
	}
	return true;
}

static const struct op ops[] = {
	{ ">>", op_raw },
	{ ">", talk_send },
	{ "<EOF", op_end },
	{ "<?", op_quiet },
	{ "<*", op_skip },
	{ "<|", op_any_order },
	{ "<", talk_expect },
	{ "!", op_fault },
};

bool
talk_op(struct talk *talk, struct talk_peer *peer, const char *text)
{
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		size_t mark = strlen(ops[i].mark);

		if (strncmp(text, ops[i].mark, mark) == 0) {
			text += mark;
			return ops[i].run(talk, peer, text + (*text == ' '));
		}
	}
	return talk_fail(talk, "not understood");
}
