/* export.c -- vcrpctl export ROOM: all that is kept of what was said
 *
 * SPDX-License-Identifier: MIT
 *
 * A server gives pages from the newest backwards, and they are printed from
 * the oldest on: until all have come they wait in a temporary file. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/ctl.h"
#include "client/json.h"

#define PAGE_EVENTS	1000

struct export {
	const char *room;
	bool        json;
	FILE       *file;
	long       *pages;	/* where each begins, newest first; and the end */
	size_t      count;
	int64_t     request;
	bool        answered;
	uint64_t    lowest;	/* number of the page; 0: it is empty */
};

static void
keep(struct export *x, const struct vcrp_event *event)
{
	uint64_t number = event->number;

	if (strcmp(event->verb, "PAGE") == 0)
		return;
	/* A GAP counts as its first number. */
	if (number == 0 && event->count > 1)
		number = strtoull(event->words[1], NULL, 10);
	if (x->lowest == 0)
		x->lowest = number;
	if (x->json)
		json_event(x->file, event);
	else
		fprintf(x->file, "%s\n", event->line);
}

static void
on_event(struct client *client, const struct vcrp_event *event)
{
	struct export *x = client->arg;

	if (event->kind != VCRP_LINE)
		return;
	if (strcmp(event->verb, "ERR") == 0)
		client_refused(client, event);
	if (event->page != 0 && event->page == x->request)
		keep(x, event);
	if (event->request != 0 && event->request == x->request)
		x->answered = true;
}

/* Notes where the next page begins. */
static void
mark(struct client *client, struct export *x)
{
	long *more = realloc(x->pages, (x->count + 1) * sizeof(*more));

	if (more == NULL)
		client_fail(client, STATUS_USAGE, "%s", strerror(ENOMEM));
	x->pages = more;
	x->pages[x->count++] = ftell(x->file);
}

/* False when there is nothing before that number. */
static bool
get_page(struct client *client, struct export *x, uint64_t before)
{
	int64_t end = client_now() + client->patience, left;

	x->answered = false;
	x->lowest = 0;
	x->request = vcrp_history(client->v, x->room, PAGE_EVENTS, before);
	if (x->request < 0)
		client_impossible(client, x->room, x->request);
	while (!x->answered) {
		left = end - client_now();
		if (left <= 0)
			client_fail(client, STATUS_UNREACHED, "no answer");
		client_turn(client, -1, (int)left);
	}
	mark(client, x);
	if (ferror(x->file))
		client_fail(client, STATUS_USAGE, "temporary file: %s",
		    strerror(errno));
	return x->lowest > 1 && (before == 0 || x->lowest < before);
}

static void
print_page(const struct export *x, long begin, long end)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	fseek(x->file, begin, SEEK_SET);
	while (begin < end && (len = getline(&line, &size, x->file)) > 0) {
		begin += len;
		line[len - 1] = '\0';
		client_print(line);
		putchar('\n');
	}
	free(line);
}

enum status
ctl_export(struct client *client, const char *room, bool json)
{
	struct export x = { .room = room, .json = json, .file = tmpfile() };

	if (x.file == NULL)
		client_fail(client, STATUS_USAGE, "temporary file: %s",
		    strerror(errno));
	client->event = on_event;
	client->arg = &x;
	client_login(client);
	mark(client, &x);
	while (get_page(client, &x, x.lowest))
		;
	client_close(client);
	if (fflush(x.file) != 0)
		client_fail(client, STATUS_USAGE, "temporary file: %s",
		    strerror(errno));
	while (x.count-- > 1)
		print_page(&x, x.pages[x.count - 1], x.pages[x.count]);
	free(x.pages);
	fclose(x.file);
	return STATUS_DONE;
}
