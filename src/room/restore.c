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

/* Under the lock: who has this account's name now, or NULL. */
static struct person *
account_of(struct registry *r, struct slice name)
{
	char bytes[NAME_KEY_MAX + 1];
	struct slice key;
	const char *why;
	struct account *a;

	if (!people_key(r, name, bytes, &key, &why))
		return NULL;
	a = accounts_find(r, key);
	return a == NULL ? NULL : person_ref(a->person);
}

/* "@alice,bob", both accounts: a guest's conversations end with it. */
static bool
direct_key(struct registry *r, struct slice name, struct room_word *w)
{
	struct slice one = { name.at + 1, name.len - 1 }, two;
	const char *comma = memchr(one.at, ',', one.len);

	if (comma == NULL)
		return false;
	one.len = (size_t)(comma - one.at);
	two = (struct slice){ comma + 1, name.len - one.len - 2 };
	w->pair[0] = account_of(r, one);
	w->pair[1] = account_of(r, two);
	if (w->pair[0] == NULL || w->pair[1] == NULL) {
		room_word_fini(w);
		return false;
	}
	registry_name_direct(w);
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

/* Is the directory of a direct conversation that of these two, and not of
 * others who had their names before? */
static bool
is_theirs(const struct room_word *w, const char *dir)
{
	char own[VAULT_DIR_MAX + 1];

	if (w->pair[0] == NULL)
		return true;
	vault_dir((struct slice){ w->key, w->key_len }, own);
	return strcmp(own, dir) == 0;
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
	bool known;

	/* A key is not to be shown: who enters spells the name, and the room
	 * is made with this directory. */
	if (name.len == 0) {
		log_info("rooms/%s: no line of it can be read; it is a room "
		    "again when somebody enters", dir);
		return;
	}
	lock_take(&r->lock);
	known = word_of(r, name, &w);
	if (!known && name.at[0] == '@')
		log_info("rooms/%s: one of the two has no account any more; "
		    "it is left alone", dir);
	else if (!known)
		log_warn("rooms/%s: no room has such a name; it is left "
		    "alone", dir);
	else if (!is_theirs(&w, dir))
		log_info("rooms/%s: others had these names; it is left alone",
		    dir);
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
	set->calm = s->calm;
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
		struct slice own = { w.key, w.key_len };

		/* A key may have changed with Unicode, but another pair has
		 * another conversation. */
		if (w.pair[0] == NULL || slice_same(own, key))
			room = find(r, own);
		if (room == NULL && (w.pair[0] == NULL ||
		    slice_same(own, key)))
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
