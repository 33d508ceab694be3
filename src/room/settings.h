/* settings.h -- a room's topic, switches and roles
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: the room's; what LIST shows and what tells for whom the room is
 *          there (topic, hidden, members-only, the roles) is changed under the
 *          registry's lock, under which any thread may read it.
 * Locks:   the caller's.
 * Memory:  owns its grants and its topic. */
#ifndef ROOM_SETTINGS_H
#define ROOM_SETTINGS_H

#include "base/table.h"
#include "room/rights.h"
#include "sync/blob.h"

enum { PAUSE_MAX = 86400 };	/* seconds */

struct settings {
	struct blob *topic;	/* (o), written (l); NULL: none */
	bool         hidden;	/* (o), written (l) */
	bool         members_only;	/* (o), written (l) */
	bool         moderated;
	bool         ephemeral;
	uint64_t     keep_ms;	/* 0: no bound */
	uint64_t     keep_count; /* 0: no bound */
	unsigned     slow;	/* seconds */
	unsigned     calm;	/* the same, for guests and young accounts */
	struct table grants;	/* (o), written (l): roles other than none, by
				 * key */
	unsigned     owners;
	uint64_t     soonest;	/* when the first of the grants ends */
};

/* A role of somebody, in settings.grants. */
struct grant {
	struct table_node node;
	enum role         role;
	uint64_t          until;	/* clock_ms(); UINT64_MAX: never */
	struct slice      key;
	char              bytes[];
};

static inline const struct grant *
settings_grant(const struct table_node *n)
{
	return table_entry(n, const struct grant, node);
}

void settings_init(struct settings *);
void settings_fini(struct settings *);
bool settings_are_plain(const struct settings *);

/* One switch to a value, an empty one being the default. ERROR_NONE, or
 * ERROR_BAD_VALUE with a sentence. Under the registry's lock. */
enum error settings_change(struct settings *, struct slice key,
    struct slice value, const char **why_r);

/* The switch's own spelling; NULL if there is none. */
const char *settings_key(struct slice key);

/* Are there roles that are over? */
static inline bool
settings_are_due(const struct settings *s, uint64_t now)
{
	return s->soonest <= now;
}

/* Drops them, so that nobody counts them. Under the lock. */
void settings_expire(struct settings *, uint64_t now);
enum role settings_role(const struct settings *, struct slice key,
    uint64_t now);
/* until: clock_ms() at which it ends, UINT64_MAX for never. Under the lock. */
void settings_give(struct settings *, struct slice key, enum role,
    uint64_t until);

#endif
