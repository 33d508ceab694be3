/* say.c -- vcrp say ROOM [TEXT...]: each line of standard input, or the text
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/client.h"

/* Requests of which one may wait behind JOIN. */
#define QUEUE	(VCRP_QUEUE_MAX - 1)

struct input {
	const char *room;
	char        text[2 * VCRP_LINE_MAX];
	size_t      len;
	bool        ended;
};

static void
on_event(struct client *client, const struct vcrp_event *event)
{
	if (event->kind == VCRP_LINE && event->code != NULL &&
	    strcmp(event->verb, "ERR") == 0)
		client_refused(client, event);
}

/* What no line can hold is left out; a line with nothing else is no message.
 */
static void
say(struct client *client, const char *room, const char *text)
{
	char clean[3 * 2 * VCRP_LINE_MAX];
	int64_t number;

	if (vcrp_safe(clean, sizeof(clean), text, false) == 0)
		return;
	number = vcrp_say(client->v, room, clean);
	if (number < 0)
		client_impossible(client, room, number);
}

static void
take_lines(struct client *client, struct input *input)
{
	char *lf, *line = input->text;
	char *end = line + input->len;

	while (vcrp_pending(client->v) < QUEUE &&
	    (lf = memchr(line, '\n', (size_t)(end - line))) != NULL) {
		*lf = '\0';
		say(client, input->room, line);
		line = lf + 1;
	}
	input->len = (size_t)(end - line);
	memmove(input->text, line, input->len);
}

static void
read_more(struct client *client, struct input *input)
{
	size_t space = sizeof(input->text) - 1 - input->len;
	ssize_t n;

	if (space == 0)
		client_impossible(client, input->room, -EMSGSIZE);
	n = read(STDIN_FILENO, input->text + input->len, space);
	if (n < 0 && errno != EINTR && errno != EAGAIN)
		client_fail(client, STATUS_USAGE, "standard input: %s",
		    strerror(errno));
	if (n > 0) {
		input->len += (size_t)n;
	} else if (n == 0) {
		input->ended = true;
		if (input->len > 0)
			input->text[input->len++] = '\n';
	}
}

static void
say_input(struct client *client, const char *room)
{
	struct input input = { .room = room };
	bool wants;

	while (!input.ended || input.len > 0) {
		wants = !input.ended && vcrp_pending(client->v) < QUEUE;
		if (client_turn(client, wants ? STDIN_FILENO : -1, -1))
			read_more(client, &input);
		take_lines(client, &input);
	}
}

static void
say_words(struct client *client, const char *room, char **words)
{
	char text[2 * VCRP_LINE_MAX] = "";
	size_t len = 0;

	for (; *words != NULL; words++) {
		if (len + strlen(*words) + 2 > sizeof(text))
			client_impossible(client, room, -EMSGSIZE);
		len += (size_t)sprintf(text + len, "%s%s", len > 0 ? " " : "",
		    *words);
	}
	say(client, room, text);
}

enum status
command_say(struct client *client, int argc, char **argv)
{
	int64_t number;

	if (argc < 2)
		return STATUS_USAGE;
	client->event = on_event;
	client_login(client);
	/* A conversation with somebody needs no JOIN. */
	if (argv[1][0] != '@') {
		number = vcrp_join(client->v, argv[1], VCRP_NOW);
		if (number < 0)
			client_impossible(client, argv[1], number);
	}
	if (argc > 2)
		say_words(client, argv[1], argv + 2);
	else
		say_input(client, argv[1]);
	while (vcrp_pending(client->v) > 0)
		client_turn(client, -1, -1);
	client_close(client);
	return STATUS_DONE;
}
