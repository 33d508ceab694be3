/* marks.c -- how far an account has read in the room that is looked at
 *
 * SPDX-License-Identifier: MIT */
#include "client/marks.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "client/client.h"

#define PAUSE	3000

bool
marks_note(struct marks *marks, const struct vcrp_event *event)
{
	if (marks->request > 0 && event->request == marks->request) {
		marks->request = 0;
		if (event->kind == VCRP_LINE && event->code != NULL)
			marks->refused = true;
		return true;
	}
	if (event->kind != VCRP_LINE || strcmp(event->verb, "READ") != 0)
		return false;
	if (event->room == NULL)
		return true;
	snprintf(marks->next_room, sizeof(marks->next_room), "%s",
	    event->room);
	marks->next_mark = event->number;
	if (strcmp(event->room, marks->room) == 0 &&
	    event->number > marks->told)
		marks->told = event->number;
	return true;
}

void
marks_enter(struct marks *marks, struct vcrp *v, const char *room)
{
	if (strcmp(room, marks->room) == 0)
		return;
	marks_tell(marks, v, true);
	snprintf(marks->room, sizeof(marks->room), "%s", room);
	marks->seen = marks->told = marks->border = 0;
	marks->behind = false;
	marks->due = 0;
	if (strcmp(marks->next_room, room) == 0)
		marks->told = marks->border = marks->next_mark;
}

bool
marks_cross(struct marks *marks, const struct vcrp *v,
    const struct vcrp_event *event)
{
	bool crossed = false;

	if (event->time == 0 || strcmp(event->room, marks->room) != 0)
		return false;
	if (event->number <= marks->border) {
		marks->behind = true;
	} else {
		crossed = marks->behind;
		marks->behind = false;
		marks->border = 0;
	}
	if (event->number > marks->seen)
		marks->seen = event->number;
	if (marks->seen > marks->told && marks->due == 0 &&
	    !marks->refused && vcrp_name(v)[0] != '~')
		marks->due = client_now() + PAUSE;
	return crossed;
}

int
marks_wait(const struct marks *marks)
{
	int64_t left = marks->due - client_now();

	if (marks->due == 0)
		return -1;
	return left > 0 ? (int)left : 0;
}

void
marks_tell(struct marks *marks, struct vcrp *v, bool all)
{
	char line[2 * VCRP_LINE_MAX];

	if (marks->due == 0 || (!all && client_now() < marks->due))
		return;
	marks->due = 0;
	if (marks->seen <= marks->told || marks->refused)
		return;
	snprintf(line, sizeof(line), "READ %s %" PRIu64, marks->room,
	    marks->seen);
	marks->request = vcrp_request(v, line);
	if (marks->request > 0)
		marks->told = marks->seen;
	else
		marks->request = 0;
}
