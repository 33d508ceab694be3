/* test_datagram_pieces.c -- lines that are longer than a datagram
 *
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "ends.h"
#include "suite.h"

static void
a_long_line_comes_in_pieces(void)
{
	static const struct {
		size_t   len;
		unsigned pieces;
	} cases[] = {
		{ 1, 1 }, { 1160, 1 }, { 1161, 2 }, { 2318, 2 }, { 2319, 3 },
		{ 3477, 3 }, { 3478, 4 }, { 4096, 4 }, { 4636, 4 }, { 4637, 0 }
	};
	struct packet pieces[DATAGRAM_PIECES];
	char line[DATAGRAM_LINE_MAX];
	unsigned total;
	struct ends e;

	ends_set_up(&e);
	for (unsigned i = 0; i < COUNT(cases); i++) {
		total = datagram_pieces(cases[i].len);
		CU_ASSERT_EQUAL(total, cases[i].pieces);
		if (total < 2)
			continue;
		ends_cut(&e.server, 'x', cases[i].len, line, pieces);
		for (unsigned k = 0; k + 1 < total; k++) {
			CU_ASSERT_EQUAL(pieces[k].len, DATAGRAM_MAX_BYTES);
			CU_ASSERT(ends_opens_as(&e.client, &pieces[k], "", 0));
		}
		CU_ASSERT(ends_opens_as(&e.client, &pieces[total - 1], line,
		    cases[i].len));
	}
	ends_tear_down(&e);
}

static void
pieces_come_in_any_order_and_twice(void)
{
	struct packet pieces[DATAGRAM_PIECES];
	char line[DATAGRAM_LINE_MAX];
	unsigned order[4];
	struct ends e;

	ends_set_up(&e);
	for (unsigned n = 0; n < 256; n++) {
		for (unsigned i = 0; i < 4; i++)
			order[i] = n >> 2 * i & 3;
		if ((1u << order[0] | 1u << order[1] | 1u << order[2] |
		    1u << order[3]) != 15)
			continue;
		ends_cut(&e.client, 'x', 4000, line, pieces);
		for (unsigned i = 0; i < 4; i++) {
			CU_ASSERT(ends_opens_as(&e.server, &pieces[order[i]],
			    line, i == 3 ? 4000 : 0));
			CU_ASSERT_FALSE(ends_opens(&e.server,
			    &pieces[order[i]]));
		}
	}
	ends_tear_down(&e);
}

static void
pieces_of_several_lines_are_told_apart(void)
{
	struct packet pieces[DATAGRAM_LINES][DATAGRAM_PIECES], p;
	char line[DATAGRAM_LINES][DATAGRAM_LINE_MAX];
	struct ends e;

	ends_set_up(&e);
	for (unsigned i = 0; i < DATAGRAM_LINES; i++)
		ends_cut(&e.client, (char)('a' + i), 3000, line[i], pieces[i]);
	p = ends_sealed(&e.client, "@id=1 SAY lobby between\n");
	for (unsigned k = 0; k < 2; k++)
		for (unsigned i = 0; i < DATAGRAM_LINES; i++)
			CU_ASSERT(ends_opens_as(&e.server, &pieces[i][k], "",
			    0));
	CU_ASSERT(ends_opens_as(&e.server, &p, "@id=1 SAY lobby between\n",
	    24));
	for (unsigned i = 0; i < DATAGRAM_LINES; i++)
		CU_ASSERT(ends_opens_as(&e.server, &pieces[i][2], line[i],
		    3000));
	ends_tear_down(&e);
}

static void
the_oldest_of_too_many_is_forgotten(void)
{
	struct packet pieces[DATAGRAM_LINES + 2][DATAGRAM_PIECES];
	char line[DATAGRAM_LINES + 2][DATAGRAM_LINE_MAX];
	struct ends e;

	ends_set_up(&e);
	for (unsigned i = 0; i < DATAGRAM_LINES + 2; i++)
		ends_cut(&e.client, (char)('a' + i), 2000, line[i], pieces[i]);
	for (unsigned i = DATAGRAM_LINES; i > 0; i--)
		CU_ASSERT(ends_opens_as(&e.server, &pieces[i][0], "", 0));
	CU_ASSERT(ends_opens_as(&e.server, &pieces[DATAGRAM_LINES + 1][0], "",
	    0));
	/* This one is older than those that are kept. */
	CU_ASSERT(ends_opens_as(&e.server, &pieces[0][0], "", 0));
	CU_ASSERT(ends_opens_as(&e.server, &pieces[0][1], "", 0));
	CU_ASSERT(ends_opens_as(&e.server, &pieces[1][1], "", 0));
	for (unsigned i = 2; i < DATAGRAM_LINES + 2; i++)
		CU_ASSERT(ends_opens_as(&e.server, &pieces[i][1], line[i],
		    2000));
	ends_tear_down(&e);
}

static void
what_stays_incomplete_is_forgotten(void)
{
	struct packet pieces[3][DATAGRAM_PIECES], p;
	char line[DATAGRAM_LINE_MAX];
	struct ends e;

	ends_set_up(&e);
	for (unsigned i = 0; i < 3; i++)
		ends_cut(&e.client, 'a', 2000, line, pieces[i]);
	for (unsigned i = 0; i < 3; i++)
		CU_ASSERT(ends_opens_as(&e.server, &pieces[i][0], "", 0));
	/* Counters 1, 3 and 5: the first is 1024 back, then the second's
	 * end is just not. */
	p = ends_sealed_as(&e.client, 1025);
	CU_ASSERT(ends_opens(&e.server, &p));
	CU_ASSERT(ends_opens_as(&e.server, &pieces[0][1], "", 0));
	CU_ASSERT(ends_opens_as(&e.server, &pieces[1][1], line, 2000));
	p = ends_sealed_as(&e.client, 1029);
	CU_ASSERT(ends_opens(&e.server, &p));
	CU_ASSERT(ends_opens_as(&e.server, &pieces[2][1], "", 0));
	ends_tear_down(&e);
}

static void
pieces_that_are_none_are_dropped(void)
{
	static const struct {
		unsigned char number;
		size_t        len;
	} bad[] = {
		{ 0x10, 1160 },	/* one of one */
		{ 0x14, 1160 }, { 0x15, 1 }, { 0x19, 1160 }, { 0x1d, 1160 },
		{ 0x1e, 1160 }, { 0x11, 1159 }, { 0x16, 1159 }, { 0x1f, 1 }
	};
	unsigned char plain[DATAGRAM_PLAIN_MAX];
	struct packet p;
	struct ends e;

	ends_set_up(&e);
	memset(plain, '\n', sizeof(plain));
	for (unsigned i = 0; i < COUNT(bad); i++) {
		plain[0] = bad[i].number;
		p = ends_seal_any(&e, true, 100 + i, plain, bad[i].len);
		CU_ASSERT_FALSE(ends_opens(&e.client, &p));
	}
	/* The third of a line that would begin before the first counter */
	plain[0] = 0x1a;
	p = ends_seal_any(&e, true, 2, plain, sizeof(plain));
	CU_ASSERT_FALSE(ends_opens(&e.client, &p));
	for (unsigned i = 0; i < DATAGRAM_LINES; i++)
		CU_ASSERT_PTR_NULL(e.client.begun[i]);
	/* A second that says it is of three, where the first was of two */
	plain[0] = 0x11;
	p = ends_seal_any(&e, true, 200, plain, sizeof(plain));
	CU_ASSERT(ends_opens(&e.client, &p));
	plain[0] = 0x16;
	p = ends_seal_any(&e, true, 201, plain, sizeof(plain));
	CU_ASSERT_FALSE(ends_opens(&e.client, &p));
	ends_tear_down(&e);
}

static void
a_line_of_pieces_has_an_end(void)
{
	unsigned char plain[DATAGRAM_PLAIN_MAX];
	struct packet p;
	struct ends e;

	ends_set_up(&e);
	memset(plain, 'x', sizeof(plain));
	plain[0] = 0x11;
	p = ends_seal_any(&e, true, 1, plain, sizeof(plain));
	CU_ASSERT(ends_opens_as(&e.client, &p, "", 0));
	plain[0] = 0x15;
	p = ends_seal_any(&e, true, 2, plain, sizeof(plain));
	CU_ASSERT_FALSE(ends_opens(&e.client, &p));
	ends_tear_down(&e);
}

static CU_TestInfo tests[] = {
	{ "a long line comes in pieces", a_long_line_comes_in_pieces },
	{ "pieces come in any order, and twice",
	    pieces_come_in_any_order_and_twice },
	{ "pieces of several lines are told apart",
	    pieces_of_several_lines_are_told_apart },
	{ "the oldest of too many is forgotten",
	    the_oldest_of_too_many_is_forgotten },
	{ "what stays incomplete is forgotten",
	    what_stays_incomplete_is_forgotten },
	{ "pieces that are none are dropped",
	    pieces_that_are_none_are_dropped },
	{ "a line of pieces has an end", a_line_of_pieces_has_an_end },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "datagram pieces", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
