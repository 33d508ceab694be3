/* reserve.h -- what the store is told about a guest's name, and answers
 *
 * SPDX-License-Identifier: MIT
 *
 * A guest with a secret is somebody again after a restart, with the same
 * beginning: what it said before it is known to have said. So the name is on
 * the disk before its login is answered. That it is over is told by
 * MAIL_FORGET, which is embedded in the person: the store has the table's
 * reference and gives it back.
 *
 * Threads: whoever holds it as mail.
 * Locks:   none.
 * Memory:  made and freed by who sends it. */
#ifndef ROOM_RESERVE_H
#define ROOM_RESERVE_H

#include "room/people.h"

struct reserve {
	struct mail     mail;	/* MAIL_RESERVE */
	struct mailbox *back;
	uint64_t        conn;	/* whose login it is */
	unsigned        joins;	/* its maker's */
	struct person  *person;	/* claimed; referenced */
	bool            good;	/* it is on the disk */
};

#endif
