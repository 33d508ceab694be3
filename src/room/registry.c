/* registry.c -- every room by its name, and every person by theirs
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "proto/mail.h"
#include "room/room.h"

#define HOUR_US UINT64_C(3600000000)

static struct slice
key_of_room(const struct table_node *n)
{
	return table_entry(n, const struct room, node)->key;
}

static struct slice
key_of_person(const struct table_node *n)
{
	return person_key(table_entry(n, const struct person, node));
}

struct registry *
registry_new(const struct config *config, const struct names *names,
    struct mailbox **boxes, unsigned ios)
{
	struct registry *r = xcalloc(1, sizeof(*r));
	int rc = pthread_cond_init(&r->quiet, NULL);

	assert(rc == 0);
	lock_init(&r->lock, LOCK_REGISTRY);
	r->config = config;
	r->names = names;
	r->boxes = boxes;
	r->ios = ios;
	table_init(&r->rooms, key_of_room);
	table_init(&r->people, key_of_person);
	list_init(&r->dormant);
	list_init(&r->expiring);
	accounts_init(r);
	return r;
}

void
registry_tell(struct room *room)
{
	if (room->told)
		return;
	room->told = true;
	mailbox_send(&room->inbox, &room->alone);
}

void
registry_stop(struct registry *r)
{
	struct table_node *n = NULL;

	lock_take(&r->lock);
	r->stopping = true;
	while ((n = table_next(&r->rooms, n)) != NULL) {
		struct room *room = table_entry(n, struct room, node);

		if (room->live)
			registry_tell(room);
	}
	while (r->live > 0)
		pthread_cond_wait(&r->quiet, &r->lock.mutex);
	lock_drop(&r->lock);
}

static void
forget(struct registry *r, struct room *room)
{
	list_remove(&room->dormant);
	table_remove(&r->rooms, &room->node);
	room_free(&room);
}

void
registry_free(struct registry **at)
{
	struct registry *r = *at;
	struct table_node *n;

	*at = NULL;
	if (r == NULL)
		return;
	assert(r->live == 0);
	while ((n = table_next(&r->rooms, NULL)) != NULL)
		forget(r, table_entry(n, struct room, node));
	/* What is reserved stays so on the disk. */
	r->store = NULL;
	people_expire(r, UINT64_MAX);
	accounts_fini(r);
	assert(r->people.count == 0);
	table_fini(&r->rooms);
	table_fini(&r->people);
	pthread_cond_destroy(&r->quiet);
	lock_fini(&r->lock);
	free(r);
}

/* Under the lock: who a name in a direct conversation's word means. An
 * account goes before a guest, whose name may be said without its mark. */
static struct person *
somebody(struct registry *r, struct slice key)
{
	struct person *p = people_find(r, key);
	char guest[NAME_KEY_MAX + 1];

	if (p != NULL || key.len == 0 || key.at[0] == '~')
		return p;
	guest[0] = '~';
	memcpy(guest + 1, key.at, key.len);
	return people_find(r, (struct slice){ guest, key.len + 1 });
}

static enum error
find_person(struct registry *r, struct slice name, struct person **p_r,
    const char **why_r)
{
	char bytes[NAME_KEY_MAX + 1];
	struct slice key;

	if (!people_key(r, name, bytes, &key, why_r))
		return ERROR_BAD_NAME;
	lock_take(&r->lock);
	*p_r = somebody(r, key);
	if (*p_r != NULL)
		person_ref(*p_r);
	lock_drop(&r->lock);
	*why_r = error_help(ERROR_NO_SUCH_NAME);
	return *p_r != NULL ? ERROR_NONE : ERROR_NO_SUCH_NAME;
}

void
registry_name_direct(struct room_word *w)
{
	struct person *a = w->pair[0], *b = w->pair[1];
	struct slice one = person_name(a), two = person_name(b), key[2];
	int order = memcmp(one.at, two.at, one.len < two.len ? one.len :
	    two.len);

	if (order > 0 || (order == 0 && one.len > two.len)) {
		w->pair[0] = b;
		w->pair[1] = a;
		a = w->pair[0];
		b = w->pair[1];
		one = person_name(a);
		two = person_name(b);
	}
	key[0] = person_key(a);
	key[1] = person_key(b);
	w->name_len = (size_t)snprintf(w->name, sizeof(w->name),
	    "@%.*s,%.*s", (int)one.len, one.at, (int)two.len, two.at);
	/* With the times, so that a later guest of the name does not enter
	 * the conversation of an earlier one. */
	w->key_len = (size_t)snprintf(w->key, sizeof(w->key),
	    "@%.*s\001%" PRIu64 "\001%.*s\001%" PRIu64, (int)key[0].len,
	    key[0].at, a->since, (int)key[1].len, key[1].at, b->since);
	assert(w->key_len < sizeof(w->key));
}

/* "@bob" or "@alice,bob", one of the two being `who`. */
static enum error
direct_word(struct registry *r, struct person *who, struct slice word,
    struct room_word *w, const char **why_r)
{
	struct slice first = { word.at + 1, word.len - 1 }, second = { 0 };
	const char *comma = memchr(first.at, ',', first.len);
	enum error e;

	if (comma != NULL) {
		first.len = (size_t)(comma - first.at);
		second.at = comma + 1;
		second.len = word.len - first.len - 2;
		e = find_person(r, second, &w->pair[0], why_r);
		if (e != ERROR_NONE)
			return e;
	} else {
		w->pair[0] = person_ref(who);
	}
	e = find_person(r, first, &w->pair[1], why_r);
	if (e != ERROR_NONE)
		return e;
	if (w->pair[0] != who && w->pair[1] != who) {
		*why_r = error_help(ERROR_NO_SUCH_ROOM);
		return ERROR_NO_SUCH_ROOM;
	}
	if (w->pair[0] == w->pair[1]) {
		*why_r = "a conversation needs two";
		return ERROR_BAD_NAME;
	}
	registry_name_direct(w);
	return ERROR_NONE;
}

enum error
registry_word(struct registry *r, struct person *who, struct slice word,
    struct room_word *w, const char **why_r)
{
	enum error e = ERROR_NONE;

	w->pair[0] = w->pair[1] = NULL;
	if (word.len > 0 && word.at[0] == '@') {
		e = direct_word(r, who, word, w, why_r);
	} else if (name_fold(r->names, NAME_ROOM, word.at, word.len, w->key,
	    &w->key_len, why_r) < 0) {
		e = ERROR_BAD_NAME;
	} else {
		memcpy(w->name, word.at, word.len);
		w->name_len = word.len;
	}
	if (e != ERROR_NONE)
		room_word_fini(w);
	return e;
}

void
room_word_fini(struct room_word *w)
{
	person_unref(&w->pair[0]);
	person_unref(&w->pair[1]);
}

static bool
may_make(const struct registry *r, const struct person *who)
{
	switch (config_get(&r->config->rooms_create)) {
	case CREATE_GUESTS:
		return true;
	case CREATE_ACCOUNTS:
		return who->account;
	default:
		return who->admin;
	}
}

struct actor
registry_actor(const struct registry *r, const struct person *who)
{
	bool reader = !who->account &&
	    config_get(&r->config->accounts_guests) != GUESTS_YES;

	return (struct actor){
		.admin = who->admin, .reader = reader,
		.maker = !reader && may_make(r, who), .role = ROLE_NONE
	};
}

bool
registry_sees(const struct registry *r, const struct room *room,
    const struct person *who, uint64_t now)
{
	struct standing s = {
		.hidden = room->settings.hidden,
		.members_only = room->settings.members_only,
		.direct = room->pair[0] != NULL
	};
	struct actor a = registry_actor(r, who);

	a.role = settings_role(&room->settings, person_key(who), now);
	return may_see(&a, &s);
}

static void
forget_some(struct registry *r, size_t most, bool strictly)
{
	for (struct link *l = r->dormant.next;
	    l != &r->dormant && r->rooms.count >= most;) {
		struct room *room = list_entry(l, struct room, dormant);

		l = l->next;
		if (room_is_plain(room, strictly))
			forget(r, room);
	}
}

/* Room for one more: true, or true after forgetting a dormant one. A topic in
 * a room that is nobody's does not keep others out. */
static bool
find_space(struct registry *r)
{
	size_t most = (size_t)config_get(&r->config->rooms_max);

	forget_some(r, most, true);
	forget_some(r, most, false);
	return r->rooms.count < most;
}

uint64_t
registry_begin(struct registry *r)
{
	uint64_t number = people_begin_time(r) * 1024;

	if (r->vault == NULL)
		return number;
	/* Where the clock jumped ahead of the ceiling, what follows all that
	 * was ever given does as well. */
	if (number >= atomic_load(&r->vault->ceiling))
		return atomic_load(&r->vault->high);
	return number < r->vault->floor ? r->vault->floor : number;
}

/* Who asks for a conversation begins it, whatever it is asked. */
/* Each is a thread. */
static bool
makes_too_many(const struct registry *r, const struct seeker *s)
{
	unsigned most = (unsigned)config_get(&r->config->limits_rooms_made);

	return most > 0 && s->making != NULL &&
	    rate_take(s->making, s->now * 1000, HOUR_US / most, most, 1) > 0;
}

static enum error
make_room(struct registry *r, const struct room_word *w,
    const struct seeker *s, struct room **room_r, const char **why_r,
    const char **limit_r)
{
	struct actor a = registry_actor(r, s->who);

	if (w->pair[0] != NULL ? a.reader :
	    s->verb != VERB_JOIN || !a.maker) {
		*why_r = error_help(ERROR_NO_SUCH_ROOM);
		return ERROR_NO_SUCH_ROOM;
	}
	if (!find_space(r)) {
		*why_r = "the server has as many rooms as it may have";
		*limit_r = "rooms.max";
		return ERROR_TOO_MANY;
	}
	if (makes_too_many(r, s)) {
		*why_r = "too many new rooms from your address";
		*limit_r = "limits.rooms_made";
		return ERROR_TOO_MANY;
	}
	*room_r = room_new(r, w, s->who, NULL, registry_begin(r));
	table_add(&r->rooms, &(*room_r)->node);
	return ERROR_NONE;
}

static enum error
start_room(struct registry *r, struct room *room, const char **why_r,
    const char **limit_r)
{
	int rc = room_start(room);

	if (rc == 0) {
		room->live = true;
		r->live++;
		return ERROR_NONE;
	}
	log_warn("cannot start a thread for a room: %s", strerror(-rc));
	room_hibernate(room);
	list_append(&r->dormant, &room->dormant);
	*why_r = "the machine has no thread left for another room";
	*limit_r = "threads";
	return ERROR_TOO_MANY;
}

/* The room of that name, unless it is not there for the seeker. */
static enum error
find_room(struct registry *r, const struct room_word *w,
    const struct seeker *s, struct room **room_r, const char **why_r,
    const char **limit_r)
{
	struct table_node *n =
	    table_find(&r->rooms, (struct slice){ w->key, w->key_len });
	struct actor a;
	enum error e;

	if (n == NULL)
		return make_room(r, w, s, room_r, why_r, limit_r);
	*room_r = table_entry(n, struct room, node);
	if (registry_sees(r, *room_r, s->who, s->now))
		return ERROR_NONE;
	a = registry_actor(r, s->who);
	e = unseen(&a, s->verb);
	*why_r = error_help(e);
	return e;
}

enum error
registry_open(struct registry *r, const struct room_word *w,
    const struct seeker *s, struct room **room_r, const char **why_r,
    const char **limit_r)
{
	struct room *room;
	enum error e;

	lock_take(&r->lock);
	e = find_room(r, w, s, &room, why_r, limit_r);
	if (e == ERROR_NONE && !room->live) {
		if (!list_empty(&room->dormant)) {
			list_remove(&room->dormant);
			room_wake(room);
		}
		e = start_room(r, room, why_r, limit_r);
	}
	if (e == ERROR_NONE) {
		room->holders += !room->feeds[s->io].open;
		*room_r = room;
	}
	lock_drop(&r->lock);
	return e;
}

void
registry_close(struct registry *r, struct room *room)
{
	lock_take(&r->lock);
	assert(room->holders > 0);
	if (--room->holders == 0)
		registry_tell(room);
	lock_drop(&r->lock);
}

uint64_t
registry_linger(struct registry *r, struct room *room, uint64_t now)
{
	bool stopping;

	lock_take(&r->lock);
	room->told = false;
	stopping = r->stopping;
	lock_drop(&r->lock);
	return stopping ? now :
	    now + (uint64_t)config_get(&r->config->rooms_linger) * 1000;
}

bool
registry_retire(struct registry *r, struct room *room)
{
	bool ends;

	lock_take(&r->lock);
	/* With `alone` under way it would come to a box that nobody reads. */
	ends = room->holders == 0 && !room->told;
	if (ends) {
		room_hibernate(room);
		room->live = false;
		list_append(&r->dormant, &room->dormant);
		if (--r->live == 0)
			pthread_cond_signal(&r->quiet);
	}
	lock_drop(&r->lock);
	return ends;
}

void
registry_each(struct registry *r,
    void (*fn)(const struct room *, void *arg), void *arg)
{
	lock_take(&r->lock);
	for (struct table_node *n = table_next(&r->rooms, NULL); n != NULL;
	    n = table_next(&r->rooms, n))
		fn(table_entry(n, struct room, node), arg);
	lock_drop(&r->lock);
}

void
registry_note_time(struct registry *r, uint64_t wall)
{
	uint64_t high = atomic_load_explicit(&r->high, memory_order_relaxed);

	while (high < wall && !atomic_compare_exchange_weak(&r->high, &high,
	    wall))
		continue;
}
