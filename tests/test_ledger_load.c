/* test_ledger_load.c -- a log is gone on with where it ends
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "faulty.h"
#include "lobby.h"
#include "suite.h"

static void
an_order_stop_leaves_all(void)
{
	struct ledger *l;
	unsigned long reads;

	lobby_write(true);
	reads = faulty_calls("read");
	l = ledger_new(lobby.scribe->vault, "lobby");
	CU_ASSERT_EQUAL(ledger_load(l), FIRST + LINES - 1);
	CU_ASSERT(faulty_calls("read") - reads < 10);
	CU_ASSERT_EQUAL(ledger_last(l), FIRST + LINES - 1);
	CU_ASSERT_EQUAL(scribe_segment(l, 0).size, lobby.log_len);
	CU_ASSERT_EQUAL(scribe_segment(l, 0).summed, lobby.log_len);
	CU_ASSERT_EQUAL(scribe_segment(l, 0).time, SCRIBE_WALL + FIRST);
	CU_ASSERT_EQUAL(ledger_bytes(l), lobby.log_len + SUM_ENTRY + 4096);
	CU_ASSERT_FALSE(l->told);
	CU_ASSERT_EQUAL(
	    lobby.scribe->vault->time, SCRIBE_WALL + FIRST + LINES - 1);
	lobby_goes_on(l, FIRST + LINES - 1);
	ledger_unref(&l);
	l = ledger_new(lobby.scribe->vault, "never-there");
	CU_ASSERT_EQUAL(ledger_load(l), 0);
	CU_ASSERT_EQUAL(ledger_failure(l), 0);
	ledger_unref(&l);
	lobby_remove();
}

/* What a kill may leave: a line's beginning at the end. */
static void
a_torn_line_is_cut_off(void)
{
	uint64_t count, after;
	size_t whole;
	struct ledger *l;

	lobby_write(false);
	for (size_t cut = 1; cut <= lobby.log_len; cut++) {
		lobby_restore(cut);
		count = lobby_lines_before(cut);
		whole = count * (lobby.log_len / LINES);
		l = ledger_new(lobby.scribe->vault, "lobby");
		after = ledger_load(l);
		CU_ASSERT_EQUAL(after, count > 0 ? FIRST + count - 1 : 0);
		CU_ASSERT_EQUAL(ledger_last(l), after);
		CU_ASSERT_EQUAL(scribe_segments(l), count > 0);
		if (whole < cut)
			CU_ASSERT(lobby_is_aside(
			    FIRST, whole, lobby.log + whole, cut - whole));
		CU_ASSERT_EQUAL(l->told, count > 0);
		lobby_goes_on(l, count > 0 ? after : FIRST);
		scribe_settle(lobby.scribe);
		CU_ASSERT(scribe_summed(lobby.scribe, l));
		ledger_unref(&l);
	}
	CU_ASSERT_EQUAL(lobby.scribe->vault->counters.damaged, 0);
	CU_ASSERT_EQUAL(
	    lobby.scribe->vault->counters.cut, lobby.log_len - LINES);
	lobby_remove();
}

/* The sums speak of more than there is. */
static void
what_sums_had_covered_may_have_been_told(void)
{
	uint64_t count, after;
	struct ledger *l;

	lobby_write(true);
	for (size_t cut = 0; cut < lobby.log_len; cut++) {
		lobby_restore(cut);
		count = lobby_lines_before(cut);
		l = ledger_new(lobby.scribe->vault, "lobby");
		after = ledger_load(l);
		CU_ASSERT(lobby_is_high(after));
		CU_ASSERT_EQUAL(
		    ledger_last(l), count > 0 ? FIRST + count - 1 : 0);
		lobby_goes_on(l, after);
		if (count > 0)
			CU_ASSERT_EQUAL(
			    scribe_count(lobby.scribe, l, "GAP lobby"), 1);
		scribe_settle(lobby.scribe);
		CU_ASSERT(scribe_summed(lobby.scribe, l));
		ledger_unref(&l);
	}
	lobby_remove();
}

static void
a_segment_may_be_empty_or_missing(void)
{
	struct ledger *l;
	uint64_t after;

	for (int settled = 0; settled < 2; settled++) {
		lobby_write(settled);
		lobby_restore(lobby.log_len);
		/* A roll, and then nothing. */
		lobby_put_log(FIRST + LINES, ".log", "", 0);
		l = ledger_new(lobby.scribe->vault, "lobby");
		CU_ASSERT_EQUAL(ledger_load(l), FIRST + LINES - 1);
		lobby_goes_on(l, FIRST + LINES - 1);
		ledger_unref(&l);
		/* The sums of what is no more. */
		lobby_restore(lobby.log_len);
		lobby_put_log(FIRST + LINES, ".sum", lobby.sum, SUM_ENTRY);
		l = ledger_new(lobby.scribe->vault, "lobby");
		after = ledger_load(l);
		CU_ASSERT(lobby_is_high(after));
		CU_ASSERT_EQUAL(ledger_last(l), FIRST + LINES - 1);
		l->full = true;
		lobby_goes_on(l, after);
		scribe_settle(lobby.scribe);
		CU_ASSERT(scribe_summed(lobby.scribe, l));
		ledger_unref(&l);
		lobby_restore(lobby.log_len);
		lobby_put_log(FIRST + LINES, ".log", "", 0);
		lobby_put_log(FIRST + LINES, ".sum", lobby.sum, SUM_ENTRY);
		l = ledger_new(lobby.scribe->vault, "lobby");
		CU_ASSERT(lobby_is_high(ledger_load(l)));
		ledger_unref(&l);
		/* Nothing but sums. */
		lobby_clear();
		lobby_put_log(FIRST, ".sum", lobby.sum, SUM_ENTRY);
		l = ledger_new(lobby.scribe->vault, "lobby");
		CU_ASSERT(lobby_is_high(ledger_load(l)));
		CU_ASSERT_EQUAL(ledger_last(l), 0);
		ledger_unref(&l);
		lobby_remove();
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

	lobby_write(true);
	l = scribe_ledger(lobby.scribe, "lobby");
	atomic_store(&lobby.scribe->config->storage_segment, 1024);
	while (scribe_segment(l, 0).size < 400000)
		scribe_fill(l, 2000);
	l->full = true;
	while (scribe_segments(l) < 2 || scribe_segment(l, 1).size < 400000)
		scribe_fill(l, 2000);
	scribe_settle(lobby.scribe);
	first = scribe_segment(l, 1).first;
	last = ledger_last(l);
	ledger_unref(&l);
	text = scribe_read(lobby.scribe, "lobby", first, ".log", &len);
	text[1000] ^= 1;
	lobby_put_log(first, ".log", text, len);
	lobby_put_log(FIRST, ".log", text, len);
	reads = faulty_calls("read");
	l = ledger_new(lobby.scribe->vault, "lobby");
	CU_ASSERT_EQUAL(ledger_load(l), last);
	CU_ASSERT(faulty_calls("read") - reads < 20);
	CU_ASSERT_EQUAL(scribe_segment(l, 1).summed, len);
	CU_ASSERT_EQUAL(scribe_segment(l, 1).time, SCRIBE_WALL + first);
	ledger_unref(&l);
	free(text);
	lobby_remove();
}

/* Sums of whole blocks only, and of nothing but a middle one. */
static void
sums_may_be_behind(void)
{
	static const char nothing[] = "-------- ------\n";
	struct ledger *l;
	uint64_t last;

	lobby_write(true);
	l = scribe_ledger(lobby.scribe, "lobby");
	atomic_store(&lobby.scribe->config->storage_segment, 1024);
	while (scribe_segment(l, 0).size < 300000)
		scribe_fill(l, 2000);
	last = ledger_last(l);
	scribe_settle(lobby.scribe);
	ledger_unref(&l);
	free(lobby.sum);
	lobby.sum =
	    scribe_read(lobby.scribe, "lobby", FIRST, ".sum", &lobby.sum_len);
	CU_ASSERT_EQUAL(lobby.sum_len, 5 * SUM_ENTRY);
	for (size_t len = 0; len <= lobby.sum_len; len += 5) {
		lobby_put_log(FIRST, ".sum", lobby.sum, len);
		l = ledger_new(lobby.scribe->vault, "lobby");
		CU_ASSERT_EQUAL(ledger_load(l), last);
		CU_ASSERT_EQUAL(scribe_segment(l, 0).summed,
		    len == lobby.sum_len ? scribe_segment(l, 0).size
					 : len / SUM_ENTRY * SUM_BLOCK);
		CU_ASSERT_EQUAL(l->told, len < lobby.sum_len);
		scribe_settle(lobby.scribe);
		CU_ASSERT(scribe_summed(lobby.scribe, l));
		ledger_unref(&l);
	}
	for (unsigned i = 0; i < 5; i++)
		memcpy(lobby.sum + i * SUM_ENTRY,
		    i == 2 ? lobby.sum + i * SUM_ENTRY : nothing, SUM_ENTRY);
	lobby_put_log(FIRST, ".sum", lobby.sum, lobby.sum_len);
	l = ledger_new(lobby.scribe->vault, "lobby");
	CU_ASSERT_EQUAL(ledger_load(l), last);
	CU_ASSERT_EQUAL(scribe_segment(l, 0).summed, 3 * SUM_BLOCK);
	ledger_unref(&l);
	lobby_remove();
}

static void
foreign_names_are_left_alone(void)
{
	static const char *const names[] = { "notes.txt", "123.log",
		"0000000000000000.log", "00000000000010000.log",
		"0000000000001000.log.bak", "0000000000001000", "todo.new" };
	char path[256];
	struct ledger *l;

	lobby_write(true);
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		lobby_put(names[i], "x", 1);
	l = ledger_new(lobby.scribe->vault, "lobby");
	CU_ASSERT_EQUAL(ledger_load(l), FIRST + LINES - 1);
	CU_ASSERT_EQUAL(scribe_segments(l), 1);
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		lobby_path(path, names[i]);
		CU_ASSERT_EQUAL(access(path, F_OK), 0);
	}
	ledger_unref(&l);
	lobby_remove();
}

/* Another run, in which the ceiling is as it was after a kill. */
static void
start_again(const char *boot, const char *life)
{
	char path[128], text[512];
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "%s/ceiling", lobby.scribe->dir);
	f = fopen(path, "r");
	assert(f != NULL);
	len = fread(text, 1, sizeof(text), f);
	fclose(f);
	scribe_kill(lobby.scribe);
	f = fopen(path, "w");
	assert(f != NULL);
	fwrite(text, 1, len, f);
	fclose(f);
	faulty_boot(boot);
	if (life != NULL)
		memcpy(lobby.scribe->life, life, LIFE_BYTES);
	scribe_start(lobby.scribe);
}

static void
a_kill_loses_nothing(void)
{
	struct ledger *l;

	faulty_boot("boot-1");
	lobby_write(false);
	start_again("boot-1", NULL);
	CU_ASSERT(lobby.scribe->vault->trusted);
	l = ledger_new(lobby.scribe->vault, "lobby");
	CU_ASSERT_EQUAL(ledger_load(l), FIRST + LINES - 1);
	lobby_goes_on(l, FIRST + LINES - 1);
	ledger_unref(&l);
	faulty_boot(NULL);
	lobby_remove();
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
		lobby_write(true);
		before = lobby.scribe->vault->ceiling;
		start_again(i == 0 ? "boot-2" : "boot-1", lives[i]);
		CU_ASSERT_FALSE(lobby.scribe->vault->trusted);
		CU_ASSERT(lobby.scribe->vault->floor >= before);
		l = ledger_new(lobby.scribe->vault, "lobby");
		CU_ASSERT_EQUAL(ledger_load(l), lobby.scribe->vault->floor);
		CU_ASSERT_EQUAL(ledger_last(l), FIRST + LINES - 1);
		lobby_goes_on(l, lobby.scribe->vault->floor);
		CU_ASSERT_EQUAL(
		    scribe_count(lobby.scribe, l, "GAP lobby 1008 "), 1);
		ledger_unref(&l);
		/* The same run meets it again. */
		l = ledger_new(lobby.scribe->vault, "lobby");
		CU_ASSERT_EQUAL(ledger_load(l), lobby.scribe->vault->floor + 1);
		ledger_unref(&l);
		l = ledger_new(lobby.scribe->vault, "new");
		CU_ASSERT_EQUAL(ledger_load(l), 0);
		ledger_unref(&l);
		faulty_boot(NULL);
		lobby_remove();
	}
}

/* Nobody entered the room in the run that met the lost power. */
static void
nor_is_it_trusted_in_a_later_run(void)
{
	struct ledger *l;

	faulty_boot("boot-1");
	lobby_write(true);
	start_again("boot-2", NULL);
	CU_ASSERT_FALSE(lobby.scribe->vault->trusted);
	start_again("boot-2", NULL);
	CU_ASSERT(lobby.scribe->vault->trusted);
	l = ledger_new(lobby.scribe->vault, "lobby");
	CU_ASSERT_EQUAL(ledger_load(l), lobby.scribe->vault->floor);
	lobby_goes_on(l, lobby.scribe->vault->floor);
	CU_ASSERT_EQUAL(scribe_count(lobby.scribe, l, "GAP lobby 1008 "), 1);
	ledger_unref(&l);
	/* Once is enough. */
	start_again("boot-2", NULL);
	l = ledger_new(lobby.scribe->vault, "lobby");
	CU_ASSERT_EQUAL(ledger_load(l), ledger_last(l));
	ledger_unref(&l);
	faulty_boot(NULL);
	lobby_remove();
}

/* Sums that could not be removed are not those of what comes in their place. */
static void
old_sums_are_not_taken_for_new_ones(void)
{
	struct ledger *l;
	uint64_t after;

	lobby_write(true);
	lobby_put_log(FIRST + LINES, ".sum",
	    "00000000 065536\n00000000 000017\n", 2 * SUM_ENTRY);
	l = ledger_new(lobby.scribe->vault, "lobby");
	faulty_set("unlink:EIO");
	after = ledger_load(l);
	CU_ASSERT(lobby_is_high(after));
	faulty_set(NULL);
	l->full = true;
	scribe_add(l, after + 1, "MSG", "x");
	CU_ASSERT_EQUAL(scribe_segment(l, 1).first, FIRST + LINES);
	ledger_unref(&l);
	vault_note(lobby.scribe->vault, after + 100, 0);
	l = ledger_new(lobby.scribe->vault, "lobby");
	CU_ASSERT_EQUAL(ledger_load(l), after + 1);
	ledger_unref(&l);
	lobby_remove();
}

/* Damage in a run that has given more than its floor. */
static void
what_this_run_gave_is_not_given_again(void)
{
	struct ledger *l;
	uint64_t high;

	lobby_write(true);
	high = lobby.scribe->vault->floor + 1000;
	vault_note(lobby.scribe->vault, high, 0);
	lobby_restore(lobby.log_len - 1);
	l = ledger_new(lobby.scribe->vault, "lobby");
	CU_ASSERT_EQUAL(ledger_load(l), high);
	ledger_unref(&l);
	lobby_remove();
}

static CU_TestInfo tests[] = { { "an orderly stop leaves all",
				   an_order_stop_leaves_all },
	{ "a torn line is cut off", a_torn_line_is_cut_off },
	{ "what sums had covered may have been told",
	    what_sums_had_covered_may_have_been_told },
	{ "a segment may be empty or missing",
	    a_segment_may_be_empty_or_missing },
	{ "only the end is looked at", only_the_end_is_looked_at },
	{ "sums may be behind", sums_may_be_behind },
	{ "foreign names are left alone", foreign_names_are_left_alone },
	{ "a kill loses nothing", a_kill_loses_nothing },
	{ "an end that is not trusted is gone above",
	    an_end_that_is_not_trusted_is_gone_above },
	{ "nor is it trusted in a later run",
	    nor_is_it_trusted_in_a_later_run },
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
