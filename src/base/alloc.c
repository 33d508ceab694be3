/* alloc.c -- small allocations, which either succeed or end the program
 *
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"

void *
xmalloc(size_t size)
{
	void *at = malloc(size);

	if (at == NULL)
		log_fatal("out of memory asking for %zu bytes", size);
	return at;
}

void *
xcalloc(size_t count, size_t size)
{
	void *at = calloc(count, size);

	if (at == NULL)
		log_fatal("out of memory asking for %zu times %zu bytes",
		    count, size);
	return at;
}

void *
xrealloc(void *old, size_t size)
{
	void *at = realloc(old, size);

	if (at == NULL)
		log_fatal("out of memory asking for %zu bytes", size);
	return at;
}

char *
xmemdup(const char *text, size_t len)
{
	char *at = xmalloc(len + 1);

	memcpy(at, text, len);
	at[len] = '\0';
	return at;
}
