/* test_room_faults.c -- a room whose disk fails
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <sys/stat.h>

#include "fake.h"
#include "faulty.h"
#include "suite.h"

#define FAILED "ERR storage-full the server's disk has failed for this room\n"
#define FULL "ERR storage-full the server's disk is full\n"

/* Alice and bob are in a room; all is written to a disk of this kind. */
static struct fake *
with_log(enum config_sync sync, struct guy **alice_r, struct guy **bob_r)
{
	struct fake *f = fake_new();

	faulty_set(NULL);
	atomic_store(&f->config->storage_fsync, sync);
	fake_store(f);
	fake_room(f, NULL, "lobby");
	*alice_r = fake_inside(f, "alice");
	*bob_r = fake_inside(f, "bob");
	fake_say(*alice_r, "SAY lobby first");
	fake_forget(f);
	return f;
}

static long
todo_size(const struct fake *f)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "%s/rooms/lobby/todo",
	    f->keeping->dir);
	return stat(path, &st) == 0 ? (long)st.st_size : 0;
}

static void
what_cannot_be_written_was_not_said(void)
{
	struct guy *alice, *bob;
	struct fake *f = with_log(SYNC_NEVER, &alice, &bob);
	uint64_t end = stream_end(&f->room->stream);

	faulty_set("write:ENOSPC:short=60:path=.log");
	fake_post(alice, "@id=a SAY lobby one");
	fake_post(bob, "@id=a SAY lobby two");
	fake_post(alice, "@id=b REACT lobby 101 +1");
	fake_post(alice, "SAY lobby three");
	fake_turn(f);
	CU_ASSERT(fake_heard(alice, "@id=a " FULL "@id=b " FULL FULL));
	CU_ASSERT(fake_heard(bob, "@id=a " FULL));
	CU_ASSERT_EQUAL(stream_end(&f->room->stream), end);
	CU_ASSERT_EQUAL(f->room->stream.last, 101);
	CU_ASSERT_EQUAL(fake_logged(f, "~"), 1);
	CU_ASSERT_EQUAL(counter_get(&f->room->counters.unsaid), 4);
	CU_ASSERT_EQUAL(counter_get(&f->room->counters.events), 1);

	/* So it is not known as said, and its number is given now. */
	faulty_set(NULL);
	CU_ASSERT(fake_gets(alice, "@id=a SAY lobby one",
	    "@id=a MSG lobby 102 T ~alice one\n"));
	CU_ASSERT(fake_heard(bob, "@id=a MSG lobby 102 T ~alice one\n"));
	CU_ASSERT(fake_gets(bob, "@id=a SAY lobby two",
	    "@id=a MSG lobby 103 T ~bob two\n"));
	CU_ASSERT(fake_gets(alice, "@id=b REACT lobby 101 +1",
	    "@id=b REACT lobby 104 T ~alice 101 +1\n"));
	CU_ASSERT_EQUAL(fake_logged(f, "~"), 4);
	fake_free(&f);
}

/* What was said before, and asked between, is as it was. */
static void
who_asks_between_is_answered(void)
{
	struct guy *alice, *bob;
	struct fake *f = with_log(SYNC_NEVER, &alice, &bob);

	faulty_set("write:EIO:path=.log");
	fake_post(alice, "SIGNAL lobby before");
	fake_post(alice, "@id=a SAY lobby one");
	fake_post(alice, "SIGNAL lobby between");
	fake_post(alice, "@id=b SAY lobby two");
	fake_post(bob, "SET lobby slow 5");
	fake_post(bob, "@id=c SAY lobby three");
	fake_turn(f);
	CU_ASSERT(fake_heard(alice, "@id=a " FAILED "@id=b " FAILED
	    "SIGNAL lobby ~alice before\n"));
	CU_ASSERT(fake_heard(bob, "ERR denied your role does not allow it\n"
	    "@id=c " FAILED "SIGNAL lobby ~alice before\n"));
	CU_ASSERT(fake_gets(bob, "SIGNAL lobby after",
	    "SIGNAL lobby ~bob after\n"));
	CU_ASSERT(fake_heard(alice, "SIGNAL lobby ~bob after\n"));
	faulty_set(NULL);
	fake_free(&f);
}

static void
a_batch_of_many_chunks_is_taken_back_whole(void)
{
	struct guy *alice, *bob;
	struct fake *f = with_log(SYNC_NEVER, &alice, &bob);
	uint64_t end = stream_end(&f->room->stream);
	char line[3000];

	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	memcpy(line, "@id=i0 SAY lobby ", 17);
	for (int round = 0; round < 2; round++) {
		faulty_set(round == 0 ? "write:EIO:path=.log" : NULL);
		for (int i = 0; i < 200; i++) {
			line[4] = (char)('A' + i / 26);
			line[5] = (char)('a' + i % 26);
			fake_post(i % 2 ? alice : bob, line);
			fake_post(bob, "SIGNAL lobby typing");
		}
		fake_turn(f);
		fake_forget(f);
		if (round > 0)
			break;
		CU_ASSERT_EQUAL(stream_end(&f->room->stream), end);
		CU_ASSERT_EQUAL(f->room->stream.last, 101);
		CU_ASSERT_EQUAL(fake_logged(f, "x"), 0);
	}
	CU_ASSERT_EQUAL(f->room->stream.last, 301);
	CU_ASSERT_EQUAL(alice->cursor, 301);
	CU_ASSERT_EQUAL(bob->cursor, 301);
	CU_ASSERT_EQUAL(fake_logged(f, "x"), 200);
	line[4] = line[5] = 'A';
	line[5] = 'a';
	CU_ASSERT(fake_gets(bob, line, "@id=Aa OK SAY lobby 102\n"));
	fake_free(&f);
}

/* A direct conversation's first line brings who is not in it; they stay. */
static void
a_conversation_that_cannot_be_stored_tells_nothing(void)
{
	struct fake *f = fake_new();
	struct guy *olga, *otto;

	fake_store(f);
	olga = fake_account(f, "olga");
	otto = fake_account(f, "otto");
	fake_room(f, olga, "@otto");
	faulty_set("any:ENOSPC:path=rooms");
	CU_ASSERT(fake_gets(olga, "SAY @otto psst",
	    "ROOM @olga,otto 100 2\n" FULL));
	CU_ASSERT(fake_heard(otto, "ROOM @olga,otto 100 2\n"));
	faulty_set(NULL);
	CU_ASSERT(fake_gets(olga, "SAY @otto psst",
	    "MSG @olga,otto 101 T olga psst\n"));
	CU_ASSERT(fake_heard(otto, "MSG @olga,otto 101 T olga psst\n"));
	fake_free(&f);
}

static struct fake *
owned(struct guy **olga_r, struct guy **bob_r)
{
	struct fake *f = fake_new();

	faulty_set(NULL);
	fake_store(f);
	*olga_r = fake_account(f, "olga");
	fake_room(f, *olga_r, "lobby");
	fake_say(*olga_r, "JOIN lobby");
	*bob_r = fake_inside(f, "bob");
	fake_say(*bob_r, "SAY lobby secret");
	fake_forget(f);
	fake_saved(f, "olga owner\n");
	return f;
}

/* Of a disk that fails in this way nothing changes. */
static void
nothing_changes(const char *rules)
{
	struct guy *olga, *bob, *late;
	struct fake *f = owned(&olga, &bob);

	faulty_set(rules);
	CU_ASSERT(fake_gets(olga, "SET lobby topic Hello", FAILED));
	CU_ASSERT(fake_gets(olga, "SET lobby keep 1", FAILED));
	CU_ASSERT(fake_gets(olga, "ROLE lobby ~bob banned", FAILED));
	CU_ASSERT(fake_gets(olga, "DELETE lobby 101", FAILED));
	CU_ASSERT(fake_gets(bob, "@id=d DELETE lobby 101", "@id=d " FAILED));
	CU_ASSERT_EQUAL(roster_people(&f->room->roster), 2);
	CU_ASSERT_EQUAL(f->room->jobs, 0);
	CU_ASSERT_EQUAL(f->room->erasures, 0);
	CU_ASSERT(fake_saved(f, ""));
	CU_ASSERT_EQUAL(todo_size(f), 0);
	faulty_set(NULL);
	late = fake_guest(f, "late", NULL);
	CU_ASSERT(fake_gets(late, "JOIN lobby 100",
	    "ROOM lobby 101 3\nOK JOIN lobby 101\n"
	    "MSG lobby 101 T ~bob secret\nROOM lobby 101 3\n"));
	/* A start finds nothing to be done. */
	fake_restart(f);
	fake_room(f, NULL, "lobby");
	CU_ASSERT_EQUAL(f->room->jobs, 0);
	CU_ASSERT_PTR_NULL(f->room->settings.topic);
	CU_ASSERT_EQUAL(fake_logged(f, "secret"), 1);
	fake_free(&f);
}

static void
nothing_changes_if_the_log_fails(void)
{
	nothing_changes("write:EIO:path=.log");
}

static void
nothing_changes_if_todo_fails(void)
{
	nothing_changes("write:EIO:path=todo");
}

static void
nothing_changes_if_todo_cannot_be_synced(void)
{
	nothing_changes("sync:EIO:path=todo");
}

/* The server dies between todo and the log: the line was not said. */
static void
what_todo_has_and_the_log_has_not_is_not_done(void)
{
	struct guy *olga, *bob;
	struct fake *f = owned(&olga, &bob);

	faulty_set("write:EIO:path=.log,truncate:EIO:path=todo");
	CU_ASSERT(fake_gets(olga, "SET lobby topic Hello", FAILED));
	CU_ASSERT(fake_gets(olga, "DELETE lobby 101", FAILED));
	CU_ASSERT(todo_size(f) > 0);
	faulty_set(NULL);
	fake_restart(f);
	fake_room(f, NULL, "lobby");
	CU_ASSERT_EQUAL(f->room->jobs, 0);
	CU_ASSERT_PTR_NULL(f->room->settings.topic);
	CU_ASSERT_EQUAL(fake_logged(f, "secret"), 1);
	fake_free(&f);
}

/* todo is there before the log has the line. */
static void
todo_comes_before_the_log(void)
{
	struct guy *olga, *bob;
	struct fake *f = owned(&olga, &bob);
	unsigned long writes = faulty_calls("write");

	f->keeping->no_saving = true;
	faulty_set("write:EIO:n=2");
	CU_ASSERT(fake_gets(olga, "SET lobby topic Hello", FAILED));
	CU_ASSERT_EQUAL(faulty_calls("write") - writes, 2);
	CU_ASSERT_EQUAL(f->room->stream.last, 101);
	CU_ASSERT_EQUAL(todo_size(f), 0);
	faulty_set("write:EIO:n=1");
	CU_ASSERT(fake_gets(olga, "SET lobby topic Hello", FAILED));
	CU_ASSERT_EQUAL(fake_logged(f, "SET"), 0);
	faulty_set(NULL);
	fake_free(&f);
}

static void
an_erasure_that_fails_is_done_at_the_next_start(void)
{
	struct guy *olga, *bob;
	struct fake *f = owned(&olga, &bob);

	faulty_set("sync:EIO:path=.log");
	fake_say(bob, "DELETE lobby 101");
	CU_ASSERT_EQUAL(f->room->stream.last, 102);
	CU_ASSERT_EQUAL(f->room->erasing, 0);
	faulty_set(NULL);
	/* It is shown no more all the same. */
	CU_ASSERT(fake_gets(bob, "DELETE lobby 101", "ERR no-such-number "
	    "the room has no such message, or no longer\n"));
	if (todo_size(f) > 0) {
		fake_restart(f);
		fake_room(f, NULL, "lobby");
		fake_turn(f);
	}
	CU_ASSERT_EQUAL(fake_logged(f, "secret"), 0);
	CU_ASSERT_EQUAL(todo_size(f), 0);
	fake_free(&f);
}

static void
an_erasure_that_cannot_be_done_now_is_tried_again(void)
{
	struct guy *olga, *bob;
	struct fake *f = owned(&olga, &bob);

	faulty_set("open:EMFILE:path=.sum");
	fake_say(bob, "DELETE lobby 101");
	CU_ASSERT_EQUAL(f->room->erasing, 0);
	CU_ASSERT_EQUAL(fake_logged(f, "secret"), 1);
	CU_ASSERT(todo_size(f) > 0);
	faulty_set(NULL);
	fake_turn(f);
	CU_ASSERT_EQUAL(fake_logged(f, "secret"), 1);
	f->now += 10000;
	fake_turn(f);
	CU_ASSERT_EQUAL(fake_logged(f, "secret"), 0);
	CU_ASSERT_EQUAL(todo_size(f), 0);
	fake_free(&f);
}

static void
after_a_failed_sync_all_is_refused_until_RETRY(void)
{
	struct guy *alice, *bob, *root;
	struct fake *f = with_log(SYNC_ALWAYS, &alice, &bob);

	root = fake_admin(f, "root");
	faulty_set("sync:EIO:n=1:path=.log");
	CU_ASSERT(fake_gets(alice, "@id=a SAY lobby one", "@id=a " FAILED));
	faulty_set(NULL);
	CU_ASSERT(fake_gets(alice, "SAY lobby two", FAILED));
	CU_ASSERT(fake_heard(bob, ""));
	CU_ASSERT(fake_gets(root, "RETRY lobby", "OK RETRY lobby 101\n"));
	CU_ASSERT(fake_gets(alice, "@id=a SAY lobby one",
	    "@id=a MSG lobby 102 T ~alice one\n"));
	CU_ASSERT(fake_heard(bob, "@id=a MSG lobby 102 T ~alice one\n"));
	/* Still failing. */
	faulty_set("sync:EIO:path=.log");
	CU_ASSERT(fake_gets(alice, "SAY lobby two", FAILED));
	CU_ASSERT(fake_gets(root, "RETRY lobby", FAILED));
	faulty_set(NULL);
	CU_ASSERT(fake_gets(root, "RETRY lobby", "OK RETRY lobby 102\n"));
	fake_restart(f);
	fake_room(f, NULL, "lobby");
	CU_ASSERT(f->room->stream.last >= 102);
	fake_free(&f);
}

/* What it has is not known, so its numbers are above all there can be. */
static void
a_room_that_cannot_be_loaded_waits_for_RETRY(void)
{
	struct guy *alice, *bob, *root, *olga;
	struct fake *f = with_log(SYNC_NEVER, &alice, &bob);
	char line[128];
	uint64_t last;

	fake_drop(&alice, NULL);
	fake_drop(&bob, NULL);
	olga = fake_account(f, "olga");
	fake_say(olga, "JOIN lobby");
	fake_say(olga, "@id=o SAY lobby mine");
	f->keeping->no_saving = true;
	fake_say(olga, "SET lobby topic Hello");
	fake_restart(f);
	faulty_set("open:EIO:path=lobby");
	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	root = fake_admin(f, "root");
	bob = fake_guest(f, "bob", NULL);
	CU_ASSERT(fake_gets(alice, "SAY lobby one", FAILED));
	CU_ASSERT(fake_gets(root, "RETRY lobby", FAILED));
	faulty_set(NULL);
	last = f->room->stream.last;
	CU_ASSERT(last >= 103);
	snprintf(line, sizeof(line), "OK RETRY lobby %llu\n",
	    (unsigned long long)last);
	CU_ASSERT(fake_gets(root, "RETRY lobby", line));
	CU_ASSERT(fake_heard(alice, ""));
	/* And what was read too late. */
	CU_ASSERT(fake_saved(f, "Hello slow 0 keep 0/0\n"));
	CU_ASSERT_EQUAL(todo_size(f), 0);
	olga = fake_account(f, "olga");
	CU_ASSERT(fake_gets(olga, "@id=o SAY lobby mine",
	    "@id=o OK SAY lobby 102\n"));
	fake_say(alice, "SAY lobby two");
	CU_ASSERT_EQUAL(alice->cursor, last + 1);
	/* What it has can be had again, and nothing is missing. */
	fake_say(bob, "JOIN lobby 100");
	CU_ASSERT_EQUAL(bob->cursor, last + 1);
	CU_ASSERT_EQUAL(fake_logged(f, "MSG"), 3);
	fake_free(&f);
}

/* HISTORY says so; who is behind is not left waiting. */
static void
a_log_that_cannot_be_read_keeps_nobody_waiting(void)
{
	struct guy *alice, *bob, *late;
	struct fake *f = with_log(SYNC_NEVER, &alice, &bob);
	char line[1024];

	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	memcpy(line, "SAY lobby ", 10);
	for (int i = 0; i < 40; i++)
		fake_say(alice, line);
	late = fake_guest(f, "late", NULL);
	fake_forget(f);
	faulty_set("open:EMFILE:path=.log");
	CU_ASSERT(fake_gets(bob, "@id=h HISTORY lobby 5",
	    "@id=h ERR internal the log cannot be read now\n"));
	CU_ASSERT(fake_gets(bob, "@id=e REACT lobby 101 +1",
	    "@id=e ERR internal the log cannot be read now\n"));
	fake_say(late, "JOIN lobby 100");
	CU_ASSERT_EQUAL(late->cursor, 141);
	CU_ASSERT_EQUAL(f->room->lookups, 0);
	faulty_set(NULL);
	fake_free(&f);
}

static CU_TestInfo tests[] = {
	{ "what cannot be written was not said",
	  what_cannot_be_written_was_not_said },
	{ "who asks between is answered", who_asks_between_is_answered },
	{ "a batch of many chunks is taken back whole",
	  a_batch_of_many_chunks_is_taken_back_whole },
	{ "a conversation that cannot be stored tells nothing",
	  a_conversation_that_cannot_be_stored_tells_nothing },
	{ "nothing changes if the log fails",
	  nothing_changes_if_the_log_fails },
	{ "nothing changes if todo fails", nothing_changes_if_todo_fails },
	{ "nothing changes if todo cannot be synced",
	  nothing_changes_if_todo_cannot_be_synced },
	{ "what todo has and the log has not is not done",
	  what_todo_has_and_the_log_has_not_is_not_done },
	{ "todo comes before the log", todo_comes_before_the_log },
	{ "an erasure that fails is done at the next start",
	  an_erasure_that_fails_is_done_at_the_next_start },
	{ "an erasure that cannot be done now is tried again",
	  an_erasure_that_cannot_be_done_now_is_tried_again },
	{ "after a failed sync all is refused until RETRY",
	  after_a_failed_sync_all_is_refused_until_RETRY },
	{ "a room that cannot be loaded waits for RETRY",
	  a_room_that_cannot_be_loaded_waits_for_RETRY },
	{ "a log that cannot be read keeps nobody waiting",
	  a_log_that_cannot_be_read_keeps_nobody_waiting },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "room, faults", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
