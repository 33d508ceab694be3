/* fuzz_ledger.c -- any bytes as a room's log: whatever is given of it is in it
 *
 * SPDX-License-Identifier: MIT
 *
 * The input is the entries of a file of sums, an empty line, and a log, which
 * goes on in another segment, without sums, after each line that is only a
 * form feed. It is read as it is, as if it had been damaged just now, and then
 * once more as a start finds it, which repairs its end.
 *
 * What is given must be lines of the log, or GAPs, whose numbers go on from
 * each other; there must be an end to it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/disk.h"
#include "ledger/parts.h"
#include "ledger/read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SEGMENTS = 4 };

struct play {
	struct vault  *vault;
	struct ledger *ledger;
	struct slice   sums;
	struct slice   logs[SEGMENTS];
	uint64_t       firsts[SEGMENTS];
	unsigned       count;
};

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static char dir[] = "fuzz-ledger-XXXXXX";

static void
remove_dir(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	must(system(command) == 0);
}

static struct vault *
open_vault(void)
{
	struct config *config = config_new();
	struct vault *v;
	char why[256];

	must(mkdtemp(dir) != NULL && atexit(remove_dir) == 0);
	v = vault_open(config, dir, "", why, sizeof(why));
	must(v != NULL);
	return v;
}

static struct slice
cut_line(struct slice *rest)
{
	const char *lf = memchr(rest->at, '\n', rest->len);
	struct slice line = *rest;

	if (lf != NULL)
		line.len = (size_t)(lf + 1 - rest->at);
	rest->at += line.len;
	rest->len -= line.len;
	return line;
}

/* The number of a segment's first line; lower ones would be another's. */
static uint64_t
first_of(struct slice log, uint64_t least)
{
	struct log_line line;

	while (log.len > 0)
		if (log_line_parse(cut_line(&log), &line))
			return line.from > least ? line.from : least;
	return least;
}

static void
take_apart(struct play *p, const uint8_t *data, size_t size)
{
	struct slice rest = { (const char *)data, size }, line;
	uint64_t least = 1;

	p->sums.at = rest.at;
	while (rest.len > 0 && !slice_is(line = cut_line(&rest), "\n"))
		p->sums.len += line.len;
	while (p->count < SEGMENTS && rest.len > 0) {
		struct slice *log = &p->logs[p->count];

		log->at = rest.at;
		while (rest.len > 0 &&
		    !slice_is(line = cut_line(&rest), "\f\n"))
			log->len += line.len;
		p->firsts[p->count] = first_of(*log, least);
		least = p->firsts[p->count++] + 1;
	}
}

static void
put(struct play *p, unsigned i, const char *suffix, struct slice bytes)
{
	char path[LEDGER_PATH];
	int fd;

	segment_path(p->ledger, p->firsts[i], suffix, path);
	fd = disk_open(p->vault->rooms, path, O_WRONLY | O_CREAT | O_TRUNC);
	must(fd >= 0 && disk_write(fd, bytes.at, bytes.len, 0) == 0);
	disk_close(fd);
}

static void
unlink_one(const char *name, void *arg)
{
	struct play *p = arg;
	char path[LEDGER_PATH + 300];

	snprintf(path, sizeof(path), "lobby/%s", name);
	disk_unlink(p->vault->rooms, path);
}

static void
write_files(struct play *p)
{
	disk_mkdir(p->vault->rooms, "lobby");
	disk_list(p->vault->rooms, "lobby", unlink_one, p);
	for (unsigned i = 0; i < p->count; i++)
		put(p, i, ".log", p->logs[i]);
	if (p->count > 0 && p->sums.len > 0)
		put(p, 0, ".sum", p->sums);
}

static bool
is_in(const struct play *p, struct slice line)
{
	for (unsigned i = 0; i < p->count; i++) {
		struct slice log = p->logs[i];
		const char *at = log.at, *end = log.at + log.len;

		while (at < end && (at = memmem(at, (size_t)(end - at),
		    line.at, line.len)) != NULL) {
			if (at == log.at || at[-1] == '\n')
				return true;
			at++;
		}
	}
	return false;
}

/* Lines, the first of which is to have that number; *next_r the one after. */
static unsigned
check(const struct play *p, const struct blob *b, uint64_t next,
    bool whole, uint64_t *next_r)
{
	struct slice rest = { "", 0 }, text;
	struct log_line line;
	unsigned count = 0;

	if (b != NULL)
		rest = (struct slice){ b->data, b->len };
	for (; rest.len > 0; count++) {
		text = cut_line(&rest);
		must(log_line_parse(text, &line));
		must(line.to >= next && (!whole || line.from <= next));
		must(line.time == 0 || is_in(p, text));
		next = line.to + 1;
	}
	*next_r = next;
	return count;
}

static void
read_all(const struct play *p, size_t most)
{
	uint64_t next = 1, after, last = ledger_last(p->ledger);
	struct spot spot = { 0 };

	while (next <= last) {
		struct blob *b = NULL;

		after = next;
		must(ledger_read(p->ledger, slice_of("lobby"), &after, &spot,
		    most, &b) == 0);
		must(b != NULL);
		check(p, b, next, true, &next);
		must(next == after);
		blob_unref(&b);
	}
}

static void
look_around(const struct play *p, uint64_t before)
{
	struct words_sought *w = words_sought_new(slice_of("a"));
	uint64_t from = before, next;
	struct blob *b;
	unsigned count;

	must(ledger_page(p->ledger, slice_of("lobby"), 1, before, 7, 5000, &b,
	    &count) == 0);
	must(check(p, b, 1, false, &next) == count && count <= 7);
	blob_unref(&b);
	do {
		before = from;
		must(ledger_search(p->ledger, w, 1, before, 3, 5000, 1, &b,
		    &count, &from) == 0);
		must(check(p, b, from, false, &next) == count && count <= 3);
		blob_unref(&b);
		must(from < before || from <= 1);
	} while (from > 1);
	words_sought_free(&w);
	must(ledger_line(p->ledger, before, &b) >= 0);
	blob_unref(&b);
}

static void
look(struct play *p)
{
	uint64_t last = ledger_last(p->ledger);

	read_all(p, 65536);
	read_all(p, 700);
	look_around(p, UINT64_MAX);
	look_around(p, last);
	for (unsigned i = 0; i < p->count; i++)
		look_around(p, p->firsts[i] + 2);
	atomic_store(&p->ledger->keep_ms, 10);
	must(ledger_oldest(p->ledger, 30) <= last + 1);
	atomic_store(&p->ledger->keep_ms, 0);
}

/* As if each of them was published. */
static void
publish(struct play *p)
{
	uint64_t last = 0;
	struct log_line line;

	for (unsigned i = 0; i < p->count; i++) {
		struct segment s = { .first = p->firsts[i],
			.size = p->logs[i].len };
		struct slice rest = p->logs[i];

		ledger_push(p->ledger, &s);
		while (rest.len > 0)
			if (log_line_parse(cut_line(&rest), &line) &&
			    line.to > last)
				last = line.to;
	}
	atomic_store(&p->ledger->last, last);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct vault *vault;
	struct play p = { 0 };

	if (vault == NULL)
		vault = open_vault();
	p.vault = vault;
	take_apart(&p, data, size);
	for (int loaded = 0; loaded < 2; loaded++) {
		p.ledger = ledger_new(vault, "lobby");
		write_files(&p);
		if (loaded)
			ledger_load(p.ledger);
		else
			publish(&p);
		look(&p);
		ledger_unref(&p.ledger);
	}
	return 0;
}
