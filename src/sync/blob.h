/* blob.h -- bytes on their way to peers, shared by counting
 *
 * SPDX-License-Identifier: MIT
 *
 * Whoever makes a blob appends to it; once it was handed on it never changes
 * again, and every holder gives its reference back.
 *
 * Threads: appending, only the maker before it is shared; the rest any.
 * Locks:   none; the count is atomic.
 * Memory:  freed with the last reference. */
#ifndef SYNC_BLOB_H
#define SYNC_BLOB_H

#include <stdatomic.h>
#include <stddef.h>

#include "base/slice.h"

struct blob {
	atomic_uint refs;	/* (a) */
	size_t      len;	/* (c) once shared */
	size_t      size;
	char        data[];
};

/* Appends to *b, which is made if NULL and may move. */
void blob_add(struct blob **b, struct slice);
void blob_printf(struct blob **b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
struct blob *blob_ref(struct blob *);
/* Takes NULL too; clears the caller's pointer first. */
void blob_unref(struct blob **);

#endif
