/* listing.c -- what is in a room's directory
 *
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/disk.h"
#include "ledger/listing.h"

enum { DIGITS = 16 };

static void
add(struct firsts *f, uint64_t first)
{
	if (f->count == f->space) {
		f->space = f->space > 0 ? 2 * f->space : 8;
		f->at = xrealloc(f->at, f->space * sizeof(f->at[0]));
	}
	f->at[f->count++] = first;
}

static bool
is_ours(const char *name)
{
	return strcmp(name, "todo") == 0 || strncmp(name, "cut-", 4) == 0;
}

static void
note(const char *name, void *arg)
{
	struct listing *l = arg;
	size_t digits = strspn(name, "0123456789");
	uint64_t first = strtoull(name, NULL, 10);

	if (digits == DIGITS && first > 0 && strcmp(name + DIGITS, ".log") == 0)
		add(&l->logs, first);
	else if (digits == DIGITS && first > 0 &&
	    strcmp(name + DIGITS, ".sum") == 0)
		add(&l->sums, first);
	else if (!is_ours(name) && l->others++ == 0)
		snprintf(l->other, sizeof(l->other), "%.63s", name);
}

static int
compare(const void *a, const void *b)
{
	uint64_t m = *(const uint64_t *)a, n = *(const uint64_t *)b;

	return (m > n) - (m < n);
}

static void
sort(struct firsts *f)
{
	if (f->count > 1)
		qsort(f->at, f->count, sizeof(f->at[0]), compare);
}

int
listing_init(struct listing *l, struct vault *v, const char *dir)
{
	int rc;

	memset(l, 0, sizeof(*l));
	rc = disk_list(v->rooms, dir, note, l);
	sort(&l->logs);
	sort(&l->sums);
	return rc;
}

void
listing_fini(struct listing *l)
{
	free(l->logs.at);
	free(l->sums.at);
}

void
listing_path(const char *dir, uint64_t first, const char *suffix,
    char path_r[LEDGER_PATH])
{
	snprintf(
	    path_r, LEDGER_PATH, "%s/%016" PRIu64 "%s", dir, first, suffix);
}

bool
firsts_hold(const struct firsts *f, uint64_t first)
{
	return f->count > 0 &&
	    bsearch(&first, f->at, f->count, sizeof(f->at[0]), compare) != NULL;
}
