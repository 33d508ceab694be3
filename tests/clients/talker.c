/* talker.c -- libvcrp, said with: talker SERVER NICK ROOM COUNT
 *
 * SPDX-License-Identifier: MIT
 *
 * Says "1" to COUNT, as fast as the queue takes them, prints the lines of the
 * room, and ends when all were echoed; fails at a defect or a refusal. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vcrp.h"

static struct vcrp *
open_session(char **argv)
{
	const struct vcrp_options options = {
		.server = argv[1], .nick = argv[2],
		.retry_min = 1, .retry_max = 20
	};
	const char *why;
	struct vcrp *v = vcrp_new(&options, &why);

	if (v == NULL) {
		fprintf(stderr, "talker: %s\n", why);
		exit(EXIT_FAILURE);
	}
	return v;
}

static void
fail(const struct vcrp_event *event)
{
	fprintf(stderr, "talker: kind %d: %s %s\n", (int)event->kind,
	    event->line != NULL ? event->line : "",
	    event->text != NULL ? event->text : "");
	exit(EXIT_FAILURE);
}

static void
take(const struct vcrp_event *event)
{
	if (event->kind == VCRP_DEFECT || event->kind == VCRP_END ||
	    event->kind == VCRP_LOST)
		fail(event);
	if (event->kind != VCRP_LINE)
		return;
	if (strcmp(event->verb, "ERR") == 0)
		fail(event);
	if (event->time != 0 || strcmp(event->verb, "GAP") == 0)
		puts(event->line);
}

int
main(int argc, char **argv)
{
	int said = 0, count = argc == 5 ? atoi(argv[4]) : 0;
	struct vcrp *v = open_session(argv);
	struct vcrp_event event;
	char text[16];

	vcrp_join(v, argv[3], VCRP_NOW);
	do {
		snprintf(text, sizeof(text), "%d", said + 1);
		while (said < count && vcrp_say(v, argv[3], text) > 0)
			snprintf(text, sizeof(text), "%d", ++said + 1);
		if (vcrp_wait(v, -1, &event) != 1)
			return EXIT_FAILURE;
		take(&event);
	} while (said < count || vcrp_pending(v) > 0);
	vcrp_quit(v);
	while (vcrp_wait(v, 1000, &event) == 1)
		;
	vcrp_free(&v);
	return EXIT_SUCCESS;
}
