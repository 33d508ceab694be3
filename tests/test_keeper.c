/* test_keeper.c -- what was written is synced, summed, and let go in time
 *
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "proto/mail.h"
#include "scribe.h"
#include "suite.h"

enum { STACK = 256 * 1024 };

static void
sums_follow_a_growing_tail(void)
{
	struct scribe *s = scribe_new(SYNC_INTERVAL);
	struct ledger *l = scribe_ledger(s, "lobby");
	bool good = true;

	for (unsigned i = 0; i < 60; i++) {
		scribe_fill(l, 100 + 61 * i);
		scribe_settle(s);
		good = good && scribe_summed(s, l);
	}
	CU_ASSERT(good);
	CU_ASSERT(scribe_segments(l) > 1);
	/* Several rounds' worth at once. */
	scribe_until(l, scribe_segments(l) + 2);
	CU_ASSERT_FALSE(scribe_summed(s, l));
	scribe_settle(s);
	CU_ASSERT(scribe_summed(s, l));
	ledger_unref(&l);
	scribe_free(&s);
}

/* A line ends where a block ends, one byte before it, and one behind it. */
static void
sums_are_right_at_the_edges_of_blocks(void)
{
	for (int off = -1; off <= 1; off++) {
		struct scribe *s = scribe_new(SYNC_INTERVAL);
		struct ledger *l;

		atomic_store(&s->config->storage_segment, 1024);
		l = scribe_ledger(s, "lobby");
		for (size_t left = (size_t)(SUM_BLOCK + off); left > 0;) {
			size_t len = left > 6000 ? 3000 : left;

			if (len > 3000)
				len = left / 2;
			scribe_fill(l, len);
			left -= len;
		}
		CU_ASSERT_EQUAL(scribe_segment(l, 0).size,
		    (uint64_t)(SUM_BLOCK + off));
		scribe_settle(s);
		CU_ASSERT(scribe_summed(s, l));
		scribe_settle(s);
		scribe_fill(l, 100);
		scribe_settle(s);
		CU_ASSERT(scribe_summed(s, l));
		ledger_unref(&l);
		scribe_free(&s);
	}
}

/* A full segment of which much is not on the disk goes on growing until the
 * keeper, asked at once, has left little to be synced; or for as much again. */
static void
a_room_does_not_wait_for_a_full_segment(void)
{
	struct scribe *s = scribe_new(SYNC_INTERVAL);
	struct ledger *l = scribe_ledger(s, "lobby");

	atomic_store(&s->config->storage_segment, 1024);
	keeper_round(s->keeper, 5000, SCRIBE_WALL, false);
	do
		scribe_fill(l, 3000);
	while (scribe_segment(l, 0).size < 1024 * 1024 + 6000);
	CU_ASSERT_EQUAL(scribe_segments(l), 1);
	CU_ASSERT_EQUAL(scribe_segment(l, 0).synced, 0);
	/* Long before the next round is due. */
	keeper_round(s->keeper, 5001, SCRIBE_WALL, false);
	CU_ASSERT_EQUAL(scribe_segment(l, 0).synced,
	    scribe_segment(l, 0).size);
	scribe_fill(l, 3000);
	CU_ASSERT_EQUAL(scribe_segments(l), 2);
	/* The keeper does not come to it. */
	scribe_until(l, 3);
	CU_ASSERT(scribe_segment(l, 1).size >= 2 * 1024 * 1024);
	CU_ASSERT(scribe_segment(l, 1).size < 2 * 1024 * 1024 + 6000);
	ledger_unref(&l);
	scribe_free(&s);
}

static void
a_round_waits_for_the_interval(void)
{
	struct scribe *s = scribe_new(SYNC_INTERVAL);
	struct ledger *l = scribe_ledger(s, "lobby");

	atomic_store(&s->config->storage_interval, 3);
	keeper_round(s->keeper, 5000, SCRIBE_WALL, false);
	scribe_fill(l, 100);
	keeper_round(s->keeper, 7999, SCRIBE_WALL, false);
	CU_ASSERT_EQUAL(scribe_segment(l, 0).synced, 0);
	CU_ASSERT_EQUAL(scribe_segment(l, 0).summed, 0);
	keeper_round(s->keeper, 8000, SCRIBE_WALL, false);
	CU_ASSERT_EQUAL(scribe_segment(l, 0).synced, 100);
	CU_ASSERT_EQUAL(scribe_segment(l, 0).summed, 100);
	/* The option may change. */
	atomic_store(&s->config->storage_interval, 1);
	scribe_fill(l, 100);
	keeper_round(s->keeper, 11000, SCRIBE_WALL, false);
	scribe_fill(l, 100);
	keeper_round(s->keeper, 12000, SCRIBE_WALL, false);
	CU_ASSERT_EQUAL(scribe_segment(l, 0).summed, 300);
	ledger_unref(&l);
	scribe_free(&s);
}

static void
the_ceiling_is_raised_every_second(void)
{
	struct scribe *s = scribe_new(SYNC_NEVER);
	uint64_t before, after;

	atomic_store(&s->config->storage_interval, 3600);
	keeper_round(s->keeper, 1000, SCRIBE_WALL, false);
	before = atomic_load(&s->vault->ceiling);
	vault_note(s->vault, before - 1, SCRIBE_WALL);
	keeper_round(s->keeper, 1999, SCRIBE_WALL, false);
	CU_ASSERT_EQUAL(atomic_load(&s->vault->ceiling), before);
	keeper_round(s->keeper, 2000, SCRIBE_WALL, false);
	after = atomic_load(&s->vault->ceiling);
	CU_ASSERT(after > before);
	scribe_free(&s);
}

static void
damage_to_what_was_summed_stays_to_be_seen(void)
{
	struct scribe *s = scribe_new(SYNC_INTERVAL);
	struct ledger *l = scribe_ledger(s, "lobby");

	scribe_fill(l, 1000);
	scribe_settle(s);
	CU_ASSERT(scribe_summed(s, l));
	scribe_write(s, "lobby", 1, ".log", 500, "y", 1);
	CU_ASSERT_FALSE(scribe_summed(s, l));
	scribe_fill(l, 1000);
	scribe_settle(s);
	CU_ASSERT_FALSE(scribe_summed(s, l));
	scribe_write(s, "lobby", 1, ".log", 500, "x", 1);
	CU_ASSERT(scribe_summed(s, l));
	ledger_unref(&l);
	scribe_free(&s);
}

static void
what_a_kill_left_unsummed_is_summed_when_it_is_loaded(void)
{
	struct scribe *s = scribe_new(SYNC_INTERVAL);
	struct ledger *l = scribe_ledger(s, "lobby");

	scribe_until(l, 3);
	scribe_settle(s);
	scribe_fill(l, 500);
	ledger_unref(&l);
	scribe_kill(s);
	scribe_start(s);
	l = scribe_ledger(s, "lobby");
	CU_ASSERT_FALSE(scribe_summed(s, l));
	scribe_settle(s);
	CU_ASSERT(scribe_summed(s, l));
	/* So are the sums that somebody has lost. */
	scribe_remove(s, "lobby", scribe_segment(l, 1).first, ".sum");
	ledger_unref(&l);
	scribe_kill(s);
	scribe_start(s);
	l = scribe_ledger(s, "lobby");
	scribe_settle(s);
	CU_ASSERT(scribe_summed(s, l));
	ledger_unref(&l);
	scribe_free(&s);
}

static void
every_mode_has_sums(void)
{
	static const enum config_sync modes[] = { SYNC_NEVER, SYNC_ALWAYS };

	for (unsigned i = 0; i < 2; i++) {
		struct scribe *s = scribe_new(modes[i]);
		struct ledger *l = scribe_ledger(s, "lobby");

		scribe_until(l, 2);
		scribe_settle(s);
		CU_ASSERT(scribe_summed(s, l));
		ledger_unref(&l);
		scribe_free(&s);
	}
}

/* Bytes of the files that a room has. */
static uint64_t
files_size(struct scribe *s, struct ledger *l)
{
	uint64_t sum = 0;
	size_t len;

	for (unsigned i = 0; i < scribe_segments(l); i++) {
		uint64_t first = scribe_segment(l, i).first;

		free(scribe_read(s, l->dir, first, ".log", &len));
		sum += len;
		free(scribe_read(s, l->dir, first, ".sum", &len));
		sum += len;
	}
	return sum;
}

static void
segments_go_by_count(void)
{
	struct scribe *s = scribe_new(SYNC_INTERVAL);
	struct ledger *l = scribe_ledger(s, "lobby");
	uint64_t first, last, before, size;

	scribe_until(l, 5);
	last = scribe_fill(l, 100);
	scribe_settle(s);
	before = ledger_bytes(l);
	size = files_size(s, l);
	CU_ASSERT_EQUAL(before, size + LEDGER_DIR_BYTES);
	first = scribe_segment(l, 2).first;
	/* One event of the second segment is wanted. */
	ledger_keep(l, 0, last - first + 2);
	scribe_settle(s);
	CU_ASSERT_EQUAL(scribe_segments(l), 4);
	/* And now none. */
	ledger_keep(l, 0, last - first + 1);
	scribe_settle(s);
	CU_ASSERT_EQUAL(scribe_segments(l), 3);
	CU_ASSERT_EQUAL(scribe_segment(l, 0).first, first);
	CU_ASSERT_EQUAL(before - ledger_bytes(l), size - files_size(s, l));
	CU_ASSERT(scribe_summed(s, l));
	/* The last one stays whatever is wanted. */
	ledger_keep(l, 0, 1);
	scribe_settle(s);
	CU_ASSERT_EQUAL(scribe_segments(l), 1);
	CU_ASSERT_EQUAL(ledger_last(l), last);
	ledger_unref(&l);
	scribe_free(&s);
}

static bool
there(struct scribe *s, uint64_t first, const char *suffix)
{
	size_t len;
	char *all = scribe_read(s, "lobby", first, suffix, &len);

	free(all);
	return all != NULL;
}

static void
segments_go_by_age_with_their_files(void)
{
	struct scribe *s = scribe_new(SYNC_INTERVAL);
	struct ledger *l = scribe_ledger(s, "lobby");
	uint64_t first[4], wall;

	scribe_until(l, 4);
	for (unsigned i = 0; i < 4; i++)
		first[i] = scribe_segment(l, i).first;
	scribe_settle(s);
	ledger_unref(&l);
	/* The times are read from the files too. */
	scribe_kill(s);
	scribe_start(s);
	l = scribe_ledger(s, "lobby");
	ledger_keep(l, 60000, 0);
	/* The second segment's first event is not too old, and then it is. */
	wall = SCRIBE_WALL + first[1] + 60000;
	keeper_round(s->keeper, 0, wall, true);
	CU_ASSERT_EQUAL(scribe_segments(l), 4);
	keeper_round(s->keeper, 0, wall + 1, true);
	CU_ASSERT_EQUAL(scribe_segments(l), 3);
	CU_ASSERT_FALSE(there(s, first[0], ".log"));
	CU_ASSERT_FALSE(there(s, first[0], ".sum"));
	CU_ASSERT(there(s, first[1], ".log"));
	CU_ASSERT(there(s, first[1], ".sum"));
	keeper_round(s->keeper, 0, SCRIBE_WALL * 2, true);
	CU_ASSERT_EQUAL(scribe_segments(l), 1);
	CU_ASSERT(there(s, first[3], ".log"));
	ledger_unref(&l);
	scribe_free(&s);
}

static void
a_damaged_beginning_has_no_age(void)
{
	struct scribe *s = scribe_new(SYNC_INTERVAL);
	struct ledger *l = scribe_ledger(s, "lobby");
	static const char nothing[SUM_BLOCK];
	uint64_t wall;

	scribe_until(l, 3);
	scribe_settle(s);
	scribe_write(s, "lobby", scribe_segment(l, 1).first, ".log", 0,
	    nothing, sizeof(nothing));
	wall = SCRIBE_WALL + scribe_segment(l, 2).first + 60000;
	ledger_unref(&l);
	scribe_kill(s);
	scribe_start(s);
	l = scribe_ledger(s, "lobby");
	ledger_keep(l, 60000, 0);
	keeper_round(s->keeper, 0, wall, true);
	CU_ASSERT_EQUAL(scribe_segments(l), 3);
	/* What is behind it says how old it is at least. */
	keeper_round(s->keeper, 0, wall + 1, true);
	CU_ASSERT_EQUAL(scribe_segments(l), 1);
	ledger_unref(&l);
	scribe_free(&s);
}

/* Numbers that nobody has do not count. */
static void
a_hole_in_the_numbers_takes_no_events_with_it(void)
{
	struct scribe *s = scribe_new(SYNC_INTERVAL);
	struct ledger *l = scribe_ledger(s, "lobby");
	uint64_t last;

	scribe_until(l, 3);
	last = ledger_last(l);
	scribe_add(l, last + 1000000, "MSG", "behind the hole");
	scribe_settle(s);
	ledger_keep(l, 0, last + 1);
	scribe_settle(s);
	CU_ASSERT_EQUAL(scribe_segment(l, 0).first, 1);
	ledger_keep(l, 0, 1);
	scribe_settle(s);
	CU_ASSERT(scribe_segment(l, 0).first > 1);
	ledger_unref(&l);
	scribe_free(&s);
}

static void
a_room_that_sleeps_is_looked_at_every_minute(void)
{
	struct scribe *s = scribe_new(SYNC_INTERVAL);
	struct ledger *l = scribe_ledger(s, "lobby");
	uint64_t first[2], wall;

	scribe_until(l, 2);
	first[0] = scribe_segment(l, 0).first;
	first[1] = scribe_segment(l, 1).first;
	ledger_keep(l, 60000, 0);
	keeper_round(s->keeper, 0, SCRIBE_WALL, true);
	ledger_rest(l);
	ledger_unref(&l);
	wall = SCRIBE_WALL + first[1] + 60001;
	keeper_round(s->keeper, 59999, wall, false);
	CU_ASSERT(there(s, first[0], ".log"));
	keeper_round(s->keeper, 60000, wall, false);
	CU_ASSERT_FALSE(there(s, first[0], ".log"));
	CU_ASSERT(there(s, first[1], ".log"));
	scribe_free(&s);
}

static void
a_ledger_without_a_bound_is_let_go(void)
{
	struct scribe *s = scribe_new(SYNC_INTERVAL);
	struct ledger *l = scribe_ledger(s, "lobby");

	scribe_fill(l, 100);
	CU_ASSERT_EQUAL(atomic_load(&l->refs), 2);
	scribe_fill(l, 100);
	CU_ASSERT_EQUAL(atomic_load(&l->refs), 2);
	scribe_settle(s);
	CU_ASSERT_EQUAL(atomic_load(&l->refs), 1);
	ledger_keep(l, 0, 5);
	scribe_settle(s);
	scribe_fill(l, 100);
	scribe_settle(s);
	CU_ASSERT_EQUAL(atomic_load(&l->refs), 2);
	ledger_keep(l, 0, 0);
	scribe_settle(s);
	CU_ASSERT_EQUAL(atomic_load(&l->refs), 1);
	ledger_unref(&l);
	scribe_free(&s);
}

struct author {
	struct thread  thread;
	struct ledger *ledger;
	unsigned       count;
};

static void
write_on(void *arg)
{
	struct author *a = arg;

	for (unsigned i = 0; i < a->count; i++)
		scribe_fill(a->ledger, 200 + i % 700);
}

/* The keeper's own thread, and rooms that write meanwhile. */
static void
rooms_write_while_the_keeper_keeps(void)
{
	struct scribe *s = scribe_new(SYNC_INTERVAL);
	struct author rooms[2];
	struct mailbox back;
	struct erasure gone;
	struct mail *waiters;

	mailbox_init(&back, 1);
	for (unsigned i = 0; i < 2; i++) {
		rooms[i].ledger = scribe_ledger(s, i == 0 ? "one" : "two");
		rooms[i].count = 1000;
		ledger_keep(rooms[i].ledger, 0, 100);
	}
	CU_ASSERT_EQUAL_FATAL(keeper_start(s->keeper), 0);
	for (unsigned i = 0; i < 2; i++)
		CU_ASSERT_EQUAL_FATAL(thread_start(&rooms[i].thread, "room",
		    STACK, false, write_on, &rooms[i]), 0);
	gone = (struct erasure){ .mail.kind = MAIL_ERASE,
		.ledger = rooms[0].ledger, .target = 3, .by = 900,
		.back = &back };
	mailbox_send(s->vault->keeper, &gone.mail);
	for (unsigned i = 0; i < 2; i++)
		thread_join(&rooms[i].thread);
	CU_ASSERT_PTR_EQUAL(mailbox_wait(&back, UINT64_MAX, &waiters),
	    &gone.mail);
	CU_ASSERT(gone.done);
	keeper_stop(s->keeper);
	for (unsigned i = 0; i < 2; i++) {
		CU_ASSERT(scribe_summed(s, rooms[i].ledger));
		CU_ASSERT(scribe_segment(rooms[i].ledger, 0).first > 1);
		CU_ASSERT_EQUAL(ledger_last(rooms[i].ledger), 1000);
		ledger_unref(&rooms[i].ledger);
	}
	mailbox_fini(&back);
	scribe_free(&s);
}

static CU_TestInfo tests[] = {
	{ "sums follow a growing tail", sums_follow_a_growing_tail },
	{ "sums are right at the edges of blocks",
	    sums_are_right_at_the_edges_of_blocks },
	{ "a room does not wait for a full segment",
	    a_room_does_not_wait_for_a_full_segment },
	{ "a round waits for the interval", a_round_waits_for_the_interval },
	{ "the ceiling is raised every second",
	    the_ceiling_is_raised_every_second },
	{ "damage to what was summed stays to be seen",
	    damage_to_what_was_summed_stays_to_be_seen },
	{ "what a kill left unsummed is summed when it is loaded",
	    what_a_kill_left_unsummed_is_summed_when_it_is_loaded },
	{ "every mode has sums", every_mode_has_sums },
	{ "segments go by count", segments_go_by_count },
	{ "segments go by age, with their files",
	    segments_go_by_age_with_their_files },
	{ "a damaged beginning has no age", a_damaged_beginning_has_no_age },
	{ "a hole in the numbers takes no events with it",
	    a_hole_in_the_numbers_takes_no_events_with_it },
	{ "a room that sleeps is looked at every minute",
	    a_room_that_sleeps_is_looked_at_every_minute },
	{ "a ledger without a bound is let go",
	    a_ledger_without_a_bound_is_let_go },
	{ "rooms write while the keeper keeps",
	    rooms_write_while_the_keeper_keeps },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ .pName = "keeper", .pTests = tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
