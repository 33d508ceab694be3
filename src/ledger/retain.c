/* retain.c -- old segments are let go
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/disk.h"
#include "base/log.h"
#include "ledger/retain.h"
#include "ledger/settle.h"

enum { HEAD = 65536, COUNT_STEP = 262144 };

bool
retain_bounded(const struct ledger *l)
{
	return atomic_load(&l->keep_ms) > 0 || atomic_load(&l->keep_count) > 0;
}

/* The time of the first event in these bytes; 0 if there is none. */
static uint64_t
first_time(const char *at, size_t len)
{
	struct log_line line;
	const char *lf;
	size_t one;

	for (; (lf = memchr(at, '\n', len)) != NULL; at += one, len -= one) {
		one = (size_t)(lf - at) + 1;
		if (log_line_parse((struct slice){ at, one }, &line) &&
		    line.time > 0)
			return line.time;
	}
	return 0;
}

static int
open_log(struct ledger *l, uint64_t first)
{
	char path[LEDGER_PATH];

	segment_path(l, first, ".log", path);
	return disk_open(l->vault->rooms, path, O_RDONLY);
}

/* 0: it cannot be said. */
static uint64_t
time_of(struct ledger *l, const struct segment *s)
{
	char *buf;
	ssize_t got;
	uint64_t time;
	int fd;

	if (s->time > 0)
		return s->time;
	fd = open_log(l, s->first);
	if (fd < 0)
		return 0;
	buf = xmalloc(HEAD);
	got = disk_read(fd, buf, s->size < HEAD ? s->size : HEAD, 0);
	time = got < 0 ? 0 : first_time(buf, (size_t)got);
	free(buf);
	disk_close(fd);
	lock_take(&l->lock);
	settle_segment(l, s->first)->time = time;
	lock_drop(&l->lock);
	return time;
}

/* Lines but GAPs; *begin: whether a line begins at `at`. */
static uint64_t
count_lines(const char *at, size_t len, bool *begin)
{
	const char *end = at + len, *lf;
	uint64_t count = 0;

	for (; at < end; at = lf + 1) {
		if (*begin && !(end - at >= 4 && memcmp(at, "GAP ", 4) == 0))
			count++;
		lf = memchr(at, '\n', (size_t)(end - at));
		*begin = lf != NULL;
		if (lf == NULL)
			break;
	}
	return count;
}

/* How many events there are in a segment. What cannot be read has none, so
 * that more is kept. */
static uint64_t
events_in(struct ledger *l, const struct segment *s, bool full)
{
	char *buf;
	uint64_t count = 0;
	ssize_t got = 1;
	bool begin = true;
	int fd;

	if (s->events > 0)
		return s->events;
	fd = open_log(l, s->first);
	if (fd < 0)
		return 0;
	buf = xmalloc(COUNT_STEP);
	for (uint64_t at = 0; at < s->size && got > 0; at += (uint64_t)got) {
		uint64_t rest = s->size - at;

		got = disk_read(fd, buf, rest < COUNT_STEP ? rest : COUNT_STEP,
		    at);
		if (got > 0)
			count += count_lines(buf, (size_t)got, &begin);
	}
	free(buf);
	disk_close(fd);
	if (!full)
		return count;
	lock_take(&l->lock);
	settle_segment(l, s->first)->events = count;
	lock_drop(&l->lock);
	return count;
}

/* The first of the segments by age: the newest one whose first event is too
 * old itself. One without a known time says nothing. */
static unsigned
keep_by_age(struct ledger *l, const struct segment *s, unsigned count,
    uint64_t wall)
{
	uint64_t ms = atomic_load(&l->keep_ms), time;
	unsigned keep = 0;

	if (ms == 0 || wall < ms)
		return 0;
	for (unsigned i = 1; i < count; i++) {
		time = time_of(l, &s[i]);
		if (time >= wall - ms)
			break;
		if (time > 0)
			keep = i;
	}
	return keep;
}

/* The same by count. Numbers say how many there may be at most; where some
 * are missing, as after a lost power, only counting says how many there are,
 * and what was there before such a hole is not less wanted for it. */
static unsigned
keep_by_count(struct ledger *l, const struct segment *s, unsigned count)
{
	uint64_t most = atomic_load(&l->keep_count), last = ledger_last(l);
	uint64_t events = 0;
	unsigned i = count - 1;

	if (most == 0 || last < most || s[1].first > last - most + 1)
		return 0;
	for (;; i--) {
		events += events_in(l, &s[i], i < count - 1);
		if (events >= most || i == 0)
			return i;
	}
}

static int
drop_oldest(struct ledger *l, const struct segment *s)
{
	bool sync =
	    config_get(&l->vault->config->storage_fsync) != SYNC_NEVER;
	char path[LEDGER_PATH];
	int rc;

	/* Nobody is to find it before it goes. */
	lock_take(&l->lock);
	memmove(l->segments, l->segments + 1,
	    --l->count * sizeof(l->segments[0]));
	lock_drop(&l->lock);
	ledger_used(l, -(int64_t)(s->size + sums_size(s->summed)));
	segment_path(l, s->first, ".log", path);
	rc = disk_unlink(l->vault->rooms, path);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	segment_path(l, s->first, ".sum", path);
	rc = disk_unlink(l->vault->rooms, path);
	if (rc == -ENOENT)
		rc = 0;
	if (rc == 0 && sync)
		rc = disk_sync_dir(l->vault->rooms, l->dir);
	return rc;
}

int
retain(struct ledger *l, uint64_t wall, bool told)
{
	struct segment *s;
	unsigned count, keep = 0, by_count, i;
	int rc = 0;

	lock_take(&l->lock);
	count = l->count;
	s = xmalloc((count + 1) * sizeof(*s));
	if (count > 0)
		memcpy(s, l->segments, count * sizeof(*s));
	lock_drop(&l->lock);
	if (count > 1) {
		keep = keep_by_age(l, s, count, wall);
		by_count = keep_by_count(l, s, count);
		if (by_count > keep)
			keep = by_count;
	}
	for (i = 0; i < keep && rc == 0; i++)
		rc = drop_oldest(l, &s[i]);
	if (rc < 0 && !told)
		log_warn("%s/%016llu.log: cannot be let go: %s", l->dir,
		    (unsigned long long)s[i - 1].first, strerror(-rc));
	if (keep > 0)
		log_debug("%s: %u old segments let go", l->dir, i);
	free(s);
	return rc;
}
