/* roster.h -- who is in a room: connections, and the people they belong to
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: the room's.
 * Locks:   none.
 * Memory:  owns the occupants, not the members. */
#ifndef ROOM_ROSTER_H
#define ROOM_ROSTER_H

#include "base/table.h"
#include "room/member.h"
#include "room/people.h"

struct occupant {
	struct table_node node;
	struct person    *person;	/* referenced */
	unsigned          connections;
};

struct roster {
	struct table people;	/* occupants by key */
	struct link  members;
	unsigned     connections;
	struct blob *names;	/* WHO's answer while nothing changes; or NULL */
};

void roster_init(struct roster *);
/* Everybody must be gone. */
void roster_fini(struct roster *);

/* Returns true if the person was not here with another connection. */
bool roster_add(struct roster *, struct member *, struct person *);
/* Returns true if it was the person's last connection here; the occupant is
 * gone then. */
bool roster_remove(struct roster *, struct member *);
unsigned roster_people(const struct roster *);
struct occupant *roster_find(const struct roster *, struct slice key);
/* Looks at every member: for rooms of few. */
struct member *roster_by_conn(const struct roster *, uint64_t conn_id);
/* "NAMES room name ..." lines, a shared snapshot; referenced for the caller. */
struct blob *roster_names(struct roster *, struct slice room);

#endif
