/* rights.h -- who may do what in a room: one function
 *
 * SPDX-License-Identifier: MIT
 *
 * doc/rights.md has it as a table.
 *
 * Threads: any.
 * Locks:   none.
 * Memory:  none. */
#ifndef ROOM_RIGHTS_H
#define ROOM_RIGHTS_H

#include "proto/command.h"
#include "proto/error.h"

/* In rising order. */
enum role {
	ROLE_BANNED,
	ROLE_MUTED,
	ROLE_NONE,
	ROLE_MEMBER,
	ROLE_VOICE,
	ROLE_MODERATOR,
	ROLE_OWNER,
	ROLE_COUNT
};

const char *role_name(enum role);
/* ROLE_COUNT if there is no such role. */
enum role role_find(struct slice name);

/* Somebody, as seen from a room. */
struct actor {
	bool      admin;
	bool      inside;	/* is a member now */
	bool      maker;	/* may make rooms */
	bool      reader;	/* a guest who may only read */
	enum role role;
};

/* A room, as far as rights look at it. */
struct standing {
	bool hidden;
	bool members_only;
	bool moderated;
	bool direct;	/* the actor is one of the two */
	bool owned;	/* somebody is its owner */
};

/* Is the room there for the actor? */
bool may_see(const struct actor *, const struct standing *);
/* What it is told if not, which is what is said of a name that no room has;
 * only that somebody who could make it is not let in. */
enum error unseen(const struct actor *, enum verb);

/* ERROR_NONE, or why not. For DELETE it is asked whether somebody else's
 * message may be deleted, if `others`; for SET whether anything but the topic
 * may be set. */
enum error may(const struct actor *, enum verb, const struct standing *,
    bool others);
/* May the actor give `role` to somebody who has `now`? */
enum error may_give(const struct actor *, enum role now, enum role role);

#endif
