/* alloc.h -- small allocations, which either succeed or end the program
 *
 * SPDX-License-Identifier: MIT
 *
 * What a peer can make large is bounded before it gets here.
 *
 * Threads: any.
 * Locks:   the allocator's own.
 * Memory:  the caller's; released with free(). */
#ifndef BASE_ALLOC_H
#define BASE_ALLOC_H

#include <stddef.h>

void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
/* Zeroed. */
void *xcalloc(size_t count, size_t size)
    __attribute__((malloc, returns_nonnull));
void *xrealloc(void *old, size_t size) __attribute__((returns_nonnull));
/* A terminated copy of len bytes. */
char *xmemdup(const char *text, size_t len)
    __attribute__((malloc, returns_nonnull));

#endif
