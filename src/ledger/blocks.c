/* blocks.c -- a segment's bytes, verified against its sums
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <string.h>

#include "base/disk.h"
#include "base/log.h"
#include "ledger/blocks.h"

enum { TRIES = 4 };

/* One look, so that all of it is of one moment. False: there is no segment. */
static bool
look(struct reader *r, uint64_t number)
{
	struct ledger *l = r->ledger;
	unsigned low = 0, high, mid;

	lock_take(&l->lock);
	high = l->count;
	while (high - low > 1) {
		mid = low + (high - low) / 2;
		if (l->segments[mid].first <= number)
			low = mid;
		else
			high = mid;
	}
	r->upper = atomic_load(&l->last);
	if (l->count > 0)
		r->segment = l->segments[low];
	r->lower = low > 0 ? r->segment.first : 0;
	if (low + 1 < l->count && l->segments[low + 1].first <= r->upper)
		r->upper = l->segments[low + 1].first - 1;
	high = l->count;
	lock_drop(&l->lock);
	return high > 0;
}

/* Looks at the same segment again, if it is still there. */
static bool
look_again(struct reader *r)
{
	struct reader before = *r;

	if (look(r, r->segment.first) &&
	    r->segment.first == before.segment.first)
		return true;
	*r = before;
	return false;
}

/* It is not the file that is at fault. */
static bool
is_passing(int rc)
{
	return rc == -EMFILE || rc == -ENFILE || rc == -ENOMEM ||
	    rc == -ENOBUFS || rc == -EAGAIN;
}

/* Is it one that was not told of before, as far as that is known? block -1:
 * the whole file. */
static bool
is_news(struct reader *r, const char *suffix, uint64_t block)
{
	uint64_t what = r->segment.first * SUM_BLOCK + block + 2, none;
	_Atomic uint64_t *known = r->ledger->known;

	what = 2 * what + (suffix[1] == 's');
	for (unsigned i = 0; i < LEDGER_KNOWN; i++) {
		none = 0;
		if (atomic_compare_exchange_strong(&known[i], &none, what))
			return true;
		if (none == what)
			return false;
	}
	atomic_store(&known[what % LEDGER_KNOWN], what);
	return true;
}

static void
tell_file(struct reader *r, const char *suffix, int why)
{
	char path[LEDGER_PATH];

	if (!is_news(r, suffix, UINT64_MAX))
		return;
	segment_path(r->ledger, r->segment.first, suffix, path);
	log_warn("%s: cannot be read: %s", path, strerror(-why));
}

static void
tell_block(struct reader *r, uint64_t block, enum block state)
{
	char path[LEDGER_PATH];

	if (!is_news(r, ".log", block))
		return;
	segment_path(r->ledger, r->segment.first, ".log", path);
	atomic_fetch_add(&r->ledger->vault->counters.damaged, 1);
	log_warn("%s: damaged: the block at byte %" PRIu64 " %s; a GAP is "
	    "given for its lines", path, block * SUM_BLOCK,
	    state == BLOCK_DIFFERS ? "does not agree with its sum" :
	    "is not there or cannot be read");
}

static int
open_file(struct reader *r, const char *suffix)
{
	char path[LEDGER_PATH];

	segment_path(r->ledger, r->segment.first, suffix, path);
	return vault_file(r->ledger->vault, path, O_RDONLY);
}

static int
open_sums(struct reader *r)
{
	r->sum = open_file(r, ".sum");
	if (r->sum >= 0)
		return 1;
	if (is_passing(r->sum))
		return r->sum;
	if (r->sum != -ENOENT)
		tell_file(r, ".sum", r->sum);
	r->sum = -1;
	return 1;
}

int
reader_open(struct reader *r, struct ledger *l, uint64_t number)
{
	uint64_t first;
	int rc;

	*r = (struct reader){ .ledger = l, .log = -1, .sum = -1 };
	while (look(r, number)) {
		first = r->segment.first;
		rc = open_file(r, ".log");
		if (rc >= 0) {
			r->log = rc;
			return open_sums(r);
		}
		if (is_passing(rc))
			return rc;
		/* It may have been let go in between. */
		if (look_again(r) && r->segment.first == first) {
			tell_file(r, ".log", rc);
			return 1;
		}
	}
	return 0;
}

void
reader_close(struct reader *r)
{
	if (r->log >= 0)
		disk_close(r->log);
	if (r->sum >= 0)
		disk_close(r->sum);
	r->log = r->sum = -1;
}

/* `have` bytes were read of `len` that there should be; current: there was no
 * more of it when its sum was read. */
static enum block
judge(const struct sum *sum, const char *bytes, size_t have, size_t len,
    bool current)
{
	if (have < len)
		return BLOCK_LOST;
	if (!current && sum->there && sum->len > len)
		return BLOCK_UNSURE;
	if (!sum_agrees(sum, bytes, (uint32_t)len))
		return BLOCK_DIFFERS;
	return sum->there && sum->len == len ? BLOCK_SURE : BLOCK_UNSURE;
}

static int
read_sums(struct reader *r, uint64_t block, struct sum *sums)
{
	int rc;

	memset(sums, 0, BLOCKS_MOST * sizeof(*sums));
	if (r->sum < 0)
		return 0;
	rc = sums_read(r->sum, block, BLOCKS_MOST, sums);
	if (rc < 0 && is_passing(rc))
		return rc;
	if (rc < 0) {
		tell_file(r, ".sum", rc);
		memset(sums, 0, BLOCKS_MOST * sizeof(*sums));
	}
	return 0;
}

/* -EIO only if there are several blocks, of which others may be readable. */
static int
read_once(struct reader *r, uint64_t block, unsigned count, char *bytes,
    struct blocks *b)
{
	struct sum sums[BLOCKS_MOST];
	uint64_t at = block * SUM_BLOCK;
	bool current;
	ssize_t have;
	int rc;

	rc = read_sums(r, block, sums);
	if (rc < 0)
		return rc;
	/* They may be of more than was published before; how much that is now
	 * is not known of a segment that was just let go. */
	current = look_again(r);
	b->count = 0;
	b->len = (size_t)count * SUM_BLOCK;
	if (b->len > r->segment.size - at)
		b->len = (size_t)(r->segment.size - at);
	have = disk_read(r->log, bytes, b->len, at);
	if (have < 0 && (is_passing((int)have) || b->len > SUM_BLOCK))
		return is_passing((int)have) ? (int)have : -EIO;
	for (size_t from = 0; from < b->len; from += SUM_BLOCK) {
		size_t len = b->len - from, here;

		if (len > SUM_BLOCK)
			len = SUM_BLOCK;
		here = have < (ssize_t)(from + len) ? 0 : len;
		b->state[b->count] =
		    judge(&sums[b->count], bytes + from, here, len, current);
		b->count++;
	}
	return 0;
}

static bool
all_good(const struct blocks *b)
{
	for (unsigned i = 0; i < b->count; i++)
		if (!block_is_good(b->state[i]))
			return false;
	return true;
}

int
blocks_read(struct reader *r, uint64_t block, unsigned count, char *bytes,
    struct blocks *b)
{
	bool changing = false;
	unsigned erasing;
	int rc;

	b->count = 0;
	b->len = 0;
	assert(count > 0 && count <= BLOCKS_MOST);
	if (r->log < 0 || block * SUM_BLOCK >= r->segment.size)
		return 0;
	for (unsigned tries = 0; tries < TRIES; tries++) {
		erasing = atomic_load(&r->ledger->erasing);
		rc = read_once(r, block, count, bytes, b);
		if (rc == -EIO && count > 1) {
			count = 1;
			continue;
		}
		if (rc < 0 || all_good(b))
			return rc;
		changing = erasing % 2 != 0 ||
		    erasing != atomic_load(&r->ledger->erasing);
		sched_yield();
	}
	for (unsigned i = 0; i < b->count; i++)
		if (b->state[i] == BLOCK_DIFFERS && changing)
			b->state[i] = BLOCK_UNSURE;
		else if (!block_is_good(b->state[i]))
			tell_block(r, block + i, b->state[i]);
	return 0;
}
