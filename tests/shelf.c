/* shelf.c -- a ledger whose segments a test writes byte by byte, and what is to
 *            be read in it
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/disk.h"
#include "shelf.h"

struct shelf *
shelf_new(uint64_t first)
{
	struct shelf *s = xcalloc(1, sizeof(*s));
	char why[256];

	snprintf(s->dir, sizeof(s->dir), "shelf-XXXXXX");
	if (mkdtemp(s->dir) == NULL)
		abort();
	s->config = config_new();
	s->vault = vault_open(s->config, s->dir, "", why, sizeof(why));
	assert(s->vault != NULL);
	s->ledger = ledger_new(s->vault, "lobby");
	if (disk_mkdir(s->vault->rooms, "lobby") < 0)
		abort();
	s->first = s->next = first;
	s->seed = 1;
	return s;
}

void
shelf_free(struct shelf **at)
{
	struct shelf *s = *at;
	char command[128];

	*at = NULL;
	ledger_unref(&s->ledger);
	vault_close(&s->vault);
	for (unsigned i = 0; i < s->count; i++)
		blob_unref(&s->segments[i].bytes);
	blob_unref(&s->bytes);
	snprintf(command, sizeof(command), "rm -rf '%s'", s->dir);
	if (system(command) != 0)
		abort();
	config_free(&s->config);
	free(s);
}

void
shelf_say(struct shelf *s, const char *text)
{
	blob_printf(&s->bytes, "MSG lobby %" PRIu64 " %" PRIu64 " ~alice %s\n",
	    s->next, SHELF_WALL + s->next, text);
	s->next++;
}

void
shelf_fill(struct shelf *s, size_t len)
{
	size_t begin = s->bytes == NULL ? 0 : s->bytes->len;
	char text[4096];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	shelf_say(s, "");
	s->bytes->len--;
	assert(s->bytes->len - begin + 1 < len);
	blob_add(&s->bytes, (struct slice){ text,
	    begin + len - 1 - s->bytes->len });
	blob_add(&s->bytes, slice_of("\n"));
}

void
shelf_mix(struct shelf *s, size_t bytes)
{
	while (s->bytes == NULL || s->bytes->len < bytes) {
		s->seed = s->seed * 1103515245 + 12345;
		shelf_fill(s, (s->seed >> 16) % 50 == 0 ? 4096 :
		    60 + (s->seed >> 16) % 100);
	}
}

void
shelf_skip(struct shelf *s, uint64_t numbers)
{
	blob_printf(&s->bytes, "GAP lobby %" PRIu64 " %" PRIu64 "\n", s->next,
	    s->next + numbers - 1);
	s->next += numbers;
}

void
shelf_path(struct shelf *s, unsigned segment, const char *suffix,
    char path_r[LEDGER_PATH])
{
	segment_path(s->ledger, s->segments[segment].first, suffix, path_r);
}

void
shelf_write(struct shelf *s, unsigned segment, const char *suffix, uint64_t at,
    const char *bytes, size_t len)
{
	char path[LEDGER_PATH];
	int fd, rc;

	shelf_path(s, segment, suffix, path);
	fd = disk_open(s->vault->rooms, path, O_WRONLY | O_CREAT);
	rc = disk_write(fd, bytes, len, at);
	assert(fd >= 0 && rc == 0);
	disk_close(fd);
}

static void
put_sums(struct shelf *s, unsigned segment, uint64_t summed)
{
	const struct blob *b = s->segments[segment].bytes;
	char path[LEDGER_PATH];
	struct sum sum;
	uint64_t at, len;
	int fd, rc;

	shelf_path(s, segment, ".sum", path);
	fd = disk_open(s->vault->rooms, path, O_WRONLY | O_CREAT);
	assert(fd >= 0);
	for (at = 0; at < b->len && at < summed; at += SUM_BLOCK) {
		len = (b->len < summed ? b->len : summed) - at;
		sum = sum_of(b->data + at,
		    len < SUM_BLOCK ? (uint32_t)len : SUM_BLOCK);
		rc = sums_write(fd, at / SUM_BLOCK, 1, &sum);
		assert(rc == 0);
	}
	disk_close(fd);
}

void
shelf_put(struct shelf *s, uint64_t summed)
{
	struct shelf_segment *own = &s->segments[s->count];
	struct segment segment = { .first = s->first, .size = s->bytes->len };

	assert(s->count < SHELF_SEGMENTS);
	own->first = s->first;
	own->bytes = s->bytes;
	s->count++;
	shelf_write(s, s->count - 1, ".log", 0, own->bytes->data,
	    own->bytes->len);
	if (summed > 0)
		put_sums(s, s->count - 1, summed);
	ledger_push(s->ledger, &segment);
	atomic_store(&s->ledger->last, s->next - 1);
	s->bytes = NULL;
	s->first = s->next;
}

void
shelf_flip(struct shelf *s, unsigned segment, uint64_t at)
{
	char byte = s->segments[segment].bytes->data[at] ^ 4;

	shelf_write(s, segment, ".log", at, &byte, 1);
	s->segments[segment].bad[at / SUM_BLOCK] = true;
}

void
shelf_drop(struct shelf *s)
{
	struct ledger *l = s->ledger;
	char path[LEDGER_PATH];

	lock_take(&l->lock);
	l->count--;
	memmove(l->segments, l->segments + 1,
	    l->count * sizeof(l->segments[0]));
	lock_drop(&l->lock);
	shelf_path(s, 0, ".log", path);
	disk_unlink(s->vault->rooms, path);
	shelf_path(s, 0, ".sum", path);
	disk_unlink(s->vault->rooms, path);
	s->count--;
	blob_unref(&s->segments[0].bytes);
	memmove(s->segments, s->segments + 1,
	    s->count * sizeof(s->segments[0]));
}

static bool
is_lost(const struct shelf_segment *s, uint64_t begin, uint64_t end)
{
	uint64_t block = begin / SUM_BLOCK;

	if (s->lost)
		return true;
	if (begin > 0 && begin % SUM_BLOCK == 0 && s->bad[block - 1])
		return true;
	for (; block <= (end - 1) / SUM_BLOCK; block++)
		if (s->bad[block])
			return true;
	return false;
}

static void
make_gap(struct blob **b, uint64_t *next, uint64_t to)
{
	if (*next > to)
		return;
	blob_printf(b, "GAP lobby %" PRIu64 " %" PRIu64 "\n", *next, to);
	*next = to + 1;
}

static void
read_segment(const struct shelf_segment *s, uint64_t *next, struct blob **b)
{
	struct slice line;
	struct log_line parsed;
	const char *lf;

	for (size_t at = 0; at < s->bytes->len; at += line.len) {
		line.at = s->bytes->data + at;
		lf = memchr(line.at, '\n', s->bytes->len - at);
		line.len = lf == NULL ? s->bytes->len - at :
		    (size_t)(lf + 1 - line.at);
		if (!log_line_parse(line, &parsed) || parsed.to < *next ||
		    is_lost(s, at, at + line.len))
			continue;
		make_gap(b, next, parsed.from - 1);
		blob_add(b, line);
		*next = parsed.to + 1;
	}
}

struct blob *
shelf_from(const struct shelf *s, uint64_t next)
{
	struct blob *b = NULL;
	uint64_t upper;

	for (unsigned i = 0; i < s->count; i++) {
		upper = i + 1 < s->count ? s->segments[i + 1].first - 1 :
		    ledger_last(s->ledger);
		if (next > upper)
			continue;
		read_segment(&s->segments[i], &next, &b);
		make_gap(&b, &next, upper);
	}
	return b;
}

bool
shelf_same(const struct blob *b, struct slice text)
{
	struct slice own = { b == NULL ? "" : b->data, b == NULL ? 0 : b->len };
	size_t i = 0;

	if (slice_same(own, text))
		return true;
	while (i < own.len && i < text.len && own.at[i] == text.at[i])
		i++;
	printf("\n    %zu bytes, not %zu; at byte %zu \"%.60s\", not \"%.60s\"",
	    own.len, text.len, i, i < own.len ? own.at + i : "",
	    i < text.len ? text.at + i : "");
	return false;
}

struct blob *
shelf_read(struct shelf *s, uint64_t next, size_t most)
{
	struct blob *all = NULL, *some;
	struct spot spot = { 0 };

	for (;;) {
		some = NULL;
		if (ledger_read(s->ledger, slice_of("lobby"), &next, &spot,
		    most, &some) < 0 || some == NULL)
			return all;
		if (some->len > most + 4096 + 64)
			printf("\n    %zu bytes", some->len);
		blob_add(&all, (struct slice){ some->data, some->len });
		blob_unref(&some);
	}
}
