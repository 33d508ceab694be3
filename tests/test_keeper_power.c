/* test_keeper_power.c -- what was promised outlives lost power
 *
 * SPDX-License-Identifier: MIT
 *
 * Schedules of appending, rounds and erasures, each ended by a disk that is
 * gone from some call on, and by a start on what a lost power leaves. SEED in
 * the environment names one of them. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "faulty.h"
#include "proto/event.h"
#include "proto/words.h"
#include "scribe.h"
#include "suite.h"

enum {
	SEEDS = 30,
	LIVES = 4,		/* of one data directory */
	SAID_MOST = 2000
};

/* What somebody was told. */
struct said {
	uint64_t number;
	uint64_t by;		/* the DELETE that was tried; or 0 */
	bool     safe;		/* has to be there after all */
	bool     deleted;	/* the DELETE has to be */
	bool     erased;	/* the erasure was said to be done */
};

struct tale {
	struct scribe  *scribe;
	struct ledger  *ledger;
	enum config_sync sync;
	uint64_t        random;
	uint64_t        next;
	bool            broken;	/* the disk is about to be gone */
	struct said     said[SAID_MOST];
	unsigned        count;
	bool            good;
};

static unsigned
pick(struct tale *t, unsigned of)
{
	t->random = t->random * UINT64_C(6364136223846793005) + 1442695;
	return (unsigned)(t->random >> 33) % of;
}

static void
check(struct tale *t, bool is, const char *what, uint64_t number)
{
	if (is)
		return;
	t->good = false;
	printf("\n    %s: %llu ", what, (unsigned long long)number);
}

static void
text_of(uint64_t number, char *text, size_t len)
{
	size_t at = (size_t)sprintf(text, "t%llu-", (unsigned long long)number);

	while (at < len)
		text[at++] = (char)('a' + number % 26);
	text[at] = '\0';
}

static void
tell(struct tale *t)
{
	struct said *one = &t->said[t->count];
	char text[LINE_MAX_BYTES];

	if (t->count == SAID_MOST)
		return;
	text_of(t->next, text, 24 + pick(t, 2500));
	*one = (struct said){ .number = t->next };
	if (scribe_say(t->ledger, t->next, text) < 0)
		return;
	one->safe = t->sync == SYNC_ALWAYS;
	t->next++;
	t->count++;
}

static void
settle(struct tale *t)
{
	scribe_settle(t->scribe);
	if (t->sync == SYNC_INTERVAL && !t->broken &&
	    ledger_failure(t->ledger) == 0)
		for (unsigned i = 0; i < t->count; i++) {
			t->said[i].safe = true;
			t->said[i].deleted = t->said[i].by > 0;
		}
}

static void
unsay(struct tale *t)
{
	struct said *one;
	char line[128];
	struct iovec piece = { line, 0 };
	uint64_t by = t->next;

	if (t->count == 0)
		return;
	one = &t->said[pick(t, t->count)];
	if (one->by > 0)
		return;
	piece.iov_len = (size_t)snprintf(line, sizeof(line),
	    "DELETE lobby %llu %llu ~alice %llu\n", (unsigned long long)by,
	    (unsigned long long)(SCRIBE_WALL + by),
	    (unsigned long long)one->number);
	if (ledger_note(t->ledger, (struct slice){ line, piece.iov_len }) < 0)
		return;
	/* From here on it may be found in the log after a cut. */
	one->by = by;
	if (ledger_append(t->ledger, slice_of("lobby"), &piece, 1, by, by,
	    SCRIBE_WALL + by) < 0)
		return;
	t->next++;
	one->deleted = t->sync == SYNC_ALWAYS;
	if (pick(t, 2) == 0 || t->broken) {
		one->erased = scribe_erase(t->scribe, t->ledger, one->number,
		    by);
		settle(t);
	}
}

struct found {
	bool     there;
	bool     blank;
	bool     whole;
	bool     deleted;
};

static void
look_at_line(struct slice line, const struct said *one, struct found *f)
{
	char text[LINE_MAX_BYTES];
	struct slice verb;
	struct event e;

	if (!event_parse(line, &e, &verb))
		return;
	if (e.number == one->by && slice_is(verb, "DELETE"))
		f->deleted = true;
	if (e.number != one->number)
		return;
	f->there = true;
	text_of(one->number, text, e.text.len);
	f->whole = slice_is(e.text, text);
	f->blank = strspn(e.text.at, " ") >= e.text.len;
}

static struct found
look_for(struct tale *t, const struct said *one)
{
	struct found f = { .there = false };

	for (unsigned i = 0; i < scribe_segments(t->ledger); i++) {
		size_t len;
		char *all = scribe_read(t->scribe, "lobby",
		    scribe_segment(t->ledger, i).first, ".log", &len);
		char *at = all, *lf;

		assert(all != NULL);
		while ((lf = memchr(at, '\n', len - (size_t)(at - all)))) {
			look_at_line((struct slice){ at, (size_t)(lf - at) },
			    one, &f);
			at = lf + 1;
		}
		free(all);
	}
	return f;
}

/* After a start: nothing that was promised is missing, nothing looks damaged,
 * and what was deleted is gone, now or after it is erased again. */
static void
examine(struct tale *t)
{
	unsigned kept = 0;

	check(t, scribe_undamaged(t->scribe, t->ledger), "damage",
	    atomic_load(&t->ledger->last));
	check(t, atomic_load(&t->scribe->vault->counters.damaged) == 0,
	    "damage counted", 0);
	for (unsigned i = 0; i < t->count; i++) {
		struct said *one = &t->said[i];
		struct found f = look_for(t, one);

		check(t, !one->safe || f.there, "lost", one->number);
		check(t, !f.there || one->by > 0 || f.whole, "changed",
		    one->number);
		check(t, !one->deleted || f.deleted, "undeleted",
		    one->number);
		check(t, !one->erased || !f.there || f.blank,
		    "not erased", one->number);
		if (f.there && f.deleted)
			check(t, scribe_erase(t->scribe, t->ledger, one->number,
			    one->by) && look_for(t, one).blank,
			    "not erased again", one->number);
		/* What is there now has outlived it all; the rest is over. */
		one->safe = true;
		one->deleted = one->erased = f.deleted;
		if (!f.deleted)
			one->by = 0;
		if (f.there)
			t->said[kept++] = *one;
	}
	t->count = kept;
	settle(t);
	check(t, scribe_segments(t->ledger) == 0 ||
	    scribe_summed(t->scribe, t->ledger), "not summed", 0);
}

static void
live(struct tale *t, unsigned steps)
{
	char rule[64];
	unsigned end = pick(t, steps);

	for (unsigned i = 0; i < steps; i++) {
		/* From some call on nothing reaches the disk. */
		if (i == end) {
			snprintf(rule, sizeof(rule), "any:EIO:from=%u",
			    1 + pick(t, 20));
			t->broken = true;
			faulty_set(rule);
		}
		switch (pick(t, 6)) {
		case 0:
			settle(t);
			break;
		case 1:
			unsay(t);
			break;
		default:
			tell(t);
			break;
		}
	}
}

static void
cut_power(struct tale *t, const char *journal, unsigned life)
{
	char boot[32];
	int rc;

	faulty_die(true);
	ledger_unref(&t->ledger);
	scribe_kill(t->scribe);
	faulty_set(NULL);
	faulty_die(false);
	rc = faulty_cut(journal, t->random);
	assert(rc == 0);
	snprintf(boot, sizeof(boot), "boot-%u", life);
	faulty_boot(boot);
	scribe_start(t->scribe);
	t->ledger = ledger_new(t->scribe->vault, "lobby");
	t->next = ledger_load(t->ledger) + 1;
	t->broken = false;
}

static bool
tale_is_good(uint64_t seed, enum config_sync sync)
{
	struct tale *t = calloc(1, sizeof(*t));
	char journal[128];
	bool good;

	assert(t != NULL);
	t->random = seed * 7919 + 13;
	t->sync = sync;
	t->good = true;
	faulty_boot("boot");
	t->scribe = scribe_new(sync);
	snprintf(journal, sizeof(journal), "%s/power", t->scribe->dir);
	faulty_power(journal);
	t->ledger = ledger_new(t->scribe->vault, "lobby");
	t->next = ledger_load(t->ledger) + 1;
	for (unsigned life = 0; life < LIVES && t->good; life++) {
		live(t, 60);
		cut_power(t, journal, life);
		examine(t);
	}
	good = t->good;
	if (!good)
		printf("(seed %llu, in %s) ", (unsigned long long)seed,
		    t->scribe->dir);
	ledger_unref(&t->ledger);
	faulty_power(NULL);
	faulty_boot(NULL);
	scribe_free(&t->scribe);
	free(t);
	return good;
}

static void
lost_power_takes_nothing_that_was_promised(void)
{
	const char *seed = getenv("SEED");

	if (seed != NULL) {
		CU_ASSERT(tale_is_good(strtoull(seed, NULL, 10), SYNC_ALWAYS));
		CU_ASSERT(tale_is_good(strtoull(seed, NULL, 10),
		    SYNC_INTERVAL));
		return;
	}
	for (unsigned i = 0; i < SEEDS; i++)
		CU_ASSERT(tale_is_good(i, i % 2 == 0 ? SYNC_ALWAYS :
		    SYNC_INTERVAL));
}

static CU_TestInfo tests[] = {
	{ "lost power takes nothing that was promised",
	    lost_power_takes_nothing_that_was_promised },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ .pName = "keeper, power", .pTests = tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	log_set_level(LEVEL_WARN);
	return suite_run(suites);
}
