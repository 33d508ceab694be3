/* test_room_log.c -- a room whose log is on disk
 *
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "fake.h"
#include "proto/mail.h"
#include "suite.h"

#define NO_NUMBER \
	"ERR no-such-number the room has no such message, or no longer\n"

/* Its window is 16 KiB. */
static struct fake *
with_log(void)
{
	struct fake *f = fake_new();

	fake_store(f);
	return f;
}

/* So many lines of a thousand bytes. */
static void
fill(struct guy *g, unsigned count)
{
	char line[1024];

	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	memcpy(line, "SAY lobby ", 10);
	while (count-- > 0)
		fake_say(g, line);
	fake_forget(g->fake);
}

/* How many lines with this word were heard since. */
static unsigned
heard(struct guy *g, const char *word)
{
	unsigned count = 0;

	if (g->heard == NULL)
		return 0;
	blob_add(&g->heard, (struct slice){ "", 1 });
	for (const char *at = g->heard->data;
	    (at = strstr(at, word)) != NULL; at++)
		count++;
	blob_unref(&g->heard);
	return count;
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
what_is_behind_the_window_comes_from_the_log(void)
{
	struct fake *f = with_log();
	struct guy *alice, *bob = fake_guest(f, "bob", NULL);

	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	fill(alice, 40);
	CU_ASSERT(stream_oldest(&f->room->stream) > 110);
	fake_say(bob, "JOIN lobby 100");
	CU_ASSERT_EQUAL(bob->cursor, 140);
	CU_ASSERT_EQUAL(counter_get(&f->room->counters.replays), 1);
	CU_ASSERT_EQUAL(heard(bob, "MSG lobby"), 40);
	CU_ASSERT(fake_gets(alice, "SAY lobby live",
	    "MSG lobby 141 T ~alice live\n"));
	CU_ASSERT(fake_heard(bob, "MSG lobby 141 T ~alice live\n"));
	fake_free(&f);
}

static void
a_laggard_misses_nothing(void)
{
	struct fake *f = with_log();
	struct guy *alice, *bob;

	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	bob = fake_inside(f, "bob");
	bob->stopped = true;
	fill(alice, 40);
	fake_say(alice, "SIGNAL lobby typing");
	fill(alice, 40);
	fake_resume(bob);
	CU_ASSERT_EQUAL(bob->cursor, 180);
	CU_ASSERT_EQUAL(heard(bob, "ROOM lobby 180 2\n"), 1);
	fake_free(&f);
}

/* The window moves on while the log is read. */
static void
what_is_said_while_the_log_is_read_comes_after_it(void)
{
	struct fake *f = with_log();
	struct guy *alice, *bob = fake_guest(f, "bob", NULL);

	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	fill(alice, 40);
	f->keeping->no_reads = true;
	fake_say(bob, "JOIN lobby 100");
	fill(alice, 40);
	f->keeping->no_reads = false;
	fake_turn(f);
	CU_ASSERT_EQUAL(bob->cursor, 180);
	CU_ASSERT_EQUAL(heard(bob, "MSG lobby"), 80);
	fake_free(&f);
}

static void
a_message_that_the_window_has_not_is_looked_up(void)
{
	struct fake *f = with_log();
	struct guy *alice, *bob;

	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	bob = fake_inside(f, "bob");
	fake_say(alice, "@id=a SAY lobby first");
	fill(alice, 40);
	f->keeping->no_reads = true;
	fake_say(alice, "@id=e EDIT lobby 101 changed");
	fake_say(bob, "REACT lobby 101 +1");
	fake_say(bob, "EDIT lobby 101 mine");
	/* What can be done is not held up. */
	CU_ASSERT(fake_gets(alice, "SAY lobby meanwhile",
	    "MSG lobby 142 T ~alice meanwhile\n"));
	fake_forget(f);
	f->keeping->no_reads = false;
	fake_turn(f);
	CU_ASSERT(fake_heard(alice,
	    "@id=e EDIT lobby 143 T ~alice 101 changed\n"
	    "REACT lobby 144 T ~bob 101 +1\n"));
	CU_ASSERT(fake_heard(bob,
	    "ERR denied only one's own messages can be edited\n"
	    "@id=e EDIT lobby 143 T ~alice 101 changed\n"
	    "REACT lobby 144 T ~bob 101 +1\n"));
	CU_ASSERT(fake_gets(alice, "@id=e EDIT lobby 101 changed",
	    "@id=e OK EDIT lobby 143\n"));
	fake_free(&f);
}

/* The archive has read it before it was erased. */
static void
what_is_deleted_while_it_is_looked_up_is_gone(void)
{
	struct fake *f = with_log();
	struct guy *alice;

	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	fake_say(alice, "SAY lobby first");
	fill(alice, 40);
	f->keeping->no_reads = true;
	fake_say(alice, "DELETE lobby 101");
	fake_say(alice, "DELETE lobby 101");
	fake_say(alice, "EDIT lobby 101 changed");
	fake_forget(f);
	f->keeping->no_reads = false;
	fake_turn(f);
	CU_ASSERT(fake_heard(alice, NO_NUMBER NO_NUMBER
	    "DELETE lobby 142 T ~alice 101\n"));
	CU_ASSERT_EQUAL(f->room->stream.last, 142);
	/* Its number is not kept for ever. */
	CU_ASSERT_EQUAL(f->room->erasures, 0);
	CU_ASSERT(fake_gets(alice, "EDIT lobby 101 changed", NO_NUMBER));
	fake_free(&f);
}

/* The erasure is back before what was read ahead of it. */
static void
what_was_read_before_it_was_erased_is_gone(void)
{
	struct fake *f = with_log();
	struct guy *alice;
	struct mail *m, *waiters;

	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	fake_say(alice, "SAY lobby first");
	fill(alice, 40);
	f->keeping->no_reads = f->keeping->no_erasing = true;
	fake_say(alice, "DELETE lobby 101");
	archives_round(f->keeping->archives);
	fake_say(alice, "EDIT lobby 101 changed");
	archives_round(f->keeping->archives);
	m = mailbox_take(&f->room->inbox, &waiters);
	CU_ASSERT_EQUAL_FATAL(m->kind, MAIL_REQUEST);
	keeper_round(f->keeping->keeper, f->now, f->wall, true);
	mailbox_send(&f->room->inbox, m);
	f->keeping->no_reads = f->keeping->no_erasing = false;
	fake_turn(f);
	CU_ASSERT(fake_heard(alice, "DELETE lobby 142 T ~alice 101\n"
	    NO_NUMBER));
	CU_ASSERT_EQUAL(f->room->erasing, 0);
	fake_free(&f);
}

static void
what_is_deleted_is_erased_in_the_log(void)
{
	struct fake *f = with_log();
	struct guy *alice, *bob;

	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	bob = fake_guest(f, "bob", NULL);
	fake_say(alice, "@+k=value SAY lobby secret");
	fake_say(alice, "EDIT lobby 101 secret still");
	fake_say(alice, "SAY lobby no secret at all");
	CU_ASSERT_EQUAL(fake_logged(f, "secret"), 3);
	fake_say(alice, "DELETE lobby 101");
	CU_ASSERT_EQUAL(fake_logged(f, "secret"), 1);
	CU_ASSERT_EQUAL(fake_logged(f, "value"), 0);
	CU_ASSERT_EQUAL(fake_logged(f, "~alice"), 4);
	CU_ASSERT_EQUAL(todo_size(f), 0);
	CU_ASSERT(fake_gets(bob, "JOIN lobby 100",
	    "ROOM lobby 104 2\nOK JOIN lobby 104\n"
	    "@+k=_____ MSG lobby 101 T ~alice       \n"
	    "EDIT lobby 102 T ~alice 101             \n"
	    "MSG lobby 103 T ~alice no secret at all\n"
	    "DELETE lobby 104 T ~alice 101\n"
	    "ROOM lobby 104 2\n"));
	fake_free(&f);
}

static void
who_would_read_what_is_being_erased_waits(void)
{
	struct fake *f = with_log();
	struct guy *alice, *bob, *late;

	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	bob = fake_inside(f, "bob");
	late = fake_guest(f, "late", NULL);
	fake_say(alice, "SAY lobby secret");
	bob->stopped = true;
	fill(alice, 40);
	f->keeping->no_erasing = true;
	fake_say(alice, "DELETE lobby 101");
	CU_ASSERT(todo_size(f) > 0);
	fake_forget(f);
	CU_ASSERT(fake_gets(late, "JOIN lobby 100", ""));
	CU_ASSERT(fake_gets(alice, "HISTORY lobby 5 103", ""));
	CU_ASSERT(fake_gets(alice, "SEARCH lobby 5 secret", ""));
	fake_resume(bob);
	CU_ASSERT(fake_heard(bob, ""));
	/* All else goes on. */
	CU_ASSERT(fake_gets(alice, "SAY lobby on",
	    "MSG lobby 143 T ~alice on\n"));
	f->keeping->no_erasing = false;
	fake_turn(f);
	CU_ASSERT(alice->under_way == 0);
	CU_ASSERT_EQUAL(heard(alice, "secret"), 0);
	CU_ASSERT_EQUAL(heard(late, "secret"), 0);
	CU_ASSERT_EQUAL(heard(bob, "MSG"), 41);
	CU_ASSERT_EQUAL(late->cursor, 143);
	CU_ASSERT_EQUAL(bob->cursor, 143);
	CU_ASSERT_EQUAL(todo_size(f), 0);
	fake_free(&f);
}

/* However much is deleted meanwhile. */
static void
who_waits_for_erasures_does_not_wait_for_later_ones(void)
{
	struct fake *f = with_log();
	struct guy *alice;

	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	for (int i = 0; i < 3; i++)
		fake_say(alice, "SAY lobby x");
	f->keeping->no_erasing = true;
	fake_say(alice, "DELETE lobby 101");
	fake_forget(f);
	CU_ASSERT(fake_gets(alice, "HISTORY lobby 1 102", ""));
	CU_ASSERT(fake_gets(alice, "DELETE lobby 102", ""));
	f->keeping->no_erasing = false;
	fake_turn(f);
	CU_ASSERT_EQUAL(heard(alice, "DELETE lobby 105 T ~alice 102\n"), 1);
	CU_ASSERT(alice->under_way == 0);
	CU_ASSERT_EQUAL(fake_logged(f, "x"), 1);
	CU_ASSERT_EQUAL(todo_size(f), 0);
	fake_free(&f);
}

static void
an_erasure_that_was_lost_is_done_at_the_next_start(void)
{
	struct fake *f = with_log();
	struct guy *alice;

	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	fake_say(alice, "SAY lobby secret");
	f->keeping->no_erasing = true;
	fake_say(alice, "DELETE lobby 101");
	CU_ASSERT_EQUAL(fake_logged(f, "secret"), 1);
	fake_restart(f);
	fake_room(f, NULL, "lobby");
	CU_ASSERT_EQUAL(f->room->erasing, 1);
	fake_turn(f);
	CU_ASSERT_EQUAL(fake_logged(f, "secret"), 0);
	CU_ASSERT_EQUAL(todo_size(f), 0);
	fake_free(&f);
}

static void
settings_that_were_lost_are_made_again(void)
{
	struct fake *f = with_log();
	struct guy *olga = fake_account(f, "olga");

	fake_room(f, olga, "lobby");
	fake_say(olga, "JOIN lobby");
	CU_ASSERT(fake_saved(f, "olga owner\n"));
	f->keeping->no_saving = true;
	fake_say(olga, "SET lobby topic Hello");
	fake_say(olga, "SET lobby slow 5");
	fake_say(olga, "ROLE lobby ~bob muted");
	fake_say(olga, "@for=1h ROLE lobby ~carol banned");
	CU_ASSERT(todo_size(f) > 0);
	fake_restart(f);
	CU_ASSERT(fake_saved(f, ""));
	fake_room(f, NULL, "lobby");
	fake_turn(f);
	CU_ASSERT(fake_saved(f, "Hello slow 0 keep 0/0\n"
	    "Hello slow 5 keep 0/0\n"
	    "~bob muted\n~carol banned for a while\n"));
	CU_ASSERT_EQUAL(f->room->settings.slow, 5);
	CU_ASSERT_EQUAL(settings_role(&f->room->settings, slice_of("~bob"),
	    f->now), ROLE_MUTED);
	CU_ASSERT_EQUAL(todo_size(f), 0);
	fake_free(&f);
}

static void
who_made_a_room_owns_it_though_that_was_lost(void)
{
	struct fake *f = with_log();
	struct guy *olga = fake_account(f, "olga");

	f->keeping->no_saving = true;
	fake_room(f, olga, "lobby");
	fake_say(olga, "JOIN lobby");
	fake_restart(f);
	CU_ASSERT(fake_saved(f, ""));
	fake_room(f, NULL, "lobby");
	fake_turn(f);
	CU_ASSERT(fake_saved(f, "olga owner\n"));
	CU_ASSERT_EQUAL(f->room->settings.owners, 1);
	fake_free(&f);
}

/* It is not the disk that is full, and nothing else is refused. */
static void
what_waits_for_the_store_is_bounded(void)
{
	struct fake *f = with_log();
	struct guy *olga = fake_account(f, "olga");

	f->keeping->no_saving = true;
	fake_room(f, olga, "lobby");
	fake_say(olga, "JOIN lobby");
	for (int i = 0; i < 2000; i++)
		fake_say(olga, "SET lobby topic a topic of some length");
	fake_forget(f);
	CU_ASSERT(fake_gets(olga, "SET lobby topic a topic of some length",
	    "ERR storage-full "
	    "what was set and deleted here waits to be kept; try again\n"));
	CU_ASSERT_EQUAL(f->room->failure, 0);
	fake_say(olga, "SAY lobby on");
	CU_ASSERT_EQUAL(heard(olga, " on\n"), 1);
	f->keeping->no_saving = false;
	fake_turn(f);
	fake_say(olga, "SET lobby topic y");
	CU_ASSERT_EQUAL(heard(olga, "OK SET"), 1);
	fake_free(&f);
}

/* Changes that come back undone stay in todo; they are not lost with those
 * that were done. */
static void
what_the_store_could_not_save_stays_to_be_done(void)
{
	struct fake *f = with_log();
	struct guy *olga = fake_account(f, "olga");

	fake_room(f, olga, "lobby");
	fake_say(olga, "JOIN lobby");
	f->keeping->fails = true;
	fake_say(olga, "SET lobby topic one");
	f->keeping->fails = false;
	fake_say(olga, "SET lobby slow 5");
	CU_ASSERT(todo_size(f) > 0);
	CU_ASSERT(fake_saved(f, "olga owner\none slow 5 keep 0/0\n"));
	fake_free(&f);
}

static void
ids_and_numbers_survive_a_restart(void)
{
	struct fake *f = with_log();
	struct guy *olga = fake_account(f, "olga");

	fake_room(f, olga, "Lobby");
	fake_say(olga, "JOIN lobby");
	fake_say(olga, "@id=a SAY lobby one");
	fake_say(olga, "@id=b EDIT lobby 101 two");
	fake_say(olga, "@id=c SAY lobby secret");
	fake_say(olga, "@id=d DELETE lobby 103");
	fake_restart(f);
	olga = fake_account(f, "olga");
	fake_room(f, olga, "lobby");
	/* By its first spelling, of which the log tells. */
	CU_ASSERT(fake_gets(olga, "JOIN lobby",
	    "ROOM Lobby 104 1\nOK JOIN Lobby 104\n"));
	CU_ASSERT(fake_gets(olga, "@id=a SAY lobby one",
	    "@id=a OK SAY Lobby 101\n"));
	CU_ASSERT(fake_gets(olga, "@id=a SAY lobby else",
	    "@id=a ERR bad-value this id was used for something else\n"));
	CU_ASSERT(fake_gets(olga, "@id=b EDIT lobby 101 two",
	    "@id=b OK EDIT Lobby 102\n"));
	CU_ASSERT(fake_gets(olga, "@id=c SAY lobby secret",
	    "@id=c OK SAY Lobby 103\n"));
	CU_ASSERT(fake_gets(olga, "@id=d DELETE lobby 103",
	    "@id=d OK DELETE Lobby 104\n"));
	CU_ASSERT(fake_gets(olga, "SAY lobby on",
	    "MSG Lobby 105 T olga on\n"));
	fake_free(&f);
}

static void
a_conversation_of_accounts_survives_a_restart(void)
{
	struct fake *f = with_log();
	struct guy *olga = fake_account(f, "olga");
	struct guy *otto = fake_account(f, "otto");

	fake_room(f, olga, "@otto");
	fake_say(olga, "@id=a SAY @otto hi");
	fake_say(otto, "SAY @olga hello");
	fake_restart(f);
	CU_ASSERT_EQUAL(f->registry->rooms.count, 1);
	otto = fake_account(f, "otto");
	olga = fake_account(f, "olga");
	fake_room(f, otto, "@olga");
	CU_ASSERT_EQUAL(f->room->stream.last, 102);
	CU_ASSERT(fake_gets(otto, "JOIN @olga 100",
	    "ROOM @olga,otto 102 2\nOK JOIN @olga,otto 102\n"
	    "@id=a MSG @olga,otto 101 T olga hi\n"
	    "MSG @olga,otto 102 T otto hello\n"
	    "ROOM @olga,otto 102 2\n"));
	CU_ASSERT(fake_gets(olga, "@id=a SAY @otto hi",
	    "@id=a OK SAY @olga,otto 101\n"));
	CU_ASSERT(fake_gets(olga, "SAY @otto again",
	    "ROOM @olga,otto 102 2\n"
	    "MSG @olga,otto 103 T olga again\n"));
	CU_ASSERT(fake_heard(otto, "MSG @olga,otto 103 T olga again\n"));
	CU_ASSERT_EQUAL(f->registry->rooms.count, 0);
	fake_free(&f);
}

static void
a_conversation_with_a_guest_has_no_log(void)
{
	struct fake *f = with_log();
	struct guy *olga = fake_account(f, "olga");

	fake_guest(f, "alice", NULL);
	fake_room(f, olga, "@~alice");
	fake_say(olga, "SAY @~alice hi");
	CU_ASSERT_PTR_NULL(f->room->ledger);
	CU_ASSERT_EQUAL(fake_logged(f, ""), 0);
	CU_ASSERT(fake_gets(olga, "HISTORY @~alice 5",
	    "PAGE @olga,~alice 0\nOK HISTORY @olga,~alice\n"));
	fake_free(&f);
}

/* What it said last is in no log: no number is given twice. */
static void
an_ephemeral_room_goes_on_above_what_it_may_have_given(void)
{
	struct fake *f = with_log();
	struct guy *olga = fake_account(f, "olga");
	uint64_t floor;

	fake_room(f, olga, "lobby");
	fake_say(olga, "JOIN lobby");
	f->keeping->no_saving = true;
	fake_say(olga, "SET lobby ephemeral on");
	fake_say(olga, "SAY lobby lost");
	CU_ASSERT_EQUAL(fake_logged(f, "lost"), 0);
	fake_restart(f);
	floor = f->keeping->vault->floor;
	olga = fake_account(f, "olga");
	fake_room(f, olga, "lobby");
	CU_ASSERT(f->room->settings.ephemeral);
	CU_ASSERT(f->room->stream.last >= 102);
	CU_ASSERT(f->room->stream.last >= floor);
	fake_free(&f);
}

static void
a_room_that_is_quiet_needs_no_window(void)
{
	struct fake *f = with_log();
	struct guy *alice, *bob = fake_guest(f, "bob", NULL), *slow;

	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	slow = fake_inside(f, "slow");
	slow->stopped = true;
	fill(alice, 5);
	f->now += 59999;
	fake_turn(f);
	CU_ASSERT_EQUAL(stream_oldest(&f->room->stream), 101);
	f->now += 1;
	fake_turn(f);
	CU_ASSERT_EQUAL(stream_oldest(&f->room->stream), 106);
	fake_resume(slow);
	CU_ASSERT_EQUAL(slow->cursor, 105);
	fake_say(bob, "JOIN lobby 102");
	CU_ASSERT_EQUAL(bob->cursor, 105);
	fake_forget(f);
	CU_ASSERT(fake_gets(alice, "SAY lobby on",
	    "MSG lobby 106 T ~alice on\n"));
	CU_ASSERT(fake_heard(bob, "MSG lobby 106 T ~alice on\n"));
	CU_ASSERT(fake_heard(slow, "MSG lobby 106 T ~alice on\n"));
	fake_free(&f);
}

static CU_TestInfo tests[] = {
	{ "what is behind the window comes from the log",
	  what_is_behind_the_window_comes_from_the_log },
	{ "a laggard misses nothing", a_laggard_misses_nothing },
	{ "what is said while the log is read comes after it",
	  what_is_said_while_the_log_is_read_comes_after_it },
	{ "a message that the window has not is looked up",
	  a_message_that_the_window_has_not_is_looked_up },
	{ "what is deleted while it is looked up is gone",
	  what_is_deleted_while_it_is_looked_up_is_gone },
	{ "what was read before it was erased is gone",
	  what_was_read_before_it_was_erased_is_gone },
	{ "what is deleted is erased in the log",
	  what_is_deleted_is_erased_in_the_log },
	{ "who would read what is being erased waits",
	  who_would_read_what_is_being_erased_waits },
	{ "who waits for erasures does not wait for later ones",
	  who_waits_for_erasures_does_not_wait_for_later_ones },
	{ "an erasure that was lost is done at the next start",
	  an_erasure_that_was_lost_is_done_at_the_next_start },
	{ "settings that were lost are made again",
	  settings_that_were_lost_are_made_again },
	{ "who made a room owns it, though that was lost",
	  who_made_a_room_owns_it_though_that_was_lost },
	{ "what waits for the store is bounded",
	  what_waits_for_the_store_is_bounded },
	{ "what the store could not save stays to be done",
	  what_the_store_could_not_save_stays_to_be_done },
	{ "ids and numbers survive a restart",
	  ids_and_numbers_survive_a_restart },
	{ "a conversation of accounts survives a restart",
	  a_conversation_of_accounts_survives_a_restart },
	{ "a conversation with a guest has no log",
	  a_conversation_with_a_guest_has_no_log },
	{ "an ephemeral room goes on above what it may have given",
	  an_ephemeral_room_goes_on_above_what_it_may_have_given },
	{ "a room that is quiet needs no window",
	  a_room_that_is_quiet_needs_no_window },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "room, log", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
