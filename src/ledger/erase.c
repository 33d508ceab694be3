/* erase.c -- overwrites the text of what was deleted, a step at a time
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/disk.h"
#include "base/log.h"
#include "ledger/erase.h"
#include "ledger/settle.h"
#include "proto/event.h"
#include "proto/words.h"

/* A few thousand at a time, however often a message was edited. */
enum { PATCHES_MOST = 4096, PATCHES_LINE = ATTRS_MAX_BYTES / 2 };

/* Bytes of a segment that become all the same. */
struct patch {
	uint64_t at;
	uint32_t len;
	char     with;
};

struct eraser {
	struct ledger  *ledger;		/* referenced */
	struct mail    *erasures;
	uint64_t        lowest;		/* of their targets */
	uint64_t        until;		/* the highest `by` */
	struct segment  segment;	/* as it was when this step began */
	bool            begun;		/* there is a segment */
	uint64_t        at;		/* read so far of it */
	struct patch   *patches;	/* of it */
	unsigned        count;
	unsigned        space;
	int             failure;	/* -errno */
	char            buf[ERASE_STEP];
};

/* A segment's files, open, and the blocks that change. */
struct work {
	struct eraser *eraser;
	int            log;
	int            sums;		/* or -1: it has none */
	bool           sync;
	uint64_t      *blocks;		/* whose entries are written */
	unsigned       count;
};

static struct erasure *
erasure_of(struct mail *m)
{
	return list_entry(m, struct erasure, mail);
}

struct eraser *
eraser_new(struct mail_chain *erasures)
{
	struct eraser *e = xcalloc(1, sizeof(*e));

	e->erasures = erasures->first;
	e->ledger = ledger_ref(erasure_of(e->erasures)->ledger);
	e->lowest = UINT64_MAX;
	for (struct mail *m = e->erasures; m != NULL; m = m->next) {
		const struct erasure *one = erasure_of(m);

		if (one->target < e->lowest)
			e->lowest = one->target;
		if (one->by > e->until)
			e->until = one->by;
	}
	chain_init(erasures);
	return e;
}

void
eraser_free(struct eraser **e)
{
	if (*e == NULL)
		return;
	ledger_unref(&(*e)->ledger);
	free((*e)->patches);
	free(*e);
	*e = NULL;
}

static bool
send_back(struct eraser *e)
{
	struct mail *next;

	for (struct mail *m = e->erasures; m != NULL; m = next) {
		struct erasure *one = erasure_of(m);

		next = m->next;
		one->done = e->failure == 0;
		mailbox_send(one->back, m);
	}
	e->erasures = NULL;
	return false;
}

void
eraser_give_up(struct eraser *e)
{
	e->failure = -ECANCELED;
	send_back(e);
}

static void
fail(struct eraser *e, const char *what, int why)
{
	char path[LEDGER_PATH];

	e->failure = why;
	atomic_fetch_add(&e->ledger->vault->counters.failures, 1);
	segment_path(e->ledger, e->segment.first, ".log", path);
	log_warn("%s: what was deleted is not erased yet, but at the next "
	    "start: %s: %s", path, what, strerror(-why));
}

static void
patch(struct eraser *e, uint64_t at, size_t len, char with)
{
	if (len == 0)
		return;
	if (e->count == e->space) {
		e->space = e->space == 0 ? 16 : 2 * e->space;
		e->patches =
		    xrealloc(e->patches, e->space * sizeof(*e->patches));
	}
	e->patches[e->count++] = (struct patch){ at, (uint32_t)len, with };
}

/* The values of a sender's own attributes: "+key=value". */
static void
patch_attrs(struct eraser *e, struct slice attrs, const char *line)
{
	const char *end, *value;
	size_t len;

	for (; attrs.len > 0; attrs.at += len, attrs.len -= len) {
		end = memchr(attrs.at, ';', attrs.len);
		len = end == NULL ? attrs.len : (size_t)(end - attrs.at);
		value = memchr(attrs.at, '=', len);
		if (attrs.at[0] == '+' && value != NULL) {
			value++;
			patch(e, e->at + (uint64_t)(value - line),
			    len - (size_t)(value - attrs.at), '_');
		}
		len += end != NULL;
	}
}

static bool
is_erased(const struct eraser *e, const struct event *event, struct slice verb)
{
	uint64_t target = event->number;
	bool edit = slice_is(verb, "EDIT");

	if (!edit && !slice_is(verb, "MSG"))
		return false;
	if (edit && !number_parse(event->word[0], 1, &target))
		return false;
	for (struct mail *m = e->erasures; m != NULL; m = m->next) {
		const struct erasure *one = erasure_of(m);

		if (one->target == target && event->number < one->by)
			return true;
	}
	return false;
}

/* The line at e->at. False: it is the last DELETE, or behind it. */
static bool
take_line(struct eraser *e, struct slice line)
{
	struct event event;
	struct slice verb;

	/* Two lines whose LF is damaged are not overwritten as if one. */
	if (line.len > LINE_MAX_BYTES || !event_parse(line, &event, &verb))
		return true;
	if (event.number >= e->until)
		return false;
	if (is_erased(e, &event, verb)) {
		patch_attrs(e, event.attrs, line.at);
		patch(e, e->at + (uint64_t)(event.text.at - line.at),
		    event.text.len, ' ');
	}
	return true;
}

/* Takes what was read line by line; e->at moves behind the last of them.
 * False: there is nothing to be found behind it. */
static bool
take_lines(struct eraser *e, size_t len)
{
	const char *at = e->buf, *lf;
	size_t one;

	while ((lf = memchr(at, '\n', len)) != NULL &&
	    e->count + PATCHES_LINE < PATCHES_MOST) {
		one = (size_t)(lf - at) + 1;
		if (!take_line(e, (struct slice){ at, one }))
			return false;
		e->at += one;
		at += one;
		len -= one;
	}
	/* No line is so long: this is damage. */
	if (at == e->buf && lf == NULL)
		e->at += len;
	return true;
}

/* What was summed of a block. */
static uint32_t
summed_of(const struct segment *s, uint64_t block)
{
	uint64_t len = s->summed - block * SUM_BLOCK;

	return (uint32_t)(len < SUM_BLOCK ? len : SUM_BLOCK);
}

static int
read_block(const struct work *w, uint64_t block, uint32_t len)
{
	ssize_t got = disk_read(w->log, w->eraser->buf, len,
	    block * SUM_BLOCK);

	if (got < 0)
		return (int)got;
	return (size_t)got < len ? -EIO : 0;
}

/* A block that does not agree with its sum is damaged; its sum stays, so that
 * this is not forgotten. 1: its entry is to be written anew. */
static int
look_at_block(const struct work *w, uint64_t block)
{
	const struct segment *s = &w->eraser->segment;
	uint32_t len = summed_of(s, block);
	struct sum sum;
	int rc;

	rc = sums_read(w->sums, block, 1, &sum);
	if (rc == 0)
		rc = read_block(w, block, len);
	if (rc < 0)
		return rc;
	return sum_agrees(&sum, w->eraser->buf, len);
}

/* Gathers the blocks that the patches are in and that have entries. */
static int
look_at_blocks(struct work *w)
{
	const struct eraser *e = w->eraser;
	uint64_t next = 0, last;
	int rc;

	for (unsigned i = 0; i < e->count; i++) {
		const struct patch *p = &e->patches[i];

		last = (p->at + p->len - 1) / SUM_BLOCK;
		if (next < p->at / SUM_BLOCK)
			next = p->at / SUM_BLOCK;
		for (; next <= last && next * SUM_BLOCK < e->segment.summed;
		    next++) {
			rc = look_at_block(w, next);
			if (rc < 0)
				return rc;
			if (rc > 0)
				w->blocks[w->count++] = next;
		}
	}
	return 0;
}

static int
sync_sums(const struct work *w)
{
	return w->count > 0 && w->sync ? disk_sync(w->sums) : 0;
}

/* From here on until the sums are written anew, they say nothing. */
static int
mark(const struct work *w)
{
	const struct sum nothing = { 0 };
	int rc = 0;

	for (unsigned i = 0; i < w->count && rc == 0; i++)
		rc = sums_write(w->sums, w->blocks[i], 1, &nothing);
	return rc < 0 ? rc : sync_sums(w);
}

static int
overwrite(const struct work *w)
{
	const struct eraser *e = w->eraser;
	int rc = 0;

	for (unsigned i = 0; i < e->count && rc == 0; i++) {
		memset(w->eraser->buf, e->patches[i].with, e->patches[i].len);
		rc = disk_write(w->log, w->eraser->buf, e->patches[i].len,
		    e->patches[i].at);
	}
	return rc;
}

/* If this fails, lines that are not synced yet may be lost with it. */
static int
sync_log(const struct work *w)
{
	const struct eraser *e = w->eraser;
	int rc = w->sync ? disk_sync(w->log) : 0;

	if (rc < 0 && e->segment.synced < e->segment.size &&
	    !e->segment.lost)
		settle_fail(e->ledger, e->segment.first, rc);
	return rc;
}

static int
sum_again(const struct work *w)
{
	int rc = 0;

	for (unsigned i = 0; i < w->count && rc == 0; i++) {
		uint32_t len = summed_of(&w->eraser->segment, w->blocks[i]);
		struct sum sum;

		rc = read_block(w, w->blocks[i], len);
		if (rc < 0)
			break;
		sum = sum_of(w->eraser->buf, len);
		rc = sums_write(w->sums, w->blocks[i], 1, &sum);
	}
	return rc < 0 ? rc : sync_sums(w);
}

static void
apply_open(struct work *w)
{
	struct eraser *e = w->eraser;
	const char *what = "blocks cannot be read";
	int rc = w->sums < 0 ? 0 : look_at_blocks(w);

	atomic_fetch_add(&e->ledger->erasing, 1);
	if (rc == 0) {
		what = "sums cannot be written";
		rc = mark(w);
	}
	if (rc == 0) {
		what = "it cannot be overwritten";
		rc = overwrite(w);
	}
	if (rc == 0) {
		what = "it cannot be synced";
		rc = sync_log(w);
	}
	if (rc == 0) {
		what = "sums cannot be written";
		rc = sum_again(w);
	}
	atomic_fetch_add(&e->ledger->erasing, 1);
	if (rc < 0)
		fail(e, what, rc);
}

/* All that was gathered of the segment, whose log is open. */
static void
apply(struct eraser *e, int log)
{
	struct vault *v = e->ledger->vault;
	struct work w = { .eraser = e, .log = log };
	char path[LEDGER_PATH];

	if (e->count == 0)
		return;
	w.sync = config_get(&v->config->storage_fsync) != SYNC_NEVER;
	segment_path(e->ledger, e->segment.first, ".sum", path);
	w.sums = disk_open(v->rooms, path, O_RDWR);
	if (w.sums < 0 && w.sums != -ENOENT) {
		fail(e, "sums cannot be opened", w.sums);
	} else {
		/* A line is not longer than a block. */
		w.blocks = xmalloc(2 * e->count * sizeof(*w.blocks));
		apply_open(&w);
		free(w.blocks);
	}
	if (w.sums >= 0)
		disk_close(w.sums);
	e->count = 0;
}

/* False: there is no segment, or none is left that may hold any of it. */
static bool
find_segment(struct eraser *e)
{
	struct segment s;

	if (!segment_find(e->ledger, e->begun ? e->segment.first : e->lowest,
	    &s) || s.first > e->until)
		return false;
	if (!e->begun || s.first != e->segment.first) {
		e->at = 0;
		e->count = 0;
		e->begun = true;
	}
	e->segment = s;
	return true;
}

/* One step in a segment that is open. False: the segment is through; *end: so
 * is all. */
static bool
read_step(struct eraser *e, int log, bool *end)
{
	uint64_t rest = e->segment.size - e->at;
	ssize_t got;
	bool more;

	got = disk_read(log, e->buf, rest < ERASE_STEP ? rest : ERASE_STEP,
	    e->at);
	if (got < 0)
		fail(e, "it cannot be read", (int)got);
	*end = got < 0 || !take_lines(e, (size_t)got);
	more = !*end && got > 0 && e->at < e->segment.size;
	if (!more || e->count + PATCHES_LINE >= PATCHES_MOST)
		apply(e, log);
	return more;
}

static bool
next_segment(struct eraser *e)
{
	e->at = 0;
	return segment_next(e->ledger, e->segment.first, &e->segment) &&
	    e->segment.first < e->until;
}

bool
eraser_step(struct eraser *e)
{
	char path[LEDGER_PATH];
	bool end = false, more = false;
	int log;

	if (!find_segment(e)) {
		/* There is nothing, unless it could not be loaded. */
		if (!e->begun)
			e->failure = ledger_failure(e->ledger);
		return send_back(e);
	}
	segment_path(e->ledger, e->segment.first, ".log", path);
	log = disk_open(e->ledger->vault->rooms, path, O_RDWR);
	if (log < 0) {
		fail(e, "it cannot be opened", log);
	} else {
		more = read_step(e, log, &end);
		disk_close(log);
	}
	if (e->failure < 0 || end || (!more && !next_segment(e)))
		return send_back(e);
	return true;
}
