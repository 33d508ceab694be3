/* repeats.c -- nothing twice: the ids of what was said last
 *
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include <sodium.h>

#include "base/alloc.h"
#include "base/names.h"
#include "room/repeats.h"

struct repeat {
	uint64_t who[2];	/* hash of name and id */
	uint64_t what;		/* hash of verb, words and text; 0: any */
	uint64_t time;
	uint64_t number;
	uint64_t event;		/* counted in repeats.events */
	uint32_t next;		/* in its chain; index + 1 */
};

enum { RING_FIRST = 16, INPUT_MAX = NAME_KEY_MAX + 64 };

void
repeats_init(struct repeats *r, uint32_t limit)
{
	memset(r, 0, sizeof(*r));
	r->limit = limit;
	randombytes_buf(r->secret, sizeof(r->secret));
}

void
repeats_fini(struct repeats *r)
{
	free(r->ring);
	free(r->heads);
	r->ring = NULL;
	r->heads = NULL;
}

static void
hash_who(const struct repeats *r, struct slice key, struct slice id,
    uint64_t who_r[2])
{
	unsigned char in[INPUT_MAX];
	size_t len = 0;

	/* The key may not hold NUL, nor may the id: no two inputs meet. */
	memcpy(in, key.at, key.len);
	len += key.len;
	in[len++] = '\0';
	memcpy(in + len, id.at, id.len);
	len += id.len;
	crypto_shorthash_siphashx24((unsigned char *)who_r, in, len,
	    r->secret);
}

static uint64_t
hash_what(const struct repeats *r, const struct words *w)
{
	uint64_t parts[2 + WORDS_MAX] = { w->command->verb }, hash;

	for (unsigned i = 1; i < w->count; i++)
		crypto_shorthash((unsigned char *)&parts[i],
		    (const unsigned char *)w->word[i].at, w->word[i].len,
		    r->secret);
	crypto_shorthash((unsigned char *)&parts[1 + WORDS_MAX],
	    (const unsigned char *)w->text.at, w->text.len, r->secret);
	crypto_shorthash((unsigned char *)&hash,
	    (const unsigned char *)parts, sizeof(parts), r->secret);
	return hash != 0 ? hash : 1;
}

uint64_t
repeats_find(const struct repeats *r, const struct person *p,
    const struct words *w, bool *same_r)
{
	uint64_t who[2];

	if (r->count == 0 || w->id.len == 0)
		return 0;
	hash_who(r, person_key(p), w->id, who);
	for (uint32_t i = r->heads[who[0] & (r->size - 1)]; i != 0;
	    i = r->ring[i - 1].next) {
		const struct repeat *e = &r->ring[i - 1];

		if (e->who[0] != who[0] || e->who[1] != who[1] ||
		    e->time < p->since || r->events - e->event >= r->limit)
			continue;
		*same_r = e->what == 0 || e->what == hash_what(r, w);
		return e->number;
	}
	return 0;
}

static void
link_in(struct repeats *r, uint32_t i)
{
	uint32_t *head = &r->heads[r->ring[i].who[0] & (r->size - 1)];

	r->ring[i].next = *head;
	*head = i + 1;
}

static void
unlink_at(struct repeats *r, uint32_t i)
{
	struct repeat *e = &r->ring[i];
	uint32_t *at = &r->heads[e->who[0] & (r->size - 1)];

	while (*at != i + 1)
		at = &r->ring[*at - 1].next;
	*at = e->next;
}

static void
drop_oldest(struct repeats *r)
{
	unlink_at(r, r->oldest);
	r->oldest = (r->oldest + 1) & (r->size - 1);
	r->count--;
}

static void
grow(struct repeats *r)
{
	uint32_t size = r->size == 0 ? RING_FIRST : r->size * 2;
	struct repeat *ring = xcalloc(size, sizeof(*ring));

	for (uint32_t i = 0; i < r->count; i++)
		ring[i] = r->ring[(r->oldest + i) & (r->size - 1)];
	free(r->ring);
	free(r->heads);
	r->ring = ring;
	r->heads = xcalloc(size, sizeof(*r->heads));
	r->size = size;
	r->oldest = 0;
	for (uint32_t i = 0; i < r->count; i++)
		link_in(r, i);
}

void
repeats_note(struct repeats *r, const struct said *said)
{
	struct slice id = said->words->id;
	struct repeat *e;
	uint32_t i;

	r->events++;
	r->fresh++;
	if (id.len == 0 || r->limit == 0)
		return;
	/* Those that count again if what is fresh is taken back stay. */
	while (r->count > 0 && r->events - r->ring[r->oldest].event >=
	    (uint64_t)r->limit + r->fresh)
		drop_oldest(r);
	if (r->count == r->size)
		grow(r);
	i = (r->oldest + r->count++) & (r->size - 1);
	e = &r->ring[i];
	hash_who(r, said->key, id, e->who);
	e->what = said->erased ? 0 : hash_what(r, said->words);
	e->time = said->time;
	e->number = said->number;
	e->event = r->events;
	link_in(r, i);
	r->fresh_ids++;
}

void
repeats_settle(struct repeats *r)
{
	r->fresh = r->fresh_ids = 0;
}

void
repeats_undo(struct repeats *r)
{
	for (; r->fresh_ids > 0; r->fresh_ids--) {
		unlink_at(r, (r->oldest + r->count - 1) & (r->size - 1));
		r->count--;
	}
	r->events -= r->fresh;
	r->fresh = 0;
}
