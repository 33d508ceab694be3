/* blob.c -- bytes on their way to peers, shared by counting
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "sync/blob.h"

enum { BLOB_MIN = 104 };	/* with its head, one of malloc's 128 bytes */

static void
reserve(struct blob **b, size_t more)
{
	size_t len = *b == NULL ? 0 : (*b)->len, size = BLOB_MIN;

	if (*b != NULL && (*b)->size - len >= more)
		return;
	while (size < len + more)
		size *= 2;
	if (*b == NULL) {
		*b = xmalloc(sizeof(**b) + size);
		atomic_init(&(*b)->refs, 1);
		(*b)->len = 0;
	} else {
		assert(atomic_load(&(*b)->refs) == 1);
		*b = xrealloc(*b, sizeof(**b) + size);
	}
	(*b)->size = size;
}

void
blob_add(struct blob **b, struct slice s)
{
	reserve(b, s.len);
	memcpy((*b)->data + (*b)->len, s.at, s.len);
	(*b)->len += s.len;
}

void
blob_printf(struct blob **b, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	assert(len >= 0);
	reserve(b, (size_t)len + 1);
	va_start(args, fmt);
	vsnprintf((*b)->data + (*b)->len, (size_t)len + 1, fmt, args);
	va_end(args);
	(*b)->len += (size_t)len;
}

struct blob *
blob_ref(struct blob *b)
{
	atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
	return b;
}

void
blob_unref(struct blob **at)
{
	struct blob *b = *at;

	*at = NULL;
	if (b != NULL && atomic_fetch_sub_explicit(&b->refs, 1,
	    memory_order_acq_rel) == 1)
		free(b);
}
