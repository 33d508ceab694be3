/* append.c -- lines behind the last ones of a ledger
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/disk.h"
#include "base/log.h"
#include "ledger/settle.h"
#include "proto/words.h"

#define DAY_MS UINT64_C(86400000)

enum { ROLL_EVENTS = 1000, SYNC_HERE = 256 * 1024 };

/* Where a batch is written. */
struct place {
	struct segment segment; /* as it is without the batch */
	bool fresh;		/* it was made for it */
	int fd;
};

static uint64_t
either(uint64_t own, int64_t everybodys)
{
	return own > 0 ? own : (uint64_t)everybodys;
}

/* What `keep` lets go is whole segments, so they may not be too long. */
static bool
is_long(struct ledger *l, const struct segment *s, uint64_t time)
{
	const struct config *c = l->vault->config;
	uint64_t ms, count, events;

	ms = either(atomic_load(&l->keep_ms),
	    config_get(&c->storage_keep_days) * (int64_t)DAY_MS);
	count = either(
	    atomic_load(&l->keep_count), config_get(&c->storage_keep_events));
	events = ledger_last(l) - s->first + 1;
	return (ms > 0 && s->time > 0 && time > s->time &&
		   time - s->time > ms / 4) ||
	    (count > 0 && events > ROLL_EVENTS && events > count / 4);
}

static bool
is_full(struct ledger *l, const struct segment *s, uint64_t time)
{
	uint64_t most =
	    (uint64_t)config_get(&l->vault->config->storage_segment) * 1024;

	return l->full || s->size >= most || is_long(l, s, time);
}

/* The room need not wait while much is synced that only the next segment needs:
 * it goes on in this one, until the keeper has left little to be done. */
static bool
put_off(struct ledger *l, const struct segment *s)
{
	const struct config *c = l->vault->config;

	return !l->full && s->size - s->synced > SYNC_HERE &&
	    s->size < (uint64_t)config_get(&c->storage_segment) * 2048 &&
	    config_get(&c->storage_fsync) == SYNC_INTERVAL &&
	    ledger_ask_sync(l);
}

/* Before a segment that follows it can be on the disk, so that a lost power
 * takes the end of a log and no middle. */
static int
finish(struct ledger *l, const struct segment *s)
{
	int fd, rc;

	if (s->lost ||
	    config_get(&l->vault->config->storage_fsync) != SYNC_INTERVAL)
		return 0;
	fd = vault_pin(l);
	if (fd < 0)
		return fd;
	rc = disk_sync(fd);
	if (rc < 0)
		ledger_doubt(l, "sync", rc);
	vault_unpin(l);
	return rc;
}

/* A new file; or one that an earlier try has left empty. */
static int
make_log(struct ledger *l, const char *path)
{
	int fd;

	fd = vault_file(l->vault, path, O_RDWR | O_CREAT | O_EXCL);
	if (fd != -EEXIST)
		return fd;
	fd = vault_file(l->vault, path, O_RDWR);
	if (fd >= 0 && disk_size(fd) != 0) {
		disk_close(fd);
		return -EEXIST;
	}
	return fd;
}

static int
begin_segment(struct ledger *l, uint64_t first, struct place *p)
{
	char path[LEDGER_PATH];
	int rc;

	p->fresh = true;
	p->segment = (struct segment){ .first = first };
	rc = ledger_make(l);
	if (rc < 0)
		return rc;
	/* Sums of a log of that name that is no more. */
	segment_path(l, first, ".sum", path);
	rc = disk_unlink(l->vault->rooms, path);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	segment_path(l, first, ".log", path);
	p->fd = make_log(l, path);
	if (p->fd < 0 || !vault_syncs(l->vault))
		return p->fd < 0 ? p->fd : 0;
	rc = disk_sync_dir(l->vault->rooms, l->dir);
	if (rc < 0) {
		disk_close(p->fd);
		disk_unlink(l->vault->rooms, path);
	}
	return rc;
}

/* Opens the place for lines from number `first` on. */
static int
find_place(struct ledger *l, uint64_t first, uint64_t time, struct place *p)
{
	int rc;

	if (!segment_last(l, &p->segment))
		return begin_segment(l, first, p);
	if (is_full(l, &p->segment, time) && !put_off(l, &p->segment)) {
		rc = finish(l, &p->segment);
		return rc < 0 ? rc : begin_segment(l, first, p);
	}
	p->fresh = false;
	p->fd = vault_pin(l);
	return p->fd < 0 ? p->fd : 0;
}

/* As if nothing had been written. */
static void
undo(struct ledger *l, struct place *p)
{
	char path[LEDGER_PATH];
	int rc;

	rc = disk_truncate(p->fd, p->segment.size);
	if (rc < 0)
		ledger_doubt(l, "truncate", rc);
	if (!p->fresh) {
		vault_unpin(l);
		return;
	}
	disk_close(p->fd);
	segment_path(l, p->segment.first, ".log", path);
	disk_unlink(l->vault->rooms, path);
}

static void
publish(struct ledger *l, struct place *p, uint64_t len, uint64_t last,
    uint64_t time)
{
	struct segment *s;

	if (p->fresh)
		ledger_push(l, &p->segment);
	lock_take(&l->lock);
	s = &l->segments[l->count - 1];
	s->size += len;
	if (s->time == 0)
		s->time = time;
	atomic_store(&l->last, last);
	lock_drop(&l->lock);
	if (p->fresh)
		vault_turn(l, p->fd);
	l->full = false;
	vault_unpin(l);
	ledger_used(l, (int64_t)len);
	ledger_tell(l);
}

/* The GAP line that goes before `first`; its length, 0 if there is none. */
static size_t
make_gap(struct ledger *l, struct slice room, uint64_t first,
    char gap[LINE_MAX_BYTES])
{
	uint64_t last = ledger_last(l);

	assert(first > last);
	if (last == 0 || first == last + 1)
		return 0;
	return (size_t)snprintf(gap, LINE_MAX_BYTES,
	    "GAP %.*s %" PRIu64 " %" PRIu64 "\n", (int)room.len, room.at,
	    last + 1, first - 1);
}

static int
check(struct ledger *l, uint64_t len, uint64_t last)
{
	uint64_t limit = (uint64_t)config_get(&l->vault->config->storage_limit)
	    << 20;
	int failure = ledger_failure(l);

	if (failure != 0)
		return failure;
	if (last >= atomic_load(&l->vault->ceiling))
		return -EAGAIN;
	if (limit > 0 && atomic_load(&l->vault->bytes) + len > limit)
		return -EDQUOT;
	return 0;
}

static int
force(struct ledger *l, int fd)
{
	int rc;

	if (config_get(&l->vault->config->storage_fsync) != SYNC_ALWAYS)
		return 0;
	rc = disk_sync(fd);
	if (rc < 0)
		ledger_doubt(l, "sync", rc);
	return rc;
}

int
ledger_append(struct ledger *l, struct slice room, struct iovec *pieces,
    unsigned count, uint64_t first, uint64_t last, uint64_t time)
{
	char gap[LINE_MAX_BYTES];
	size_t gap_len = make_gap(l, room, first, gap), len = gap_len;
	struct place p;
	int rc;

	assert(l->loaded && last >= first);
	for (unsigned i = 0; i < count; i++)
		len += pieces[i].iov_len;
	rc = check(l, len, last);
	if (rc == 0)
		rc = find_place(
		    l, gap_len > 0 ? ledger_last(l) + 1 : first, time, &p);
	if (rc < 0)
		return rc;
	if (gap_len > 0)
		rc = disk_write(p.fd, gap, gap_len, p.segment.size);
	if (rc == 0)
		rc = disk_writev(p.fd, pieces, count, p.segment.size + gap_len);
	if (rc == 0)
		rc = force(l, p.fd);
	if (rc < 0) {
		if (ledger_failure(l) == 0)
			atomic_fetch_add(&l->vault->counters.failures, 1);
		undo(l, &p);
		return rc;
	}
	publish(l, &p, len, last, time);
	return 0;
}

/* What was not published is not to be met by anybody; a later start sees it by
 * its numbers if it cannot be cut off. */
static void
cut_back(struct ledger *l)
{
	struct segment s;
	int fd;

	if (!segment_last(l, &s))
		return;
	fd = vault_pin(l);
	if (fd < 0)
		return;
	if (disk_size(fd) > (int64_t)s.size)
		disk_truncate(fd, s.size);
	vault_unpin(l);
}

int
ledger_retry(struct ledger *l, uint64_t *last_r)
{
	struct place p;
	int rc;

	*last_r = ledger_last(l);
	if (ledger_failure(l) == 0)
		return 0;
	/* Before it is forgotten why they are not to be synced. */
	settle_lose(l);
	atomic_store(&l->failure, 0);
	if (!l->usable) {
		*last_r = ledger_load(l);
		return ledger_failure(l);
	}
	cut_back(l);
	l->full = true;
	rc = begin_segment(l, *last_r + 1, &p);
	if (rc == 0) {
		rc = vault_syncs(l->vault) ? disk_sync(p.fd) : 0;
		disk_close(p.fd);
	}
	if (rc < 0)
		ledger_fail(l, "retry", rc);
	return rc;
}
