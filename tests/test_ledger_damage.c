/* test_ledger_damage.c -- whatever a log looks like, it is gone on with
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "faulty.h"
#include "lobby.h"
#include "suite.h"

static void
goes_on_above_garbage(const char *garbage, size_t len)
{
	char *text = xmalloc(lobby.log_len + len);
	struct ledger *l;
	uint64_t after;

	lobby_restore(lobby.log_len);
	memcpy(text, lobby.log, lobby.log_len);
	memcpy(text + lobby.log_len, garbage, len);
	lobby_put_log(FIRST, ".log", text, lobby.log_len + len);
	l = ledger_new(lobby.scribe->vault, "lobby");
	after = ledger_load(l);
	CU_ASSERT(lobby_is_high(after));
	CU_ASSERT(after > FIRST + LINES);
	CU_ASSERT_EQUAL(ledger_last(l), FIRST + LINES - 1);
	CU_ASSERT_EQUAL(scribe_segment(l, 0).size, lobby.log_len);
	CU_ASSERT(lobby_is_aside(FIRST, lobby.log_len, garbage, len));
	lobby_goes_on(l, after);
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
		lobby_write(settled);
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
		lobby_remove();
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

	lobby_write(true);
	for (size_t i = 0; i < lobby.log_len; i++) {
		lobby_restore(lobby.log_len);
		lobby.log[i] ^= (char)(1 << i % 7);
		lobby_put_log(FIRST, ".log", lobby.log, lobby.log_len);
		l = ledger_new(lobby.scribe->vault, "lobby");
		after = ledger_load(l);
		CU_ASSERT(lobby_is_high(after));
		/* A digit may be another; a line, none. */
		CU_ASSERT(ledger_last(l) >= FIRST + LINES - 2);
		CU_ASSERT(ledger_last(l) <= after);
		lobby_goes_on(l, after);
		CU_ASSERT_EQUAL(scribe_segments(l), 2);
		text = scribe_read(lobby.scribe, "lobby", FIRST, ".log", &len);
		CU_ASSERT_EQUAL(len, lobby.log_len);
		CU_ASSERT_EQUAL(memcmp(text, lobby.log, len), 0);
		free(text);
		/* It is not summed anew. */
		scribe_settle(lobby.scribe);
		CU_ASSERT_FALSE(scribe_summed(lobby.scribe, l));
		ledger_unref(&l);
		lobby.log[i] ^= (char)(1 << i % 7);
	}
	CU_ASSERT_EQUAL(lobby.scribe->vault->counters.cut, 0);
	CU_ASSERT(lobby.scribe->vault->counters.damaged >= lobby.log_len);
	lobby_remove();
}

static void
a_segment_without_a_line_is_put_aside(void)
{
	struct ledger *l;
	uint64_t after;

	for (int settled = 0; settled < 2; settled++) {
		lobby_write(settled);
		lobby_restore(lobby.log_len);
		lobby_put_log(FIRST + LINES, ".log", "garbage\nand more\n", 17);
		if (settled)
			lobby_put_log(FIRST + LINES, ".sum",
			    "00000000 000017\n", SUM_ENTRY);
		l = ledger_new(lobby.scribe->vault, "lobby");
		after = ledger_load(l);
		CU_ASSERT(lobby_is_high(after));
		CU_ASSERT_EQUAL(ledger_last(l), FIRST + LINES - 1);
		CU_ASSERT_EQUAL(scribe_segments(l), 1);
		CU_ASSERT(lobby_is_aside(
		    FIRST + LINES, 0, "garbage\nand more\n", 17));
		lobby_goes_on(l, after);
		ledger_unref(&l);
		lobby_remove();
	}
}

static void
is_unusable(const char *what, int why)
{
	struct ledger *l = ledger_new(lobby.scribe->vault, "lobby");
	char line[] = "MSG lobby 5000 1700 ~alice x\n";
	struct iovec piece = { line, sizeof(line) - 1 };
	uint64_t last;

	CU_ASSERT(lobby_is_high(ledger_load(l)));
	CU_ASSERT_EQUAL(ledger_failure(l), why);
	last = lobby.scribe->vault->high + 1;
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
		lobby_restore(lobby.log_len);
	}
	CU_ASSERT_EQUAL(ledger_retry(l, &last), 0);
	CU_ASSERT_EQUAL(last, FIRST + LINES - 1);
	lobby_goes_on(l, last);
	ledger_unref(&l);
}

static void
what_cannot_be_read_is_a_failure(void)
{
	char path[256], other[256];

	lobby_write(true);
	snprintf(path, sizeof(path), "%s/rooms/lobby", lobby.scribe->dir);
	snprintf(other, sizeof(other), "%s/elsewhere", lobby.scribe->dir);
	faulty_set("list:EACCES");
	is_unusable(NULL, -EACCES);
	lobby_restore(lobby.log_len);
	faulty_set("open:EACCES:path=.log");
	is_unusable(NULL, -EACCES);
	lobby_restore(lobby.log_len);
	CU_ASSERT_EQUAL_FATAL(rename(path, other), 0);
	fclose(fopen(path, "w"));
	is_unusable(path, -ENOTDIR);
	lobby_clear();
	CU_ASSERT_EQUAL_FATAL(rmdir(path), 0);
	CU_ASSERT_EQUAL_FATAL(symlink("../elsewhere", path), 0);
	is_unusable(path, -ENOTDIR);
	lobby_remove();
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

	lobby_write(false);
	for (unsigned i = 0; i < 4; i++) {
		lobby_restore(lobby.log_len - 5);
		l = ledger_new(lobby.scribe->vault, "lobby");
		faulty_set(rules[i]);
		after = ledger_load(l);
		faulty_set(NULL);
		CU_ASSERT_EQUAL(after, FIRST + LINES - 2);
		CU_ASSERT_EQUAL(ledger_last(l), FIRST + LINES - 2);
		text = scribe_read(lobby.scribe, "lobby", FIRST, ".log", &len);
		if (i != 2) {
			CU_ASSERT_EQUAL(len, lobby.log_len - 5);
			CU_ASSERT_EQUAL(memcmp(text, lobby.log, len), 0);
		}
		free(text);
		lobby_goes_on(l, after);
		CU_ASSERT_EQUAL(scribe_segments(l), 2);
		ledger_unref(&l);
	}
	lobby_remove();
}

static void
a_log_that_cannot_be_read_is_left(void)
{
	struct ledger *l;
	uint64_t after;

	for (int settled = 0; settled < 2; settled++) {
		lobby_write(settled);
		lobby_restore(lobby.log_len);
		l = ledger_new(lobby.scribe->vault, "lobby");
		faulty_set("read:EIO:path=.log");
		CU_ASSERT(lobby_is_high(ledger_load(l)));
		CU_ASSERT_EQUAL(ledger_failure(l), -EIO);
		CU_ASSERT_EQUAL(scribe_segments(l), 0);
		faulty_set(NULL);
		CU_ASSERT_EQUAL(ledger_retry(l, &after), 0);
		CU_ASSERT_EQUAL(after, FIRST + LINES - 1);
		lobby_goes_on(l, after);
		ledger_unref(&l);
		lobby_remove();
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

	lobby_write(true);
	l = scribe_ledger(lobby.scribe, "lobby");
	atomic_store(&lobby.scribe->config->storage_segment, 1024);
	while (scribe_segment(l, 0).size < 300000)
		scribe_fill(l, 2000);
	last = ledger_last(l);
	ledger_unref(&l);
	for (unsigned i = 0; i < 4; i++) {
		l = ledger_new(lobby.scribe->vault, "lobby");
		faulty_set(rules[i]);
		after = ledger_load(l);
		faulty_set(NULL);
		CU_ASSERT_EQUAL(ledger_failure(l), 0);
		CU_ASSERT(ledger_last(l) > FIRST && ledger_last(l) <= last);
		CU_ASSERT(after == last || lobby_is_high(after));
		damaged += l->full;
		ledger_unref(&l);
	}
	CU_ASSERT(damaged > 0);
	lobby_remove();
}

/* What was cut off is not lost with the power either. */
static void
what_is_put_aside_is_on_the_disk(void)
{
	char journal[128];
	struct ledger *l;

	for (unsigned seed = 1; seed < 30; seed++) {
		lobby_write(false);
		lobby_restore(lobby.log_len - 5);
		snprintf(
		    journal, sizeof(journal), "%s/journal", lobby.scribe->dir);
		faulty_power(journal);
		l = scribe_ledger(lobby.scribe, "lobby");
		CU_ASSERT_EQUAL(ledger_last(l), FIRST + LINES - 2);
		ledger_unref(&l);
		faulty_die(true);
		CU_ASSERT_EQUAL(faulty_cut(journal, seed), 0);
		faulty_die(false);
		faulty_power(NULL);
		CU_ASSERT(
		    lobby_is_aside(FIRST, lobby.log_len - lobby.log_len / LINES,
			lobby.log + lobby.log_len - lobby.log_len / LINES,
			lobby.log_len / LINES - 5));
		lobby_remove();
	}
}

static CU_TestInfo tests[] = { { "garbage is put aside", garbage_is_put_aside },
	{ "damage stays where it is", damage_stays_where_it_is },
	{ "a segment without a line is put aside",
	    a_segment_without_a_line_is_put_aside },
	{ "what cannot be read is a failure",
	    what_cannot_be_read_is_a_failure },
	{ "what cannot be cut stays", what_cannot_be_cut_stays },
	{ "a log that cannot be read is left",
	    a_log_that_cannot_be_read_is_left },
	{ "a bad block is left behind", a_bad_block_is_left_behind },
	{ "what is put aside is on the disk",
	    what_is_put_aside_is_on_the_disk },
	CU_TEST_INFO_NULL };

static CU_SuiteInfo suites[] = {
	{ "ledger_damage", NULL, NULL, NULL, NULL, tests }, CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
