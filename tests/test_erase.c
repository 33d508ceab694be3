/* test_erase.c -- what was deleted is gone from the files, and nothing else is
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "ledger/erase.h"
#include "proto/mail.h"
#include "scribe.h"
#include "suite.h"

/* A message to be erased, and where it returns. */
struct deletion {
	struct erasure erasure;
	struct mailbox back;
};

static void
ask(struct scribe *s, struct deletion *d, struct ledger *l, uint64_t target,
    uint64_t by)
{
	mailbox_init(&d->back, 1);
	d->erasure = (struct erasure){ .mail.kind = MAIL_ERASE, .ledger = l,
		.target = target, .by = by, .back = &d->back };
	mailbox_send(s->vault->keeper, &d->erasure.mail);
}

static bool
is_back(struct deletion *d)
{
	struct mail *waiters;

	return mailbox_take(&d->back, &waiters) == &d->erasure.mail;
}

/* A DELETE as the last line. */
static uint64_t
delete(struct ledger *l, uint64_t target)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)target);
	return scribe_add(l, 0, "DELETE", text);
}

static uint64_t
edit(struct ledger *l, uint64_t target, const char *text)
{
	char rest[256];

	snprintf(rest, sizeof(rest), "%llu %s", (unsigned long long)target,
	    text);
	return scribe_add(l, 0, "EDIT", rest);
}

static void
a_message_and_its_edits_are_gone(void)
{
	struct scribe *s = scribe_new(SYNC_INTERVAL);
	struct ledger *l = scribe_ledger(s, "lobby");
	uint64_t target, other, by;

	scribe_fill(l, 3000);
	other = scribe_add(l, 0, "MSG", "neighbour before");
	target = scribe_add(l, 0, "MSG", "secret one");
	scribe_add(l, 0, "MSG", "neighbour behind");
	scribe_until(l, 2);
	edit(l, target, "secret two");
	edit(l, other, "neighbour edited");
	scribe_add(l, 0, "REACT", "3 neighbour");
	scribe_until(l, 3);
	edit(l, target, "secret three");
	by = delete(l, target);
	edit(l, target, "neighbour in number only");
	scribe_until(l, 4);
	scribe_settle(s);
	CU_ASSERT_EQUAL(scribe_count(s, l, "secret"), 3);
	CU_ASSERT(scribe_erase(s, l, target, by));
	CU_ASSERT_EQUAL(scribe_count(s, l, "secret"), 0);
	CU_ASSERT_EQUAL(scribe_count(s, l, "neighbour"), 5);
	CU_ASSERT(scribe_summed(s, l));
	CU_ASSERT_EQUAL(atomic_load(&l->erasing) % 2, 0);
	CU_ASSERT_EQUAL(atomic_load(&l->refs), 1);
	/* Again, as after a start. */
	CU_ASSERT(scribe_erase(s, l, target, by));
	CU_ASSERT(scribe_summed(s, l));
	ledger_unref(&l);
	scribe_free(&s);
}

/* Byte for byte: what is overwritten, with what, and that nothing moves. */
static void
only_the_text_and_the_values_change(void)
{
	static const char before[] =
	    "@+lang=de;id=a-1;+note=he=re;+bare MSG lobby 1 1700000000001 "
	    "~alice to be gone\n"
	    "@re=1 MSG lobby 2 1700000000002 ~alice to stay\n";
	static const char after[] =
	    "@+lang=__;id=a-1;+note=_____;+bare MSG lobby 1 1700000000001 "
	    "~alice           \n"
	    "@re=1 MSG lobby 2 1700000000002 ~alice to stay\n";
	struct scribe *s = scribe_new(SYNC_INTERVAL);
	struct ledger *l = scribe_ledger(s, "lobby");
	struct iovec piece = { (void *)before, sizeof(before) - 1 };
	size_t len;
	char *all;

	CU_ASSERT_EQUAL(ledger_append(l, ledger_room(l), &piece, 1, 1, 2,
	    SCRIBE_WALL), 0);
	CU_ASSERT(scribe_erase(s, l, 1, 3));
	all = scribe_read(s, "lobby", 1, ".log", &len);
	CU_ASSERT_EQUAL(len, sizeof(after) - 1);
	CU_ASSERT_STRING_EQUAL(all, after);
	free(all);
	CU_ASSERT(scribe_summed(s, l));
	ledger_unref(&l);
	scribe_free(&s);
}

/* The text lies in two blocks, whose sums both change. */
static void
a_text_across_the_edge_of_a_block_is_gone(void)
{
	struct scribe *s = scribe_new(SYNC_INTERVAL);
	struct ledger *l;
	uint64_t target;

	atomic_store(&s->config->storage_segment, 1024);
	l = scribe_ledger(s, "lobby");
	for (unsigned i = 0; i < 16; i++)
		scribe_fill(l, i < 15 ? 4096 : 4040);
	target = scribe_add(l, 0, "MSG",
	    "secretsecretsecretsecretsecretsecretsecretsecret");
	CU_ASSERT(scribe_segment(l, 0).size > SUM_BLOCK);
	scribe_settle(s);
	CU_ASSERT(scribe_erase(s, l, target, target + 1));
	CU_ASSERT_EQUAL(scribe_count(s, l, "sec"), 0);
	CU_ASSERT(scribe_summed(s, l));
	scribe_fill(l, 200);
	scribe_settle(s);
	CU_ASSERT(scribe_summed(s, l));
	ledger_unref(&l);
	scribe_free(&s);
}

/* Each has its own end. */
static void
two_deletions_have_two_ends(void)
{
	struct scribe *s = scribe_new(SYNC_INTERVAL);
	struct ledger *l = scribe_ledger(s, "lobby");
	uint64_t target[2], by[2];
	struct deletion d[2];

	for (unsigned i = 0; i < 2; i++)
		target[i] = scribe_add(l, 0, "MSG", "secret");
	by[0] = delete(l, target[0]);
	edit(l, target[0], "neighbour in number only");
	edit(l, target[1], "secret");
	by[1] = delete(l, target[1]);
	for (unsigned i = 0; i < 2; i++)
		ask(s, &d[i], l, target[i], by[i]);
	scribe_settle(s);
	for (unsigned i = 0; i < 2; i++) {
		CU_ASSERT(is_back(&d[i]));
		mailbox_fini(&d[i].back);
	}
	CU_ASSERT_EQUAL(scribe_count(s, l, "secret"), 0);
	CU_ASSERT_EQUAL(scribe_count(s, l, "neighbour"), 1);
	ledger_unref(&l);
	scribe_free(&s);
}

static void
several_wait_together(void)
{
	struct scribe *s = scribe_new(SYNC_INTERVAL);
	struct ledger *l[2] = { scribe_ledger(s, "one"),
		scribe_ledger(s, "two") };
	struct deletion d[200];
	uint64_t target;

	for (unsigned i = 0; i < 200; i++) {
		target = scribe_add(l[i % 2], 0, "MSG", "secret");
		scribe_fill(l[i % 2], 1000);
		ask(s, &d[i], l[i % 2], target, delete(l[i % 2], target));
	}
	scribe_add(l[0], 0, "MSG", "secret that stays");
	scribe_settle(s);
	for (unsigned i = 0; i < 200; i++) {
		CU_ASSERT(is_back(&d[i]));
		CU_ASSERT(d[i].erasure.done);
		mailbox_fini(&d[i].back);
	}
	CU_ASSERT_EQUAL(scribe_count(s, l[0], "secret"), 1);
	CU_ASSERT_EQUAL(scribe_count(s, l[1], "secret"), 0);
	for (unsigned i = 0; i < 2; i++) {
		CU_ASSERT(scribe_summed(s, l[i]));
		ledger_unref(&l[i]);
	}
	scribe_free(&s);
}

/* What was appended during a long erasure is synced and summed in time. */
static void
rounds_go_on_between_the_steps(void)
{
	struct scribe *s = scribe_new(SYNC_INTERVAL);
	struct ledger *l = scribe_ledger(s, "lobby");
	struct ledger *other = scribe_ledger(s, "other");
	struct deletion d;
	uint64_t now = 1000000, target;
	unsigned steps = 0;

	atomic_store(&s->config->storage_segment, 16384);
	target = scribe_add(l, 0, "MSG", "secret");
	while (ledger_bytes(l) < 3 * ERASE_STEP)
		scribe_fill(l, 4000);
	edit(l, target, "secret");
	ask(s, &d, l, target, delete(l, target));
	do {
		scribe_fill(other, 100);
		keeper_round(s->keeper, now += 1000, SCRIBE_WALL, false);
		CU_ASSERT(scribe_summed(s, other));
	} while (++steps < 100 && !is_back(&d));
	CU_ASSERT(steps >= 3 && steps < 10);
	CU_ASSERT(d.erasure.done);
	CU_ASSERT_EQUAL(scribe_count(s, l, "secret"), 0);
	CU_ASSERT(scribe_summed(s, l));
	mailbox_fini(&d.back);
	ledger_unref(&l);
	ledger_unref(&other);
	scribe_free(&s);
}

/* At a stop: what takes long is left to the next start. */
static void
patience_ends(void)
{
	struct scribe *s = scribe_new(SYNC_INTERVAL);
	struct ledger *l = scribe_ledger(s, "lobby");
	struct deletion d;
	uint64_t now = 1000000, target;

	atomic_store(&s->config->storage_segment, 16384);
	target = scribe_add(l, 0, "MSG", "secret");
	while (ledger_bytes(l) < 3 * ERASE_STEP)
		scribe_fill(l, 4000);
	ask(s, &d, l, target, delete(l, target));
	keeper_hurry(s->keeper);
	keeper_round(s->keeper, now, SCRIBE_WALL, false);
	CU_ASSERT_FALSE(is_back(&d));
	keeper_round(s->keeper, now + KEEPER_PATIENCE - 1, SCRIBE_WALL, false);
	CU_ASSERT_FALSE(is_back(&d));
	keeper_round(s->keeper, now + KEEPER_PATIENCE, SCRIBE_WALL, false);
	CU_ASSERT(is_back(&d));
	CU_ASSERT_FALSE(d.erasure.done);
	CU_ASSERT(scribe_undamaged(s, l));
	mailbox_fini(&d.back);
	ledger_unref(&l);
	scribe_free(&s);
}

/* Segments that are let go between two steps. */
static void
what_was_let_go_needs_no_erasing(void)
{
	struct scribe *s = scribe_new(SYNC_INTERVAL);
	struct ledger *l = scribe_ledger(s, "lobby");
	uint64_t target, by;
	struct deletion d;

	atomic_store(&s->config->storage_segment, 3 * ERASE_STEP / 2 / 1024);
	target = scribe_add(l, 0, "MSG", "secret");
	scribe_until(l, 3);
	edit(l, target, "secret");
	by = delete(l, target);
	ask(s, &d, l, target, by);
	keeper_round(s->keeper, 0, SCRIBE_WALL, false);
	CU_ASSERT_FALSE(is_back(&d));
	ledger_keep(l, 0, 1);
	keeper_round(s->keeper, 60000, SCRIBE_WALL, false);
	scribe_settle(s);
	CU_ASSERT(is_back(&d));
	CU_ASSERT(d.erasure.done);
	CU_ASSERT_EQUAL(scribe_segments(l), 1);
	CU_ASSERT_EQUAL(scribe_count(s, l, "secret"), 0);
	mailbox_fini(&d.back);
	/* All of it. */
	CU_ASSERT(scribe_erase(s, l, target, target + 1));
	ledger_unref(&l);
	scribe_free(&s);
}

static void
an_empty_log_is_erased_unless_it_could_not_be_read(void)
{
	struct scribe *s = scribe_new(SYNC_INTERVAL);
	struct ledger *l = scribe_ledger(s, "empty");
	char path[SCRIBE_PATH];

	CU_ASSERT(scribe_erase(s, l, 5, 6));
	ledger_unref(&l);
	snprintf(path, sizeof(path), "%s/rooms/file", s->dir);
	fclose(fopen(path, "w"));
	l = scribe_ledger(s, "file");
	CU_ASSERT(ledger_failure(l) != 0);
	CU_ASSERT_FALSE(scribe_erase(s, l, 5, 6));
	ledger_unref(&l);
	scribe_free(&s);
}

static void
a_damaged_block_does_not_become_good(void)
{
	struct scribe *s = scribe_new(SYNC_INTERVAL);
	struct ledger *l = scribe_ledger(s, "lobby");
	uint64_t target;

	scribe_fill(l, 1000);
	target = scribe_add(l, 0, "MSG", "secret");
	scribe_settle(s);
	scribe_write(s, "lobby", 1, ".log", 500, "y", 1);
	CU_ASSERT(scribe_erase(s, l, target, delete(l, target)));
	CU_ASSERT_EQUAL(scribe_count(s, l, "secret"), 0);
	CU_ASSERT_FALSE(scribe_summed(s, l));
	ledger_unref(&l);
	scribe_free(&s);
}

/* Ended between the overwriting and the sums: they say nothing, and the second
 * time all is well. */
static void
what_was_interrupted_is_done_again(void)
{
	static const char nothing[SUM_ENTRY + 1] = "-------- ------\n";
	struct scribe *s = scribe_new(SYNC_INTERVAL);
	struct ledger *l = scribe_ledger(s, "lobby");
	uint64_t target, by;
	size_t len;
	char *all;

	atomic_store(&s->config->storage_segment, 1024);
	target = scribe_add(l, 0, "MSG", "secret");
	while (ledger_bytes(l) < 3 * SUM_BLOCK)
		scribe_fill(l, 4000);
	edit(l, target, "secret");
	by = delete(l, target);
	scribe_settle(s);
	scribe_write(s, "lobby", 1, ".sum", 0, nothing, SUM_ENTRY);
	all = scribe_read(s, "lobby", 1, ".log", &len);
	scribe_write(s, "lobby", 1, ".log",
	    (size_t)(strstr(all, "secret") - all), "   ", 3);
	free(all);
	ledger_unref(&l);
	scribe_kill(s);
	scribe_start(s);
	l = scribe_ledger(s, "lobby");
	scribe_settle(s);
	CU_ASSERT(scribe_erase(s, l, target, by));
	CU_ASSERT_EQUAL(scribe_count(s, l, "ret"), 0);
	CU_ASSERT(scribe_summed(s, l));
	ledger_unref(&l);
	scribe_free(&s);
}

static CU_TestInfo tests[] = {
	{ "a message and its edits are gone",
	    a_message_and_its_edits_are_gone },
	{ "only the text and the values change",
	    only_the_text_and_the_values_change },
	{ "a text across the edge of a block is gone",
	    a_text_across_the_edge_of_a_block_is_gone },
	{ "two deletions have two ends", two_deletions_have_two_ends },
	{ "several wait together", several_wait_together },
	{ "rounds go on between the steps", rounds_go_on_between_the_steps },
	{ "patience ends", patience_ends },
	{ "what was let go needs no erasing",
	    what_was_let_go_needs_no_erasing },
	{ "an empty log is erased unless it could not be read",
	    an_empty_log_is_erased_unless_it_could_not_be_read },
	{ "a damaged block does not become good",
	    a_damaged_block_does_not_become_good },
	{ "what was interrupted is done again",
	    what_was_interrupted_is_done_again },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ .pName = "erase", .pTests = tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
