/* orders.c -- what changes an account: checked before, done after the store
 *
 * SPDX-License-Identifier: MIT */
#include <sodium.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "proto/mail.h"
#include "room/marks.h"
#include "room/room.h"

static enum error
refuse(enum error e, const char *why, const char **why_r)
{
	*why_r = why;
	return e;
}

static enum error
check_add(struct registry *r, struct account_order *o, struct slice key,
    const char **why_r)
{
	if (o->invited && accounts_invite(r, o->invite) == NULL)
		return refuse(ERROR_DENIED, "this needs an invitation that "
		    "is good: it may be used already, or too old", why_r);
	if (accounts_find(r, key) != NULL)
		return refuse(ERROR_NAME_RESERVED,
		    "this name is an account's already", why_r);
	o->facts.created = people_begin_time(r);
	return ERROR_NONE;
}

static enum error
check_change(struct registry *r, struct account_order *o, struct slice key,
    const char **why_r)
{
	const struct account *a = accounts_find(r, key), *other;
	struct slice name;

	if (a == NULL)
		return refuse(ERROR_NO_SUCH_NAME, "there is no such account",
		    why_r);
	if (a->local)
		return refuse(ERROR_DENIED, "this is a user of the server's "
		    "machine, who logs in by the local socket alone", why_r);
	if (o->action == ACCOUNT_CERTIFICATE && o->facts.certified) {
		other = accounts_with(r, o->facts.fingerprint);
		if (other != NULL && other != a)
			return refuse(ERROR_BAD_VALUE,
			    "this certificate is another account's", why_r);
	}
	name = person_name(a->person);
	memcpy(o->facts.name, name.at, name.len);
	o->facts.name[name.len] = '\0';
	return ERROR_NONE;
}

static enum error
check_locked(struct registry *r, struct account_order *o, const char **why_r)
{
	struct slice key = { o->key, o->key_len };

	switch (o->action) {
	case ACCOUNT_ADD:
		return check_add(r, o, key, why_r);
	case ACCOUNT_INVITE:
		return r->accounts.invite_count < INVITES_MAX ? ERROR_NONE :
		    refuse(ERROR_TOO_MANY, "there are as many invitations as "
		    "there may be", why_r);
	default:
		return check_change(r, o, key, why_r);
	}
}

enum error
accounts_check(struct registry *r, struct account_order *o,
    const char **why_r)
{
	enum error e;

	o->mail.kind = MAIL_ACCOUNT;
	o->registry = r;
	if (o->action != ACCOUNT_INVITE && name_fold(r->names, NAME_NICK,
	    o->facts.name, strlen(o->facts.name), o->key, &o->key_len,
	    why_r) < 0)
		return ERROR_BAD_NAME;
	lock_take(&r->lock);
	e = check_locked(r, o, why_r);
	lock_drop(&r->lock);
	return e;
}

/* No room knows a role of this name any more. A room that sleeps is changed
 * here; one that is awake does it itself, before any request that comes from
 * now on. */
static void
strike_roles(struct registry *r, struct slice key)
{
	for (struct table_node *n = table_next(&r->rooms, NULL); n != NULL;
	    n = table_next(&r->rooms, n)) {
		struct room *room = table_entry(n, struct room, node);

		if (!room->live) {
			settings_give(&room->settings, key, ROLE_NONE,
			    UINT64_MAX);
			continue;
		}
		blob_add(&room->struck, key);
		blob_add(&room->struck, (struct slice){ "", 1 });
		registry_tell(room);
	}
}

static void
apply_add(struct registry *r, struct account_order *o, struct slice key)
{
	struct invite *i = o->invited ? accounts_invite(r, o->invite) : NULL;

	if (i != NULL)
		accounts_drop_invite(r, i);
	strike_roles(r, key);
	if (accounts_find(r, key) == NULL)
		accounts_add(r, key, &o->facts);
}

static void
set_standing(struct registry *r, struct account *a, bool admin, bool disabled)
{
	a->admin = admin;
	a->disabled = disabled;
	a->person->admin = admin && !disabled;
	if (disabled)
		people_evict(r, a->person, EVICT_DISABLED, 0);
}

static void
apply_change(struct registry *r, struct account *a,
    const struct account_order *o, struct slice key)
{
	switch (o->action) {
	case ACCOUNT_PASSWD:
		a->verifier = o->facts.verifier;
		/* Who had the old one may be somebody else. */
		people_evict(r, a->person, EVICT_PASSWORD, o->conn);
		break;
	case ACCOUNT_ROLE:
		set_standing(r, a, o->facts.admin, a->disabled);
		break;
	case ACCOUNT_DISABLE:
	case ACCOUNT_ENABLE:
		set_standing(r, a, a->admin, o->action == ACCOUNT_DISABLE);
		break;
	case ACCOUNT_CERTIFICATE:
		accounts_set_certificate(r, a, o->facts.certified,
		    o->facts.fingerprint);
		break;
	case ACCOUNT_DELETE:
		people_evict(r, a->person, EVICT_DISABLED, 0);
		accounts_drop(r, a);
		strike_roles(r, key);
		break;
	default:
		break;
	}
}

void
accounts_apply(struct account_order *o)
{
	struct slice key = { o->key, o->key_len };
	struct registry *r = o->registry;
	struct account *a;

	lock_take(&r->lock);
	if (o->action == ACCOUNT_INVITE) {
		accounts_add_invite(r, o->invite, o->expires);
	} else if (o->action == ACCOUNT_ADD) {
		apply_add(r, o, key);
	} else {
		a = accounts_find(r, key);
		if (a != NULL)
			apply_change(r, a, o, key);
	}
	lock_drop(&r->lock);
}
