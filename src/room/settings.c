/* settings.c -- a room's topic, switches and roles
 *
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/alloc.h"
#include "proto/words.h"
#include "room/settings.h"

static struct slice
key_of(const struct table_node *n)
{
	return settings_grant(n)->key;
}

void
settings_init(struct settings *s)
{
	memset(s, 0, sizeof(*s));
	s->soonest = UINT64_MAX;
	table_init(&s->grants, key_of);
}

static void
take_back(struct settings *s, struct grant *g)
{
	s->owners -= g->role == ROLE_OWNER;
	table_remove(&s->grants, &g->node);
	free(g);
}

void
settings_fini(struct settings *s)
{
	struct table_node *n;

	while ((n = table_next(&s->grants, NULL)) != NULL)
		take_back(s, table_entry(n, struct grant, node));
	table_fini(&s->grants);
	blob_unref(&s->topic);
}

bool
settings_are_plain(const struct settings *s)
{
	return s->topic == NULL && !s->hidden && !s->members_only &&
	    !s->moderated && !s->ephemeral && s->keep_ms == 0 &&
	    s->keep_count == 0 && s->slow == 0 && s->calm == 0 &&
	    s->grants.count == 0;
}

const char *
settings_key(struct slice key)
{
	static const char *const keys[] = { "topic", "hidden",
	    "members-only", "moderated", "ephemeral", "keep", "slow",
	    "calm" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (slice_is_nocase(key, keys[i]))
			return keys[i];
	return NULL;
}

static enum error
change_switch(bool *on, struct slice value, const char **why_r)
{
	*why_r = "on or off";
	if (value.len > 0 && !slice_is_nocase(value, "on") &&
	    !slice_is_nocase(value, "off"))
		return ERROR_BAD_VALUE;
	*on = slice_is_nocase(value, "on");
	return ERROR_NONE;
}

static enum error
change_keep(struct settings *s, struct slice value, const char **why_r)
{
	uint64_t ms = 0, count = 0;

	*why_r = "a duration such as 7d, or a count of events";
	if (value.len > 0 && !duration_parse(value, &ms) &&
	    !number_parse(value, 1, &count))
		return ERROR_BAD_VALUE;
	s->keep_ms = ms;
	s->keep_count = ms > 0 ? 0 : count;
	return ERROR_NONE;
}

static enum error
change_pause(unsigned *pause, struct slice value, const char **why_r)
{
	uint64_t seconds = 0;

	*why_r = "seconds, 0 to 86400";
	if (value.len > 0 && (!number_parse(value, 0, &seconds) ||
	    seconds > PAUSE_MAX))
		return ERROR_BAD_VALUE;
	*pause = (unsigned)seconds;
	return ERROR_NONE;
}

enum error
settings_change(struct settings *s, struct slice key, struct slice value,
    const char **why_r)
{
	if (slice_is_nocase(key, "topic")) {
		blob_unref(&s->topic);
		if (value.len > 0)
			blob_add(&s->topic, value);
		return ERROR_NONE;
	}
	if (slice_is_nocase(key, "hidden"))
		return change_switch(&s->hidden, value, why_r);
	if (slice_is_nocase(key, "members-only"))
		return change_switch(&s->members_only, value, why_r);
	if (slice_is_nocase(key, "moderated"))
		return change_switch(&s->moderated, value, why_r);
	if (slice_is_nocase(key, "ephemeral"))
		return change_switch(&s->ephemeral, value, why_r);
	if (slice_is_nocase(key, "keep"))
		return change_keep(s, value, why_r);
	if (slice_is_nocase(key, "slow"))
		return change_pause(&s->slow, value, why_r);
	if (slice_is_nocase(key, "calm"))
		return change_pause(&s->calm, value, why_r);
	*why_r = "topic, hidden, members-only, moderated, ephemeral, keep, "
	    "slow or calm";
	return ERROR_BAD_VALUE;
}

static struct grant *
find(const struct settings *s, struct slice key)
{
	struct table_node *n;

	if (s->grants.count == 0)
		return NULL;
	n = table_find(&s->grants, key);
	return n == NULL ? NULL : table_entry(n, struct grant, node);
}

void
settings_expire(struct settings *s, uint64_t now)
{
	struct table_node *n, *next;

	if (!settings_are_due(s, now))
		return;
	s->soonest = UINT64_MAX;
	for (n = table_next(&s->grants, NULL); n != NULL; n = next) {
		struct grant *g = table_entry(n, struct grant, node);

		next = table_next(&s->grants, n);
		if (g->until <= now)
			take_back(s, g);
		else if (g->until < s->soonest)
			s->soonest = g->until;
	}
}

enum role
settings_role(const struct settings *s, struct slice key, uint64_t now)
{
	const struct grant *g = find(s, key);

	return g == NULL || g->until <= now ? ROLE_NONE : g->role;
}

void
settings_give(struct settings *s, struct slice key, enum role role,
    uint64_t until)
{
	struct grant *g = find(s, key);

	if (g != NULL)
		take_back(s, g);
	if (role == ROLE_NONE)
		return;
	g = xmalloc(sizeof(*g) + key.len);
	memcpy(g->bytes, key.at, key.len);
	g->key = (struct slice){ g->bytes, key.len };
	g->role = role;
	g->until = until;
	s->owners += role == ROLE_OWNER;
	if (until < s->soonest)
		s->soonest = until;
	table_add(&s->grants, &g->node);
}
