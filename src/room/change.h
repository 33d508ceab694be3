/* change.h -- what the store is told about a room, and tells at the start
 *
 * SPDX-License-Identifier: MIT
 *
 * The room has changed already; the line that says so is in its ledger's todo
 * until the change has come back, so that a change that was lost is made
 * again. Changes are kept in the order in which they are sent.
 *
 * Threads: whoever holds it as mail.
 * Locks:   none.
 * Memory:  made and freed by the room. */
#ifndef ROOM_CHANGE_H
#define ROOM_CHANGE_H

#include "base/names.h"
#include "room/rights.h"
#include "sync/blob.h"
#include "sync/mailbox.h"

/* A room's switches, as settings.h has them. */
struct switches {
	struct blob *topic;	/* referenced; NULL: none */
	bool         hidden;
	bool         members_only;
	bool         moderated;
	bool         ephemeral;
	uint64_t     keep_ms;
	uint64_t     keep_count;
	unsigned     slow;
	unsigned     calm;
};

struct change {
	struct mail     mail;	/* MAIL_CHANGE */
	struct mailbox *back;	/* the room's */
	struct slice    key;	/* the room's; it outlives the change */
	struct slice    name;
	bool            done;	/* it is on the disk; else the store ends */
	bool            grants;	/* a role; else all switches */
	struct switches switches;
	char            who[NAME_KEY_MAX + 1];	/* key */
	size_t          who_len;
	enum role       role;	/* ROLE_NONE: no row */
	uint64_t        until;	/* ms since 1970; UINT64_MAX: never */
};

#endif
