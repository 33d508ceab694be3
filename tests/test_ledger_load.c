/* test_ledger_load.c -- whatever a log looks like, it is gone on with
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/disk.h"
#include "faulty.h"
#include "ledger/sums.h"
#include "scribe.h"
#include "suite.h"

enum { LINES = 8 };

#define FIRST UINT64_C(1000)

static struct scribe *s;
static char *log_text; /* of lobby's first segment, as written */
static size_t log_len;
static char *sum_text;
static size_t sum_len;

static void
room_path(char path[256], const char *name)
{
	snprintf(path, 256, "%s/rooms/lobby/%s", s->dir, name);
}

static void
put(const char *name, const char *text, size_t len)
{
	char path[256];
	FILE *f;

	room_path(path, name);
	f = fopen(path, "w");
	assert(f != NULL);
	fwrite(text, 1, len, f);
	fclose(f);
}

static void
put_log(uint64_t first, const char *suffix, const char *text, size_t len)
{
	char name[64];

	snprintf(
	    name, sizeof(name), "%016llu%s", (unsigned long long)first, suffix);
	put(name, text, len);
}

static void
clear(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s/rooms/lobby/*", s->dir);
	assert(system(command) == 0);
}

/* Removes what is there, but for logs and sums, which are put anew. */
static void
clear_cuts(void)
{
	char path[256], name[600];
	struct dirent *entry;
	DIR *d;

	room_path(path, ".");
	d = opendir(path);
	assert(d != NULL);
	while ((entry = readdir(d)) != NULL) {
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (entry->d_name[0] != '.')
			unlink(name);
	}
	closedir(d);
}

/* A log of LINES lines from FIRST on, `settled` with sums of all of it. */
static void
begin(bool settled)
{
	struct ledger *l;

	s = scribe_new(SYNC_INTERVAL);
	vault_note(s->vault, FIRST, 0);
	l = scribe_ledger(s, "lobby");
	for (unsigned i = 0; i < LINES; i++)
		scribe_add(l, FIRST + i, "MSG", "hello there");
	scribe_settle(s);
	ledger_unref(&l);
	log_text = scribe_read(s, "lobby", FIRST, ".log", &log_len);
	sum_text = scribe_read(s, "lobby", FIRST, ".sum", &sum_len);
	if (!settled)
		sum_len = 0;
}

static void
end(void)
{
	free(log_text);
	free(sum_text);
	faulty_set(NULL);
	scribe_free(&s);
}

/* The files as they were written, up to a byte of the log. */
static void
restore(size_t len)
{
	clear_cuts();
	put_log(FIRST, ".log", log_text, len);
	if (sum_len > 0)
		put_log(FIRST, ".sum", sum_text, sum_len);
}

static uint64_t
lines_before(size_t len)
{
	uint64_t count = 0;

	for (size_t i = 0; i < len; i++)
		count += log_text[i] == '\n';
	return count;
}

/* What was cut off is in a file of its own. */
static bool
is_aside(uint64_t first, size_t at, const char *text, size_t len)
{
	char path[256], name[64], *got = xmalloc(len + 1);
	size_t got_len;
	FILE *f;

	snprintf(name, sizeof(name), "cut-%016llu-%zu",
	    (unsigned long long)first, at);
	room_path(path, name);
	f = fopen(path, "r");
	got_len = f != NULL ? fread(got, 1, len + 1, f) : 0;
	if (f != NULL)
		fclose(f);
	len = f != NULL && got_len == len && memcmp(got, text, len) == 0;
	free(got);
	return len;
}

/* It can be appended to, above `after`; and that is found again. */
static void
goes_on(struct ledger *l, uint64_t after)
{
	struct ledger *again;

	CU_ASSERT_EQUAL(ledger_failure(l), 0);
	scribe_add(l, after + 1, "MSG", "on");
	again = scribe_ledger(s, "lobby");
	CU_ASSERT_EQUAL(ledger_last(again), after + 1);
	ledger_unref(&again);
}

/* The number is above all that was ever given. */
static bool
is_high(uint64_t number)
{
	return number >= s->vault->floor && number >= FIRST + LINES - 1;
}

static void
an_order_stop_leaves_all(void)
{
	struct ledger *l;
	unsigned long reads;

	begin(true);
	reads = faulty_calls("read");
	l = ledger_new(s->vault, "lobby");
	CU_ASSERT_EQUAL(ledger_load(l), FIRST + LINES - 1);
	CU_ASSERT(faulty_calls("read") - reads < 10);
	CU_ASSERT_EQUAL(ledger_last(l), FIRST + LINES - 1);
	CU_ASSERT_EQUAL(scribe_segment(l, 0).size, log_len);
	CU_ASSERT_EQUAL(scribe_segment(l, 0).summed, log_len);
	CU_ASSERT_EQUAL(scribe_segment(l, 0).time, SCRIBE_WALL + FIRST);
	CU_ASSERT_EQUAL(ledger_bytes(l), log_len + SUM_ENTRY + 4096);
	CU_ASSERT_FALSE(l->told);
	CU_ASSERT_EQUAL(s->vault->time, SCRIBE_WALL + FIRST + LINES - 1);
	goes_on(l, FIRST + LINES - 1);
	ledger_unref(&l);
	l = ledger_new(s->vault, "never-there");
	CU_ASSERT_EQUAL(ledger_load(l), 0);
	CU_ASSERT_EQUAL(ledger_failure(l), 0);
	ledger_unref(&l);
	end();
}

/* What a kill may leave: a line's beginning at the end. */
static void
a_torn_line_is_cut_off(void)
{
	uint64_t count, after;
	size_t whole;
	struct ledger *l;

	begin(false);
	for (size_t cut = 1; cut <= log_len; cut++) {
		restore(cut);
		count = lines_before(cut);
		whole = count * (log_len / LINES);
		l = ledger_new(s->vault, "lobby");
		after = ledger_load(l);
		CU_ASSERT_EQUAL(after, count > 0 ? FIRST + count - 1 : 0);
		CU_ASSERT_EQUAL(ledger_last(l), after);
		CU_ASSERT_EQUAL(scribe_segments(l), count > 0);
		if (whole < cut)
			CU_ASSERT(is_aside(
			    FIRST, whole, log_text + whole, cut - whole));
		CU_ASSERT_EQUAL(l->told, count > 0);
		goes_on(l, count > 0 ? after : FIRST);
		scribe_settle(s);
		CU_ASSERT(scribe_summed(s, l));
		ledger_unref(&l);
	}
	CU_ASSERT_EQUAL(s->vault->counters.damaged, 0);
	CU_ASSERT_EQUAL(s->vault->counters.cut, log_len - LINES);
	end();
}

/* The sums speak of more than there is. */
static void
what_sums_had_covered_may_have_been_told(void)
{
	uint64_t count, after;
	struct ledger *l;

	begin(true);
	for (size_t cut = 0; cut < log_len; cut++) {
		restore(cut);
		count = lines_before(cut);
		l = ledger_new(s->vault, "lobby");
		after = ledger_load(l);
		CU_ASSERT(is_high(after));
		CU_ASSERT_EQUAL(
		    ledger_last(l), count > 0 ? FIRST + count - 1 : 0);
		goes_on(l, after);
		if (count > 0)
			CU_ASSERT_EQUAL(scribe_count(s, l, "GAP lobby"), 1);
		scribe_settle(s);
		CU_ASSERT(scribe_summed(s, l));
		ledger_unref(&l);
	}
	end();
}

static void
goes_on_above_garbage(const char *garbage, size_t len)
{
	char *text = xmalloc(log_len + len);
	struct ledger *l;
	uint64_t after;

	restore(log_len);
	memcpy(text, log_text, log_len);
	memcpy(text + log_len, garbage, len);
	put_log(FIRST, ".log", text, log_len + len);
	l = ledger_new(s->vault, "lobby");
	after = ledger_load(l);
	CU_ASSERT(is_high(after));
	CU_ASSERT(after > FIRST + LINES);
	CU_ASSERT_EQUAL(ledger_last(l), FIRST + LINES - 1);
	CU_ASSERT_EQUAL(scribe_segment(l, 0).size, log_len);
	CU_ASSERT(is_aside(FIRST, log_len, garbage, len));
	goes_on(l, after);
	ledger_unref(&l);
	free(text);
}

#define GARBAGE(text) goes_on_above_garbage(text, sizeof(text) - 1)

static void
garbage_is_put_aside(void)
{
	static char zeros[9000], random[70000];

	for (unsigned i = 0, x = 1; i < sizeof(random); i++) {
		x = x * 1103515245 + 12345;
		random[i] = (char)(x >> 16);
	}
	for (int settled = 0; settled < 2; settled++) {
		begin(settled);
		GARBAGE("\n");
		GARBAGE("nonsense\n");
		GARBAGE("MSG lobby 1010 1700 ~alice hole\n");
		GARBAGE("MSG lobby 1007 1700 ~alice twice\n");
		GARBAGE("MSG lobby 1 1700 ~alice low\n");
		GARBAGE("MSG lobby 9007199254740991 1700 ~alice high\n");
		GARBAGE("MSG lobby 1008 1700 ~alice \xff\n");
		GARBAGE("MSG lobby 1008 1700 ~alice a\0b\n");
		GARBAGE("MSG lobby 1008\n");
		GARBAGE("msg lobby 1008 1700 ~alice x\n");
		GARBAGE("GAP lobby 1009 1010\n");
		GARBAGE("GAP lobby 1008 1007\n");
		GARBAGE("GAP lobby 1008\n");
		GARBAGE("JOIN lobby ~alice\n");
		goes_on_above_garbage(zeros, 1);
		goes_on_above_garbage(zeros, sizeof(zeros));
		goes_on_above_garbage(random, sizeof(random));
		memset(random, 'x', 5000);
		goes_on_above_garbage(random, 4096);
		goes_on_above_garbage(random, 4097);
		end();
	}
}

/* Whichever bit is another: where a sum sees it nothing is changed. */
static void
damage_stays_where_it_is(void)
{
	char *text;
	uint64_t after;
	struct ledger *l;
	size_t len;

	begin(true);
	for (size_t i = 0; i < log_len; i++) {
		restore(log_len);
		log_text[i] ^= (char)(1 << i % 7);
		put_log(FIRST, ".log", log_text, log_len);
		l = ledger_new(s->vault, "lobby");
		after = ledger_load(l);
		CU_ASSERT(is_high(after));
		/* A digit may be another; a line, none. */
		CU_ASSERT(ledger_last(l) >= FIRST + LINES - 2);
		CU_ASSERT(ledger_last(l) <= after);
		goes_on(l, after);
		CU_ASSERT_EQUAL(scribe_segments(l), 2);
		text = scribe_read(s, "lobby", FIRST, ".log", &len);
		CU_ASSERT_EQUAL(len, log_len);
		CU_ASSERT_EQUAL(memcmp(text, log_text, len), 0);
		free(text);
		/* It is not summed anew. */
		scribe_settle(s);
		CU_ASSERT_FALSE(scribe_summed(s, l));
		ledger_unref(&l);
		log_text[i] ^= (char)(1 << i % 7);
	}
	CU_ASSERT_EQUAL(s->vault->counters.cut, 0);
	CU_ASSERT(s->vault->counters.damaged >= log_len);
	end();
}

static void
a_segment_may_be_empty_or_missing(void)
{
	struct ledger *l;
	uint64_t after;

	for (int settled = 0; settled < 2; settled++) {
		begin(settled);
		restore(log_len);
		/* A roll, and then nothing. */
		put_log(FIRST + LINES, ".log", "", 0);
		l = ledger_new(s->vault, "lobby");
		CU_ASSERT_EQUAL(ledger_load(l), FIRST + LINES - 1);
		goes_on(l, FIRST + LINES - 1);
		ledger_unref(&l);
		/* The sums of what is no more. */
		restore(log_len);
		put_log(FIRST + LINES, ".sum", sum_text, SUM_ENTRY);
		l = ledger_new(s->vault, "lobby");
		after = ledger_load(l);
		CU_ASSERT(is_high(after));
		CU_ASSERT_EQUAL(ledger_last(l), FIRST + LINES - 1);
		l->full = true;
		goes_on(l, after);
		scribe_settle(s);
		CU_ASSERT(scribe_summed(s, l));
		ledger_unref(&l);
		restore(log_len);
		put_log(FIRST + LINES, ".log", "", 0);
		put_log(FIRST + LINES, ".sum", sum_text, SUM_ENTRY);
		l = ledger_new(s->vault, "lobby");
		CU_ASSERT(is_high(ledger_load(l)));
		ledger_unref(&l);
		/* Nothing but sums. */
		clear();
		put_log(FIRST, ".sum", sum_text, SUM_ENTRY);
		l = ledger_new(s->vault, "lobby");
		CU_ASSERT(is_high(ledger_load(l)));
		CU_ASSERT_EQUAL(ledger_last(l), 0);
		ledger_unref(&l);
		end();
	}
}

static void
a_segment_without_a_line_is_put_aside(void)
{
	struct ledger *l;
	uint64_t after;

	for (int settled = 0; settled < 2; settled++) {
		begin(settled);
		restore(log_len);
		put_log(FIRST + LINES, ".log", "garbage\nand more\n", 17);
		if (settled)
			put_log(FIRST + LINES, ".sum", "00000000 000017\n",
			    SUM_ENTRY);
		l = ledger_new(s->vault, "lobby");
		after = ledger_load(l);
		CU_ASSERT(is_high(after));
		CU_ASSERT_EQUAL(ledger_last(l), FIRST + LINES - 1);
		CU_ASSERT_EQUAL(scribe_segments(l), 1);
		CU_ASSERT(
		    is_aside(FIRST + LINES, 0, "garbage\nand more\n", 17));
		goes_on(l, after);
		ledger_unref(&l);
		end();
	}
}

static void
only_the_end_is_looked_at(void)
{
	unsigned long reads;
	struct ledger *l;
	uint64_t first, last;
	char *text;
	size_t len;

	begin(true);
	l = scribe_ledger(s, "lobby");
	atomic_store(&s->config->storage_segment, 1024);
	while (scribe_segment(l, 0).size < 400000)
		scribe_fill(l, 2000);
	l->full = true;
	while (scribe_segments(l) < 2 || scribe_segment(l, 1).size < 400000)
		scribe_fill(l, 2000);
	scribe_settle(s);
	first = scribe_segment(l, 1).first;
	last = ledger_last(l);
	ledger_unref(&l);
	text = scribe_read(s, "lobby", first, ".log", &len);
	text[1000] ^= 1;
	put_log(first, ".log", text, len);
	put_log(FIRST, ".log", text, len);
	reads = faulty_calls("read");
	l = ledger_new(s->vault, "lobby");
	CU_ASSERT_EQUAL(ledger_load(l), last);
	CU_ASSERT(faulty_calls("read") - reads < 20);
	CU_ASSERT_EQUAL(scribe_segment(l, 1).summed, len);
	CU_ASSERT_EQUAL(scribe_segment(l, 1).time, SCRIBE_WALL + first);
	ledger_unref(&l);
	free(text);
	end();
}

/* Sums of whole blocks only, and of nothing but a middle one. */
static void
sums_may_be_behind(void)
{
	static const char nothing[] = "-------- ------\n";
	struct ledger *l;
	uint64_t last;

	begin(true);
	l = scribe_ledger(s, "lobby");
	atomic_store(&s->config->storage_segment, 1024);
	while (scribe_segment(l, 0).size < 300000)
		scribe_fill(l, 2000);
	last = ledger_last(l);
	scribe_settle(s);
	ledger_unref(&l);
	free(sum_text);
	sum_text = scribe_read(s, "lobby", FIRST, ".sum", &sum_len);
	CU_ASSERT_EQUAL(sum_len, 5 * SUM_ENTRY);
	for (size_t len = 0; len <= sum_len; len += 5) {
		put_log(FIRST, ".sum", sum_text, len);
		l = ledger_new(s->vault, "lobby");
		CU_ASSERT_EQUAL(ledger_load(l), last);
		CU_ASSERT_EQUAL(scribe_segment(l, 0).summed,
		    len == sum_len ? scribe_segment(l, 0).size
				   : len / SUM_ENTRY * SUM_BLOCK);
		CU_ASSERT_EQUAL(l->told, len < sum_len);
		scribe_settle(s);
		CU_ASSERT(scribe_summed(s, l));
		ledger_unref(&l);
	}
	for (unsigned i = 0; i < 5; i++)
		memcpy(sum_text + i * SUM_ENTRY,
		    i == 2 ? sum_text + i * SUM_ENTRY : nothing, SUM_ENTRY);
	put_log(FIRST, ".sum", sum_text, sum_len);
	l = ledger_new(s->vault, "lobby");
	CU_ASSERT_EQUAL(ledger_load(l), last);
	CU_ASSERT_EQUAL(scribe_segment(l, 0).summed, 3 * SUM_BLOCK);
	ledger_unref(&l);
	end();
}

static void
is_unusable(const char *what, int why)
{
	struct ledger *l = ledger_new(s->vault, "lobby");
	char line[] = "MSG lobby 5000 1700 ~alice x\n";
	struct iovec piece = { line, sizeof(line) - 1 };
	uint64_t last;

	CU_ASSERT(is_high(ledger_load(l)));
	CU_ASSERT_EQUAL(ledger_failure(l), why);
	last = s->vault->high + 1;
	CU_ASSERT_EQUAL(
	    ledger_append(l, slice_of("lobby"), &piece, 1, last, last, 1700),
	    why);
	CU_ASSERT_EQUAL(ledger_note(l, slice_of(line)), why);
	CU_ASSERT_EQUAL(ledger_retry(l, &last), why);
	/* Somebody has seen to it. */
	faulty_set(NULL);
	if (what != NULL) {
		unlink(what);
		mkdir(what, 0700);
		restore(log_len);
	}
	CU_ASSERT_EQUAL(ledger_retry(l, &last), 0);
	CU_ASSERT_EQUAL(last, FIRST + LINES - 1);
	goes_on(l, last);
	ledger_unref(&l);
}

static void
what_cannot_be_read_is_a_failure(void)
{
	char path[256], other[256];

	begin(true);
	snprintf(path, sizeof(path), "%s/rooms/lobby", s->dir);
	snprintf(other, sizeof(other), "%s/elsewhere", s->dir);
	faulty_set("list:EACCES");
	is_unusable(NULL, -EACCES);
	restore(log_len);
	faulty_set("open:EACCES:path=.log");
	is_unusable(NULL, -EACCES);
	restore(log_len);
	CU_ASSERT_EQUAL_FATAL(rename(path, other), 0);
	fclose(fopen(path, "w"));
	is_unusable(path, -ENOTDIR);
	clear();
	CU_ASSERT_EQUAL_FATAL(rmdir(path), 0);
	CU_ASSERT_EQUAL_FATAL(symlink("../elsewhere", path), 0);
	is_unusable(path, -ENOTDIR);
	end();
}

static void
what_cannot_be_cut_stays(void)
{
	static const char *const rules[] = { "write:ENOSPC:path=cut-",
		"open:EROFS:path=cut-", "sync:EIO", "truncate:EIO:n=1" };
	struct ledger *l;
	uint64_t after;
	size_t len;
	char *text;

	begin(false);
	for (unsigned i = 0; i < 4; i++) {
		restore(log_len - 5);
		l = ledger_new(s->vault, "lobby");
		faulty_set(rules[i]);
		after = ledger_load(l);
		faulty_set(NULL);
		CU_ASSERT_EQUAL(after, FIRST + LINES - 2);
		CU_ASSERT_EQUAL(ledger_last(l), FIRST + LINES - 2);
		text = scribe_read(s, "lobby", FIRST, ".log", &len);
		if (i != 2) {
			CU_ASSERT_EQUAL(len, log_len - 5);
			CU_ASSERT_EQUAL(memcmp(text, log_text, len), 0);
		}
		free(text);
		goes_on(l, after);
		CU_ASSERT_EQUAL(scribe_segments(l), 2);
		ledger_unref(&l);
	}
	end();
}

static void
a_log_that_cannot_be_read_is_left(void)
{
	struct ledger *l;
	uint64_t after;

	for (int settled = 0; settled < 2; settled++) {
		begin(settled);
		restore(log_len);
		l = ledger_new(s->vault, "lobby");
		faulty_set("read:EIO:path=.log");
		CU_ASSERT(is_high(ledger_load(l)));
		CU_ASSERT_EQUAL(ledger_failure(l), -EIO);
		CU_ASSERT_EQUAL(scribe_segments(l), 0);
		faulty_set(NULL);
		CU_ASSERT_EQUAL(ledger_retry(l, &after), 0);
		CU_ASSERT_EQUAL(after, FIRST + LINES - 1);
		goes_on(l, after);
		ledger_unref(&l);
		end();
	}
}

/* One bad block: what is before and behind it is there. */
static void
a_bad_block_is_left_behind(void)
{
	static const char *const rules[] = { "read:EIO:n=1:path=.log",
		"read:EIO:n=2:path=.log", "read:EIO:n=3:path=.log",
		"read:EIO:n=4:path=.log" };
	struct ledger *l;
	uint64_t after, last;
	unsigned damaged = 0;

	begin(true);
	l = scribe_ledger(s, "lobby");
	atomic_store(&s->config->storage_segment, 1024);
	while (scribe_segment(l, 0).size < 300000)
		scribe_fill(l, 2000);
	last = ledger_last(l);
	ledger_unref(&l);
	for (unsigned i = 0; i < 4; i++) {
		l = ledger_new(s->vault, "lobby");
		faulty_set(rules[i]);
		after = ledger_load(l);
		faulty_set(NULL);
		CU_ASSERT_EQUAL(ledger_failure(l), 0);
		CU_ASSERT(ledger_last(l) > FIRST && ledger_last(l) <= last);
		CU_ASSERT(after == last || is_high(after));
		damaged += l->full;
		ledger_unref(&l);
	}
	CU_ASSERT(damaged > 0);
	end();
}

static void
foreign_names_are_left_alone(void)
{
	static const char *const names[] = { "notes.txt", "123.log",
		"0000000000000000.log", "00000000000010000.log",
		"0000000000001000.log.bak", "0000000000001000", "todo.new" };
	char path[256];
	struct ledger *l;

	begin(true);
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		put(names[i], "x", 1);
	l = ledger_new(s->vault, "lobby");
	CU_ASSERT_EQUAL(ledger_load(l), FIRST + LINES - 1);
	CU_ASSERT_EQUAL(scribe_segments(l), 1);
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		room_path(path, names[i]);
		CU_ASSERT_EQUAL(access(path, F_OK), 0);
	}
	ledger_unref(&l);
	end();
}

/* Another run, in which the ceiling is as it was after a kill. */
static void
start_again(const char *boot, const char *life)
{
	char path[128], text[512];
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "%s/ceiling", s->dir);
	f = fopen(path, "r");
	assert(f != NULL);
	len = fread(text, 1, sizeof(text), f);
	fclose(f);
	scribe_kill(s);
	f = fopen(path, "w");
	assert(f != NULL);
	fwrite(text, 1, len, f);
	fclose(f);
	faulty_boot(boot);
	if (life != NULL)
		memcpy(s->life, life, LIFE_BYTES);
	scribe_start(s);
}

static void
a_kill_loses_nothing(void)
{
	struct ledger *l;

	faulty_boot("boot-1");
	begin(false);
	start_again("boot-1", NULL);
	CU_ASSERT(s->vault->trusted);
	l = ledger_new(s->vault, "lobby");
	CU_ASSERT_EQUAL(ledger_load(l), FIRST + LINES - 1);
	goes_on(l, FIRST + LINES - 1);
	ledger_unref(&l);
	faulty_boot(NULL);
	end();
}

/* After a lost power and in a copy: above all that was given, once. */
static void
an_end_that_is_not_trusted_is_gone_above(void)
{
	static const char *const lives[] = { NULL,
		"00000000000000000000000000000000" };
	struct ledger *l;
	uint64_t before;

	for (unsigned i = 0; i < 2; i++) {
		faulty_boot("boot-1");
		begin(true);
		before = s->vault->ceiling;
		start_again(i == 0 ? "boot-2" : "boot-1", lives[i]);
		CU_ASSERT_FALSE(s->vault->trusted);
		CU_ASSERT(s->vault->floor >= before);
		l = ledger_new(s->vault, "lobby");
		CU_ASSERT_EQUAL(ledger_load(l), s->vault->floor);
		CU_ASSERT_EQUAL(ledger_last(l), FIRST + LINES - 1);
		goes_on(l, s->vault->floor);
		CU_ASSERT_EQUAL(scribe_count(s, l, "GAP lobby 1008 "), 1);
		ledger_unref(&l);
		/* The same run meets it again. */
		l = ledger_new(s->vault, "lobby");
		CU_ASSERT_EQUAL(ledger_load(l), s->vault->floor + 1);
		ledger_unref(&l);
		l = ledger_new(s->vault, "new");
		CU_ASSERT_EQUAL(ledger_load(l), 0);
		ledger_unref(&l);
		faulty_boot(NULL);
		end();
	}
}

/* Nobody entered the room in the run that met the lost power. */
static void
nor_is_it_trusted_in_a_later_run(void)
{
	struct ledger *l;

	faulty_boot("boot-1");
	begin(true);
	start_again("boot-2", NULL);
	CU_ASSERT_FALSE(s->vault->trusted);
	start_again("boot-2", NULL);
	CU_ASSERT(s->vault->trusted);
	l = ledger_new(s->vault, "lobby");
	CU_ASSERT_EQUAL(ledger_load(l), s->vault->floor);
	goes_on(l, s->vault->floor);
	CU_ASSERT_EQUAL(scribe_count(s, l, "GAP lobby 1008 "), 1);
	ledger_unref(&l);
	/* Once is enough. */
	start_again("boot-2", NULL);
	l = ledger_new(s->vault, "lobby");
	CU_ASSERT_EQUAL(ledger_load(l), ledger_last(l));
	ledger_unref(&l);
	faulty_boot(NULL);
	end();
}

/* What was cut off is not lost with the power either. */
static void
what_is_put_aside_is_on_the_disk(void)
{
	char journal[128];
	struct ledger *l;

	for (unsigned seed = 1; seed < 30; seed++) {
		begin(false);
		restore(log_len - 5);
		snprintf(journal, sizeof(journal), "%s/journal", s->dir);
		faulty_power(journal);
		l = scribe_ledger(s, "lobby");
		CU_ASSERT_EQUAL(ledger_last(l), FIRST + LINES - 2);
		ledger_unref(&l);
		faulty_die(true);
		CU_ASSERT_EQUAL(faulty_cut(journal, seed), 0);
		faulty_die(false);
		faulty_power(NULL);
		CU_ASSERT(is_aside(FIRST, log_len - log_len / LINES,
		    log_text + log_len - log_len / LINES, log_len / LINES - 5));
		end();
	}
}

/* Sums that could not be removed are not those of what comes in their place. */
static void
old_sums_are_not_taken_for_new_ones(void)
{
	struct ledger *l;
	uint64_t after;

	begin(true);
	put_log(FIRST + LINES, ".sum", "00000000 065536\n00000000 000017\n",
	    2 * SUM_ENTRY);
	l = ledger_new(s->vault, "lobby");
	faulty_set("unlink:EIO");
	after = ledger_load(l);
	CU_ASSERT(is_high(after));
	faulty_set(NULL);
	l->full = true;
	scribe_add(l, after + 1, "MSG", "x");
	CU_ASSERT_EQUAL(scribe_segment(l, 1).first, FIRST + LINES);
	ledger_unref(&l);
	vault_note(s->vault, after + 100, 0);
	l = ledger_new(s->vault, "lobby");
	CU_ASSERT_EQUAL(ledger_load(l), after + 1);
	ledger_unref(&l);
	end();
}

/* Damage in a run that has given more than its floor. */
static void
what_this_run_gave_is_not_given_again(void)
{
	struct ledger *l;
	uint64_t high;

	begin(true);
	high = s->vault->floor + 1000;
	vault_note(s->vault, high, 0);
	restore(log_len - 1);
	l = ledger_new(s->vault, "lobby");
	CU_ASSERT_EQUAL(ledger_load(l), high);
	ledger_unref(&l);
	end();
}

static CU_TestInfo tests[] = { { "an orderly stop leaves all",
				   an_order_stop_leaves_all },
	{ "a torn line is cut off", a_torn_line_is_cut_off },
	{ "what sums had covered may have been told",
	    what_sums_had_covered_may_have_been_told },
	{ "garbage is put aside", garbage_is_put_aside },
	{ "damage stays where it is", damage_stays_where_it_is },
	{ "a segment may be empty or missing",
	    a_segment_may_be_empty_or_missing },
	{ "a segment without a line is put aside",
	    a_segment_without_a_line_is_put_aside },
	{ "only the end is looked at", only_the_end_is_looked_at },
	{ "sums may be behind", sums_may_be_behind },
	{ "what cannot be read is a failure",
	    what_cannot_be_read_is_a_failure },
	{ "what cannot be cut stays", what_cannot_be_cut_stays },
	{ "a log that cannot be read is left",
	    a_log_that_cannot_be_read_is_left },
	{ "a bad block is left behind", a_bad_block_is_left_behind },
	{ "foreign names are left alone", foreign_names_are_left_alone },
	{ "a kill loses nothing", a_kill_loses_nothing },
	{ "an end that is not trusted is gone above",
	    an_end_that_is_not_trusted_is_gone_above },
	{ "nor is it trusted in a later run",
	    nor_is_it_trusted_in_a_later_run },
	{ "what is put aside is on the disk",
	    what_is_put_aside_is_on_the_disk },
	{ "old sums are not taken for new ones",
	    old_sums_are_not_taken_for_new_ones },
	{ "what this run gave is not given again",
	    what_this_run_gave_is_not_given_again },
	CU_TEST_INFO_NULL };

static CU_SuiteInfo suites[] = {
	{ "ledger_load", NULL, NULL, NULL, NULL, tests }, CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
