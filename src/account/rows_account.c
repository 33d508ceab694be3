/* rows_account.c -- accounts, invitations and marks, as rows of the database
 *
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include <sodium.h>

#include "account/rows.h"
#include "base/clock.h"
#include "base/log.h"
#include "room/registry.h"

#define ADMINISTRATOR "administrator"
#define USER "user"

static struct slice
bytes(const unsigned char *at, size_t len)
{
	return (struct slice){ (const char *)at, len };
}

static struct slice
key_of(const struct account_order *o)
{
	return (struct slice){ o->key, o->key_len };
}

static struct slice
role_of(const struct account_facts *f)
{
	return slice_of(f->admin ? ADMINISTRATOR : USER);
}

/* What an account of this key had, or what was under way for one as it was
 * deleted. */
static bool
drop_traces(struct database *d, struct slice key)
{
	database_blob(d, DROP_GRANTS, 1, key);
	if (!database_run(d, DROP_GRANTS))
		return false;
	database_blob(d, DROP_MARKS, 1, key);
	return database_run(d, DROP_MARKS);
}

static bool
insert(struct database *d, const struct account_order *o)
{
	char text[VERIFIER_TEXT];
	bool good;

	database_blob(d, ADD_ACCOUNT, 1, key_of(o));
	database_text(d, ADD_ACCOUNT, 2, slice_of(o->facts.name));
	database_text(d, ADD_ACCOUNT, 3,
	    slice_of(verifier_render(&o->facts.verifier, text)));
	database_text(d, ADD_ACCOUNT, 4, role_of(&o->facts));
	database_int(d, ADD_ACCOUNT, 5, rows_bounded(o->facts.created));
	good = database_run(d, ADD_ACCOUNT);
	sodium_memzero(text, sizeof(text));
	return good;
}

static bool
add(struct database *d, struct account_order *o)
{
	bool found;

	database_blob(d, FIND_ACCOUNT, 1, key_of(o));
	database_text(d, FIND_ACCOUNT, 2, slice_of(o->facts.name));
	if (!database_find(d, FIND_ACCOUNT, &found))
		return false;
	if (found) {
		o->error = ERROR_NAME_RESERVED;
		return true;
	}
	if (o->invited) {
		database_blob(d, USE_INVITE, 1, bytes(o->invite, INVITE));
		database_int(d, USE_INVITE, 2, rows_bounded(clock_wall_ms()));
		if (!database_run(d, USE_INVITE))
			return false;
		if (!database_changed(d)) {
			o->error = ERROR_DENIED;
			return true;
		}
	}
	return drop_traces(d, key_of(o)) && insert(d, o);
}

static bool
add_invite(struct database *d, const struct account_order *o)
{
	database_blob(d, ADD_INVITE, 1, bytes(o->invite, INVITE));
	database_int(d, ADD_INVITE, 2, rows_bounded(o->expires));
	return database_run(d, ADD_INVITE);
}

/* The statement's second word is bound; the first is the account. */
static bool
change(struct database *d, enum statement s, struct account_order *o)
{
	database_text(d, s, 1, slice_of(o->facts.name));
	if (!database_run(d, s))
		return false;
	if (!database_changed(d))
		o->error = s == SET_CERTIFICATE ? ERROR_BAD_VALUE :
		    ERROR_NO_SUCH_NAME;
	return true;
}

static bool
set_verifier(struct database *d, struct account_order *o)
{
	char text[VERIFIER_TEXT];
	bool good;

	database_text(d, SET_VERIFIER, 2,
	    slice_of(verifier_render(&o->facts.verifier, text)));
	good = change(d, SET_VERIFIER, o);
	sodium_memzero(text, sizeof(text));
	return good;
}

bool
rows_account(struct database *d, struct account_order *o)
{
	o->error = ERROR_NONE;
	switch (o->action) {
	case ACCOUNT_ADD:
		return add(d, o);
	case ACCOUNT_INVITE:
		return add_invite(d, o);
	case ACCOUNT_PASSWD:
		return set_verifier(d, o);
	case ACCOUNT_ROLE:
		database_text(d, SET_ROLE, 2, role_of(&o->facts));
		return change(d, SET_ROLE, o);
	case ACCOUNT_DISABLE:
	case ACCOUNT_ENABLE:
		database_int(d, SET_DISABLED, 2,
		    o->action == ACCOUNT_DISABLE);
		return change(d, SET_DISABLED, o);
	case ACCOUNT_CERTIFICATE:
		if (o->facts.certified)
			database_blob(d, SET_CERTIFICATE, 2,
			    bytes(o->facts.fingerprint, FINGERPRINT));
		return change(d, SET_CERTIFICATE, o);
	default:
		return change(d, DROP_ACCOUNT, o) &&
		    (o->error != ERROR_NONE || drop_traces(d, key_of(o)));
	}
}

static bool
put_mark(struct database *d, const struct saved_mark *m)
{
	enum statement s = m->room_len == 0 ? SET_SEEN :
	    m->number == 0 ? DROP_MARK : PUT_MARK;

	database_blob(d, s, 1, (struct slice){ m->text, m->key_len });
	if (s == SET_SEEN) {
		database_int(d, s, 2, rows_bounded(m->number));
		return database_run(d, s);
	}
	database_blob(d, s, 2,
	    (struct slice){ m->text + m->key_len + 1, m->room_len });
	if (s == PUT_MARK)
		database_int(d, s, 3, rows_bounded(m->number));
	return database_run(d, s);
}

bool
rows_marks(struct database *d, const struct saving *s)
{
	bool good = true;

	for (size_t i = 0; good && i < s->count; i++)
		good = put_mark(d, &s->marks[i]);
	return good;
}

/* By hand anything may have been written into the file. */
static bool
read_account(sqlite3_stmt *s, struct account_facts *f_r)
{
	struct slice name = rows_blob(s, 0), role = rows_blob(s, 2);
	struct slice certificate = rows_blob(s, 6);

	memset(f_r, 0, sizeof(*f_r));
	if (name.len == 0 || name.len > NAME_NICK_BYTES ||
	    memchr(name.at, '\0', name.len) != NULL ||
	    !verifier_parse(rows_blob(s, 1), &f_r->verifier) ||
	    (!slice_is(role, USER) && !slice_is(role, ADMINISTRATOR)))
		return false;
	memcpy(f_r->name, name.at, name.len);
	f_r->admin = slice_is(role, ADMINISTRATOR);
	f_r->created = (uint64_t)sqlite3_column_int64(s, 3);
	f_r->seen = (uint64_t)sqlite3_column_int64(s, 4);
	f_r->disabled = sqlite3_column_int(s, 5) != 0;
	f_r->certified = certificate.len == FINGERPRINT;
	if (f_r->certified)
		memcpy(f_r->fingerprint, certificate.at, FINGERPRINT);
	return f_r->created > 0 && f_r->created <= INT64_MAX;
}

bool
rows_each_account(struct database *d, store_account_fn *fn, void *arg)
{
	sqlite3_stmt *s = database_query(d, "SELECT name, verifier, role,"
	    " created, seen, disabled, certificate FROM accounts"
	    " ORDER BY created");
	struct account_facts f;
	bool good;

	while (rows_next(d, s, &good))
		if (!read_account(s, &f) || !fn(&f, arg))
			rows_skip(d, "an account");
	sodium_memzero(&f, sizeof(f));
	return good;
}

bool
rows_each_invite(struct database *d, store_invite_fn *fn, void *arg)
{
	sqlite3_stmt *s = database_query(d,
	    "SELECT hash, expires FROM invites");
	bool good;

	while (rows_next(d, s, &good)) {
		struct slice hash = rows_blob(s, 0);
		int64_t expires = sqlite3_column_int64(s, 1);

		if (hash.len == INVITE && expires > 0)
			fn((const unsigned char *)hash.at, (uint64_t)expires,
			    arg);
		else
			rows_skip(d, "an invitation");
	}
	return good;
}

bool
rows_each_mark(struct database *d, store_mark_fn *fn, void *arg)
{
	sqlite3_stmt *s = database_query(d,
	    "SELECT account, room, number FROM marks");
	bool good;

	while (rows_next(d, s, &good)) {
		struct slice who = rows_blob(s, 0), room = rows_blob(s, 1);
		int64_t number = sqlite3_column_int64(s, 2);

		if (who.len > 0 && who.len < NAME_KEY_MAX && room.len > 0 &&
		    room.len <= ROOM_KEY_MAX && number > 0)
			fn(who, room, (uint64_t)number, arg);
		else
			rows_skip(d, "a mark");
	}
	return good;
}
