/* chunk.c -- append-only pieces of a stream, shared by counting
 *
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/alloc.h"
#include "sync/chunk.h"

struct chunk *
chunk_new(uint32_t size, uint64_t start, uint64_t number)
{
	struct chunk *c = xmalloc(sizeof(*c) + size);

	atomic_init(&c->next, NULL);
	atomic_init(&c->refs, 1);
	atomic_init(&c->len, 0);
	c->size = size;
	c->start = start;
	c->number = number;
	c->after = NULL;
	c->fill = 0;
	return c;
}

struct chunk *
chunk_ref(struct chunk *c)
{
	atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
	return c;
}

void
chunk_unref(struct chunk **at)
{
	struct chunk *c = *at;

	*at = NULL;
	while (c != NULL && atomic_fetch_sub_explicit(&c->refs, 1,
	    memory_order_acq_rel) == 1) {
		struct chunk *next =
		    atomic_load_explicit(&c->next, memory_order_relaxed);

		free(c);
		c = next;
	}
}

uint32_t
chunk_ready(struct chunk **at, uint32_t *off)
{
	for (;;) {
		/* The successor first: it is published after the last byte
		 * here, so seeing it means that the length is final. */
		struct chunk *next = atomic_load_explicit(&(*at)->next,
		    memory_order_acquire);
		uint32_t len = atomic_load_explicit(&(*at)->len,
		    memory_order_acquire);

		if (*off < len)
			return len - *off;
		if (next == NULL)
			return 0;
		*at = next;
		*off = 0;
	}
}
