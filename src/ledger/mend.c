/* mend.c -- the end of a segment: what counts of it, and what is cut off
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/disk.h"
#include "base/log.h"
#include "ledger/mend.h"
#include "proto/words.h"

enum { BUFFER = SUM_BLOCK + LINE_MAX_BYTES };

/* A segment's bytes, line by line. */
struct lines {
	int fd;
	uint64_t at;   /* of what comes next */
	uint64_t size; /* where the file ends */
	char *buffer;
	size_t used, have;
};

struct mending {
	struct ledger *ledger;
	uint64_t first;
	struct lines lines;
	struct sum sum;	 /* of the last block that has one */
	const char *why; /* the lines end where they do; NULL: whole */
	bool torn;	 /* what is behind them is the rest of a line */
	int error;	 /* -errno: not all could be read */
	struct mended *result;
};

static void
lines_go(struct lines *l, uint64_t at)
{
	l->at = at;
	l->used = l->have = 0;
}

/* The next line; without an LF what there is of it. 0: the end; 1; -errno. */
static int
lines_next(struct lines *l, struct slice *line)
{
	size_t most = LINE_MAX_BYTES;
	const char *end;
	ssize_t got;

	if (l->have - l->used < most && l->at + (l->have - l->used) < l->size) {
		memmove(l->buffer, l->buffer + l->used, l->have - l->used);
		l->have -= l->used;
		l->used = 0;
		got = disk_read(l->fd, l->buffer + l->have, BUFFER - l->have,
		    l->at + l->have);
		if (got < 0)
			return (int)got;
		l->have += (size_t)got;
	}
	if (most > l->have - l->used)
		most = l->have - l->used;
	end = memchr(l->buffer + l->used, '\n', most);
	line->at = l->buffer + l->used;
	line->len = end != NULL ? (size_t)(end + 1 - line->at) : most;
	l->used += line->len;
	l->at += line->len;
	return line->len > 0;
}

uint64_t
segment_covered(struct ledger *l, uint64_t first, struct sum *last_r)
{
	char path[LEDGER_PATH];
	int64_t entries;
	int fd;

	*last_r = (struct sum){ 0 };
	segment_path(l, first, ".sum", path);
	fd = disk_open(l->vault->rooms, path, O_RDONLY);
	if (fd < 0)
		return 0;
	for (entries = disk_size(fd) / SUM_ENTRY; entries > 0; entries--)
		if (sums_read(fd, (uint64_t)entries - 1, 1, last_r) < 0 ||
		    last_r->there)
			break;
	disk_close(fd);
	return last_r->there ? (uint64_t)(entries - 1) * SUM_BLOCK + last_r->len
			     : 0;
}

/* Does the last block that has a sum agree with it? */
static bool
is_sound(struct mending *m)
{
	uint64_t at = m->result->covered - m->sum.len;
	ssize_t got;

	got = disk_read(m->lines.fd, m->lines.buffer, m->sum.len, at);
	m->error = got < 0 ? (int)got : 0;
	return got >= 0 && sum_agrees(&m->sum, m->lines.buffer, (uint32_t)got);
}

/* Where a line begins at or before a byte; if that cannot be seen, the
 * segment's beginning. */
static uint64_t
line_before(struct lines *l, uint64_t at)
{
	uint64_t from = at > LINE_MAX_BYTES ? at - LINE_MAX_BYTES : 0;
	const char *end = NULL;
	ssize_t got;

	got = disk_read(l->fd, l->buffer, at - from, from);
	if (got > 0)
		end = memrchr(l->buffer, '\n', (size_t)got);
	return end != NULL ? from + (uint64_t)(end + 1 - l->buffer) : 0;
}

/* Goes on as long as each line has the next number. */
static void
walk(struct mending *m)
{
	struct mended *r = m->result;
	struct log_line line;
	struct slice text;
	int rc;

	while ((rc = lines_next(&m->lines, &text)) > 0) {
		if (!log_line_parse(text, &line)) {
			m->why = memchr(text.at, '\n', text.len) != NULL
			    ? "no line of a log"
			    : "no whole line";
			m->torn = m->lines.at == m->lines.size &&
			    text.len < LINE_MAX_BYTES &&
			    text.at[text.len - 1] != '\n' &&
			    memchr(text.at, '\0', text.len) == NULL;
			return;
		}
		if (line.from < m->first ||
		    (r->last > 0 && line.from != r->last + 1) ||
		    (r->size == 0 && line.from != m->first)) {
			m->why = "another number than the next";
			return;
		}
		r->last = line.to;
		r->size = m->lines.at;
		if (line.time > r->time)
			r->time = line.time;
		if (r->begun == 0)
			r->begun = line.time;
	}
	m->error = rc;
	if (rc < 0)
		m->why = strerror(-rc);
}

/* The highest number of any line that can be made out; what cannot be read is
 * left out. */
static void
skim(struct mending *m)
{
	uint64_t high = atomic_load(&m->ledger->vault->high);
	struct mended *r = m->result;
	struct log_line line;
	struct slice text;
	int rc;

	lines_go(&m->lines, 0);
	while ((rc = lines_next(&m->lines, &text)) != 0) {
		if (rc < 0) {
			m->error = rc;
			lines_go(&m->lines,
			    (m->lines.at / SUM_BLOCK + 1) * SUM_BLOCK);
		} else if (log_line_parse(text, &line) &&
		    line.from >= m->first && line.to <= high &&
		    line.to > r->last) {
			r->last = line.to;
		}
	}
}

/* A name for what is cut off at a byte, that is not there yet; its descriptor
 * or -errno. */
static int
cut_file(struct ledger *l, uint64_t first, uint64_t at,
    char path_r[LEDGER_PATH])
{
	int fd = -EEXIST;

	for (unsigned i = 0; fd == -EEXIST && i < 1000; i++) {
		snprintf(path_r, LEDGER_PATH,
		    i == 0 ? "%s/cut-%016" PRIu64 "-%" PRIu64
			   : "%s/cut-%016" PRIu64 "-%" PRIu64 "-%u",
		    l->dir, first, at, i);
		fd = disk_open(
		    l->vault->rooms, path_r, O_WRONLY | O_CREAT | O_EXCL);
	}
	return fd;
}

/* Copies what is from a byte on to a descriptor. */
static int
copy(struct mending *m, uint64_t from, int to)
{
	uint64_t done = 0;
	ssize_t got;
	int rc;

	while ((got = disk_read(
		    m->lines.fd, m->lines.buffer, BUFFER, from + done)) > 0) {
		rc = disk_write(to, m->lines.buffer, (size_t)got, done);
		if (rc < 0)
			return rc;
		done += (uint64_t)got;
	}
	return got < 0 ? (int)got : disk_sync(to);
}

/* Cuts the end off, once there is a copy of it. */
static int
cut(struct mending *m, uint64_t at)
{
	struct ledger *l = m->ledger;
	char path[LEDGER_PATH];
	int fd, rc;

	fd = cut_file(l, m->first, at, path);
	if (fd < 0)
		return fd;
	rc = copy(m, at, fd);
	disk_close(fd);
	if (rc == 0)
		rc = disk_sync_dir(l->vault->rooms, l->dir);
	if (rc == 0)
		rc = disk_truncate(m->lines.fd, at);
	if (rc < 0) {
		disk_unlink(l->vault->rooms, path);
		return rc;
	}
	return disk_sync(m->lines.fd);
}

/* Sums of what is not there any more would call the rest damaged. */
static void
trim_sums(struct mending *m)
{
	struct mended *r = m->result;
	uint64_t blocks = r->size / SUM_BLOCK;
	char path[LEDGER_PATH];
	int fd, rc;

	segment_path(m->ledger, m->first, ".sum", path);
	fd = disk_open(m->ledger->vault->rooms, path, O_RDWR);
	rc = fd < 0 ? fd : disk_truncate(fd, blocks * SUM_ENTRY);
	if (rc == 0)
		rc = disk_sync(fd);
	if (fd >= 0)
		disk_close(fd);
	if (rc < 0)
		log_warn("rooms/%s: %s", path, strerror(-rc));
	r->covered = blocks * SUM_BLOCK;
}

static void
end_torn(struct mending *m)
{
	struct mended *r = m->result;
	int rc;

	/* A write that was cut short was told to nobody, and leaves no more
	 * than that. */
	r->lost |= !m->torn;
	log_warn("rooms/%s/%016" PRIu64 ".log: %s at byte %" PRIu64 ": %" PRIu64
		 " bytes are cut off and kept aside",
	    m->ledger->dir, m->first, m->why, r->size, m->lines.size - r->size);
	atomic_fetch_add(&m->ledger->vault->counters.cut, 1);
	rc = cut(m, r->size);
	m->lines.size = r->size;
	if (r->last == 0)
		skim(m);
	if (rc == 0)
		return;
	log_warn("rooms/%s/%016" PRIu64 ".log: they cannot be cut off: %s; it "
		 "goes on in another segment",
	    m->ledger->dir, m->first, strerror(-rc));
	r->closed = true;
}

static void
end_damaged(struct mending *m)
{
	struct mended *r = m->result;

	r->lost = r->closed = true;
	log_warn("rooms/%s/%016" PRIu64 ".log: it is damaged near byte %" PRIu64
		 " (%s) and stays as it is; it goes on in another segment",
	    m->ledger->dir, m->first,
	    r->size > 0 ? r->size : r->covered - m->sum.len, m->why);
	atomic_fetch_add(&m->ledger->vault->counters.damaged, 1);
	skim(m);
	r->size = m->lines.size;
}

/* What is known from here on: the sums, and where the lines end. */
static void
look(struct mending *m)
{
	struct mended *r = m->result;
	uint64_t block = r->covered - m->sum.len;

	if (m->sum.there && r->covered <= m->lines.size && !is_sound(m)) {
		m->why = "it differs from its sum";
		end_damaged(m);
		return;
	}
	if (r->covered > m->lines.size) {
		r->lost = true;
		log_warn("rooms/%s/%016" PRIu64 ".log: it ends at byte %" PRIu64
			 ", its sums at %" PRIu64,
		    m->ledger->dir, m->first, m->lines.size, r->covered);
		/* At least one line is to be met. */
		if (block >= m->lines.size && m->lines.size > 0)
			block = (m->lines.size - 1) / SUM_BLOCK * SUM_BLOCK;
	}
	r->size = line_before(&m->lines, block);
	lines_go(&m->lines, r->size);
	walk(m);
	if (m->why != NULL && r->size < r->covered &&
	    r->covered <= m->lines.size)
		end_damaged(m);
	else if (m->why != NULL)
		end_torn(m);
	if (!r->closed && r->covered > r->size)
		trim_sums(m);
}

/* The time of the first event, which the walk may not have met. */
static void
find_begun(struct mending *m)
{
	struct log_line line;
	struct slice text;

	m->result->begun = 0;
	lines_go(&m->lines, 0);
	for (int i = 0; i < 2 && m->result->begun == 0; i++)
		if (lines_next(&m->lines, &text) > 0 &&
		    log_line_parse(text, &line))
			m->result->begun = line.time;
}

int
segment_mend(struct ledger *l, uint64_t first, struct mended *result)
{
	struct mending m = { .ledger = l, .first = first, .result = result };
	char path[LEDGER_PATH];
	int64_t size;

	memset(result, 0, sizeof(*result));
	segment_path(l, first, ".log", path);
	m.lines.fd = vault_file(l->vault, path, O_RDWR);
	if (m.lines.fd < 0)
		return m.lines.fd;
	size = disk_size(m.lines.fd);
	if (size >= 0) {
		m.lines.size = (uint64_t)size;
		m.lines.buffer = xmalloc(BUFFER);
		result->covered = segment_covered(l, first, &m.sum);
		look(&m);
		find_begun(&m);
		free(m.lines.buffer);
	}
	disk_close(m.lines.fd);
	if (size < 0)
		return (int)size;
	/* It may be readable another time. */
	return result->last == 0 ? m.error : 0;
}

void
segment_put_aside(struct ledger *l, uint64_t first)
{
	char path[LEDGER_PATH], aside[LEDGER_PATH];
	int fd, rc;

	segment_path(l, first, ".log", path);
	fd = cut_file(l, first, 0, aside);
	rc = fd < 0 ? fd : disk_rename(l->vault->rooms, path, aside);
	if (fd >= 0)
		disk_close(fd);
	if (rc == 0)
		rc = disk_sync_dir(l->vault->rooms, l->dir);
	log_warn("rooms/%s: there is no line in it, kept aside as %s%s%s", path,
	    aside, rc < 0 ? ": " : "", rc < 0 ? strerror(-rc) : "");
	segment_path(l, first, ".sum", path);
	disk_unlink(l->vault->rooms, path);
}
