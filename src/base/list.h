/* list.h -- doubly linked list whose links live inside what is listed
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: whoever owns the list.
 * Locks:   none; the owner's.
 * Memory:  owns nothing. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

/* A link that is in no list points at itself. */
struct link {
	struct link *next;
	struct link *prev;
};

#define list_entry(link, type, member) \
	((type *)(void *)((char *)(link) - offsetof(type, member)))

static inline void
list_init(struct link *l)
{
	l->next = l->prev = l;
}

static inline bool
list_empty(const struct link *l)
{
	return l->next == l;
}

static inline void
list_append(struct link *list, struct link *l)
{
	l->prev = list->prev;
	l->next = list;
	list->prev->next = l;
	list->prev = l;
}

/* Harmless for a link that is in no list. */
static inline void
list_remove(struct link *l)
{
	l->prev->next = l->next;
	l->next->prev = l->prev;
	list_init(l);
}

#endif
