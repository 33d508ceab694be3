/* test_discovery.c -- questions and answers of discovery, as bytes
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "suite.h"
#include "wire/discovery.h"

#define NONCE "0123456789abcdef"

/* text, then spaces up to len, the last bytes being `end`. */
static bool
asks(const char *text, size_t len, const char *end)
{
	char bytes[2000];
	struct slice nonce;

	memset(bytes, ' ', sizeof(bytes));
	memcpy(bytes, text, strlen(text));
	memcpy(bytes + len - strlen(end), end, strlen(end));
	return discovery_is_question((struct slice){ bytes, len }, &nonce);
}

static void
what_is_asked_is_a_question(void)
{
	char bytes[DISCOVERY_MOST];
	struct slice nonce;

	for (size_t len = DISCOVERY_LEAST; len <= DISCOVERY_MOST; len++) {
		discovery_ask(bytes, len, NONCE);
		CU_ASSERT(discovery_is_question((struct slice){ bytes, len },
		    &nonce));
		CU_ASSERT(slice_is(nonce, NONCE));
	}
}

static void
a_question_has_256_to_1200_bytes(void)
{
	CU_ASSERT_FALSE(asks("VCRP? 1 " NONCE, 255, "\n"));
	CU_ASSERT(asks("VCRP? 1 " NONCE, 256, "\n"));
	CU_ASSERT(asks("VCRP? 1 " NONCE, 1200, "\n"));
	CU_ASSERT_FALSE(asks("VCRP? 1 " NONCE, 1201, "\n"));
}

static void
a_question_may_have_any_line_end(void)
{
	CU_ASSERT(asks("VCRP? 1 " NONCE, 256, ""));
	CU_ASSERT(asks("VCRP? 1 " NONCE, 256, "\r"));
	CU_ASSERT(asks("VCRP? 1 " NONCE, 256, "\r\n"));
	CU_ASSERT_FALSE(asks("VCRP? 1 " NONCE, 256, "\n\n"));
	CU_ASSERT_FALSE(asks("VCRP? 1 " NONCE, 256, "\n\r"));
}

static void
a_nonce_has_8_to_32_digits(void)
{
	CU_ASSERT_FALSE(asks("VCRP? 1 0123456", 256, "\n"));
	CU_ASSERT(asks("VCRP? 1 01234567", 256, "\n"));
	CU_ASSERT(asks("VCRP? 1 " NONCE NONCE, 256, "\n"));
	CU_ASSERT_FALSE(asks("VCRP? 1 " NONCE NONCE "0", 256, "\n"));
	CU_ASSERT_FALSE(asks("VCRP? 1 0123456789ABCDEF", 256, "\n"));
	CU_ASSERT_FALSE(asks("VCRP? 1 01234567 8", 256, "\n"));
}

static void
what_is_no_question_of_this_version_is_none(void)
{
	static const char *const bad[] = {
		"", "V", "VCRP", "VCRP? 1", "VCRP?  1 " NONCE,
		"VCRP? 2 " NONCE, "VCRP? 10 " NONCE, "vcrp? 1 " NONCE,
		"VCRP! 1 " NONCE, " VCRP? 1 " NONCE, "VCRP? 1  " NONCE,
		"VCRP? 1\t" NONCE, "VCRP? 1 " NONCE " hello",
		"VCRP? 1 " NONCE "\t"
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CU_ASSERT_FALSE(asks(bad[i], 256, "\n"));
}

static void
a_nul_is_no_digit(void)
{
	char bytes[DISCOVERY_LEAST];
	struct slice nonce;

	discovery_ask(bytes, sizeof(bytes), NONCE);
	bytes[20] = '\0';
	CU_ASSERT_FALSE(discovery_is_question((struct slice){ bytes,
	    sizeof(bytes) }, &nonce));
}

static void
an_answer_is_taken_apart(void)
{
	struct discovery_found found;

	CU_ASSERT(discovery_is_answer(slice_of("VCRP! 1 " NONCE
	    " chat.example.org vcrpd/0.1 guest,tls 12 9999999999999999\n"),
	    NONCE, &found));
	CU_ASSERT(slice_is(found.server, "chat.example.org"));
	CU_ASSERT(slice_is(found.software, "vcrpd/0.1"));
	CU_ASSERT(slice_is(found.features, "guest,tls"));
	CU_ASSERT_EQUAL(found.connections, 12);
	CU_ASSERT_EQUAL(found.rooms, UINT64_C(9999999999999999));
}

static void
what_is_no_answer_to_it_is_none(void)
{
	static const char *const bad[] = {
		"", "VCRP! 1 " NONCE "\n", "VCRP! 2 " NONCE " h s f 1 2\n",
		"VCRP! 1 fedcba9876543210 h s f 1 2\n",
		"VCRP! 1 " NONCE "0 h s f 1 2\n",
		"VCRP! 1 " NONCE " h s f 1\n",
		"VCRP! 1 " NONCE " h s f 1 2", "VCRP! 1 " NONCE " h s f 1 2 \n",
		"VCRP! 1 " NONCE " h s f 1 2 3\n",
		"VCRP! 1 " NONCE " h s f 1 2\n\n",
		"VCRP! 1 " NONCE "  h s f 1 2\n",
		"VCRP! 1 " NONCE " h s f 01 2\n",
		"VCRP! 1 " NONCE " h s f -1 2\n",
		"VCRP! 1 " NONCE " h s f 1 12345678901234567\n",
		"VCRP! 1 " NONCE " h\033 s f 1 2\n",
		"VCRP? 1 " NONCE " h s f 1 2\n"
	};
	struct discovery_found found;
	char big[DISCOVERY_MOST + 64];

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CU_ASSERT_FALSE(discovery_is_answer(slice_of(bad[i]), NONCE,
		    &found));
	snprintf(big, sizeof(big), "VCRP! 1 " NONCE " %01166d s f 1 2\n", 0);
	CU_ASSERT_EQUAL(strlen(big), DISCOVERY_MOST);
	CU_ASSERT(discovery_is_answer(slice_of(big), NONCE, &found));
	snprintf(big, sizeof(big), "VCRP! 1 " NONCE " %01167d s f 1 2\n", 0);
	CU_ASSERT_FALSE(discovery_is_answer(slice_of(big), NONCE, &found));
}

static CU_TestInfo tests[] = {
	{ "what is asked is a question", what_is_asked_is_a_question },
	{ "a question has 256 to 1200 bytes",
	    a_question_has_256_to_1200_bytes },
	{ "a question may have any line end",
	    a_question_may_have_any_line_end },
	{ "a nonce has 8 to 32 digits", a_nonce_has_8_to_32_digits },
	{ "what is no question of this version is none",
	    what_is_no_question_of_this_version_is_none },
	{ "a NUL is no digit", a_nul_is_no_digit },
	{ "an answer is taken apart", an_answer_is_taken_apart },
	{ "what is no answer to it is none",
	    what_is_no_answer_to_it_is_none },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "discovery", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
