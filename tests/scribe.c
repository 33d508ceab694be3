/* scribe.c -- a data directory of a test's own, and what is written in it
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/disk.h"
#include "proto/mail.h"
#include "proto/words.h"
#include "scribe.h"

void
scribe_start(struct scribe *s)
{
	char why[256];

	s->vault = vault_open(s->config, s->dir, s->life, why, sizeof(why));
	if (s->vault == NULL)
		fprintf(stderr, "%s\n", why);
	assert(s->vault != NULL);
	memcpy(s->life, s->vault->life, sizeof(s->life));
	s->keeper = keeper_new(s->vault);
}

struct scribe *
scribe_new(enum config_sync sync)
{
	struct scribe *s = xcalloc(1, sizeof(*s));

	snprintf(s->dir, sizeof(s->dir), "scribe-XXXXXX");
	if (mkdtemp(s->dir) == NULL)
		abort();
	s->config = config_new();
	atomic_store(&s->config->storage_fsync, sync);
	atomic_store(&s->config->storage_segment, 64);
	scribe_start(s);
	return s;
}

void
scribe_kill(struct scribe *s)
{
	keeper_free(&s->keeper);
	vault_close(&s->vault);
}

void
scribe_free(struct scribe **sp)
{
	struct scribe *s = *sp;
	char command[128];

	*sp = NULL;
	scribe_kill(s);
	snprintf(command, sizeof(command), "rm -rf '%s'", s->dir);
	if (system(command) != 0)
		abort();
	config_free(&s->config);
	free(s);
}

struct ledger *
scribe_ledger(struct scribe *s, const char *room)
{
	struct ledger *l = ledger_new(s->vault, room);

	ledger_load(l);
	return l;
}

static void
append(struct ledger *l, const char *line, size_t len, uint64_t number)
{
	struct iovec piece = { (void *)line, len };
	int rc;

	rc = ledger_append(l, ledger_room(l), &piece, 1, number, number,
	    SCRIBE_WALL + number);
	assert(rc == 0);
}

static size_t
head(const struct ledger *l, char *line, uint64_t number, const char *verb)
{
	return (size_t)sprintf(line, "%s %s %llu %llu ~alice", verb, l->dir,
	    (unsigned long long)number,
	    (unsigned long long)(SCRIBE_WALL + number));
}

uint64_t
scribe_add(struct ledger *l, uint64_t number, const char *verb,
    const char *rest)
{
	char line[LINE_MAX_BYTES];
	size_t len;

	if (number == 0)
		number = ledger_last(l) + 1;
	len = head(l, line, number, verb);
	len += (size_t)snprintf(line + len, sizeof(line) - len, " %s\n", rest);
	append(l, line, len, number);
	return number;
}

int
scribe_say(struct ledger *l, uint64_t number, const char *text)
{
	char line[LINE_MAX_BYTES];
	struct iovec piece = { line, 0 };

	piece.iov_len = (size_t)snprintf(line, sizeof(line),
	    "MSG %s %llu %llu ~alice %s\n", l->dir, (unsigned long long)number,
	    (unsigned long long)(SCRIBE_WALL + number), text);
	return ledger_append(l, ledger_room(l), &piece, 1, number, number,
	    SCRIBE_WALL + number);
}

uint64_t
scribe_fill(struct ledger *l, size_t len)
{
	uint64_t number = ledger_last(l) + 1;
	char line[LINE_MAX_BYTES];
	size_t at;

	assert(len <= LINE_MAX_BYTES);
	at = head(l, line, number, "MSG");
	assert(at + 2 < len);
	line[at++] = ' ';
	memset(line + at, 'x', len - at - 1);
	line[len - 1] = '\n';
	append(l, line, len, number);
	return number;
}

void
scribe_until(struct ledger *l, unsigned segments)
{
	while (scribe_segments(l) < segments)
		scribe_fill(l, 3000);
}

void
scribe_settle(struct scribe *s)
{
	keeper_round(s->keeper, 0, SCRIBE_WALL, true);
}

static int
open_file(struct scribe *s, const char *room, uint64_t first,
    const char *suffix, int flags)
{
	char path[SCRIBE_PATH];

	snprintf(path, sizeof(path), "%s/%016llu%s", room,
	    (unsigned long long)first, suffix);
	return disk_open(s->vault->rooms, path, flags);
}

char *
scribe_read(struct scribe *s, const char *room, uint64_t first,
    const char *suffix, size_t *len_r)
{
	int fd = open_file(s, room, first, suffix, O_RDONLY);
	ssize_t got;
	char *all;

	*len_r = 0;
	if (fd < 0)
		return NULL;
	all = xmalloc((size_t)disk_size(fd) + 1);
	got = disk_read(fd, all, (size_t)disk_size(fd), 0);
	disk_close(fd);
	assert(got >= 0);
	all[got] = '\0';
	*len_r = (size_t)got;
	return all;
}

void
scribe_write(struct scribe *s, const char *room, uint64_t first,
    const char *suffix, size_t at, const char *bytes, size_t len)
{
	int fd = open_file(s, room, first, suffix, O_RDWR), rc;

	assert(fd >= 0);
	rc = disk_write(fd, bytes, len, at);
	assert(rc == 0);
	disk_close(fd);
}

void
scribe_remove(struct scribe *s, const char *room, uint64_t first,
    const char *suffix)
{
	char path[SCRIBE_PATH];
	int rc;

	snprintf(path, sizeof(path), "%s/%016llu%s", room,
	    (unsigned long long)first, suffix);
	rc = disk_unlink(s->vault->rooms, path);
	assert(rc == 0);
}

unsigned
scribe_segments(struct ledger *l)
{
	unsigned count;

	lock_take(&l->lock);
	count = l->count;
	lock_drop(&l->lock);
	return count;
}

struct segment
scribe_segment(struct ledger *l, unsigned i)
{
	struct segment s;

	lock_take(&l->lock);
	assert(i < l->count);
	s = l->segments[i];
	lock_drop(&l->lock);
	return s;
}

unsigned
scribe_count(struct scribe *s, struct ledger *l, const char *text)
{
	unsigned count = 0;
	size_t len;

	for (unsigned i = 0; i < scribe_segments(l); i++) {
		char *all = scribe_read(s, l->dir, scribe_segment(l, i).first,
		    ".log", &len);

		assert(all != NULL);
		for (char *at = all; (at = strstr(at, text)) != NULL; at++)
			count++;
		free(all);
	}
	return count;
}

static bool
segment_summed(struct scribe *s, struct ledger *l, const struct segment *g)
{
	size_t len;
	char *all = scribe_read(s, l->dir, g->first, ".log", &len);
	int fd = open_file(s, l->dir, g->first, ".sum", O_RDONLY);
	bool good = all != NULL && len == g->size && fd >= 0;

	for (uint64_t at = 0; good && at < len; at += SUM_BLOCK) {
		uint32_t some = (uint32_t)(len - at < SUM_BLOCK ? len - at :
		    SUM_BLOCK);
		struct sum sum;

		good = sums_read(fd, at / SUM_BLOCK, 1, &sum) == 0 &&
		    sum.there && sum.len == some &&
		    sum_agrees(&sum, all + at, some);
	}
	if (fd >= 0)
		disk_close(fd);
	free(all);
	return good;
}

bool
scribe_summed(struct scribe *s, struct ledger *l)
{
	struct segment g;

	for (unsigned i = 0; i < scribe_segments(l); i++) {
		g = scribe_segment(l, i);
		if (!segment_summed(s, l, &g))
			return false;
	}
	return scribe_segments(l) > 0;
}

bool
scribe_undamaged(struct scribe *s, struct ledger *l)
{
	for (unsigned i = 0; i < scribe_segments(l); i++) {
		uint64_t first = scribe_segment(l, i).first;
		size_t len, sums_len;
		char *all = scribe_read(s, l->dir, first, ".log", &len);
		char *sums = scribe_read(s, l->dir, first, ".sum", &sums_len);
		bool good = all != NULL;

		for (size_t at = 0; good && at + SUM_ENTRY <= sums_len;
		    at += SUM_ENTRY) {
			size_t from = at / SUM_ENTRY * SUM_BLOCK;
			unsigned crc, n;

			if (sums[at + SUM_ENTRY - 1] == '\n' &&
			    sscanf(sums + at, "%8x %6u", &crc, &n) == 2)
				good = from + n <= len &&
				    sum_of(all + from, n).crc == crc;
		}
		free(all);
		free(sums);
		if (!good)
			return false;
	}
	return true;
}

bool
scribe_erase(struct scribe *s, struct ledger *l, uint64_t target, uint64_t by)
{
	struct mail *waiters, *m;
	struct mailbox back;
	struct erasure e = { .mail.kind = MAIL_ERASE, .ledger = l,
		.target = target, .by = by, .back = &back };

	mailbox_init(&back, 1);
	mailbox_send(s->vault->keeper, &e.mail);
	scribe_settle(s);
	m = mailbox_take(&back, &waiters);
	mailbox_fini(&back);
	assert(m == &e.mail);
	return e.done;
}
