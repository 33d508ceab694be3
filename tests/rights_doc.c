/* rights_doc.c -- prints the tables of doc/rights.md from may() and may_give()
 *
 * SPDX-License-Identifier: MIT
 *
 * A row is some verbs and a pattern of what is true of the asker and the room.
 * What a pattern leaves open must make no difference, and each case of a verb
 * must be met by one row: so the tables are all there is. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "room/rights.h"

/* A case is a set of these. */
enum {
	INSIDE = 1,
	HIDDEN = 2,
	MEMBERS_ONLY = 4,
	MODERATED = 8,
	OWNED = 16,
	MAKER = 32,
	CASES = 64
};

#define BIT(verb) (UINT64_C(1) << (verb))
#define SPEAK (BIT(VERB_SAY) | BIT(VERB_EDIT) | BIT(VERB_REACT) | \
    BIT(VERB_SIGNAL) | BIT(VERB_DELETE))
#define ERASE BIT(VERB_DELETE)
#define GOVERN (BIT(VERB_SET) | BIT(VERB_ROLE) | BIT(VERB_KICK))
#define LOOK (BIT(VERB_WHO) | BIT(VERB_HISTORY) | BIT(VERB_SEARCH) | \
    BIT(VERB_READ))

struct row {
	const char *name;
	uint64_t verbs;
	bool others; /* may()'s */
	const char *when;
	unsigned yes, no; /* what must be so, and what must not */
};

static const char speak[] = "SAY EDIT REACT SIGNAL, DELETE of one's own";
static const char erase[] = "DELETE of another's";
static const char topic[] = "SET topic";
static const char govern[] = "SET of a switch, ROLE KICK";
static const char look[] = "WHO HISTORY SEARCH READ";

/* Who is not in the room: whether it can be seen comes first. */
#define UNSEEN(verbs, bits, others) \
	{ verbs, bits, others, "not a member", 0, \
	    INSIDE | HIDDEN | MEMBERS_ONLY }, \
	{ verbs, bits, others, "not a member; hidden", HIDDEN, INSIDE }, \
	{ verbs, bits, others, "not a member; members-only", \
	    MEMBERS_ONLY, INSIDE | HIDDEN }

#define UNSEEN_JOIN(who, must, not) \
	{ "JOIN", BIT(VERB_JOIN), false, "not a member; hidden" who, \
	    HIDDEN | must, INSIDE | not }, \
	{ "JOIN", BIT(VERB_JOIN), false, "not a member; members-only" who, \
	    MEMBERS_ONLY | must, INSIDE | HIDDEN | not }

static const struct row rows[] = {
	{ "JOIN", BIT(VERB_JOIN), false, "a member", INSIDE, 0 },
	{ "JOIN", BIT(VERB_JOIN), false, "not a member", 0,
	    INSIDE | HIDDEN | MEMBERS_ONLY },
	UNSEEN_JOIN("", 0, MAKER),
	UNSEEN_JOIN("; who may make rooms", MAKER, 0),
	{ look, LOOK, false, "a member", INSIDE, 0 },
	UNSEEN(look, LOOK, false),
	{ "LEAVE", BIT(VERB_LEAVE), false, "a member", INSIDE, 0 },
	UNSEEN("LEAVE", BIT(VERB_LEAVE), false),
	{ speak, SPEAK, false, "a member", INSIDE, MODERATED },
	{ speak, SPEAK, false, "a member; moderated", INSIDE | MODERATED, 0 },
	UNSEEN(speak, SPEAK, false),
	{ erase, ERASE, true, "a member", INSIDE, 0 },
	UNSEEN(erase, ERASE, true),
	{ topic, BIT(VERB_SET), false, "a member; has no owner", INSIDE,
	    OWNED },
	{ topic, BIT(VERB_SET), false, "a member; has an owner", INSIDE | OWNED,
	    0 },
	UNSEEN(topic, BIT(VERB_SET), false),
	{ govern, GOVERN, true, "a member", INSIDE, 0 },
	UNSEEN(govern, GOVERN, true),
};

/* In a direct conversation no switch can be set and no role be given. */
static const struct row direct_rows[] = {
	{ "JOIN WHO HISTORY SEARCH READ", BIT(VERB_JOIN) | LOOK, false, "",
	    0, 0 },
	{ "LEAVE", BIT(VERB_LEAVE), false, "", 0, 0 },
	{ speak, SPEAK, false, "", 0, 0 },
	{ erase, ERASE, true, "", 0, 0 },
	{ topic, BIT(VERB_SET), false, "", 0, 0 },
	{ govern, GOVERN, true, "", 0, 0 },
};

enum {
	ROWS = sizeof(rows) / sizeof(rows[0]),
	DIRECT_ROWS = sizeof(direct_rows) / sizeof(direct_rows[0])
};

_Noreturn static void
fail(const char *what, const struct row *row)
{
	fprintf(stderr, "%s: %s (%s)\n", what, row->name, row->when);
	exit(1);
}

static const char *
word(enum error e)
{
	return e == ERROR_NONE ? "yes" : error_code(e);
}

static bool
matches(const struct row *row, unsigned is)
{
	return (is & row->yes) == row->yes && (is & row->no) == 0;
}

/* The one answer to all verbs of a row. */
static enum error
ask(const struct row *row, struct actor a, bool direct, unsigned is)
{
	const struct standing s = { .hidden = is & HIDDEN,
		.members_only = is & MEMBERS_ONLY,
		.moderated = is & MODERATED,
		.direct = direct,
		.owned = is & OWNED };
	int found = -1;

	a.inside = is & INSIDE;
	a.maker = is & MAKER;
	for (int verb = 0; verb < VERB_COUNT; verb++) {
		enum error e;

		if (!(row->verbs & BIT(verb)))
			continue;
		e = may(&a, (enum verb)verb, &s, row->others);
		if (found >= 0 && found != (int)e)
			fail("verbs differ", row);
		found = (int)e;
	}
	return (enum error)found;
}

/* Somebody banned was thrown out, where no owner is nobody is one, an
 * administrator may make rooms, and who only reads may not. */
static bool
can_be(struct actor a, unsigned is)
{
	if (a.reader && (is & MAKER))
		return false;
	if (a.admin && !(is & MAKER))
		return false;
	return a.admin ||
	    (!(a.role == ROLE_BANNED && (is & INSIDE)) &&
		!(a.role == ROLE_OWNER && !(is & OWNED)));
}

/* The one answer in all cases of a row that there can be. */
static const char *
cell(const struct row *row, struct actor a)
{
	int found = -1;

	for (unsigned is = 0; is < CASES; is++) {
		enum error e;

		if (!matches(row, is) || !can_be(a, is))
			continue;
		e = ask(row, a, false, is);
		if (found >= 0 && found != (int)e)
			fail("cases differ", row);
		found = (int)e;
	}
	return found < 0 ? "-" : word((enum error)found);
}

/* An administrator's role makes no difference. */
static const char *
admin_cell(const struct row *row)
{
	const char *first =
	    cell(row, (struct actor){ .admin = true, .role = ROLE_NONE });

	for (int role = 0; role < ROLE_COUNT; role++) {
		const char *now = cell(row,
		    (struct actor){ .admin = true, .role = (enum role)role });

		if (strcmp(now, first) != 0)
			fail("an administrator's roles differ", row);
	}
	return first;
}

/* Guests have no role above none. One who is banned is told so where others
 * are. */
static const char *
reader_cell(const struct row *row)
{
	const char *first =
	    cell(row, (struct actor){ .reader = true, .role = ROLE_NONE });
	const char *muted =
	    cell(row, (struct actor){ .reader = true, .role = ROLE_MUTED });
	const char *banned =
	    cell(row, (struct actor){ .reader = true, .role = ROLE_BANNED });

	if (strcmp(muted, first) != 0 || (strcmp(banned, "-") != 0 &&
	    strcmp(banned, "banned") != 0 && strcmp(banned, first) != 0))
		fail("a reader's roles differ", row);
	return first;
}

static void
check_cases(void)
{
	for (unsigned i = 0; i < ROWS; i++)
		for (unsigned is = 0; is < CASES; is++) {
			unsigned met = 0;

			for (unsigned j = 0; j < ROWS; j++)
				met += (rows[j].verbs & rows[i].verbs) != 0 &&
				    rows[j].others == rows[i].others &&
				    matches(&rows[j], is);
			if (met != 1)
				fail("a case is missing or twice", &rows[i]);
		}
}

static void
print_head(const char *first, const char *last)
{
	int columns = ROLE_COUNT + 2 + (*last != '\0' ? 2 : 0);

	printf("| %s |", first);
	for (int role = 0; role < ROLE_COUNT; role++)
		printf(" %s |", role_name((enum role)role));
	printf("%s\n|", last);
	while (columns-- > 0)
		printf(" --- |");
	printf("\n");
}

static void
print_rooms(void)
{
	print_head("verb | who asks; the room", " administrator | reader |");
	for (unsigned i = 0; i < ROWS; i++) {
		printf("| %s | %s |", rows[i].name, rows[i].when);
		for (int role = 0; role < ROLE_COUNT; role++)
			printf(" %s |",
			    cell(&rows[i],
				(struct actor){ .role = (enum role)role }));
		printf(" %s |", admin_cell(&rows[i]));
		printf(" %s |\n", reader_cell(&rows[i]));
	}
}

static void
print_direct(void)
{
	printf("| verb | in it | not in it | administrator, in it "
	       "| administrator, not in it | reader, in it "
	       "| reader, not in it |\n"
	       "| --- | --- | --- | --- | --- | --- | --- |\n");
	for (unsigned i = 0; i < DIRECT_ROWS; i++) {
		const struct row *row = &direct_rows[i];

		printf("| %s |", row->name);
		for (unsigned who = 0; who < 6; who++)
			printf(" %s |",
			    word(ask(row,
				(struct actor){ .admin = who & 2,
				    .reader = who & 4,
				    .role = ROLE_NONE },
				true, who & 1 ? 0 : INSIDE)));
		printf("\n");
	}
}

struct giving {
	const char *giver, *to;
	struct actor a;
	enum role from, up_to; /* what those have now */
};

static const char *
giving_cell(const struct giving *g, enum role role)
{
	enum error first = may_give(&g->a, g->from, role);

	for (int now = g->from; now <= (int)g->up_to; now++)
		if (may_give(&g->a, (enum role)now, role) != first) {
			fprintf(
			    stderr, "%s: %s: cases differ\n", g->giver, g->to);
			exit(1);
		}
	return word(first);
}

static void
print_giving(void)
{
	static const struct giving all[] = {
		{ "moderator", "a voice or less", { .role = ROLE_MODERATOR },
		    ROLE_BANNED, ROLE_VOICE },
		{ "moderator", "a moderator or owner",
		    { .role = ROLE_MODERATOR }, ROLE_MODERATOR, ROLE_OWNER },
		{ "owner", "anybody", { .role = ROLE_OWNER }, ROLE_BANNED,
		    ROLE_OWNER },
		{ "administrator", "anybody",
		    { .admin = true, .role = ROLE_NONE }, ROLE_BANNED,
		    ROLE_OWNER },
	};

	print_head("giver | to whom, now", "");
	for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		printf("| %s | %s |", all[i].giver, all[i].to);
		for (int role = 0; role < ROLE_COUNT; role++)
			printf(" %s |", giving_cell(&all[i], (enum role)role));
		printf("\n");
	}
}

int
main(void)
{
	check_cases();
	print_rooms();
	print_direct();
	print_giving();
	return 0;
}
