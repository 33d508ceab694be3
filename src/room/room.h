/* room.h -- a room and its thread
 *
 * SPDX-License-Identifier: MIT
 *
 * The thread takes all its mail at once, runs each piece in order, writes what
 * that made to its log, publishes it, and sends the answers back, one post an
 * io thread. It waits for mail, and for its own log's disk.
 *
 * Files: room.c the turn; batch.c to the log before it is told; load.c from
 * the log and back; erase.c what was deleted; enter.c who comes and goes, and
 * places; say.c, govern.c, history.c the commands.
 *
 * Threads: room_begin(), room_hibernate(), room_free() as the registry says;
 *          room_turn() and all that the room's other files have, the room's own.
 * Locks:   none of its own.
 * Memory:  the registry's. */
#ifndef ROOM_ROOM_H
#define ROOM_ROOM_H

#include "conf/config.h"
#include "ledger/ledger.h"
#include "room/archive.h"
#include "room/change.h"
#include "room/member.h"
#include "room/pace.h"
#include "room/registry.h"
#include "room/repeats.h"
#include "room/request.h"
#include "room/roster.h"
#include "room/settings.h"
#include "room/stream.h"
#include "ledger/keeper.h"
#include "sync/counter.h"
#include "sync/thread.h"

struct event;

struct room_counters {
	struct counter requests;	/* taken */
	struct counter events;		/* numbered */
	struct counter batches;		/* turns with mail */
	struct counter repeats;		/* answered as said before */
	struct counter gaps;		/* places that began with a GAP */
	struct counter replays;		/* places in the log */
	struct counter unsaid;		/* refused, since they could not be
					 * stored */
};

/* Who comes and goes is told at once to members who were told nothing for so
 * long; else then, or with what comes before: a storm of JOINs is 250 sends a
 * second and room, and not one for each JOIN and member. */
enum { PRESENCE_EACH_MS = 4 /* a member */, PRESENCE_MOST_MS = 250 };

/* Numbered lines at the stream's end that are to be written. */
enum { BATCH_RUNS = 64, BATCH_EVENTS = 4096 };

struct batch {
	struct stream_mark mark;	/* before them */
	struct iovec       runs[BATCH_RUNS]; /* without what is ephemeral */
	unsigned           count;	/* of runs */
	unsigned           events;
	uint64_t           first;	/* number */
	uint64_t           time;	/* of the first */
	uint64_t           latest;	/* time of the last */
	bool               log;		/* they go to the log */
	struct request    *requests;	/* whose they are; by next_said */
};

/* A message that was deleted. */
struct erased {
	uint64_t number;
	bool     pending;	/* the log still has it */
};

/* A room in the list of one of its two. */
struct pairing {
	struct link  link;	/* (l) */
	struct room *room;	/* (c) */
};

struct room {
	struct table_node    node;	/* (l) registry */
	struct link          dormant;	/* (l) while it is */
	unsigned             holders;	/* (l) io threads */
	bool                 live;	/* (l) its thread runs */
	struct mail          alone;	/* no holder is left, or one of the
					 * two is not any more, or somebody
					 * who had a role */
	bool                 told;	/* (l) `alone` is under way */
	struct registry     *registry;	/* (s) */
	const struct config *config;	/* (c), its values (a) */
	struct slice         key;	/* (c) */
	struct slice         name;	/* (c) the first spelling */
	struct person       *pair[2];	/* (c) a direct conversation's; or
					 * NULL; referenced */
	struct pairing       pairing[2]; /* (l) */
	struct blob         *struck;	/* (l) keys whose roles are no more,
					 * each with a NUL behind it; or NULL */
	struct thread        thread;	/* (o) */
	struct mailbox       inbox;	/* (s) limit rooms.mailbox; full: the
					 * sender is not read from; counted */
	struct stream        stream;	/* (o), start (a) */
	struct roster        roster;	/* (o) */
	struct repeats       repeats;	/* (o) */
	struct pace          pace;	/* (o) of a slow room */
	struct settings      settings;	/* (o); (l) too where it says so */
	uint64_t             last;	/* (o) while dormant: the last number */
	struct ledger       *ledger;	/* (c) NULL: no log */
	bool                 made;	/* (c) now, by somebody who owns it */
	bool                 loaded;	/* (o) the log's end was read */
	bool                 unread;	/* (o) it could not be, though */
	bool                 undone;	/* (o) a job failed: todo stays */
	uint64_t             redo;	/* (o) when to try what failed again */
	int                  failure;	/* (o) why nothing can be stored, as
					 * -errno; 0: it can */
	unsigned             jobs;	/* (o) erasures and changes that will
					 * come back */
	unsigned             lookups;	/* (o) requests that look at the log */
	unsigned             erasing;	/* (o) erasures under way */
	struct batch         batch;	/* (o) */
	struct mail_chain    parked;	/* (o) until nothing is being erased */
	struct erased       *erased;	/* (o) deleted: still in the window, or
					 * not yet erased, or looked up */
	size_t               erasures;	/* (o) */
	uint64_t             now;	/* (o) clock_ms() of this turn */
	uint64_t             wall;	/* (o) clock_wall_ms() of this turn */
	uint64_t             until;	/* (o) when to try to end */
	uint64_t             quiet;	/* (o) when to give the window back */
	uint64_t             due;	/* (o) when members are to be told that
					 * the stream has more */
	uint64_t             told_at;	/* (o) when they were last */
	struct counter       seen_last;	/* (a) for LIST */
	struct counter       seen_members; /* (a) people, for LIST */
	struct room_counters counters;	/* (a) */
	struct feed          feeds[];	/* one an io thread */
};

/* Made live, without its thread running: numbers go on after `last`. The
 * creator, unless NULL or a guest, owns it. With a vault, and unless a guest
 * is one of its two, it has a log, in the directory `dir`, or, if that is
 * NULL, the one that its key says. */
struct room *room_new(struct registry *, const struct room_word *,
    const struct person *creator, const char *dir, uint64_t last);
void room_free(struct room **);
/* Out of dormancy, and into it: stream, members and mail are gone then. */
void room_wake(struct room *);
void room_hibernate(struct room *);
/* 0 or -errno. */
int room_start(struct room *);
/* Any thread that holds it or the registry's lock: who of the two of a direct
 * conversation is gone for good, which has ended it; or NULL. */
const struct person *room_gone(const struct room *);
/* Holds nothing but a number; or, if not strictly, nothing that somebody who
 * has a role in it could miss. */
bool room_is_plain(const struct room *, bool strictly);

/* One batch of mail, as the thread would do it at these times. */
void room_turn(struct room *, struct mail *batch, struct mail *waiters,
    uint64_t now, uint64_t wall);

/* Of the room's own files. */

/* load.c: what the log's end tells, before the first mail. */
void room_load(struct room *);
/* After RETRY: ids and todo, if they could not be read then. */
void room_read_again(struct room *);
/* Tells the log how much of it is kept. */
void room_keep(struct room *);
/* To the store; the line is in todo. */
void room_save_switches(struct room *);
void room_save_grant(struct room *, struct slice key, enum role,
    uint64_t until);
/* Mail: a change is back. */
void room_saved(struct room *, struct change *);
/* What todo has is done, again. */
void room_redo(struct room *);
/* A job came back; done: what it stood for in todo is not needed any more. */
void room_job_over(struct room *, bool done);

/* batch.c: a numbered event at the stream's end, to be written. */
void room_batch_line(struct room *, struct event *);
/* Writes what the turn has said so far. False: it could not be, was
 * taken back, and the requests were told. */
bool room_flush(struct room *);
/* The event just made is this request's. */
void room_batched(struct room *, struct request *);
/* Refuses, with why nothing can be stored. */
void room_storage_error(struct room *, struct request *, int failure);
/* An event on its own, whose consequences are in todo before it is written, if
 * it goes to the log. 0: it could not be, and the request is answered. */
uint64_t room_event_todo(struct room *, struct request *, struct event *,
    bool log);

/* erase.c: the text of a message is not shown again. */
void room_erase(struct room *, uint64_t number, uint64_t by);
void room_erase_again(struct room *, uint64_t number, uint64_t by);
bool room_is_erased(const struct room *, uint64_t number);
/* Mail: an erasure is back. */
void room_was_erased(struct room *, struct erasure *);
/* True: the mail waits until nothing is being erased, since it would read the
 * log. */
bool room_park(struct room *, struct mail *);

struct actor room_actor(const struct room *, const struct request *);
/* ERROR_NONE, or the request is answered with why not. */
enum error room_may(struct room *, struct request *, bool others);
/* Renders an event at the stream's end, with the next number if it is a
 * numbered one; returns its number or 0. */
uint64_t room_event(struct room *, struct event *, bool numbered);
/* Who comes or goes: not numbered, and told as PRESENCE_EACH_MS says. */
void room_presence(struct room *, struct event *);
/* A "ROOM name last members [topic]" line as of now. */
void room_line(const struct room *, struct blob **);
/* Mail: who has no account any more has no role. */
void room_strike(struct room *);
/* A direct conversation one of whose two is gone for good ends. */
void room_part(struct room *);
/* A direct conversation: every connection of the two is a member. */
void room_invite(struct room *);
/* Mail to the io thread of the feed, with this turn's answers. */
void room_answer(struct feed *, struct mail *);

/* Handlers, by theme; each answers the request. */
void room_join(struct room *, struct request *);
void room_leave(struct room *, struct request *);
void room_kick(struct room *, struct request *);
void room_who(struct room *, struct request *);
void room_say(struct room *, struct request *);
void room_amend(struct room *, struct request *);	/* EDIT DELETE REACT */
void room_signal(struct room *, struct request *);
void room_history(struct room *, struct request *);	/* and SEARCH */
void room_read(struct room *, struct request *);
void room_retry(struct room *, struct request *);
void room_set(struct room *, struct request *);
void room_role(struct room *, struct request *);
/* The role is somebody's from now on, until clock_ms() is that. */
void room_give(struct room *, struct slice key, enum role, uint64_t until);
/* Who the second word names: its key, folded into key_r (NAME_KEY_MAX + 1).
 * False: the request is answered with why not. */
bool room_name_key(struct room *, struct request *, char *key_r,
    struct slice *slice_r);
/* May the asker do something to who has this key? Or it is answered. */
enum error room_may_touch(struct room *, struct request *, struct slice key,
    enum role role);
/* Throws all connections of somebody out at that position, who hear a LEAVE
 * line with the reason, or `line` where it is not empty, as their last. */
void room_throw(struct room *, struct occupant *, uint64_t at,
    struct slice reason, struct slice line);
/* Mail of memberships. */
void room_detach(struct room *, struct move *);
void room_again(struct room *, struct move *);

#endif
