/* test_datagram.c -- sealed datagrams: what is opened, and once
 *
 * SPDX-License-Identifier: MIT */
#include <sodium.h>
#include <string.h>

#include "ends.h"
#include "suite.h"

static void
lines_come_through_both_ways(void)
{
	struct ends e;
	struct packet p;

	ends_set_up(&e);
	p = ends_sealed(&e.client, "@id=1 SAY lobby hello there\nPING\n");
	CU_ASSERT_EQUAL(p.len, 33 + DATAGRAM_OVERHEAD);
	CU_ASSERT(ends_opens_as(&e.server, &p,
	    "@id=1 SAY lobby hello there\nPING\n", 33));
	p = ends_sealed(&e.server, "BYE quit\n");
	CU_ASSERT_EQUAL(p.len, 9 + DATAGRAM_OVERHEAD);
	CU_ASSERT(ends_opens_as(&e.client, &p, "BYE quit\n", 9));
	ends_tear_down(&e);
}

/* With PyNaCl:
 *
 *	from nacl.bindings import \
 *	    crypto_aead_xchacha20poly1305_ietf_encrypt as seal
 *	head = bytes(range(0x80, 0x90)) + (1).to_bytes(8, "big")
 *	nonce = b"\0" + bytes(15) + head[16:]		# b"\1" from a server
 *	plain = b"PING\n" + 19 * b"\n"			# b"PONG\n"
 *	print((head + seal(plain, head, nonce, bytes(range(32)))).hex()) */
static void
bytes_are_those_that_others_make(void)
{
	static const char *const expected[] = {
		"808182838485868788898a8b8c8d8e8f0000000000000001"
		"153d93f6eabd3cf8743dcd593e744fa5437cc87e01efa12a"
		"2f037228398b6e20a9a7cfa40efe4211",
		"808182838485868788898a8b8c8d8e8f0000000000000001"
		"abe3ddbb1b7e243d4d9af39c308df853010e5740fe"
	};
	char hex[2 * DATAGRAM_MAX_BYTES + 1];
	struct packet p[2];
	struct ends e;

	ends_set_up(&e);
	p[0] = ends_sealed(&e.client, "PING\n");
	p[1] = ends_sealed(&e.server, "PONG\n");
	for (unsigned i = 0; i < COUNT(p); i++) {
		sodium_bin2hex(hex, sizeof(hex), p[i].bytes, p[i].len);
		CU_ASSERT_STRING_EQUAL(hex, expected[i]);
	}
	ends_tear_down(&e);
}

static void
a_client_pads_with_empty_lines(void)
{
	char line[DATAGRAM_LINE_MAX], padded[DATAGRAM_LINE_MAX];
	struct packet p, pieces[DATAGRAM_PIECES];
	struct ends e;

	ends_set_up(&e);
	p = ends_sealed(&e.client, "PING\n");
	CU_ASSERT_EQUAL(p.len, DATAGRAM_CLIENT_LEAST);
	CU_ASSERT(ends_opens_as(&e.server, &p, "PING\n\n\n\n\n\n\n\n\n\n\n\n\n\n"
	    "\n\n\n\n\n\n\n\n\n\n", 24));
	CU_ASSERT_EQUAL(ends_cut(&e.client, 'x', 1161, line, pieces), 2);
	CU_ASSERT_EQUAL(pieces[1].len, DATAGRAM_CLIENT_LEAST);
	memset(padded, '\n', sizeof(padded));
	memcpy(padded, line, 1161);
	CU_ASSERT(ends_opens_as(&e.server, &pieces[0], "", 0));
	CU_ASSERT(ends_opens_as(&e.server, &pieces[1], padded, 1159 + 23));
	p = ends_sealed(&e.server, "PONG\n");
	CU_ASSERT_EQUAL(p.len, 5 + DATAGRAM_OVERHEAD);
	ends_tear_down(&e);
}

static void
each_is_opened_once(void)
{
	struct ends e;
	struct packet p[3];

	ends_set_up(&e);
	for (unsigned i = 0; i < COUNT(p); i++)
		p[i] = ends_sealed(&e.client, "PING\n");
	CU_ASSERT(ends_opens(&e.server, &p[2]));
	CU_ASSERT(ends_opens(&e.server, &p[0]));
	CU_ASSERT(ends_opens(&e.server, &p[1]));
	for (unsigned i = 0; i < COUNT(p); i++)
		CU_ASSERT_FALSE(ends_opens(&e.server, &p[i]));
	ends_tear_down(&e);
}

static void
the_window_has_1024_counters(void)
{
	static const struct {
		uint64_t counter;
		bool     good;
	} steps[] = {
		{ 5000, true }, { 5000, false }, { 3976, false },
		{ 3977, true }, { 3977, false }, { 4999, true },
		{ 5001, true }, { 3978, true }, { 3977, false },
		/* Places that were taken are free again. */
		{ 6024, true }, { 5001, false }, { 5002, true },
		{ 5023, true }, { 6023, true }, { 6024, false },
		/* All of them at once */
		{ 1000000, true }, { 6024, false }, { 998976, false },
		{ 998977, true }, { 999304, true }, { 999304, false },
		{ 1001024, true }, { 1000001, true }, { 1000000, false },
		{ 1002049, true }, { 1001026, true }, { 1001025, false },
		{ UINT64_MAX - 1, true }, { UINT64_MAX - 2, true },
		{ UINT64_MAX, true }, { UINT64_MAX - 1, false },
		{ UINT64_MAX - 2, false }, { 1002050, false }
	};
	struct packet p;
	struct ends e;

	ends_set_up(&e);
	for (unsigned i = 0; i < COUNT(steps); i++) {
		p = ends_sealed_as(&e.client, steps[i].counter);
		CU_ASSERT_EQUAL(ends_opens(&e.server, &p), steps[i].good);
	}
	ends_tear_down(&e);
}

static void
a_counter_of_0_is_none(void)
{
	char lines[24];
	struct packet p;
	struct ends e;

	ends_set_up(&e);
	memset(lines, '\n', sizeof(lines));
	p = ends_seal_any(&e, false, 0, lines, sizeof(lines));
	CU_ASSERT_FALSE(ends_opens(&e.server, &p));
	ends_tear_down(&e);
}

static void
it_is_known_whether_one_is_the_newest(void)
{
	static const struct {
		uint64_t counter;
		bool     newest;
	} steps[] = { { 2, true }, { 1, false }, { 9, true }, { 8, false } };
	char got[DATAGRAM_LINE_MAX];
	struct packet p;
	struct ends e;
	bool newest;
	size_t n;

	ends_set_up(&e);
	for (unsigned i = 0; i < COUNT(steps); i++) {
		p = ends_sealed_as(&e.client, steps[i].counter);
		CU_ASSERT(datagram_open(&e.server, p.bytes, p.len, got, &n,
		    &newest));
		CU_ASSERT_EQUAL(newest, steps[i].newest);
	}
	ends_tear_down(&e);
}

/* Nor does it change what is opened after it. */
static void
no_byte_can_be_changed(void)
{
	struct packet p, forged;
	struct ends e;

	ends_set_up(&e);
	p = ends_sealed(&e.client, "@id=1 SAY lobby hello\n");
	for (size_t i = 0; i < p.len; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			forged = p;
			forged.bytes[i] ^= (unsigned char)(1u << bit);
			CU_ASSERT_FALSE(ends_opens(&e.server, &forged));
		}
	}
	for (size_t len = 0; len < p.len; len++) {
		forged = p;
		forged.len = len;
		CU_ASSERT_FALSE(ends_opens(&e.server, &forged));
	}
	CU_ASSERT_EQUAL(e.server.highest, 0);
	CU_ASSERT(ends_opens(&e.server, &p));
	ends_tear_down(&e);
}

static void
only_the_other_side_of_this_session_is_heard(void)
{
	struct ends e, other;
	struct packet p;

	ends_set_up(&e);
	ends_set_up(&other);
	/* One's own, sent back */
	p = ends_sealed(&e.client, "PING\n");
	CU_ASSERT_FALSE(ends_opens(&e.client, &p));
	other.client.key[0] ^= 1;
	p = ends_sealed(&other.client, "PING\n");
	CU_ASSERT_FALSE(ends_opens(&e.server, &p));
	/* Of the same key even: the name counts. */
	other.client.key[0] ^= 1;
	other.client.session[0] ^= 1;
	p = ends_sealed(&other.client, "PING\n");
	CU_ASSERT_FALSE(ends_opens(&e.server, &p));
	ends_tear_down(&e);
	ends_tear_down(&other);
}

static void
sizes_are_kept_to(void)
{
	char most[DATAGRAM_PLAIN_MAX + 1];
	struct packet p;
	struct ends e;

	ends_set_up(&e);
	memset(most, 'x', sizeof(most));
	most[DATAGRAM_PLAIN_MAX - 1] = '\n';
	p.len = datagram_seal(&e.client, most, DATAGRAM_PLAIN_MAX, p.bytes);
	CU_ASSERT_EQUAL(p.len, DATAGRAM_MAX_BYTES);
	CU_ASSERT(ends_opens_as(&e.server, &p, most, DATAGRAM_PLAIN_MAX));
	most[DATAGRAM_PLAIN_MAX] = '\n';
	p = ends_seal_any(&e, false, 9, most, sizeof(most));
	CU_ASSERT_FALSE(ends_opens(&e.server, &p));
	/* A client's has 64 at least. */
	memset(most, '\n', sizeof(most));
	p = ends_seal_any(&e, false, 10, most, 23);
	CU_ASSERT_FALSE(ends_opens(&e.server, &p));
	p = ends_seal_any(&e, false, 10, most, 24);
	CU_ASSERT(ends_opens(&e.server, &p));
	p = ends_seal_any(&e, true, 10, most, 0);
	CU_ASSERT_FALSE(ends_opens(&e.client, &p));
	p = ends_seal_any(&e, true, 10, most, 1);
	CU_ASSERT(ends_opens(&e.client, &p));
	ends_tear_down(&e);
}

static void
what_is_not_whole_lines_is_dropped(void)
{
	static const char bad[] = "PING and no line end at all";
	struct packet p;
	struct ends e;

	ends_set_up(&e);
	p = ends_seal_any(&e, false, 1, bad, sizeof(bad) - 1);
	CU_ASSERT_FALSE(ends_opens(&e.server, &p));
	CU_ASSERT_FALSE(ends_opens(&e.server, &p));
	p = ends_sealed_as(&e.client, 2);
	CU_ASSERT(ends_opens(&e.server, &p));
	ends_tear_down(&e);
}

static void
a_session_that_is_gone_is_told_of_in_the_clear(void)
{
	static const char expected[] =
	    "VCRP! 1 gone 808182838485868788898a8b8c8d8e8f\n";
	unsigned char session[DATAGRAM_SESSION_BYTES];
	char bytes[DATAGRAM_GONE_BYTES + 1] = "";
	struct ends e;

	ends_set_up(&e);
	memcpy(session, e.client.session, sizeof(session));
	datagram_gone(session, bytes);
	CU_ASSERT_STRING_EQUAL(bytes, expected);
	CU_ASSERT(datagram_is_gone(&e.client, expected, 46));
	CU_ASSERT_FALSE(datagram_is_gone(&e.client, expected, 45));
	CU_ASSERT_FALSE(datagram_is_gone(&e.client, expected, 47));
	for (unsigned i = 0; i < DATAGRAM_GONE_BYTES; i++) {
		bytes[i] ^= 1;
		CU_ASSERT_FALSE(datagram_is_gone(&e.client, bytes, 46));
		bytes[i] ^= 1;
	}
	session[15] ^= 1;
	datagram_gone(session, bytes);
	CU_ASSERT_FALSE(datagram_is_gone(&e.client, bytes, 46));
	ends_tear_down(&e);
}

static CU_TestInfo tests[] = {
	{ "lines come through both ways", lines_come_through_both_ways },
	{ "bytes are those that others make",
	    bytes_are_those_that_others_make },
	{ "a client pads with empty lines", a_client_pads_with_empty_lines },
	{ "each is opened once", each_is_opened_once },
	{ "the window has 1024 counters", the_window_has_1024_counters },
	{ "a counter of 0 is none", a_counter_of_0_is_none },
	{ "it is known whether one is the newest",
	    it_is_known_whether_one_is_the_newest },
	{ "no byte can be changed", no_byte_can_be_changed },
	{ "only the other side of this session is heard",
	    only_the_other_side_of_this_session_is_heard },
	{ "sizes are kept to", sizes_are_kept_to },
	{ "what is not whole lines is dropped",
	    what_is_not_whole_lines_is_dropped },
	{ "a session that is gone is told of in the clear",
	    a_session_that_is_gone_is_told_of_in_the_clear },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "datagram", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
