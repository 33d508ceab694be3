/* snapshot.c -- a copy of all data, as it is at one moment, while it changes
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <sodium.h>

#include "account/snapshot.h"
#include "account/store_copy.h"
#include "base/alloc.h"
#include "base/disk.h"
#include "base/log.h"
#include "ledger/parts.h"

enum {
	ROOMS = sizeof("rooms/") - 1,
	PATH = ROOMS + LEDGER_PATH,
	TRIES = 1000	/* for a block that is being erased, 1 ms each */
};

_Static_assert((int)PATH <= (int)MANIFEST_PATH, "paths of logs");

/* A segment, as much of it as is copied. */
struct part {
	uint64_t first;
	uint64_t size;
};

struct parts {
	struct part *at;
	unsigned     count;
	unsigned     space;
};

/* One segment under way. */
struct copying {
	struct ledger *ledger;
	const char    *path;
	int            from, sums, to;	/* sums: -1 if there are none */
	bool           cloned;
	uint64_t       size;		/* to be copied */
	struct sum    *sum;		/* of each block copied */
	unsigned       blocks;
	char          *bytes;		/* SUM_BLOCK */
	crypto_hash_sha256_state state;
};

static bool
stopped(const struct snapshot *s)
{
	return s->stop != NULL && atomic_load(s->stop);
}

static void
add_part(struct parts *p, uint64_t first, uint64_t size)
{
	if (p->count == p->space) {
		p->space = p->space > 0 ? 2 * p->space : 16;
		p->at = xrealloc(p->at, p->space * sizeof(*p->at));
	}
	p->at[p->count++] = (struct part){ first, size };
}

static void
found_name(const char *name, void *arg)
{
	static const char digits[] = "0123456789";

	if (strspn(name, digits) == 16 && strcmp(name + 16, ".log") == 0)
		add_part(arg, strtoull(name, NULL, 10), 0);
}

static int
by_first(const void *a, const void *b)
{
	const struct part *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

/* Of a room that nobody has entered yet: as the files are. */
static int
list_parts(struct ledger *l, struct parts *p)
{
	char path[LEDGER_PATH];
	int rc = disk_list(l->vault->rooms, l->dir, found_name, p);
	int64_t size;
	int fd;

	if (rc == -ENOENT)
		return 0;
	qsort(p->at, p->count, sizeof(*p->at), by_first);
	for (unsigned i = 0; rc == 0 && i < p->count; i++) {
		segment_path(l, p->at[i].first, ".log", path);
		fd = disk_open(l->vault->rooms, path, O_RDONLY);
		if (fd < 0)
			return fd;
		size = disk_size(fd);
		disk_close(fd);
		if (size < 0)
			return (int)size;
		p->at[i].size = (uint64_t)size;
	}
	return rc;
}

static int
find_parts(struct ledger *l, struct parts *p)
{
	lock_take(&l->lock);
	for (unsigned i = 0; i < l->count; i++)
		add_part(p, l->segments[i].first, l->segments[i].size);
	lock_drop(&l->lock);
	return p->count > 0 ? 0 : list_parts(l, p);
}

/* A block and its sum, as they belong together. */
static ssize_t
read_block(struct copying *c, int from, uint64_t block, struct sum *sum_r)
{
	const struct timespec ms = { .tv_nsec = 1000000 };
	ssize_t got = 0;
	unsigned before;
	int rc = 0;

	for (unsigned i = 0; i < TRIES; i++) {
		before = atomic_load(&c->ledger->erasing);
		*sum_r = (struct sum){ .there = false };
		got = disk_read(from, c->bytes, SUM_BLOCK, block * SUM_BLOCK);
		if (c->sums >= 0)
			rc = sums_read(c->sums, block, 1, sum_r);
		if (got < 0 || rc < 0)
			return got < 0 ? got : rc;
		if (before % 2 == 0 &&
		    atomic_load(&c->ledger->erasing) == before)
			return got;
		nanosleep(&ms, NULL);
	}
	/* It is erased again from the copy's todo. */
	*sum_r = (struct sum){ .there = false };
	return got;
}

/* Returns how many bytes there were, or -errno. */
static ssize_t
copy_block(struct copying *c, uint64_t block)
{
	uint64_t at = block * SUM_BLOCK;
	bool write = !c->cloned;
	struct sum sum;
	ssize_t got = read_block(c, write ? c->from : c->to, block, &sum);
	uint32_t len;
	int rc = 0;

	if (got > 0 && !write && !sum_agrees(&sum, c->bytes, (uint32_t)got)) {
		/* Was it erased since it was cloned? */
		got = read_block(c, c->from, block, &sum);
		write = true;
	}
	if (got <= 0)
		return got;
	len = c->size - at < (uint64_t)got ? (uint32_t)(c->size - at) :
	    (uint32_t)got;
	if (write)
		rc = disk_write(c->to, c->bytes, len, at);
	if (rc < 0)
		return rc;
	if (sum_agrees(&sum, c->bytes, (uint32_t)got))
		sum = sum_of(c->bytes, len);
	else
		log_warn("%s: block %" PRIu64 " is damaged; it is copied as it "
		    "is", c->path, block);
	c->sum[block] = sum;
	crypto_hash_sha256_update(&c->state, (unsigned char *)c->bytes, len);
	return len;
}

static int
copy_blocks(struct snapshot *s, struct copying *c)
{
	uint64_t at = 0;
	ssize_t len = 1;

	while (len > 0 && at < c->size) {
		if (stopped(s))
			return -ECANCELED;
		len = copy_block(c, c->blocks);
		if (len <= 0)
			break;
		at += (uint64_t)len;
		c->blocks++;
	}
	return len < 0 ? (int)len : disk_truncate(c->to, at);
}

static int
put_sums(struct snapshot *s, const struct copying *c, const char *path)
{
	int rc, fd = tree_open(&s->tree, path);

	if (fd < 0)
		return fd;
	rc = sums_write(fd, 0, c->blocks, c->sum);
	if (rc == 0)
		return tree_done(&s->tree, path, fd, NULL);
	disk_close(fd);
	snprintf(s->tree.fault, sizeof(s->tree.fault), "%s", path);
	return rc;
}

static int
fill(struct snapshot *s, struct copying *c)
{
	unsigned char sum[crypto_hash_sha256_BYTES];
	char hex[MANIFEST_HEX + 1];
	int rc;

	c->to = tree_open(&s->tree, c->path);
	if (c->to < 0)
		return c->to;
	c->cloned = tree_clone(c->from, c->to);
	crypto_hash_sha256_init(&c->state);
	rc = copy_blocks(s, c);
	if (rc < 0) {
		disk_close(c->to);
		snprintf(s->tree.fault, sizeof(s->tree.fault), "%s", c->path);
		return rc;
	}
	crypto_hash_sha256_final(&c->state, sum);
	manifest_hex(sum, hex);
	return tree_done(&s->tree, c->path, c->to, hex);
}

/* "rooms/ROOM/FIRST.log", or ".sum". */
static void
make_path(const struct ledger *l, uint64_t first, const char *suffix,
    char path_r[PATH])
{
	strcpy(path_r, "rooms/");
	segment_path(l, first, suffix, path_r + ROOMS);
}

/* -ENOENT: it is not there any more. */
static int
copy_part(struct snapshot *s, struct ledger *l, const struct part *p)
{
	char path[PATH], beside[PATH];
	struct copying c = { .ledger = l, .path = path, .size = p->size };
	int rc;

	make_path(l, p->first, ".log", path);
	make_path(l, p->first, ".sum", beside);
	c.from = disk_open(l->vault->rooms, path + ROOMS, O_RDONLY);
	if (c.from < 0)
		return c.from;
	c.sums = disk_open(l->vault->rooms, beside + ROOMS, O_RDONLY);
	c.bytes = xmalloc(SUM_BLOCK);
	c.sum = xcalloc(p->size / SUM_BLOCK + 1, sizeof(*c.sum));
	rc = c.sums < 0 && c.sums != -ENOENT ? c.sums : fill(s, &c);
	if (rc == 0 && c.blocks > 0)
		rc = put_sums(s, &c, beside);
	free(c.bytes);
	free(c.sum);
	disk_close(c.from);
	if (c.sums >= 0)
		disk_close(c.sums);
	return rc;
}

/* The room's directory, and todo if there is one. */
static int
copy_todo(struct snapshot *s, struct ledger *l, bool needed)
{
	char path[PATH];
	int rc, fd;

	snprintf(path, sizeof(path), "rooms/%s/todo", l->dir);
	fd = disk_open(l->vault->rooms, path + ROOMS, O_RDONLY);
	if (fd < 0 && (fd != -ENOENT || !needed))
		return fd == -ENOENT ? 0 : fd;
	*strrchr(path, '/') = '\0';
	rc = tree_mkdir(&s->tree, path);
	if (fd < 0)
		return rc;
	path[strlen(path)] = '/';
	if (rc == 0)
		rc = tree_copy(&s->tree, path, fd);
	disk_close(fd);
	return rc;
}

int
snapshot_ledger(struct snapshot *s, struct ledger *l)
{
	struct parts p = { .count = 0 };
	int rc;

	s->tree.fault[0] = '\0';
	rc = stopped(s) ? -ECANCELED : find_parts(l, &p);
	if (rc == 0)
		rc = copy_todo(s, l, p.count > 0);
	for (unsigned i = p.count; rc == 0 && i-- > 0;) {
		rc = copy_part(s, l, &p.at[i]);
		if (rc == -ENOENT && s->tree.fault[0] == '\0') {
			rc = 0;	/* let go of, and so are those before it */
			break;
		}
	}
	free(p.at);
	if (rc < 0 && s->tree.fault[0] == '\0')
		snprintf(s->tree.fault, sizeof(s->tree.fault), "rooms/%s",
		    l->dir);
	return rc;
}

int
snapshot_begin(struct snapshot *s)
{
	return tree_mkdir(&s->tree, "rooms");
}

static int
put_label(struct snapshot *s, uint64_t wall)
{
	time_t seconds = (time_t)(wall / 1000);
	char text[128], when[32];
	struct tm tm;

	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ",
	    gmtime_r(&seconds, &tm));
	snprintf(text, sizeof(text), MANIFEST_MAGIC "vcrpd/%s %s\n",
	    PACKAGE_VERSION, when);
	return tree_put(&s->tree, MANIFEST_LABEL, slice_of(text));
}

int
snapshot_end(struct snapshot *s, uint64_t wall)
{
	char ceiling[VAULT_CEILING_MAX];
	size_t len;
	int rc = s->store != NULL ? store_copy(&s->tree, s->store, s->stop) :
	    0;

	if (rc < 0)
		return rc;
	len = vault_ceiling_text(s->vault, ceiling);
	rc = tree_put(&s->tree, "ceiling", (struct slice){ ceiling, len });
	if (rc == 0)
		rc = put_label(s, wall);
	if (rc == 0)
		rc = tree_sync(&s->tree);
	if (rc == 0)
		rc = tree_list(&s->tree);
	return rc;
}
