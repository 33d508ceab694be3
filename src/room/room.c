/* room.c -- a room and its thread
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "proto/event.h"
#include "proto/mail.h"
#include "room/room.h"

/* The deepest a room goes is the folding of a name that ROLE says, in ICU,
 * measured at 9 KiB; sanitizers take several times that. Pages that are not
 * touched cost nothing. */
enum {
	ROOM_STACK = 128 * 1024,
	JOB_WAIT_MS = 100,
	QUIET_MS = 60000
};

static void
init_feed(struct feed *f, struct room *room, struct mailbox *box)
{
	f->room = room;
	f->box = box;
	f->more.kind = MAIL_FEED;
	f->space.kind = MAIL_SPACE;
	atomic_init(&f->dirty, false);
	chain_init(&f->answers);
	chain_init(&f->asked);
	list_init(&f->here);
	list_init(&f->held);
	list_init(&f->touched);
}

struct room *
room_new(struct registry *r, const struct room_word *w,
    const struct person *creator, const char *dir, uint64_t last)
{
	struct room *room =
	    xcalloc(1, sizeof(*room) + r->ios * sizeof(room->feeds[0]));
	char own[VAULT_DIR_MAX + 1];
	bool guests = false;

	room->registry = r;
	room->config = r->config;
	room->key.at = xmemdup(w->key, w->key_len);
	room->key.len = w->key_len;
	room->name.at = xmemdup(w->name, w->name_len);
	room->name.len = w->name_len;
	for (int i = 0; i < 2; i++) {
		room->pairing[i].room = room;
		list_init(&room->pairing[i].link);
		if (w->pair[i] == NULL)
			continue;
		room->pair[i] = person_ref(w->pair[i]);
		guests = guests || !w->pair[i]->account;
		list_append(&w->pair[i]->pairings, &room->pairing[i].link);
	}
	if (r->vault != NULL && !guests) {
		if (dir == NULL)
			vault_dir(room->key, own);
		room->ledger = ledger_new(r->vault, dir != NULL ? dir : own);
	}
	chain_init(&room->parked);
	room->alone.kind = MAIL_ORDER;
	list_init(&room->dormant);
	mailbox_init(&room->inbox, (unsigned)config_get(&r->config->rooms_mailbox));
	settings_init(&room->settings);
	pace_init(&room->pace);
	room->made = creator != NULL && creator->account &&
	    room->pair[0] == NULL;
	if (room->made)
		settings_give(&room->settings, person_key(creator), ROLE_OWNER,
		    UINT64_MAX);
	repeats_init(&room->repeats,
	    (uint32_t)config_get(&r->config->rooms_repeat_ids));
	for (unsigned i = 0; i < r->ios; i++)
		init_feed(&room->feeds[i], room, r->boxes[i]);
	room->last = last;
	room_wake(room);
	return room;
}

/* The window and the members; what a dormant room goes without. */
void
room_wake(struct room *room)
{
	stream_init(&room->stream,
	    (uint64_t)config_get(&room->config->rooms_window) * 1024,
	    room->last);
	roster_init(&room->roster);
	room->until = room->quiet = room->redo = room->due = UINT64_MAX;
	room->told_at = 0;
	counter_set(&room->seen_last, room->last);
}

void
room_hibernate(struct room *room)
{
	room->last = room->stream.last;
	stream_fini(&room->stream);
	roster_fini(&room->roster);
	/* The log has them. */
	if (room->ledger != NULL)
		repeats_fini(&room->repeats);
	free(room->erased);
	room->erased = NULL;
	room->erasures = 0;
}

/* Dormant only. */
void
room_free(struct room **at)
{
	struct room *room = *at;

	*at = NULL;
	if (room == NULL)
		return;
	assert(!room->live);
	mailbox_fini(&room->inbox);
	settings_fini(&room->settings);
	pace_fini(&room->pace);
	repeats_fini(&room->repeats);
	for (int i = 0; i < 2; i++) {
		list_remove(&room->pairing[i].link);
		person_unref(&room->pair[i]);
	}
	ledger_unref(&room->ledger);
	blob_unref(&room->struck);
	free((char *)room->key.at);
	free((char *)room->name.at);
	free(room);
}

const struct person *
room_gone(const struct room *room)
{
	for (int i = 0; i < 2 && room->pair[0] != NULL; i++)
		if (!atomic_load(&room->pair[i]->known))
			return room->pair[i];
	return NULL;
}

bool
room_is_plain(const struct room *room, bool strictly)
{
	if (room->ledger != NULL && (ledger_bytes(room->ledger) > 0 ||
	    ledger_failure(room->ledger) != 0))
		return false;
	return strictly ? settings_are_plain(&room->settings) :
	    room->settings.grants.count == 0;
}

/* When there is something to do without mail. */
static uint64_t
next_time(const struct room *room)
{
	uint64_t next = room->until;

	if (room->quiet < next)
		next = room->quiet;
	if (room->due < next)
		next = room->due;
	return room->redo < next ? room->redo : next;
}

static void
run(void *arg)
{
	struct room *room = arg;

	room_load(room);
	for (;;) {
		struct mail *waiters;
		struct mail *batch =
		    mailbox_wait(&room->inbox, next_time(room), &waiters);

		room_turn(room, batch, waiters, clock_ms(), clock_wall_ms());
		if (room->until > room->now)
			continue;
		/* Its jobs come back to this mailbox. */
		if (room->jobs > 0) {
			room->until = room->now + JOB_WAIT_MS;
			continue;
		}
		room->until = UINT64_MAX;
		if (room->ledger != NULL)
			ledger_rest(room->ledger);
		if (registry_retire(room->registry, room))
			return;
	}
}

int
room_start(struct room *room)
{
	char name[16];
	size_t len = room->name.len < sizeof(name) ? room->name.len :
	    sizeof(name) - 1;

	/* The kernel's names are bytes: do not leave half a letter. */
	while (len > 0 && len < room->name.len &&
	    (room->name.at[len] & 0xc0) == 0x80)
		len--;
	memcpy(name, room->name.at, len);
	name[len] = '\0';
	return thread_start(&room->thread, name, ROOM_STACK, true, run, room);
}

struct actor
room_actor(const struct room *room, const struct request *r)
{
	struct actor a = registry_actor(room->registry, r->who);

	a.inside = r->member != NULL && r->member->occupant != NULL;
	a.role = settings_role(&room->settings, person_key(r->who),
	    room->now);
	return a;
}

static struct standing
standing(const struct room *room)
{
	return (struct standing){
		.hidden = room->settings.hidden,
		.members_only = room->settings.members_only,
		.moderated = room->settings.moderated,
		.direct = room->pair[0] != NULL,
		.owned = room->settings.owners > 0
	};
}

enum error
room_may(struct room *room, struct request *r, bool others)
{
	struct actor a = room_actor(room, r);
	struct standing s = standing(room);
	enum error e = may(&a, r->words.command->verb, &s, others);

	if (e != ERROR_NONE)
		request_error(r, e, error_help(e));
	return e;
}

/* The registry has asked already, but it may have been hidden since, or who
 * asks may have been thrown out. */
static bool
is_there_for(struct room *room, struct request *r)
{
	struct standing s = standing(room);
	struct actor a;
	enum error e;

	if (!s.hidden && !s.members_only)
		return true;
	a = room_actor(room, r);
	if (may_see(&a, &s))
		return true;
	e = unseen(&a, r->words.command->verb);
	request_error(r, e, error_help(e));
	return false;
}

static void
commit(struct room *room, struct event *e)
{
	stream_commit(&room->stream, event_render(e,
	    stream_reserve(&room->stream, event_bound(e))), false);
}

void
room_presence(struct room *room, struct event *e)
{
	uint64_t wait = PRESENCE_EACH_MS * room->roster.connections;

	e->room = room->name;
	commit(room, e);
	if (wait > PRESENCE_MOST_MS)
		wait = PRESENCE_MOST_MS;
	if (room->told_at + wait < room->due)
		room->due = room->told_at + wait;
}

uint64_t
room_event(struct room *room, struct event *e, bool numbered)
{
	room->due = room->now;
	e->room = room->name;
	e->number = numbered ? room->stream.last + 1 : 0;
	if (e->time < room->wall)
		e->time = room->wall;
	if (numbered)
		room_batch_line(room, e);
	else
		commit(room, e);
	return e->number;
}

void
room_line(const struct room *room, struct blob **b)
{
	const struct blob *topic = room->settings.topic;

	blob_printf(b, "ROOM %.*s %" PRIu64 " %u", (int)room->name.len,
	    room->name.at, room->stream.last,
	    room->pair[0] != NULL ? 2 : roster_people(&room->roster));
	if (topic != NULL)
		blob_printf(b, " %.*s", (int)topic->len, topic->data);
	blob_add(b, slice_of("\n"));
}

static void
room_request(struct room *room, struct request *r)
{
	static void (*const handlers[VERB_COUNT])(struct room *,
	    struct request *) = {
		[VERB_JOIN] = room_join, [VERB_LEAVE] = room_leave,
		[VERB_SAY] = room_say, [VERB_EDIT] = room_amend,
		[VERB_DELETE] = room_amend, [VERB_REACT] = room_amend,
		[VERB_SIGNAL] = room_signal, [VERB_WHO] = room_who,
		[VERB_SET] = room_set, [VERB_ROLE] = room_role,
		[VERB_KICK] = room_kick, [VERB_HISTORY] = room_history,
		[VERB_SEARCH] = room_history, [VERB_READ] = room_read,
		 [VERB_RETRY] = room_retry
	};
	enum verb verb = r->words.command->verb;

	if (r->looked)
		room->lookups--;
	else
		counter_add(&room->counters.requests, 1);
	/* What is only said can wait and be written together. */
	if (verb != VERB_SAY && verb != VERB_EDIT && verb != VERB_REACT &&
	    verb != VERB_SIGNAL)
		room_flush(room);
	r->away = r->asks = false;
	r->member = r->from;
	/* A direct conversation enters connections that do not know yet; they
	 * cannot leave before they do, since `tell` is under way. */
	if (r->member == NULL && room->pair[0] != NULL &&
	    verb != VERB_LEAVE)
		r->member = roster_by_conn(&room->roster, r->conn_id);
	/* It may be that it could not be looked for. */
	if ((!r->looked || r->reply == NULL) && is_there_for(room, r))
		handlers[verb](room, r);
	/* Once the archive has it, it is not to be touched. */
	if (r->asks)
		archives_ask(room->registry->archives, r);
	else if (!r->away)
		room_answer(r->feed, &r->mail);
}

static void
room_mail(struct room *room, struct mail *m)
{
	if (m->kind != MAIL_REQUEST)
		room_flush(room);
	switch (m->kind) {
	case MAIL_REQUEST:
		room_request(room,
		    table_entry(m, struct request, mail));
		break;
	case MAIL_DETACH:
		room_detach(room, table_entry(m, struct move, mail));
		break;
	case MAIL_AGAIN:
		room_again(room, table_entry(m, struct move, mail));
		break;
	case MAIL_CHANGE:
		room_saved(room, table_entry(m, struct change, mail));
		break;
	case MAIL_ERASE:
		room_was_erased(room, table_entry(m, struct erasure, mail));
		break;
	case MAIL_ORDER:
		room->until =
		    registry_linger(room->registry, room, room->now);
		room_strike(room);
		room_part(room);
		break;
	default:
		assert(!"mail that a room does not take");
	}
}

/* Nothing is being erased any more: on with those that waited for it. */
static void
take_parked(struct room *room)
{
	struct mail *m = room->parked.first, *next;

	if (m == NULL || room->erasing > 0)
		return;
	chain_init(&room->parked);
	for (; m != NULL; m = next) {
		next = m->next;
		room_mail(room, m);
	}
}

void
room_answer(struct feed *f, struct mail *m)
{
	chain_add(&f->answers, m);
}

/* One post an io thread: the answers, and that there is more to be sent. */
static void
post_answers(struct room *room, bool more)
{
	for (unsigned i = 0; i < room->registry->ios; i++) {
		struct feed *f = &room->feeds[i];

		if (more && f->members > 0 &&
		    !atomic_exchange(&f->dirty, true))
			chain_add(&f->answers, &f->more);
		mailbox_send_chain(f->box, &f->answers);
	}
}

/* Who was silent for a while gives its window back; the log has it. */
static bool
be_quiet(struct room *room)
{
	if (room->now < room->quiet)
		return false;
	room->quiet = UINT64_MAX;
	return !room->settings.ephemeral && stream_shrink(&room->stream);
}

/* Is there more in the stream, and are the members to be told? */
static bool
is_due(struct room *room)
{
	if (!stream_publish(&room->stream) && be_quiet(room))
		room->due = room->now;
	if (room->now < room->due)
		return false;
	room->due = UINT64_MAX;
	room->told_at = room->now;
	return true;
}

static void
expire_roles(struct room *room)
{
	if (!settings_are_due(&room->settings, room->now))
		return;
	lock_take(&room->registry->lock);
	settings_expire(&room->settings, room->now);
	lock_drop(&room->registry->lock);
}

void
room_turn(struct room *room, struct mail *batch, struct mail *waiters,
    uint64_t now, uint64_t wall)
{
	struct mail *m = batch, *next;
	bool more;

	assert(thread_is(&room->thread));
	room->now = now;
	room->wall = wall;
	expire_roles(room);
	for (; waiters != NULL; waiters = next) {
		struct feed *f = table_entry(waiters, struct feed, space);

		next = waiters->next;
		room_answer(f, waiters);
	}
	counter_add(&room->counters.batches, batch != NULL);
	for (; m != NULL; m = next) {
		next = m->next;
		room_mail(room, m);
	}
	if (room->now >= room->redo)
		room_redo(room);
	take_parked(room);
	room_flush(room);
	more = is_due(room);
	if (batch != NULL && room->ledger != NULL)
		room->quiet = stream_is_small(&room->stream) ? UINT64_MAX :
		    now + QUIET_MS;
	counter_set(&room->seen_last, room->stream.last);
	counter_set(&room->seen_members, room->pair[0] != NULL ? 2 :
	    roster_people(&room->roster));
	post_answers(room, more);
}
