/* ask.c -- vcrp rooms and vcrp who ROOM: one question, one answer
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "client/client.h"

struct question {
	const char *line;
	const char *answer;	/* the verb of the lines that answer it */
	void      (*print)(const struct vcrp_event *);
	int64_t     number;
	bool        answered;
};

static void
ask(struct client *client, struct question *question)
{
	question->number = vcrp_request(client->v, question->line);
	if (question->number < 0)
		client_impossible(client, question->line, question->number);
}

static void
on_event(struct client *client, const struct vcrp_event *event)
{
	struct question *question = client->arg;

	if (event->kind == VCRP_LOST)
		ask(client, question);
	if (event->kind != VCRP_LINE)
		return;
	if (strcmp(event->verb, "ERR") == 0)
		client_refused(client, event);
	if (strcmp(event->verb, question->answer) == 0)
		question->print(event);
	if (event->request > 0 && event->request == question->number)
		question->answered = true;
}

static enum status
get(struct client *client, struct question *question)
{
	client->event = on_event;
	client->arg = question;
	client_login(client);
	ask(client, question);
	while (!question->answered)
		client_turn(client, -1, -1);
	client_close(client);
	return STATUS_DONE;
}

static void
print_room(const struct vcrp_event *event)
{
	if (event->count < 3)
		return;
	client_print(event->words[0]);
	putchar(' ');
	client_print(event->words[2]);
	if (event->text != NULL) {
		putchar(' ');
		client_print(event->text);
	}
	putchar('\n');
}

static void
print_names(const struct vcrp_event *event)
{
	const char *at = event->text != NULL ? event->text : "";
	char name[VCRP_LINE_MAX];

	/* The first word is the room. */
	for (at += strcspn(at, " "); *at != '\0'; at += strcspn(at, " ")) {
		at++;
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(at, " "),
		    at);
		client_print(name);
		putchar('\n');
	}
}

enum status
command_rooms(struct client *client, int argc, char **argv)
{
	struct question question = {
		.line = "LIST", .answer = "ROOM", .print = print_room
	};

	(void)argv;
	return argc != 1 ? STATUS_USAGE : get(client, &question);
}

enum status
command_who(struct client *client, int argc, char **argv)
{
	char line[VCRP_LINE_MAX];
	struct question question = {
		.line = line, .answer = "NAMES", .print = print_names
	};

	if (argc != 2)
		return STATUS_USAGE;
	snprintf(line, sizeof(line), "WHO %s", argv[1]);
	return get(client, &question);
}
