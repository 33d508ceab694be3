/* tail.c -- vcrp tail [-a AFTER] ROOM: what is said there, line by line
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "client/client.h"

struct tail {
	const char *word;	/* what the room is called in the command */
	char        room[VCRP_LINE_MAX];	/* and by the server */
	int64_t     join;
};

static void
print_line(const struct vcrp_event *event)
{
	client_print(event->line);
	putchar('\n');
}

static void
on_line(struct client *client, const struct vcrp_event *event)
{
	struct tail *tail = client->arg;
	bool ours;

	if (event->request > 0 && event->request == tail->join &&
	    event->room != NULL)
		snprintf(tail->room, sizeof(tail->room), "%s", event->room);
	ours = event->room != NULL && strcmp(event->room, tail->room) == 0;
	if (strcmp(event->verb, "ERR") == 0)
		client_refused(client, event);
	if (!ours)
		return;
	if (event->time != 0 || strcmp(event->verb, "GAP") == 0 ||
	    strcmp(event->verb, "RESET") == 0)
		print_line(event);
	if (event->out)
		client_fail(client, STATUS_REFUSED, "%s: %s", tail->room,
		    event->text != NULL ? event->text : "banned");
}

static void
on_event(struct client *client, const struct vcrp_event *event)
{
	if (event->kind == VCRP_LINE)
		on_line(client, event);
	else if (event->kind == VCRP_DEFECT)
		client_warn(client, "%s: %s", event->room, event->text);
	else if (event->kind == VCRP_DOWN)
		client_warn(client, "no connection: %s; once more in %d s",
		    event->text, (event->wait + 999) / 1000);
}

enum status
command_tail(struct client *client, int argc, char **argv)
{
	struct tail tail = { .word = argv[1] };

	if (argc != 2)
		return STATUS_USAGE;
	client->event = on_event;
	client->arg = &tail;
	client_login(client);
	if (!client->patience_given)
		client->patience = 0;
	tail.join = vcrp_join(client->v, tail.word, client->after);
	if (tail.join < 0)
		client_impossible(client, tail.word, tail.join);
	for (;;) {
		client_turn(client, -1, -1);
		fflush(stdout);
		if (ferror(stdout))
			return STATUS_USAGE;
	}
}
