/* rights.c -- who may do what in a room: one function
 *
 * SPDX-License-Identifier: MIT */
#include "room/rights.h"

static const char *const roles[ROLE_COUNT] = {
	[ROLE_BANNED] = "banned", [ROLE_MUTED] = "muted",
	[ROLE_NONE] = "none", [ROLE_MEMBER] = "member",
	[ROLE_VOICE] = "voice", [ROLE_MODERATOR] = "moderator",
	[ROLE_OWNER] = "owner"
};

const char *
role_name(enum role r)
{
	return roles[r];
}

enum role
role_find(struct slice name)
{
	int r = 0;

	while (r < ROLE_COUNT && !slice_is_nocase(name, roles[r]))
		r++;
	return r;
}

bool
may_see(const struct actor *a, const struct standing *s)
{
	return a->admin || a->inside || s->direct ||
	    a->role >= ROLE_MEMBER || !(s->hidden || s->members_only);
}

enum error
unseen(const struct actor *a, enum verb verb)
{
	return verb == VERB_JOIN && a->maker ? ERROR_NAME_RESERVED :
	    ERROR_NO_SUCH_ROOM;
}

static enum error
may_speak(const struct actor *a, const struct standing *s)
{
	if (a->reader)
		return ERROR_DENIED;
	if (!a->inside && !s->direct)
		return ERROR_NOT_MEMBER;
	if (a->admin)
		return ERROR_NONE;
	if (a->role <= ROLE_MUTED)
		return ERROR_MUTED;
	if (s->moderated && a->role < ROLE_VOICE)
		return ERROR_DENIED;
	return ERROR_NONE;
}

static enum error
may_delete(const struct actor *a, const struct standing *s, bool others)
{
	enum error e = may_speak(a, s);

	if (e == ERROR_NONE && others && !a->admin &&
	    a->role < ROLE_MODERATOR)
		return ERROR_DENIED;
	return e;
}

static enum error
may_govern(const struct actor *a, const struct standing *s)
{
	return !s->direct && !a->reader &&
	    (a->admin || a->role >= ROLE_MODERATOR) ?
	    ERROR_NONE : ERROR_DENIED;
}

static enum error
may_set(const struct actor *a, const struct standing *s, bool others)
{
	/* A room that nobody owns would never have a topic. */
	if (!others && !s->owned && a->inside && !a->reader &&
	    a->role >= ROLE_NONE)
		return ERROR_NONE;
	return may_govern(a, s);
}

enum error
may(const struct actor *a, enum verb verb, const struct standing *s,
    bool others)
{
	if (!may_see(a, s))
		return unseen(a, verb);
	switch (verb) {
	case VERB_JOIN:
	case VERB_WHO:
	case VERB_HISTORY:
	case VERB_READ:
	case VERB_SEARCH:
		return !a->admin && a->role == ROLE_BANNED ? ERROR_BANNED :
		    ERROR_NONE;
	case VERB_LEAVE:
		return a->inside ? ERROR_NONE : ERROR_NOT_MEMBER;
	case VERB_SAY:
	case VERB_EDIT:
	case VERB_REACT:
	case VERB_SIGNAL:
		return may_speak(a, s);
	case VERB_DELETE:
		return may_delete(a, s, others);
	case VERB_SET:
		return may_set(a, s, others);
	case VERB_ROLE:
	case VERB_KICK:
		return may_govern(a, s);
	case VERB_RETRY:
		return a->admin ? ERROR_NONE : ERROR_DENIED;
	default:
		return ERROR_DENIED;
	}
}

enum error
may_give(const struct actor *a, enum role now, enum role role)
{
	if (a->admin || a->role == ROLE_OWNER)
		return ERROR_NONE;
	if (a->role < ROLE_MODERATOR || now >= ROLE_MODERATOR ||
	    role >= ROLE_MODERATOR)
		return ERROR_DENIED;
	return ERROR_NONE;
}
