/* rows.c -- what the store is told of, as rows of its database
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "account/rows.h"
#include "base/log.h"
#include "proto/words.h"
#include "room/registry.h"

static struct slice
words(const struct blob *b)
{
	return (struct slice){ b->data, b->len };
}

/* A guest is stored without its mark. */
static struct slice
nick_of(const struct person *p)
{
	struct slice name = person_name(p);

	assert(!p->account && name.len > 1);
	return (struct slice){ name.at + 1, name.len - 1 };
}

/* Numbers of ours are 64 bits without a sign, SQLite's have one. */
int64_t
rows_bounded(uint64_t n)
{
	return n > INT64_MAX ? INT64_MAX : (int64_t)n;
}

static bool
prune(struct database *d, struct slice key)
{
	database_blob(d, PRUNE_ROOM, 1, key);
	return database_run(d, PRUNE_ROOM);
}

static bool
put_switches(struct database *d, const struct change *c)
{
	const struct switches *s = &c->switches;

	database_blob(d, PUT_ROOM, 1, c->key);
	database_text(d, PUT_ROOM, 2, c->name);
	if (s->topic != NULL)
		database_text(d, PUT_ROOM, 3, words(s->topic));
	database_int(d, PUT_ROOM, 4, s->hidden);
	database_int(d, PUT_ROOM, 5, s->members_only);
	database_int(d, PUT_ROOM, 6, s->moderated);
	database_int(d, PUT_ROOM, 7, s->ephemeral);
	database_int(d, PUT_ROOM, 8, rows_bounded(s->keep_ms));
	database_int(d, PUT_ROOM, 9, rows_bounded(s->keep_count));
	database_int(d, PUT_ROOM, 10, s->slow);
	database_int(d, PUT_ROOM, 11, s->calm);
	return database_run(d, PUT_ROOM) && prune(d, c->key);
}

static bool
put_grant(struct database *d, const struct change *c)
{
	struct slice who = { c->who, c->who_len };

	if (c->role == ROLE_NONE) {
		database_blob(d, DROP_GRANT, 1, c->key);
		database_blob(d, DROP_GRANT, 2, who);
		return database_run(d, DROP_GRANT) && prune(d, c->key);
	}
	database_blob(d, ADD_ROOM, 1, c->key);
	database_text(d, ADD_ROOM, 2, c->name);
	if (!database_run(d, ADD_ROOM))
		return false;
	database_blob(d, PUT_GRANT, 1, c->key);
	database_blob(d, PUT_GRANT, 2, who);
	database_text(d, PUT_GRANT, 3, slice_of(role_name(c->role)));
	if (c->until != UINT64_MAX)
		database_int(d, PUT_GRANT, 4, rows_bounded(c->until));
	return database_run(d, PUT_GRANT);
}

bool
rows_change(struct database *d, const struct change *c)
{
	return c->grants ? put_grant(d, c) : put_switches(d, c);
}

bool
rows_reserve(struct database *d, const struct person *p)
{
	database_text(d, PUT_GUEST, 1, nick_of(p));
	database_int(d, PUT_GUEST, 2, rows_bounded(p->since));
	database_blob(d, PUT_GUEST, 3,
	    (struct slice){ (const char *)p->reservation->secret,
	    PERSON_SECRET });
	return database_run(d, PUT_GUEST);
}

/* Not a later one of that name. */
static bool
drop_guest(struct database *d, struct slice nick, int64_t since)
{
	database_text(d, DROP_GUEST, 1, nick);
	database_int(d, DROP_GUEST, 2, since);
	return database_run(d, DROP_GUEST);
}

bool
rows_forget(struct database *d, const struct person *p)
{
	return drop_guest(d, nick_of(p), rows_bounded(p->since));
}

bool
rows_ban(struct database *d, const struct ban *b)
{
	enum statement s = b->lifted ? DROP_BAN : PUT_BAN;
	char text[NETWORK_TEXT_MAX];

	database_text(d, s, 1, slice_of(network_text(&b->network, text)));
	if (b->lifted)
		return database_run(d, s);
	if (b->until != UINT64_MAX)
		database_int(d, s, 2, rows_bounded(b->until));
	database_text(d, s, 3, words(b->by));
	if (b->reason != NULL)
		database_text(d, s, 4, words(b->reason));
	return database_run(d, s);
}

bool
rows_expire(struct database *d, uint64_t wall)
{
	char sql[640];

	snprintf(sql, sizeof(sql), "DELETE FROM grants WHERE until <= %" PRId64
	    "; DELETE FROM invites WHERE expires <= %" PRId64
	    "; DELETE FROM bans WHERE until <= %" PRId64
	    "; DELETE FROM rooms WHERE topic IS NULL AND NOT (hidden OR "
	    "members_only OR moderated OR ephemeral OR keep_ms OR keep_count "
	    "OR slow OR calm) AND NOT EXISTS (SELECT 1 FROM grants WHERE "
	    "room = key)", rows_bounded(wall), rows_bounded(wall),
	    rows_bounded(wall));
	if (database_begin(d) && database_exec(d, sql) && database_commit(d))
		return true;
	database_rollback(d);
	return false;
}

struct slice
rows_blob(sqlite3_stmt *s, int column)
{
	const char *at = sqlite3_column_blob(s, column);

	return (struct slice){ at, (size_t)sqlite3_column_bytes(s, column) };
}

bool
rows_next(struct database *d, sqlite3_stmt *s, bool *good_r)
{
	int rc = s == NULL ? SQLITE_ERROR : sqlite3_step(s);

	if (rc == SQLITE_ROW)
		return true;
	*good_r = rc == SQLITE_DONE;
	if (s != NULL && rc != SQLITE_DONE)
		database_blame(d);
	sqlite3_finalize(s);
	return false;
}

bool
rows_meta(struct database *d, const char *name, char *value_r, size_t len)
{
	char sql[128];
	sqlite3_stmt *s;
	bool good;

	sqlite3_snprintf(sizeof(sql), sql,
	    "SELECT value FROM meta WHERE name = '%q'", name);
	s = database_query(d, sql);
	*value_r = '\0';
	while (rows_next(d, s, &good)) {
		struct slice value = rows_blob(s, 0);

		if (value.len == len)
			snprintf(value_r, len + 1, "%.*s", (int)len,
			    value.at);
	}
	return good;
}

bool
rows_set_meta(struct database *d, const char *name, const char *value)
{
	char sql[256];

	sqlite3_snprintf(sizeof(sql), sql,
	    "INSERT OR REPLACE INTO meta VALUES ('%q', '%q')", name, value);
	return database_exec(d, sql);
}

/* By hand anything may have been written into the file. */
static bool
is_key(struct slice key, size_t most)
{
	return key.len > 0 && key.len <= most;
}

void
rows_skip(const struct database *d, const char *what)
{
	log_warn("%s: %s that cannot be understood is left out", d->path,
	    what);
}

bool
rows_each_room(struct database *d, store_room_fn *fn, void *arg)
{
	sqlite3_stmt *s = database_query(d, "SELECT key, name, topic, hidden,"
	    " members_only, moderated, ephemeral, keep_ms, keep_count, slow,"
	    " calm FROM rooms");
	bool good;

	while (rows_next(d, s, &good)) {
		struct slice key = rows_blob(s, 0), name = rows_blob(s, 1);
		struct slice topic = rows_blob(s, 2);
		struct switches w = {
			.hidden = sqlite3_column_int(s, 3),
			.members_only = sqlite3_column_int(s, 4),
			.moderated = sqlite3_column_int(s, 5),
			.ephemeral = sqlite3_column_int(s, 6),
			.keep_ms = (uint64_t)sqlite3_column_int64(s, 7),
			.keep_count = (uint64_t)sqlite3_column_int64(s, 8),
			.slow = (unsigned)sqlite3_column_int(s, 9),
			.calm = (unsigned)sqlite3_column_int(s, 10)
		};

		if (!is_key(key, ROOM_KEY_MAX) ||
		    !is_key(name, ROOM_NAME_MAX) ||
		    topic.len > LINE_MAX_BYTES) {
			rows_skip(d, "a room");
			continue;
		}
		if (topic.len > 0)
			blob_add(&w.topic, topic);
		fn(key, name, &w, arg);
		blob_unref(&w.topic);
	}
	return good;
}

bool
rows_each_grant(struct database *d, store_grant_fn *fn, void *arg)
{
	sqlite3_stmt *s = database_query(d,
	    "SELECT room, who, role, until FROM grants");
	bool good;

	while (rows_next(d, s, &good)) {
		struct slice room = rows_blob(s, 0), who = rows_blob(s, 1);
		enum role role = role_find(rows_blob(s, 2));
		bool ends = sqlite3_column_type(s, 3) != SQLITE_NULL;

		if (!is_key(room, ROOM_KEY_MAX) || !is_key(who, NAME_KEY_MAX)
		    || role == ROLE_NONE || role == ROLE_COUNT) {
			rows_skip(d, "a role");
			continue;
		}
		fn(room, who, role, ends ?
		    (uint64_t)sqlite3_column_int64(s, 3) : UINT64_MAX, arg);
	}
	return good;
}

bool
rows_each_guest(struct database *d, store_guest_fn *fn, void *arg)
{
	sqlite3_stmt *s = database_query(d,
	    "SELECT name, since, secret FROM guests ORDER BY since DESC");
	bool good, all = true;

	while (rows_next(d, s, &good)) {
		struct slice nick = rows_blob(s, 0), secret = rows_blob(s, 2);
		int64_t since = sqlite3_column_int64(s, 1);

		if (is_key(nick, NAME_NICK_BYTES) && since > 0 &&
		    secret.len == PERSON_SECRET && fn(nick, (uint64_t)since,
		    (const unsigned char *)secret.at, arg))
			continue;
		log_warn("%s: the name of a guest is no longer kept: %.*s",
		    d->path, (int)nick.len, nick.at);
		all = drop_guest(d, nick, since) && all;
	}
	return good && all;
}

bool
rows_each_ban(struct database *d, store_ban_fn *fn, void *arg)
{
	sqlite3_stmt *s = database_query(d,
	    "SELECT network, until, author, reason FROM bans");
	bool good;

	while (rows_next(d, s, &good)) {
		struct ban b = { .until = UINT64_MAX };
		struct slice reason = rows_blob(s, 3);
		const char *why;

		if (!network_parse(rows_blob(s, 0), &b.network, &why) ||
		    reason.len > LINE_MAX_BYTES) {
			rows_skip(d, "a ban");
			continue;
		}
		if (sqlite3_column_type(s, 1) != SQLITE_NULL)
			b.until = (uint64_t)sqlite3_column_int64(s, 1);
		blob_add(&b.by, rows_blob(s, 2));
		if (reason.len > 0)
			blob_add(&b.reason, reason);
		fn(&b, arg);
		blob_unref(&b.by);
		blob_unref(&b.reason);
	}
	return good;
}
