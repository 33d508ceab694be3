/* fake.h -- a room on the test's own thread, and people who write down what
 *           they hear
 *
 * SPDX-License-Identifier: MIT
 *
 * The room is a real one; its thread is the test, its io threads are mailboxes
 * that the fake empties after each turn, doing with the mail what an io thread
 * does. Time passes only where a test says so.
 *
 * What a person hears is collected as text. In it the time of an event is
 * written "T", or "T+5" when it is 5 ms after FAKE_WALL, so that tests can say
 * whole lines. A hole in the numbers that somebody hears, and no GAP line that
 * accounts for it, is counted in `holes`; fake_free() asserts that it is 0.
 *
 * With fake_store() there is a log in a directory of the fake's own, whose
 * threads are the test too: after each turn all is read, erased and saved that
 * was asked for, and the room takes what comes back, unless it is held back.
 *
 * Threads: one.
 * Locks:   those of what is tested.
 * Memory:  fake_free() frees all; people freed before are not in it. */
#ifndef TESTS_FAKE_H
#define TESTS_FAKE_H

#include "room/room.h"

enum {
	FAKE_IOS = 2,
	FAKE_LAST = 100		/* the first event has the next number */
};

/* After every real time, so that whoever logs in did so before it. */
#define FAKE_WALL UINT64_C(4102444800000)

struct guy;

struct fake {
	struct config   *config;
	struct names    *names;
	struct registry *registry;
	struct room     *room;		/* NULL before fake_room() */
	struct mailbox   boxes[FAKE_IOS];
	struct mailbox  *box_at[FAKE_IOS];
	struct link      people;
	uint64_t         now;
	uint64_t         wall;
	uint64_t         conns;		/* ids given */
	unsigned         spaces;	/* MAIL_SPACE that came */
	unsigned         feeds;		/* MAIL_FEED that came */
	unsigned         holes;
	bool             more;		/* the room has mail */
	struct keeping  *keeping;	/* what is on disk; or NULL */
	/* Sees each request that is back before its answer is heard; or
	 * NULL. */
	void           (*answered)(struct guy *, const struct request *);
	void            *arg;		/* for whoever sets it */
};

/* One connection. */
struct guy {
	struct link    link;
	struct fake   *fake;
	struct contact contact;
	struct mail    handover;
	struct member *member;		/* in the room; or NULL */
	struct blob   *heard;		/* since it was last asked for */
	uint64_t       live;		/* ephemeral lines from here on */
	struct blob   *then;		/* to be heard there; or NULL */
	uint64_t       cursor;		/* last number heard; 0: any may come */
	unsigned       under_way;	/* requests not yet back */
	bool           moving;		/* a JOIN or LEAVE is under way: an io
					 * thread would read no more */
	bool           stopped;		/* reads nothing */
	bool           evicted;		/* MAIL_EVICT came */
};

struct fake *fake_new(void);
void fake_free(struct fake **);
/* The room that the word means when `creator` says it; "lobby" can be said by
 * NULL. It has no thread and is not in the registry's table. */
struct room *fake_room(struct fake *, struct guy *creator, const char *word);
/* It goes to sleep and wakes again; nobody may be in it. */
void fake_hibernate(struct fake *);

/* What is on disk, and who looks after it. */
struct keeping {
	struct vault    *vault;
	struct keeper   *keeper;
	struct archives *archives;
	struct mailbox   store;		/* of settings */
	struct blob     *saved;		/* what it was told, a line each */
	char             dir[64];
	char             life[LIFE_BYTES + 1];
	bool             no_reads;	/* what is asked of it waits */
	bool             no_erasing;
	bool             no_saving;
	bool             fails;		/* the store; what is saved is not */
};

/* From now on the room has a log; before fake_room(). */
void fake_store(struct fake *);
/* The server ends as if killed, and starts again: nobody is there, no room is
 * live, and what was held back is lost. */
void fake_restart(struct fake *);
/* Was the store told this, and nothing else, since the last question? */
bool fake_saved(struct fake *, const char *text);
/* In how many lines of the logs the text is. */
unsigned fake_logged(struct fake *, const char *text);

/* Holds a room of the registry's, with a thread of its own, as an io thread
 * does; makes it if `make` is given and may. Any thread. */
enum error fake_open(struct fake *, const char *word, struct guy *make,
    struct room **room_r, const char **limit_r);
/* Waits until all of these sleep: one thread at a time. */
void fake_all_asleep(struct fake *);

/* Somebody logs in; every second one is of the other io thread. key: 22 bytes
 * or more, or NULL. NULL if it is refused. */
struct guy *fake_guest(struct fake *, const char *nick, const char *key);
struct guy *fake_account(struct fake *, const char *name);
struct guy *fake_admin(struct fake *, const char *name);
/* One more connection of the same person; NULL if it is refused. */
struct guy *fake_further(struct guy *);
/* The connection is gone; the others hear of it. parting: or NULL. */
void fake_drop(struct guy **, const char *parting);
/* In the room too; what was heard of that is forgotten. */
struct guy *fake_inside(struct fake *, const char *nick);

/* Posts a line to the room; false if its mailbox is full. It must be one that
 * a room runs. wait: as in struct request. */
bool fake_post(struct guy *, const char *line);
bool fake_post_slice(struct guy *, struct slice line, uint64_t wait);
/* The room takes its mail, and everybody reads. */
void fake_turn(struct fake *);
/* Both. */
void fake_say(struct guy *, const char *line);
/* Reads again, having lost its place or not. */
void fake_resume(struct guy *);

/* Was this, and nothing else, heard since the last question? Prints both if
 * not. "" is nothing. */
bool fake_heard(struct guy *, const char *text);
/* Says the line and asks whether the text is all that it heard then. */
bool fake_gets(struct guy *, const char *line, const char *text);
/* Forgets what everybody heard. */
void fake_forget(struct fake *);

#endif
