/* test_words.c -- numbers and durations as they are written
 *
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>

#include "proto/words.h"
#include "suite.h"

static bool
number_is(const char *text, uint64_t least, uint64_t expected)
{
	uint64_t n = 12345;

	return number_parse(slice_of(text), least, &n) && n == expected;
}

static bool
no_number(const char *text, uint64_t least)
{
	uint64_t n;

	return !number_parse(slice_of(text), least, &n);
}

static void
numbers_are_1_to_2_to_the_53_less_1(void)
{
	CU_ASSERT(number_is("1", 1, 1));
	CU_ASSERT(number_is("9007199254740991", 1, NUMBER_MAX));
	CU_ASSERT_EQUAL(NUMBER_MAX, (UINT64_C(1) << 53) - 1);
	CU_ASSERT(no_number("9007199254740992", 1));
	CU_ASSERT(no_number("10000000000000000", 1));
	CU_ASSERT(no_number("18446744073709551617", 1));
	CU_ASSERT(no_number("0", 1));
	CU_ASSERT(number_is("0", 0, 0));
	CU_ASSERT(number_is("1234567890", 0, 1234567890));
}

static void
numbers_are_written_in_one_way(void)
{
	static const char *const bad[] = { "", "01", "00", "-1", "+1", " 1",
	    "1 ", "1.0", "1e3", "0x1", "\xd9\xa1", "1/", "1:" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT(no_number(bad[i], 0));
	CU_ASSERT_FALSE(number_parse((struct slice){ "1\0", 2 }, 0,
	    &(uint64_t){ 0 }));
}

static bool
duration_is(const char *text, uint64_t expected)
{
	uint64_t ms = 12345;

	return duration_parse(slice_of(text), &ms) && ms == expected;
}

static void
durations_have_a_unit_and_an_end(void)
{
	static const char *const bad[] = { "", "s", "1", "0s", "1S", "1w",
	    "01s", "1.5h", "1h30m", "3654d", "87673h", "315619201s",
	    "9007199254740991d", "-1s", "s1", "1 s" };

	CU_ASSERT(duration_is("90s", 90000));
	CU_ASSERT(duration_is("10m", 600000));
	CU_ASSERT(duration_is("1h", 3600000));
	CU_ASSERT(duration_is("7d", 604800000));
	CU_ASSERT(duration_is("3653d", UINT64_C(3653) * 86400000));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint64_t ms;
		bool good = duration_parse(slice_of(bad[i]), &ms);

		if (good)
			printf("\n    %s: %" PRIu64, bad[i], ms);
		CU_ASSERT_FALSE(good);
	}
}

static void
words_move_with_their_line(void)
{
	char one[] = "id=x say lobby hi", two[sizeof(one)];
	struct words w = { .attrs = { one, 4 }, .id = { one + 3, 1 },
		.word = { { one + 9, 5 } }, .count = 1,
		.text = { one + 15, 2 } };

	memcpy(two, one, sizeof(one));
	words_rebase(&w, one, two);
	CU_ASSERT_PTR_EQUAL(w.attrs.at, two);
	CU_ASSERT_PTR_EQUAL(w.id.at, two + 3);
	CU_ASSERT_PTR_EQUAL(w.word[0].at, two + 9);
	CU_ASSERT_PTR_EQUAL(w.text.at, two + 15);
	CU_ASSERT_PTR_NULL(w.key.at);
}

static CU_TestInfo tests[] = {
	{ "numbers are 1 to 2^53 - 1", numbers_are_1_to_2_to_the_53_less_1 },
	{ "numbers are written in one way", numbers_are_written_in_one_way },
	{ "durations have a unit and an end",
	    durations_have_a_unit_and_an_end },
	{ "words move with their line", words_move_with_their_line },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "words", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
