/* room.c -- the rooms of a login, and what waits to be said in each
 *
 * SPDX-License-Identifier: MIT */
#include "lib/room.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct vroom *
vroom_find(struct vroom *list, const char *word)
{
	for (; list != NULL; list = list->next) {
		if (strcasecmp(list->word, word) == 0)
			return list;
		if (list->name != NULL && strcasecmp(list->name, word) == 0)
			return list;
	}
	return NULL;
}

struct vroom *
vroom_find_name(struct vroom *list, const char *name)
{
	for (; list != NULL; list = list->next) {
		if (list->name != NULL && strcmp(list->name, name) == 0)
			return list;
	}
	return NULL;
}

void
vroom_init(struct vroom *room)
{
	*room = (struct vroom){ .state = VROOM_OUT };
	room->end = &room->first;
}

void
vroom_fini(struct vroom *room)
{
	struct vkept *early;

	while (room->first != NULL)
		free(vroom_pop(room));
	while ((early = room->early) != NULL) {
		room->early = early->next;
		free(early);
	}
	free(room->word);
	free(room->name);
}

struct vroom *
vroom_obtain(struct vroom **list, const char *word)
{
	struct vroom *room = vroom_find(*list, word);

	if (room != NULL)
		return room;
	room = malloc(sizeof(*room));
	if (room == NULL)
		return NULL;
	vroom_init(room);
	room->word = strdup(word);
	if (room->word == NULL) {
		free(room);
		return NULL;
	}
	room->next = *list;
	*list = room;
	return room;
}

bool
vroom_set_name(struct vroom *room, const char *name)
{
	char *copy = strdup(name);

	if (copy == NULL)
		return false;
	free(room->name);
	room->name = copy;
	return true;
}

void
vroom_put(struct vroom *room, struct vrequest *request)
{
	request->next = NULL;
	*room->end = request;
	room->end = &request->next;
}

struct vrequest *
vroom_pop(struct vroom *room)
{
	struct vrequest *request = room->first;

	room->first = request->next;
	if (room->first == NULL)
		room->end = &room->first;
	return request;
}

static void
reap(struct vroom **at, bool all)
{
	struct vroom *room;

	while ((room = *at) != NULL) {
		if (all || (room->state == VROOM_OUT && room->first == NULL)) {
			*at = room->next;
			vroom_fini(room);
			free(room);
		} else {
			at = &room->next;
		}
	}
}

void
vroom_reap(struct vroom **list)
{
	reap(list, false);
}

void
vroom_free_all(struct vroom **list)
{
	reap(list, true);
}
