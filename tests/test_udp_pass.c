/* test_udp_pass.c -- what the thread of datagrams does in a pass, and keeps
 *
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "datagrams.h"
#include "net/shed.h"
#include "suite.h"

#define T "4102444800000"

/* Nothing of a room comes before what says that one is in it. */
static void
answers_while_another_join_is_under_way(void)
{
	struct stage *s = stage_new(false);
	struct guy *bob = stage_guy(s, "bob");
	struct peer_session *p = stage_peer(s, "alice");
	struct room *other;

	stage_room(s, "other");
	other = s->rooms[1];
	/* It does not answer yet; and nothing was ever said to alice. */
	s->rooms[1] = NULL;
	p->conn->bytes_out = 0;
	peer_say(p, "JOIN lobby\n@id=o JOIN other");
	fake_post(bob, "SAY lobby one");
	stage_round(s);
	CU_ASSERT(peer_heard(p, "ROOM lobby 100 2\nOK JOIN lobby 100\n"
	    "MSG lobby 101 " T " ~bob one\n"));
	s->rooms[1] = other;
	stage_round(s);
	CU_ASSERT(peer_count(p, "@id=o OK JOIN other ") == 1);
	stage_free(&s);
}

/* What has left a socket wakes nobody. */
static void
sleeps_when_it_has_sent(void)
{
	struct stage *s = stage_new(false);
	struct guy *bob = stage_guy(s, "bob");
	struct peer_session *p = stage_peer(s, "alice");
	struct epoll_event event;
	int epoll = s->net.ios[1]->epoll;

	peer_say(p, "JOIN lobby");
	peer_forget(p);
	while (epoll_wait(epoll, &event, 1, 0) > 0)
		;
	fake_post(bob, "SAY lobby one");
	/* That there was mail is told, and that is all. */
	stage_round(s);
	CU_ASSERT(peer_count(p, " ~bob one\n") == 1);
	while (epoll_wait(epoll, &event, 1, 0) > 0)
		CU_ASSERT(event.data.ptr == NULL);
	/* What comes does. */
	peer_post(p, "PING");
	CU_ASSERT(epoll_wait(epoll, &event, 1, 0) == 1 &&
	    event.data.ptr == &s->sockets.all[0]);
	stage_round(s);
	CU_ASSERT(peer_count(p, "PONG") == 1);
	stage_free(&s);
}

/* The first piece of a line, whose others never come. */
static void
begin_line(struct peer_session *p)
{
	unsigned char bytes[DATAGRAM_MAX_BYTES];
	char line[DATAGRAM_PLAIN_MAX + 1];
	size_t len;

	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\n';
	len = datagram_seal_piece(&p->datagram, line, sizeof(line), 0, bytes);
	if (send(p->fd, bytes, len, 0) != (ssize_t)len)
		abort();
}

/* Little memory is freed of who has most of it. */
static void
what_is_kept_for_missing_pieces_counts(void)
{
	struct stage *s = stage_new(false);
	struct peer_session *alice = stage_peer(s, "alice");
	struct peer_session *carol = stage_peer(s, "carol");
	struct shed shed = { .bytes = 1 };

	begin_line(alice);
	for (int i = 0; i < DATAGRAM_LINES; i++)
		begin_line(carol);
	stage_round(s);
	thread_adopt(&s->net.ios[1]->thread, "udp");
	shed_some(s->net.ios[1], &shed);
	stage_round(s);
	CU_ASSERT(carol->conn == NULL && alice->conn != NULL);
	stage_free(&s);
}

static CU_TestInfo tests[] = {
	{ "answers while another JOIN is under way",
	    answers_while_another_join_is_under_way },
	{ "sleeps when it has sent", sleeps_when_it_has_sent },
	{ "what is kept for missing pieces counts as memory",
	    what_is_kept_for_missing_pieces_counts },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "udp_pass", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
