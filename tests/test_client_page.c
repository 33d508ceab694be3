/* test_client_page.c -- libvcrp: what was said earlier, asked for in pages
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>

#include "client_peer.h"
#include "suite.h"

/* In lobby, whose last number is 100. */
static void
enter(struct peer *peer)
{
	int64_t join;

	peer_open(peer, NULL);
	join = vcrp_join(peer->v, "lobby", VCRP_NOW);
	peer_login(peer);
	peer_asked(peer, " JOIN lobby");
	peer_tell(peer, "@id=# OK JOIN lobby 100");
	peer_line(peer, "@id=# OK JOIN lobby 100", join);
}

static void
gives_a_page_of_history(void)
{
	struct peer peer;
	struct seen *seen;
	int64_t asked;

	enter(&peer);
	asked = vcrp_history(peer.v, "lobby", 3, 0);
	peer_asked(&peer, " HISTORY lobby 3");
	peer_tell(&peer, "MSG lobby 101 5 bob live");
	peer_tell(&peer, "PAGE lobby 3");
	peer_tell(&peer, "GAP lobby 40 70");
	peer_tell(&peer, "MSG lobby 71 5 bob old");
	peer_tell(&peer, "EDIT lobby 101 6 bob 71 older");
	peer_tell(&peer, "@id=# OK HISTORY lobby");
	peer_tell(&peer, "MSG lobby 102 5 bob live again");
	CU_ASSERT_EQUAL(peer_line(&peer, "MSG lobby 101 5 bob live", 0)->page,
	    0);
	CU_ASSERT_EQUAL(peer_line(&peer, "PAGE lobby 3", 0)->page, asked);
	CU_ASSERT_EQUAL(peer_line(&peer, "GAP lobby 40 70", 0)->page, asked);
	seen = peer_line(&peer, "MSG lobby 71 5 bob old", 0);
	CU_ASSERT_EQUAL(seen->page, asked);
	CU_ASSERT_EQUAL(seen->number, 71);
	CU_ASSERT_STRING_EQUAL(seen->name, "bob");
	seen = peer_line(&peer, "EDIT lobby 101 6 bob 71 older", 0);
	CU_ASSERT_EQUAL(seen->page, asked);
	CU_ASSERT_EQUAL(peer_line(&peer, "@id=# OK HISTORY lobby",
	    asked)->page, 0);
	seen = peer_line(&peer, "MSG lobby 102 5 bob live again", 0);
	CU_ASSERT_EQUAL(seen->page, 0);
	CU_ASSERT_EQUAL(vcrp_cursor(peer.v, "lobby"), 102);
	CU_ASSERT_EQUAL(vcrp_pending(peer.v), 0);
	peer_close(&peer);
}

/* While they wait in a queue of their own, what is said does not. */
static void
asks_for_one_page_at_a_time(void)
{
	struct peer peer;
	int64_t first, second, say;

	enter(&peer);
	first = vcrp_history(peer.v, "lobby", 1000, 50);
	second = vcrp_search(peer.v, "lobby", 5, 0, "two words");
	peer_asked(&peer, " HISTORY lobby 1000 50");
	say = vcrp_say(peer.v, "lobby", "hi");
	peer_tell(&peer, "@id=# OK HISTORY lobby");
	peer_line(&peer, "@id=# OK HISTORY lobby", first);
	peer_asked(&peer, " SAY lobby hi");
	peer_tell(&peer, "@id=# MSG lobby 101 5 ~alice hi");
	peer_line(&peer, "@id=# MSG lobby 101 5 ~alice hi", say);
	peer_asked(&peer, " SEARCH lobby 5 two words");
	peer_tell(&peer, "@id=# ERR denied no");
	peer_line(&peer, "@id=# ERR denied no", second);
	vcrp_search(peer.v, "lobby", 5, 77, "more");
	peer_asked(&peer, ";before=77 SEARCH lobby 5 more");
	peer_close(&peer);
}

/* What comes after a connection's end is not what was left of its page. */
static void
loses_a_page_with_the_connection(void)
{
	struct peer peer;
	struct seen *seen;
	int64_t asked;

	enter(&peer);
	asked = vcrp_history(peer.v, "lobby", 3, 0);
	peer_asked(&peer, " HISTORY lobby 3");
	peer_tell(&peer, "PAGE lobby 3");
	peer_tell(&peer, "MSG lobby 98 5 bob a");
	peer_line(&peer, "PAGE lobby 3", 0);
	peer_line(&peer, "MSG lobby 98 5 bob a", 0);
	peer_cut(&peer);
	seen = peer_event(&peer);
	CU_ASSERT_EQUAL(seen->kind, VCRP_LOST);
	CU_ASSERT_EQUAL(seen->request, asked);
	peer_login(&peer);
	peer_asked(&peer, " JOIN lobby 100");
	peer_tell(&peer, "@id=# OK JOIN lobby 101");
	peer_tell(&peer, "MSG lobby 101 5 bob b");
	peer_line(&peer, "@id=# OK JOIN lobby 101", 0);
	CU_ASSERT_EQUAL(peer_line(&peer, "MSG lobby 101 5 bob b", 0)->page, 0);
	CU_ASSERT_EQUAL(vcrp_cursor(peer.v, "lobby"), 101);
	peer_close(&peer);
}

/* A server that told too many lines is wrong, but its OK ends them. */
static void
ends_a_page_with_its_answer(void)
{
	struct peer peer;
	int64_t asked;

	enter(&peer);
	asked = vcrp_history(peer.v, "lobby", 3, 0);
	peer_asked(&peer, " HISTORY lobby 3");
	peer_tell(&peer, "PAGE lobby 3");
	peer_tell(&peer, "@id=# OK HISTORY lobby");
	peer_tell(&peer, "MSG lobby 101 5 bob b");
	peer_line(&peer, "PAGE lobby 3", 0);
	peer_line(&peer, "@id=# OK HISTORY lobby", asked);
	CU_ASSERT_EQUAL(peer_line(&peer, "MSG lobby 101 5 bob b", 0)->page, 0);
	CU_ASSERT_EQUAL(vcrp_cursor(peer.v, "lobby"), 101);
	peer_close(&peer);
}

static void
takes_a_page_that_nobody_asked_for(void)
{
	struct peer peer;

	enter(&peer);
	peer_tell(&peer, "PAGE lobby 1");
	peer_tell(&peer, "MSG lobby 40 5 bob a");
	peer_tell(&peer, "MSG lobby 101 5 bob c");
	peer_line(&peer, "PAGE lobby 1", 0);
	peer_line(&peer, "MSG lobby 40 5 bob a", 0);
	peer_line(&peer, "MSG lobby 101 5 bob c", 0);
	CU_ASSERT_EQUAL(vcrp_cursor(peer.v, "lobby"), 101);
	peer_close(&peer);
}

static void
refuses_what_is_no_question(void)
{
	struct peer peer;

	peer_open(&peer, NULL);
	CU_ASSERT_EQUAL(vcrp_history(peer.v, "a b", 1, 0), -EINVAL);
	CU_ASSERT_EQUAL(vcrp_history(peer.v, "", 1, 5), -EINVAL);
	CU_ASSERT_EQUAL(vcrp_search(peer.v, "a b", 1, 0, "x"), -EINVAL);
	CU_ASSERT_EQUAL(vcrp_search(peer.v, "a", 1, 0, ""), -EINVAL);
	CU_ASSERT_EQUAL(vcrp_search(peer.v, "a", 1, 9, "x\ny"), -EINVAL);
	CU_ASSERT_EQUAL(vcrp_pending(peer.v), 0);
	peer_close(&peer);
}

static CU_TestInfo page_tests[] = {
	{ "gives a page of history", gives_a_page_of_history },
	{ "asks for one page at a time", asks_for_one_page_at_a_time },
	{ "loses a page with the connection",
	    loses_a_page_with_the_connection },
	{ "ends a page with its answer", ends_a_page_with_its_answer },
	{ "takes a page that nobody asked for",
	    takes_a_page_that_nobody_asked_for },
	{ "refuses what is no question", refuses_what_is_no_question },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "client: pages", NULL, NULL, NULL, NULL, page_tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
