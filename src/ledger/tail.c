/* tail.c -- the newest lines of a ledger
 *
 * SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/disk.h"
#include "base/log.h"
#include "ledger/parts.h"
#include "proto/words.h"

enum { CHUNK = 65536, BUFFER = CHUNK + LINE_MAX_BYTES };

struct tail {
	struct ledger *ledger;
	char *buffer;
	unsigned wanted; /* lines that are still to be found */
	void (*fn)(struct slice line, void *arg);
	void *arg;
};

static int
open_log(struct tail *t, const struct segment *s)
{
	char path[LEDGER_PATH];
	int fd;

	segment_path(t->ledger, s->first, ".log", path);
	fd = vault_file(t->ledger->vault, path, O_RDONLY);
	if (fd < 0)
		log_warn("rooms/%s: %s", path, strerror(-fd));
	return fd;
}

/* Where the last lines of a segment begin, as many as are wanted. */
static uint64_t
find_start(struct tail *t, int fd, uint64_t size)
{
	uint64_t end = size, from;
	ssize_t i;

	while (end > 0) {
		from = end > CHUNK ? end - CHUNK : 0;
		if (disk_read(fd, t->buffer, end - from, from) !=
		    (ssize_t)(end - from))
			return end;
		for (i = (ssize_t)(end - from) - 1; i >= 0; i--)
			if (t->buffer[i] == '\n' &&
			    from + (uint64_t)i + 1 < size && --t->wanted == 0)
				return from + (uint64_t)i + 1;
		end = from;
	}
	/* The first line has no LF before it. */
	if (size > 0)
		t->wanted--;
	return 0;
}

/* Hands the whole lines on that are ones; how many bytes they were. */
static size_t
give_lines(struct tail *t, size_t len)
{
	struct log_line line;
	struct slice text;
	const char *end;
	size_t used = 0;

	while ((end = memchr(t->buffer + used, '\n', len - used)) != NULL) {
		text.at = t->buffer + used;
		text.len = (size_t)(end + 1 - text.at);
		if (log_line_parse(text, &line))
			t->fn(text, t->arg);
		used += text.len;
	}
	/* No line is that long: it is damage. */
	return used > 0 || len < LINE_MAX_BYTES ? used : len;
}

static void
give(struct tail *t, int fd, uint64_t at, uint64_t size)
{
	size_t have = 0, used;
	uint64_t left;
	ssize_t got;

	while (at < size) {
		left = size - at < BUFFER - have ? size - at : BUFFER - have;
		got = disk_read(fd, t->buffer + have, left, at);
		if (got <= 0)
			return;
		at += (uint64_t)got;
		have += (size_t)got;
		used = give_lines(t, have);
		have -= used;
		memmove(t->buffer, t->buffer + used, have);
	}
}

/* The room's own thread alone adds segments, and the oldest may go. */
void
ledger_tail(struct ledger *l, unsigned count,
    void (*fn)(struct slice line, void *arg), void *arg)
{
	struct tail t = { l, NULL, count, fn, arg };
	struct segment s, older;
	uint64_t start;
	bool there = segment_last(l, &s);
	int fd;

	if (!there || count == 0)
		return;
	t.buffer = xmalloc(BUFFER);
	for (;;) {
		fd = open_log(&t, &s);
		start = fd >= 0 ? find_start(&t, fd, s.size) : 0;
		if (fd >= 0)
			disk_close(fd);
		if (t.wanted == 0 || !segment_find(l, s.first - 1, &older) ||
		    older.first >= s.first)
			break;
		s = older;
	}
	do {
		fd = open_log(&t, &s);
		if (fd >= 0) {
			give(&t, fd, start, s.size);
			disk_close(fd);
		}
		start = 0;
	} while (segment_next(l, s.first, &s));
	free(t.buffer);
}
