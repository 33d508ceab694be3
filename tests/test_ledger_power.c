/* test_ledger_power.c -- the power is lost, again and again
 *
 * SPDX-License-Identifier: MIT
 *
 * A room says things, its log rolls and is synced or not, and the power goes.
 * What is there then, and the numbers that are given afterwards, are compared
 * with what was said. VCRP_SEEDS in the environment asks for more stories,
 * VCRP_SEED for one. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "faulty.h"
#include "proto/words.h"
#include "scribe.h"
#include "suite.h"

enum { SEEDS = 15, LIVES = 6, STEPS = 60, SAID_MAX = LIVES * STEPS * 8 };

/* One message; its text says which it is. */
struct said {
	uint64_t number;
	bool sure;   /* on the disk, by what was promised */
	bool failed; /* nobody was told, but it may be there */
	bool there;
};

struct story {
	struct scribe *scribe;
	struct ledger *ledger;
	enum config_sync sync;
	uint64_t random;
	uint64_t next;
	struct said said[SAID_MAX];
	unsigned count;
	unsigned life_begins; /* of said */
	bool dying;	      /* calls fail */
	bool dead;	      /* one did */
	const char *fault;
};

static unsigned
pick(struct story *t, unsigned most)
{
	t->random = t->random * UINT64_C(6364136223846793005) +
	    UINT64_C(1442695040888963407);
	return (unsigned)(t->random >> 33) % most;
}

static void
fault(struct story *t, const char *what)
{
	if (t->fault == NULL)
		t->fault = what;
}

static size_t
render(char *line, unsigned which, uint64_t number, unsigned pad)
{
	int len = snprintf(line, LINE_MAX_BYTES,
	    "MSG lobby %llu %llu ~alice %u ", (unsigned long long)number,
	    (unsigned long long)(SCRIBE_WALL + number), which);

	memset(line + len, 'x', pad);
	line[(unsigned)len + pad] = '\n';
	return (size_t)len + pad + 1;
}

/* A batch of a few lines, sometimes with a hole before it. */
static void
say(struct story *t)
{
	static char text[8 * LINE_MAX_BYTES];
	unsigned lines = 1 + pick(t, 7), pad = pick(t, 10) ? 60 : 3000;
	struct iovec pieces[8];
	uint64_t first = t->next + (pick(t, 8) == 0 ? 1 + pick(t, 5) : 0);
	int rc;

	for (unsigned i = 0; i < lines; i++) {
		pieces[i].iov_base = text + i * LINE_MAX_BYTES;
		pieces[i].iov_len = render(
		    pieces[i].iov_base, t->count + i, first + i, pick(t, pad));
	}
	t->ledger->full = pick(t, 10) == 0;
	rc = ledger_append(t->ledger, slice_of("lobby"), pieces, lines, first,
	    first + lines - 1, SCRIBE_WALL + first);
	if (rc != 0 && !t->dying)
		fault(t, "not appended");
	if (rc != 0) {
		t->dead = true;
		for (unsigned i = 0; i < lines; i++)
			t->said[t->count++] =
			    (struct said){ first + i, false, true, false };
		return;
	}
	vault_note(t->scribe->vault, first + lines - 1, SCRIBE_WALL);
	t->next = first + lines;
	for (unsigned i = 0; i < lines; i++)
		t->said[t->count++] = (struct said){ first + i,
			t->sync == SYNC_ALWAYS, false, false };
}

static void
settle(struct story *t)
{
	scribe_settle(t->scribe);
	if (ledger_failure(t->ledger) != 0)
		t->dead = true;
	else if (t->sync == SYNC_INTERVAL)
		for (unsigned i = t->life_begins; i < t->count; i++)
			t->said[i].sure = true;
}

static void
live(struct story *t)
{
	unsigned steps = 3 + pick(t, STEPS - 3);
	char rule[64];

	t->life_begins = t->count;
	t->dead = t->dying = false;
	for (unsigned i = 0; i < steps && !t->dead; i++) {
		/* Half of the time the power goes in the midst of something:
		 * from some call on nothing changes the disk. */
		if (i == steps - 3 && pick(t, 2)) {
			t->dying = true;
			snprintf(rule, sizeof(rule), "any:EIO:from=%u",
			    1 + pick(t, 12));
			faulty_set(rule);
		}
		switch (pick(t, 12)) {
		case 0:
			settle(t);
			break;
		case 1:
			ledger_rest(t->ledger);
			break;
		case 2:
			vault_raise(t->scribe->vault, SCRIBE_WALL);
			break;
		default:
			say(t);
		}
	}
}

/* One line of the log, as it is on the disk. */
static void
meet(struct story *t, const struct log_line *line, struct slice text,
    uint64_t *last)
{
	unsigned which = SAID_MAX;
	char copy[LINE_MAX_BYTES + 1];

	if (line->from != *last + 1 && *last != 0 && t->sync != SYNC_NEVER)
		fault(t, "a hole without a gap");
	*last = line->to;
	if (line->from != line->to || line->time == 0)
		return;
	memcpy(copy, text.at, text.len);
	copy[text.len] = '\0';
	if (sscanf(copy, "MSG lobby %*u %*u ~alice %u", &which) != 1 ||
	    which >= t->count || t->said[which].number != line->from)
		fault(t, "a line that was not said");
	else
		t->said[which].there = true;
}

static void
read_segment(struct story *t, const struct segment *g, uint64_t *last)
{
	size_t len, used = 0;
	char *all = scribe_read(t->scribe, "lobby", g->first, ".log", &len);
	struct log_line line;
	const char *end;

	if (g->size != len)
		fault(t, "more in the file than counts");
	while (used < len &&
	    (end = memchr(all + used, '\n', len - used)) != NULL) {
		struct slice text = { all + used,
			(size_t)(end - all) + 1 - used };

		if (log_line_parse(text, &line))
			meet(t, &line, text, last);
		else if (t->sync != SYNC_NEVER)
			fault(t, "no line");
		used += text.len;
	}
	free(all);
}

static void
examine(struct story *t)
{
	unsigned segments = scribe_segments(t->ledger);
	uint64_t last = 0;
	bool missing = false;

	for (unsigned i = 0; i < t->count; i++)
		t->said[i].there = false;
	for (unsigned i = 0; i < segments; i++) {
		struct segment g = scribe_segment(t->ledger, i);

		read_segment(t, &g, &last);
	}
	if (last != ledger_last(t->ledger) && t->sync != SYNC_NEVER)
		fault(t, "another last number");
	for (unsigned i = 0; i < t->count; i++) {
		struct said *one = &t->said[i];

		if (one->sure && !one->there)
			fault(t, "lost");
		if (t->sync != SYNC_NEVER && i >= t->life_begins && missing &&
		    one->there)
			fault(t, "not a beginning of what was said");
		missing |= !one->there && i >= t->life_begins;
		if (one->number >= t->next && (!one->failed || one->there))
			fault(t, "a number is given twice");
		/* What outlived the cut is on the disk. */
		one->sure = one->there && t->sync != SYNC_NEVER;
	}
	if (atomic_load(&t->scribe->vault->counters.damaged) > 0 &&
	    t->sync != SYNC_NEVER)
		fault(t, "damage");
}

static void
begin_life(struct story *t, unsigned life)
{
	char boot[32];

	snprintf(boot, sizeof(boot), "boot-%u", life);
	faulty_boot(boot);
	scribe_start(t->scribe);
	t->ledger = ledger_new(t->scribe->vault, "lobby");
	t->next = ledger_load(t->ledger) + 1;
	if (t->next == 1)
		t->next = t->scribe->vault->floor + 1;
}

static void
cut_power(struct story *t, const char *journal)
{
	faulty_die(true);
	faulty_set(NULL);
	ledger_unref(&t->ledger);
	scribe_kill(t->scribe);
	faulty_die(false);
	CU_ASSERT_EQUAL(faulty_cut(journal, t->random), 0);
}

static bool
is_good(uint64_t seed, enum config_sync sync)
{
	struct story *t = xcalloc(1, sizeof(*t));
	char journal[128];
	bool good;

	t->random = seed * 7919 + sync;
	t->sync = sync;
	faulty_boot("boot");
	t->scribe = scribe_new(sync);
	snprintf(journal, sizeof(journal), "%s/journal", t->scribe->dir);
	faulty_power(journal);
	scribe_kill(t->scribe);
	begin_life(t, 0);
	for (unsigned life = 1; life <= LIVES && t->fault == NULL; life++) {
		live(t);
		cut_power(t, journal);
		begin_life(t, life);
		examine(t);
	}
	good = t->fault == NULL;
	if (!good)
		printf("(seed %llu: %s) ", (unsigned long long)seed, t->fault);
	ledger_unref(&t->ledger);
	faulty_power(NULL);
	faulty_boot(NULL);
	scribe_free(&t->scribe);
	free(t);
	return good;
}

static void
tell(enum config_sync sync)
{
	const char *seeds = getenv("VCRP_SEEDS"), *seed = getenv("VCRP_SEED");
	unsigned long count = seeds != NULL ? strtoul(seeds, NULL, 10) : SEEDS;
	unsigned long from = seed != NULL ? strtoul(seed, NULL, 10) : 1;

	if (seed != NULL)
		count = 1;
	for (unsigned long i = from; i < from + count; i++)
		CU_ASSERT(is_good(i, sync));
}

static void
always_loses_nothing(void)
{
	tell(SYNC_ALWAYS);
}

static void
the_interval_loses_an_end(void)
{
	tell(SYNC_INTERVAL);
}

static void
never_gives_no_number_twice(void)
{
	tell(SYNC_NEVER);
}

static CU_TestInfo tests[] = { { "with always nothing is lost",
				   always_loses_nothing },
	{ "with the interval an end is lost", the_interval_loses_an_end },
	{ "with never no number is given twice", never_gives_no_number_twice },
	CU_TEST_INFO_NULL };

static CU_SuiteInfo suites[] = {
	{ "ledger_power", NULL, NULL, NULL, NULL, tests }, CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
