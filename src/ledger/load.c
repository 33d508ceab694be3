/* load.c -- what a start finds of a ledger
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/disk.h"
#include "base/log.h"
#include "ledger/listing.h"
#include "ledger/mend.h"

struct loading {
	struct ledger *ledger;
	struct listing listing;
	struct segment *segments;
	unsigned count;
	bool lost; /* lines may be missing that were told */
};

static int
list(struct loading *g)
{
	struct vault *v = g->ledger->vault;
	int rc;

	while ((rc = listing_init(&g->listing, v, g->ledger->dir)) == -EMFILE ||
	    rc == -ENFILE) {
		if (!vault_spare(v))
			break;
		listing_fini(&g->listing);
	}
	return rc;
}

/* A log or the sums of one; false if it cannot be removed. */
static bool
drop(struct ledger *l, uint64_t first, const char *suffix)
{
	char path[LEDGER_PATH];
	int rc;

	segment_path(l, first, suffix, path);
	rc = disk_unlink(l->vault->rooms, path);
	if (rc < 0 && rc != -ENOENT)
		log_warn("rooms/%s: %s", path, strerror(-rc));
	return rc == 0;
}

/* The sums say what there was if the log does not. */
static void
drop_empty(struct loading *g, uint64_t first)
{
	struct sum last;

	if (segment_covered(g->ledger, first, &last) > 0) {
		g->lost = true;
		log_warn("rooms/%s/%016" PRIu64 ".log: it is empty, but its "
			 "sums are not",
		    g->ledger->dir, first);
	}
	drop(g->ledger, first, ".log");
	drop(g->ledger, first, ".sum");
}

static void
take_log(struct loading *g, uint64_t first)
{
	struct ledger *l = g->ledger;
	char path[LEDGER_PATH];
	struct segment s = { .first = first };
	struct sum last;
	int64_t size;

	segment_path(l, first, ".log", path);
	size = disk_size_at(l->vault->rooms, path);
	if (size == 0)
		drop_empty(g, first);
	else if (size < 0)
		log_warn("rooms/%s: %s", path, strerror((int)-size));
	if (size <= 0)
		return;
	s.size = (uint64_t)size;
	s.summed = segment_covered(l, first, &last);
	if (s.summed > s.size)
		s.summed = s.size;
	s.synced = s.summed;
	g->segments[g->count++] = s;
}

/* Sums without a log are of no use, but to show that one is missing. */
static void
drop_orphans(struct loading *g)
{
	const struct firsts *logs = &g->listing.logs, *sums = &g->listing.sums;
	uint64_t newest = logs->count > 0 ? logs->at[logs->count - 1] : 0;
	struct sum last;

	for (unsigned i = 0; i < sums->count; i++) {
		if (firsts_hold(logs, sums->at[i]))
			continue;
		if (sums->at[i] > newest &&
		    segment_covered(g->ledger, sums->at[i], &last) > 0)
			g->lost = true;
		if (drop(g->ledger, sums->at[i], ".sum"))
			log_warn("rooms/%s/%016" PRIu64
				 ".log is missing, its sums were there",
			    g->ledger->dir, sums->at[i]);
	}
}

static int64_t
bytes_of(const struct loading *g)
{
	uint64_t bytes = LEDGER_DIR_BYTES;

	for (unsigned i = 0; i < g->count; i++)
		bytes += g->segments[i].size + sums_size(g->segments[i].summed);
	return (int64_t)bytes;
}

/* The newest segment in which there is a line is the last; 0 or -errno. */
static int
mend_end(struct loading *g)
{
	struct ledger *l = g->ledger;
	char path[LEDGER_PATH];
	struct segment *s;
	struct mended m;
	int rc;

	for (; g->count > 0; g->count--) {
		s = &g->segments[g->count - 1];
		rc = segment_mend(l, s->first, &m);
		if (rc < 0)
			return rc;
		g->lost |= m.lost;
		if (m.last > 0) {
			s->size = m.size;
			s->time = m.begun;
			s->summed = s->synced =
			    m.covered < m.size ? m.covered : m.size;
			l->full = m.closed;
			atomic_store(&l->last, m.last);
			vault_note(l->vault, m.last, m.time);
			return 0;
		}
		segment_path(l, s->first, ".log", path);
		if (disk_size_at(l->vault->rooms, path) != 0)
			segment_put_aside(l, s->first);
		else if (drop(l, s->first, ".log"))
			drop(l, s->first, ".sum");
	}
	return 0;
}

static int
examine(struct loading *g)
{
	struct ledger *l = g->ledger;
	const struct firsts *logs = &g->listing.logs;
	int64_t before;
	int rc;

	if (g->listing.others > 0)
		log_info("rooms/%s/%s and %u more are not of this server, left "
			 "alone",
		    l->dir, g->listing.other, g->listing.others - 1);
	g->segments = xcalloc(logs->count + 1, sizeof(g->segments[0]));
	for (unsigned i = 0; i < logs->count; i++)
		take_log(g, logs->at[i]);
	drop_orphans(g);
	before = bytes_of(g);
	rc = mend_end(g);
	if (rc < 0)
		return rc;
	atomic_store(&l->bytes, (uint64_t)bytes_of(g));
	vault_used(l->vault, bytes_of(g) - before);
	return 0;
}

/* The ledger has them from now on. */
static void
adopt(struct loading *g)
{
	struct ledger *l = g->ledger;
	bool rest = false;

	for (unsigned i = 0; i < g->count; i++) {
		ledger_push(l, &g->segments[i]);
		rest |= g->segments[i].summed < g->segments[i].size;
	}
	if (rest)
		ledger_tell(l);
}

static uint64_t
go_on_after(const struct loading *g)
{
	const struct vault *v = g->ledger->vault;
	uint64_t last = ledger_last(g->ledger);
	uint64_t least = g->lost ? atomic_load(&v->high)
	    : last < v->doubt	 ? v->floor
				 : 0;

	if (last >= least)
		return last;
	log_info("rooms/%s: its log ends with number %" PRIu64
		 ", it goes on after %" PRIu64,
	    g->ledger->dir, last, least);
	return least;
}

uint64_t
ledger_load(struct ledger *l)
{
	struct loading g = { .ledger = l };
	char path[LEDGER_PATH];
	uint64_t last = 0;
	int64_t todo;
	int rc;

	l->loaded = true;
	l->usable = false;
	rc = list(&g);
	l->made = rc == 0;
	if (rc == 0)
		rc = examine(&g);
	if (rc == 0) {
		adopt(&g);
		snprintf(path, sizeof(path), "%s/todo", l->dir);
		todo = disk_size_at(l->vault->rooms, path);
		l->todo_size = todo > 0 ? (uint64_t)todo : 0;
		last = go_on_after(&g);
	}
	l->usable = rc == 0 || rc == -ENOENT;
	if (!l->usable) {
		ledger_fail(l, "it cannot be read", rc);
		last = atomic_load(&l->vault->high);
	}
	listing_fini(&g.listing);
	free(g.segments);
	return last;
}
