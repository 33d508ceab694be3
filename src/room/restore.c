/* restore.c -- the rooms of earlier runs, known again at a start
 *
 * SPDX-License-Identifier: MIT
 *
 * They are dormant: a room's thread reads its log when somebody enters. */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "room/room.h"

/* "@alice,bob", both accounts: a guest's conversations end with it. */
static bool
direct_key(struct registry *r, struct slice name, struct room_word *w)
{
	struct slice two[2] = { { name.at + 1, name.len - 1 } };
	const char *comma = memchr(two[0].at, ',', two[0].len), *why;
	char key[2][NAME_KEY_MAX];
	size_t len[2];

	if (comma == NULL)
		return false;
	two[0].len = (size_t)(comma - two[0].at);
	two[1] = (struct slice){ comma + 1, name.len - two[0].len - 2 };
	for (int i = 0; i < 2; i++)
		if (name_fold(r->names, NAME_NICK, two[i].at, two[i].len,
		    key[i], &len[i], &why) < 0)
			return false;
	for (int i = 0; i < 2; i++)
		w->pair[i] = person_new((struct slice){ key[i], len[i] },
		    two[i], false, NULL);
	w->key_len = (size_t)snprintf(w->key, sizeof(w->key),
	    "@%s\001" "0\001%s\001" "0", key[0], key[1]);
	return true;
}

static bool
word_of(struct registry *r, struct slice name, struct room_word *w)
{
	const char *why;

	memset(w, 0, sizeof(*w));
	if (name.len == 0 || name.len > ROOM_NAME_MAX)
		return false;
	memcpy(w->name, name.at, name.len);
	w->name_len = name.len;
	if (name.at[0] == '@')
		return direct_key(r, name, w);
	return name_fold(r->names, NAME_ROOM, name.at, name.len, w->key,
	    &w->key_len, &why) == 0;
}

static struct room *
find(struct registry *r, struct slice key)
{
	struct table_node *n = table_find(&r->rooms, key);

	return n == NULL ? NULL : table_entry(n, struct room, node);
}

static struct room *
restore(struct registry *r, const struct room_word *w, const char *dir,
    uint64_t last, uint64_t size)
{
	struct room *room = room_new(r, w, NULL, dir,
	    last > 0 ? last : registry_begin(r));

	if (room->ledger != NULL)
		ledger_found(room->ledger, size);
	room_hibernate(room);
	table_add(&r->rooms, &room->node);
	list_append(&r->dormant, &room->dormant);
	return room;
}

void
registry_found(struct registry *r, const char *dir, struct slice name,
    uint64_t last, uint64_t size)
{
	struct room_word w;
	bool known = word_of(r, name, &w);

	/* A key is not to be shown: who enters spells the name, and the room
	 * is made with this directory. */
	if (name.len == 0) {
		log_info("rooms/%s: no line of it can be read; it is a room "
		    "again when somebody enters", dir);
		return;
	}
	lock_take(&r->lock);
	if (!known)
		log_warn("rooms/%s: no room has such a name; it is left "
		    "alone", dir);
	else if (find(r, (struct slice){ w.key, w.key_len }) != NULL)
		log_warn("rooms/%s: another directory is this room's; it is "
		    "left alone", dir);
	else
		restore(r, &w, dir, last, size);
	lock_drop(&r->lock);
	if (known)
		room_word_fini(&w);
}

static void
take_over(struct settings *set, const struct switches *s)
{
	set->topic = s->topic != NULL ? blob_ref(s->topic) : NULL;
	set->hidden = s->hidden;
	set->members_only = s->members_only;
	set->moderated = s->moderated;
	set->ephemeral = s->ephemeral;
	set->keep_ms = s->keep_ms;
	set->keep_count = s->keep_count;
	set->slow = s->slow;
}

void
registry_switches(struct registry *r, struct slice key, struct slice name,
    const struct switches *s)
{
	struct room_word w;
	struct room *room;

	lock_take(&r->lock);
	room = find(r, key);
	if (room == NULL && word_of(r, name, &w)) {
		room = find(r, (struct slice){ w.key, w.key_len });
		if (room == NULL)
			room = restore(r, &w, NULL, 0, 0);
		room_word_fini(&w);
	}
	if (room != NULL)
		take_over(&room->settings, s);
	lock_drop(&r->lock);
}

void
registry_grant(struct registry *r, struct slice key, struct slice who,
    enum role role, uint64_t until)
{
	uint64_t wall = clock_wall_ms(), now = clock_ms();
	struct room *room;

	lock_take(&r->lock);
	room = find(r, key);
	if (room != NULL && until > wall)
		settings_give(&room->settings, who, role,
		    until == UINT64_MAX ? until : now + (until - wall));
	lock_drop(&r->lock);
}
