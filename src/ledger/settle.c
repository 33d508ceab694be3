/* settle.c -- what was appended to a ledger is synced, then summed
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/crc32c.h"
#include "base/disk.h"
#include "base/log.h"
#include "ledger/settle.h"

struct segment *
settle_segment(struct ledger *l, uint64_t first)
{
	for (unsigned i = l->count; i > 0; i--)
		if (l->segments[i - 1].first == first)
			return &l->segments[i - 1];
	return NULL;
}

static bool
unsynced(const struct segment *s)
{
	return s->synced < s->size && !s->lost;
}

static bool
unsummed(const struct segment *s)
{
	return s->summed < s->synced;
}

/* Copies the first segment from number `from` on that is so. */
static bool
find(struct ledger *l, uint64_t from, bool (*is)(const struct segment *),
    struct segment *segment_r)
{
	bool found = false;

	lock_take(&l->lock);
	for (unsigned i = 0; i < l->count && !found; i++) {
		found = l->segments[i].first >= from && is(&l->segments[i]);
		if (found)
			*segment_r = l->segments[i];
	}
	lock_drop(&l->lock);
	return found;
}

bool
settle_due(struct ledger *l)
{
	struct segment s;

	return find(l, 0, unsynced, &s) || find(l, 0, unsummed, &s);
}

static void
set_synced(struct ledger *l, uint64_t first, uint64_t bytes)
{
	lock_take(&l->lock);
	settle_segment(l, first)->synced = bytes;
	lock_drop(&l->lock);
}

static void
set_summed(struct ledger *l, uint64_t first, uint64_t bytes)
{
	struct segment *s;
	uint64_t before;

	lock_take(&l->lock);
	s = settle_segment(l, first);
	before = sums_size(s->summed);
	s->summed = bytes;
	lock_drop(&l->lock);
	ledger_used(l, (int64_t)(sums_size(bytes) - before));
}

/* What is tried again is logged when it begins to fail, and not each time. */
static void
note_failure(struct ledger *l, struct settling *g, const char *path,
    const char *what, int why)
{
	g->failed = true;
	atomic_fetch_add(&l->vault->counters.failures, 1);
	if (g->told)
		return;
	g->told = true;
	log_warn("%s: %s: %s; it is tried again", path, what, strerror(-why));
}

void
settle_fail(struct ledger *l, uint64_t first, int why)
{
	struct segment *s;
	char what[40];

	lock_take(&l->lock);
	s = settle_segment(l, first);
	if (s != NULL)
		s->lost = true;
	lock_drop(&l->lock);
	snprintf(what, sizeof(what), "%016" PRIu64 ".log: sync", first);
	ledger_doubt(l, what, why);
}

/* Always by a descriptor of its own: the room may go on in another segment at
 * any time, and the file is the same whatever it was opened by. */
static void
sync_segment(struct ledger *l, const struct segment *s, struct settling *g)
{
	char path[LEDGER_PATH];
	int fd, rc;

	segment_path(l, s->first, ".log", path);
	fd = disk_open(l->vault->rooms, path, O_RDONLY);
	if (fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM) {
		note_failure(l, g, path, "cannot be opened to be synced", fd);
		return;
	}
	rc = fd < 0 ? fd : disk_sync(fd);
	if (fd >= 0)
		disk_close(fd);
	if (rc == 0)
		set_synced(l, s->first, s->size);
	else
		settle_fail(l, s->first, rc);
}

void
settle_lose(struct ledger *l)
{
	if (ledger_failure(l) == 0 ||
	    config_get(&l->vault->config->storage_fsync) != SYNC_INTERVAL)
		return;
	lock_take(&l->lock);
	for (unsigned i = 0; i < l->count; i++)
		if (unsynced(&l->segments[i]))
			l->segments[i].lost = true;
	lock_drop(&l->lock);
}

void
settle_sync(struct ledger *l, struct settling *g)
{
	int64_t mode = config_get(&l->vault->config->storage_fsync);
	struct segment s;

	/* If the failure was not the keeper's, who knows which it was of. */
	settle_lose(l);
	for (uint64_t from = 0; find(l, from, unsynced, &s);
	    from = s.first + 1) {
		/* The room has done it, or nobody shall. */
		if (mode != SYNC_INTERVAL)
			set_synced(l, s.first, s.size);
		else
			sync_segment(l, &s, g);
	}
}

/* The next entry: of what was summed of the block and what follows it up to
 * `end`. The old bytes are not read again if there is an entry for them, so
 * that damage to them stays to be seen. Returns the bytes summed or -errno. */
static int64_t
sum_more(int log, int sums, uint64_t at, uint64_t end, char *buf)
{
	uint64_t block = at / SUM_BLOCK, start = block * SUM_BLOCK;
	struct sum sum = { 0 };
	ssize_t got;
	int rc = 0;

	if (end > start + SUM_BLOCK)
		end = start + SUM_BLOCK;
	if (at > start)
		rc = sums_read(sums, block, 1, &sum);
	if (rc < 0)
		return rc;
	if (!sum.there || sum.len != at - start) {
		sum = (struct sum){ 0 };
		at = start;
	}
	got = disk_read(log, buf, end - at, at);
	if (got < 0)
		return got;
	if ((uint64_t)got < end - at)
		return -EIO;	/* somebody has cut it */
	sum = (struct sum){ crc32c(sum.crc, buf, (size_t)got),
		(uint32_t)(end - start), true };
	rc = sums_write(sums, block, 1, &sum);
	return rc < 0 ? rc : (int64_t)(end - start);
}

static int
sum_open(struct ledger *l, struct segment *s, int log, int sums,
    struct settling *g)
{
	char *buf = xmalloc(SUM_BLOCK);
	uint64_t start;
	int64_t len = 0;

	while (unsummed(s) && g->bytes > 0) {
		start = s->summed / SUM_BLOCK * SUM_BLOCK;
		len = sum_more(log, sums, s->summed, s->synced, buf);
		if (len < 0)
			break;
		g->bytes -= g->bytes < SUM_BLOCK ? g->bytes : SUM_BLOCK;
		s->summed = start + (uint64_t)len;
	}
	set_summed(l, s->first, s->summed);
	free(buf);
	return len < 0 ? (int)len : 0;
}

static void
sum_segment(struct ledger *l, struct segment *s, struct settling *g)
{
	char path[LEDGER_PATH];
	int log, sums, rc;

	segment_path(l, s->first, ".log", path);
	log = disk_open(l->vault->rooms, path, O_RDONLY);
	segment_path(l, s->first, ".sum", path);
	sums = disk_open(l->vault->rooms, path, O_RDWR | O_CREAT);
	rc = log < 0 ? log : sums;
	if (rc >= 0)
		rc = sum_open(l, s, log, sums, g);
	if (rc < 0)
		note_failure(l, g, path, "the sums cannot be written", rc);
	if (log >= 0)
		disk_close(log);
	if (sums >= 0)
		disk_close(sums);
}

void
settle_sum(struct ledger *l, struct settling *g)
{
	struct segment s;

	for (uint64_t from = 0;
	    g->bytes > 0 && find(l, from, unsummed, &s); from = s.first + 1)
		sum_segment(l, &s, g);
}
