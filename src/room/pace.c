/* pace.c -- a slow room: when did somebody speak last?
 *
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/alloc.h"
#include "room/pace.h"

enum { SWEEP_FIRST = 64 };

struct speaker {
	struct table_node node;
	uint64_t          said;
	struct slice      key;
	char              bytes[];
};

static struct slice
key_of(const struct table_node *n)
{
	return table_entry(n, const struct speaker, node)->key;
}

void
pace_init(struct pace *p)
{
	table_init(&p->people, key_of);
	p->sweep_at = SWEEP_FIRST;
}

/* Those who spoke before `since`. */
static void
forget(struct pace *p, uint64_t since)
{
	struct table_node *n = table_next(&p->people, NULL), *next;

	for (; n != NULL; n = next) {
		struct speaker *s = table_entry(n, struct speaker, node);

		next = table_next(&p->people, n);
		if (s->said >= since)
			continue;
		table_remove(&p->people, n);
		free(s);
	}
}

void
pace_fini(struct pace *p)
{
	forget(p, UINT64_MAX);
	table_fini(&p->people);
}

uint64_t
pace_take(struct pace *p, struct slice key, uint64_t now, uint64_t pause,
    uint64_t most)
{
	struct table_node *n = table_find(&p->people, key);
	struct speaker *s;

	if (n != NULL) {
		s = table_entry(n, struct speaker, node);
		if (s->said + pause > now)
			return s->said + pause - now;
		s->said = now;
		return 0;
	}
	if (p->people.count >= p->sweep_at) {
		forget(p, now > most ? now - most : 0);
		p->sweep_at = 2 * p->people.count + SWEEP_FIRST;
	}
	s = xmalloc(sizeof(*s) + key.len);
	memcpy(s->bytes, key.at, key.len);
	s->key = (struct slice){ s->bytes, key.len };
	s->said = now;
	table_add(&p->people, &s->node);
	return 0;
}
