/* test_datagram.c -- sealed datagrams: what is opened, once, and in pieces
 *
 * SPDX-License-Identifier: MIT */
#include <sodium.h>
#include <string.h>

#include "suite.h"
#include "wire/datagram.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct ends {
	struct datagram client, server;
};

struct packet {
	unsigned char bytes[DATAGRAM_MAX_BYTES + 1];
	size_t        len;
};

static void
set_up(struct ends *e)
{
	unsigned char session[DATAGRAM_SESSION_BYTES];
	unsigned char key[DATAGRAM_KEY_BYTES];

	for (unsigned i = 0; i < sizeof(session); i++)
		session[i] = (unsigned char)(0x80 + i);
	for (unsigned i = 0; i < sizeof(key); i++)
		key[i] = (unsigned char)i;
	datagram_init(&e->client, DATAGRAM_CLIENT, session, key);
	datagram_init(&e->server, DATAGRAM_SERVER, session, key);
}

static void
tear_down(struct ends *e)
{
	datagram_fini(&e->client);
	datagram_fini(&e->server);
}

static struct packet
sealed(struct datagram *from, const char *lines)
{
	struct packet p;

	p.len = datagram_seal(from, lines, strlen(lines), p.bytes);
	return p;
}

static bool
opens_as(struct datagram *to, const struct packet *p, const char *lines,
    size_t len)
{
	char got[DATAGRAM_LINE_MAX];
	size_t n;
	bool newest;

	return datagram_open(to, p->bytes, p->len, got, &n, &newest) &&
	    n == len && memcmp(got, lines, n) == 0;
}

static bool
opens(struct datagram *to, const struct packet *p)
{
	char got[DATAGRAM_LINE_MAX];
	size_t n;
	bool newest;

	return datagram_open(to, p->bytes, p->len, got, &n, &newest);
}

/* As a faulty or malicious peer might seal it. */
static struct packet
seal_any(const struct ends *e, bool server, uint64_t counter,
    const void *plain, size_t len)
{
	unsigned char nonce[24] = { server };
	struct packet p = { .len = len + DATAGRAM_OVERHEAD };

	memcpy(p.bytes, e->client.session, 16);
	for (unsigned i = 0; i < 8; i++)
		p.bytes[16 + i] = (unsigned char)(counter >> (56 - 8 * i));
	memcpy(nonce + 16, p.bytes + 16, 8);
	crypto_aead_xchacha20poly1305_ietf_encrypt(p.bytes + 24, NULL, plain,
	    len, p.bytes, 24, NULL, nonce, e->client.key);
	return p;
}

/* The line "aaa...a\n" of len bytes, in pieces. */
static unsigned
cut(struct datagram *from, char letter, size_t len, char *line_r,
    struct packet *pieces_r)
{
	unsigned total = datagram_pieces(len);

	memset(line_r, letter, len);
	line_r[len - 1] = '\n';
	for (unsigned i = 0; i < total; i++)
		pieces_r[i].len = datagram_seal_piece(from, line_r, len, i,
		    pieces_r[i].bytes);
	return total;
}

static void
lines_come_through_both_ways(void)
{
	struct ends e;
	struct packet p;

	set_up(&e);
	p = sealed(&e.client, "@id=1 SAY lobby hello there\nPING\n");
	CU_ASSERT_EQUAL(p.len, 33 + DATAGRAM_OVERHEAD);
	CU_ASSERT(opens_as(&e.server, &p,
	    "@id=1 SAY lobby hello there\nPING\n", 33));
	p = sealed(&e.server, "BYE quit\n");
	CU_ASSERT_EQUAL(p.len, 9 + DATAGRAM_OVERHEAD);
	CU_ASSERT(opens_as(&e.client, &p, "BYE quit\n", 9));
	tear_down(&e);
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

	set_up(&e);
	p[0] = sealed(&e.client, "PING\n");
	p[1] = sealed(&e.server, "PONG\n");
	for (unsigned i = 0; i < COUNT(p); i++) {
		sodium_bin2hex(hex, sizeof(hex), p[i].bytes, p[i].len);
		CU_ASSERT_STRING_EQUAL(hex, expected[i]);
	}
	tear_down(&e);
}

static void
a_client_pads_with_empty_lines(void)
{
	char line[DATAGRAM_LINE_MAX], padded[DATAGRAM_LINE_MAX];
	struct packet p, pieces[DATAGRAM_PIECES];
	struct ends e;

	set_up(&e);
	p = sealed(&e.client, "PING\n");
	CU_ASSERT_EQUAL(p.len, DATAGRAM_CLIENT_LEAST);
	CU_ASSERT(opens_as(&e.server, &p, "PING\n\n\n\n\n\n\n\n\n\n\n\n\n\n"
	    "\n\n\n\n\n\n\n\n\n\n", 24));
	CU_ASSERT_EQUAL(cut(&e.client, 'x', 1161, line, pieces), 2);
	CU_ASSERT_EQUAL(pieces[1].len, DATAGRAM_CLIENT_LEAST);
	memset(padded, '\n', sizeof(padded));
	memcpy(padded, line, 1161);
	CU_ASSERT(opens_as(&e.server, &pieces[0], "", 0));
	CU_ASSERT(opens_as(&e.server, &pieces[1], padded, 1159 + 23));
	p = sealed(&e.server, "PONG\n");
	CU_ASSERT_EQUAL(p.len, 5 + DATAGRAM_OVERHEAD);
	tear_down(&e);
}

static void
each_is_opened_once(void)
{
	struct ends e;
	struct packet p[3];

	set_up(&e);
	for (unsigned i = 0; i < COUNT(p); i++)
		p[i] = sealed(&e.client, "PING\n");
	CU_ASSERT(opens(&e.server, &p[2]));
	CU_ASSERT(opens(&e.server, &p[0]));
	CU_ASSERT(opens(&e.server, &p[1]));
	for (unsigned i = 0; i < COUNT(p); i++)
		CU_ASSERT_FALSE(opens(&e.server, &p[i]));
	tear_down(&e);
}

static struct packet
sealed_as(struct datagram *from, uint64_t counter)
{
	from->sent = counter - 1;
	return sealed(from, "PING\n");
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

	set_up(&e);
	for (unsigned i = 0; i < COUNT(steps); i++) {
		p = sealed_as(&e.client, steps[i].counter);
		CU_ASSERT_EQUAL(opens(&e.server, &p), steps[i].good);
	}
	tear_down(&e);
}

static void
a_counter_of_0_is_none(void)
{
	char lines[24];
	struct packet p;
	struct ends e;

	set_up(&e);
	memset(lines, '\n', sizeof(lines));
	p = seal_any(&e, false, 0, lines, sizeof(lines));
	CU_ASSERT_FALSE(opens(&e.server, &p));
	tear_down(&e);
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

	set_up(&e);
	for (unsigned i = 0; i < COUNT(steps); i++) {
		p = sealed_as(&e.client, steps[i].counter);
		CU_ASSERT(datagram_open(&e.server, p.bytes, p.len, got, &n,
		    &newest));
		CU_ASSERT_EQUAL(newest, steps[i].newest);
	}
	tear_down(&e);
}

/* Nor does it change what is opened after it. */
static void
no_byte_can_be_changed(void)
{
	struct packet p, forged;
	struct ends e;

	set_up(&e);
	p = sealed(&e.client, "@id=1 SAY lobby hello\n");
	for (size_t i = 0; i < p.len; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			forged = p;
			forged.bytes[i] ^= (unsigned char)(1u << bit);
			CU_ASSERT_FALSE(opens(&e.server, &forged));
		}
	}
	for (size_t len = 0; len < p.len; len++) {
		forged = p;
		forged.len = len;
		CU_ASSERT_FALSE(opens(&e.server, &forged));
	}
	CU_ASSERT_EQUAL(e.server.highest, 0);
	CU_ASSERT(opens(&e.server, &p));
	tear_down(&e);
}

static void
only_the_other_side_of_this_session_is_heard(void)
{
	struct ends e, other;
	struct packet p;

	set_up(&e);
	set_up(&other);
	/* One's own, sent back */
	p = sealed(&e.client, "PING\n");
	CU_ASSERT_FALSE(opens(&e.client, &p));
	other.client.key[0] ^= 1;
	p = sealed(&other.client, "PING\n");
	CU_ASSERT_FALSE(opens(&e.server, &p));
	/* Of the same key even: the name counts. */
	other.client.key[0] ^= 1;
	other.client.session[0] ^= 1;
	p = sealed(&other.client, "PING\n");
	CU_ASSERT_FALSE(opens(&e.server, &p));
	tear_down(&e);
	tear_down(&other);
}

static void
sizes_are_kept_to(void)
{
	char most[DATAGRAM_PLAIN_MAX + 1];
	struct packet p;
	struct ends e;

	set_up(&e);
	memset(most, 'x', sizeof(most));
	most[DATAGRAM_PLAIN_MAX - 1] = '\n';
	p.len = datagram_seal(&e.client, most, DATAGRAM_PLAIN_MAX, p.bytes);
	CU_ASSERT_EQUAL(p.len, DATAGRAM_MAX_BYTES);
	CU_ASSERT(opens_as(&e.server, &p, most, DATAGRAM_PLAIN_MAX));
	most[DATAGRAM_PLAIN_MAX] = '\n';
	p = seal_any(&e, false, 9, most, sizeof(most));
	CU_ASSERT_FALSE(opens(&e.server, &p));
	/* A client's has 64 at least. */
	memset(most, '\n', sizeof(most));
	p = seal_any(&e, false, 10, most, 23);
	CU_ASSERT_FALSE(opens(&e.server, &p));
	p = seal_any(&e, false, 10, most, 24);
	CU_ASSERT(opens(&e.server, &p));
	p = seal_any(&e, true, 10, most, 0);
	CU_ASSERT_FALSE(opens(&e.client, &p));
	p = seal_any(&e, true, 10, most, 1);
	CU_ASSERT(opens(&e.client, &p));
	tear_down(&e);
}

static void
what_is_not_whole_lines_is_dropped(void)
{
	static const char bad[] = "PING and no line end at all";
	struct packet p;
	struct ends e;

	set_up(&e);
	p = seal_any(&e, false, 1, bad, sizeof(bad) - 1);
	CU_ASSERT_FALSE(opens(&e.server, &p));
	CU_ASSERT_FALSE(opens(&e.server, &p));
	p = sealed_as(&e.client, 2);
	CU_ASSERT(opens(&e.server, &p));
	tear_down(&e);
}

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

	set_up(&e);
	for (unsigned i = 0; i < COUNT(cases); i++) {
		total = datagram_pieces(cases[i].len);
		CU_ASSERT_EQUAL(total, cases[i].pieces);
		if (total < 2)
			continue;
		cut(&e.server, 'x', cases[i].len, line, pieces);
		for (unsigned k = 0; k + 1 < total; k++) {
			CU_ASSERT_EQUAL(pieces[k].len, DATAGRAM_MAX_BYTES);
			CU_ASSERT(opens_as(&e.client, &pieces[k], "", 0));
		}
		CU_ASSERT(opens_as(&e.client, &pieces[total - 1], line,
		    cases[i].len));
	}
	tear_down(&e);
}

static void
pieces_come_in_any_order_and_twice(void)
{
	struct packet pieces[DATAGRAM_PIECES];
	char line[DATAGRAM_LINE_MAX];
	unsigned order[4];
	struct ends e;

	set_up(&e);
	for (unsigned n = 0; n < 256; n++) {
		for (unsigned i = 0; i < 4; i++)
			order[i] = n >> 2 * i & 3;
		if ((1u << order[0] | 1u << order[1] | 1u << order[2] |
		    1u << order[3]) != 15)
			continue;
		cut(&e.client, 'x', 4000, line, pieces);
		for (unsigned i = 0; i < 4; i++) {
			CU_ASSERT(opens_as(&e.server, &pieces[order[i]],
			    line, i == 3 ? 4000 : 0));
			CU_ASSERT_FALSE(opens(&e.server, &pieces[order[i]]));
		}
	}
	tear_down(&e);
}

static void
pieces_of_several_lines_are_told_apart(void)
{
	struct packet pieces[DATAGRAM_LINES][DATAGRAM_PIECES], p;
	char line[DATAGRAM_LINES][DATAGRAM_LINE_MAX];
	struct ends e;

	set_up(&e);
	for (unsigned i = 0; i < DATAGRAM_LINES; i++)
		cut(&e.client, (char)('a' + i), 3000, line[i], pieces[i]);
	p = sealed(&e.client, "@id=1 SAY lobby between\n");
	for (unsigned k = 0; k < 2; k++)
		for (unsigned i = 0; i < DATAGRAM_LINES; i++)
			CU_ASSERT(opens_as(&e.server, &pieces[i][k], "", 0));
	CU_ASSERT(opens_as(&e.server, &p, "@id=1 SAY lobby between\n", 24));
	for (unsigned i = 0; i < DATAGRAM_LINES; i++)
		CU_ASSERT(opens_as(&e.server, &pieces[i][2], line[i], 3000));
	tear_down(&e);
}

static void
the_oldest_of_too_many_is_forgotten(void)
{
	struct packet pieces[DATAGRAM_LINES + 2][DATAGRAM_PIECES];
	char line[DATAGRAM_LINES + 2][DATAGRAM_LINE_MAX];
	struct ends e;

	set_up(&e);
	for (unsigned i = 0; i < DATAGRAM_LINES + 2; i++)
		cut(&e.client, (char)('a' + i), 2000, line[i], pieces[i]);
	for (unsigned i = DATAGRAM_LINES; i > 0; i--)
		CU_ASSERT(opens_as(&e.server, &pieces[i][0], "", 0));
	CU_ASSERT(opens_as(&e.server, &pieces[DATAGRAM_LINES + 1][0], "", 0));
	/* This one is older than those that are kept. */
	CU_ASSERT(opens_as(&e.server, &pieces[0][0], "", 0));
	CU_ASSERT(opens_as(&e.server, &pieces[0][1], "", 0));
	CU_ASSERT(opens_as(&e.server, &pieces[1][1], "", 0));
	for (unsigned i = 2; i < DATAGRAM_LINES + 2; i++)
		CU_ASSERT(opens_as(&e.server, &pieces[i][1], line[i], 2000));
	tear_down(&e);
}

static void
what_stays_incomplete_is_forgotten(void)
{
	struct packet pieces[3][DATAGRAM_PIECES], p;
	char line[DATAGRAM_LINE_MAX];
	struct ends e;

	set_up(&e);
	for (unsigned i = 0; i < 3; i++)
		cut(&e.client, 'a', 2000, line, pieces[i]);
	for (unsigned i = 0; i < 3; i++)
		CU_ASSERT(opens_as(&e.server, &pieces[i][0], "", 0));
	/* Counters 1, 3 and 5: the first is 1024 back, then the second's
	 * end is just not. */
	p = sealed_as(&e.client, 1025);
	CU_ASSERT(opens(&e.server, &p));
	CU_ASSERT(opens_as(&e.server, &pieces[0][1], "", 0));
	CU_ASSERT(opens_as(&e.server, &pieces[1][1], line, 2000));
	p = sealed_as(&e.client, 1029);
	CU_ASSERT(opens(&e.server, &p));
	CU_ASSERT(opens_as(&e.server, &pieces[2][1], "", 0));
	tear_down(&e);
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

	set_up(&e);
	memset(plain, '\n', sizeof(plain));
	for (unsigned i = 0; i < COUNT(bad); i++) {
		plain[0] = bad[i].number;
		p = seal_any(&e, true, 100 + i, plain, bad[i].len);
		CU_ASSERT_FALSE(opens(&e.client, &p));
	}
	/* The third of a line that would begin before the first counter */
	plain[0] = 0x1a;
	p = seal_any(&e, true, 2, plain, sizeof(plain));
	CU_ASSERT_FALSE(opens(&e.client, &p));
	for (unsigned i = 0; i < DATAGRAM_LINES; i++)
		CU_ASSERT_PTR_NULL(e.client.begun[i]);
	/* A second that says it is of three, where the first was of two */
	plain[0] = 0x11;
	p = seal_any(&e, true, 200, plain, sizeof(plain));
	CU_ASSERT(opens(&e.client, &p));
	plain[0] = 0x16;
	p = seal_any(&e, true, 201, plain, sizeof(plain));
	CU_ASSERT_FALSE(opens(&e.client, &p));
	tear_down(&e);
}

static void
a_line_of_pieces_has_an_end(void)
{
	unsigned char plain[DATAGRAM_PLAIN_MAX];
	struct packet p;
	struct ends e;

	set_up(&e);
	memset(plain, 'x', sizeof(plain));
	plain[0] = 0x11;
	p = seal_any(&e, true, 1, plain, sizeof(plain));
	CU_ASSERT(opens_as(&e.client, &p, "", 0));
	plain[0] = 0x15;
	p = seal_any(&e, true, 2, plain, sizeof(plain));
	CU_ASSERT_FALSE(opens(&e.client, &p));
	tear_down(&e);
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
	{ "datagram", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
