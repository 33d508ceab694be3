/* test_people.c -- who has which name, and until when
 *
 * SPDX-License-Identifier: MIT */
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

#include "fake.h"
#include "proto/mail.h"
#include "suite.h"

#define KEY "0123456789abcdefghijkl"
#define OTHER "0123456789abcdefghijkL"

enum { ROUNDS = 5000, STACK = 256 * 1024 };

/* How a login as a guest ends that must not succeed. */
static enum error
refusal(struct fake *f, const char *nick, const char *key)
{
	struct contact contact = { 0 };
	struct mail handover = { 0 };
	struct person *claim;
	const char *why = NULL;
	enum error e = people_hello(f->registry, slice_of(nick),
	    slice_of(key), &contact, &handover, &claim, &why);

	CU_ASSERT_PTR_NOT_NULL(why);
	CU_ASSERT_PTR_NULL(claim);
	CU_ASSERT_PTR_NULL(contact.person);
	return e;
}

static void
a_guest_is_shown_with_a_mark(void)
{
	struct fake *f = fake_new();
	struct guy *alice = fake_guest(f, "Alice", NULL);
	struct guy *bob = fake_account(f, "Bob");

	CU_ASSERT(slice_is(person_name(alice->contact.person), "~Alice"));
	CU_ASSERT(slice_is(person_key(alice->contact.person), "~allce"));
	CU_ASSERT_FALSE(alice->contact.person->account);
	CU_ASSERT(slice_is(person_name(bob->contact.person), "Bob"));
	CU_ASSERT(slice_is(person_key(bob->contact.person), "bob"));
	CU_ASSERT(bob->contact.person->account);
	CU_ASSERT_FALSE(bob->contact.person->admin);
	CU_ASSERT_EQUAL(bob->contact.person->since, 0);
	fake_free(&f);
}

static void
a_name_is_one_guests_at_a_time(void)
{
	struct fake *f = fake_new();
	struct guy *alice = fake_guest(f, "alice", NULL);

	CU_ASSERT_EQUAL(refusal(f, "ALICE", ""), ERROR_NAME_TAKEN);
	CU_ASSERT_EQUAL(refusal(f, "alice", KEY), ERROR_NAME_TAKEN);
	CU_ASSERT_EQUAL(refusal(f, "al ice", ""), ERROR_BAD_NAME);
	CU_ASSERT_EQUAL(refusal(f, "~alice", ""), ERROR_BAD_NAME);
	CU_ASSERT_EQUAL(refusal(f, "", ""), ERROR_BAD_NAME);
	/* Without a key it is free at once. */
	fake_drop(&alice, NULL);
	alice = fake_guest(f, "ALICE", NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(alice);
	CU_ASSERT(slice_is(person_name(alice->contact.person), "~ALICE"));
	fake_free(&f);
}

static void
an_accounts_name_is_no_guests(void)
{
	struct fake *f = fake_new();
	struct guy *bob = fake_account(f, "bob");

	CU_ASSERT_EQUAL(refusal(f, "Bob", ""), ERROR_NAME_RESERVED);
	/* Whether it is connected or not. */
	fake_drop(&bob, NULL);
	CU_ASSERT_EQUAL(refusal(f, "bob", ""), ERROR_NAME_RESERVED);
	fake_free(&f);
}

static void
an_account_has_many_connections(void)
{
	struct fake *f = fake_new();
	struct guy *one = fake_account(f, "bob"), *two;

	two = fake_account(f, "BOB");
	CU_ASSERT_PTR_EQUAL(one->contact.person, two->contact.person);
	CU_ASSERT_FALSE(one->evicted);
	fake_drop(&one, NULL);
	CU_ASSERT(slice_is(person_name(two->contact.person), "bob"));
	CU_ASSERT_EQUAL(refusal(f, "bob", ""), ERROR_NAME_RESERVED);
	fake_free(&f);
}

static void
the_key_replaces_the_connection_before(void)
{
	struct fake *f = fake_new();
	struct guy *one, *two;

	one = fake_guest(f, "alice", KEY);
	CU_ASSERT_EQUAL(refusal(f, "alice", ""), ERROR_NAME_TAKEN);
	CU_ASSERT_EQUAL(refusal(f, "alice", OTHER), ERROR_NAME_TAKEN);
	CU_ASSERT_FALSE(one->evicted);
	two = fake_guest(f, "alice", KEY);
	CU_ASSERT_PTR_NOT_NULL_FATAL(two);
	CU_ASSERT(one->evicted);
	CU_ASSERT_FALSE(two->evicted);
	CU_ASSERT_PTR_EQUAL(one->contact.person, two->contact.person);
	/* It is told once, however many come. */
	one->evicted = false;
	CU_ASSERT_PTR_NOT_NULL(fake_guest(f, "alice", KEY));
	CU_ASSERT_FALSE(one->evicted);
	CU_ASSERT(two->evicted);
	fake_free(&f);
}

static void
a_further_connection_is_the_same_persons(void)
{
	struct fake *f = fake_new();
	struct guy *one = fake_guest(f, "alice", KEY), *two, *three;

	two = fake_further(one);
	CU_ASSERT_PTR_NOT_NULL_FATAL(two);
	CU_ASSERT_PTR_EQUAL(one->contact.person, two->contact.person);
	CU_ASSERT_FALSE(one->evicted || two->evicted);
	/* The name is held by it alone, too. */
	fake_drop(&one, NULL);
	CU_ASSERT_EQUAL(refusal(f, "alice", ""), ERROR_NAME_TAKEN);
	three = fake_further(two);
	CU_ASSERT_PTR_NOT_NULL_FATAL(three);
	/* Whoever comes back replaces them all, and they have no more. */
	CU_ASSERT_PTR_NOT_NULL(fake_guest(f, "alice", KEY));
	CU_ASSERT(two->evicted && three->evicted);
	CU_ASSERT_PTR_NULL(fake_further(two));
	fake_free(&f);
}

static void
further_connections_count_as_connections(void)
{
	struct fake *f = fake_new();
	struct guy *guest = fake_guest(f, "alice", NULL);
	struct guy *bob = fake_account(f, "bob"), *more[15], *last;

	for (int i = 0; i < 15; i++) {
		CU_ASSERT_PTR_NOT_NULL(fake_further(guest));
		more[i] = fake_further(bob);
		CU_ASSERT_PTR_NOT_NULL_FATAL(more[i]);
	}
	CU_ASSERT_PTR_NULL(fake_further(guest));
	CU_ASSERT_PTR_NULL(fake_further(bob));
	CU_ASSERT_PTR_NULL(fake_account(f, "bob"));
	fake_drop(&more[3], NULL);
	last = fake_further(bob);
	CU_ASSERT_PTR_NOT_NULL_FATAL(last);
	fake_drop(&last, NULL);
	CU_ASSERT_PTR_NOT_NULL(fake_account(f, "bob"));
	CU_ASSERT_PTR_NULL(fake_further(bob));
	fake_free(&f);
}

static void
a_name_with_a_key_is_kept_ten_minutes(void)
{
	struct fake *f = fake_new();
	struct guy *alice = fake_guest(f, "alice", KEY);
	uint64_t since = alice->contact.person->since, left = f->now;

	fake_drop(&alice, NULL);
	people_expire(f->registry, left + RESERVED_MS - 1);
	CU_ASSERT_EQUAL(refusal(f, "alice", ""), ERROR_NAME_TAKEN);
	CU_ASSERT_EQUAL(refusal(f, "alice", OTHER), ERROR_NAME_TAKEN);
	alice = fake_guest(f, "alice", KEY);
	CU_ASSERT_PTR_NOT_NULL_FATAL(alice);
	CU_ASSERT_EQUAL(alice->contact.person->since, since);
	/* Who is here does not expire. */
	people_expire(f->registry, left + 2 * RESERVED_MS);
	CU_ASSERT_EQUAL(refusal(f, "alice", ""), ERROR_NAME_TAKEN);
	fake_drop(&alice, NULL);
	people_expire(f->registry, left + RESERVED_MS);
	alice = fake_guest(f, "alice", OTHER);
	CU_ASSERT_PTR_NOT_NULL(alice);
	fake_free(&f);
}

static void
a_guest_begins_after_every_event_there_is(void)
{
	struct fake *f = fake_new();
	struct guy *alice;

	registry_note_time(f->registry, FAKE_WALL);
	alice = fake_guest(f, "alice", NULL);
	CU_ASSERT(alice->contact.person->since > FAKE_WALL);
	fake_free(&f);
}

static void
who_is_gone_longest_is_given_up_for_another(void)
{
	struct fake *f = fake_new();
	char nick[16];

	for (int i = 0; i <= RESERVED_MAX; i++) {
		struct guy *g;

		snprintf(nick, sizeof(nick), "n%d", i);
		g = fake_guest(f, nick, KEY);
		CU_ASSERT_PTR_NOT_NULL_FATAL(g);
		if (i == RESERVED_MAX)
			CU_ASSERT_EQUAL(refusal(f, "n0", ""),
			    ERROR_NAME_TAKEN);
		fake_drop(&g, NULL);
	}
	CU_ASSERT_EQUAL(f->registry->people.count, RESERVED_MAX);
	CU_ASSERT_EQUAL(refusal(f, "n1", ""), ERROR_NAME_TAKEN);
	CU_ASSERT_PTR_NOT_NULL(fake_guest(f, "n0", NULL));
	fake_free(&f);
}

/* A thread that logs in and goes away, again and again. */
struct comer {
	struct thread    thread;
	struct fake     *fake;
	unsigned         io;
	const char      *key;
	atomic_int      *inside;
	unsigned         welcome;	/* logins that succeeded */
	unsigned         replaced;
	bool             good;
};

/* The hand-over, and MAIL_EVICT if it was sent: both must be there. */
static void
take_own(struct comer *c, struct contact *contact, struct mail *handover,
    bool told)
{
	struct mail *waiters;
	struct mail *m = mailbox_take(&c->fake->boxes[c->io], &waiters);

	c->good = c->good && m == handover;
	m = m != NULL ? m->next : NULL;
	c->good = c->good && m == (told ? &contact->evict : NULL) &&
	    (!told || m->next == NULL);
	c->replaced += told;
}

static void
come_and_go(void *arg)
{
	struct comer *c = arg;

	while (c->welcome < ROUNDS && c->good) {
		struct contact contact = { .conn = 1, .io = c->io };
		struct mail handover = { .kind = MAIL_CONN };
		struct person *claim;
		const char *why;
		enum error e = people_hello(c->fake->registry,
		    slice_of("alice"), slice_of(c->key), &contact, &handover,
		    &claim, &why);

		if (e != ERROR_NONE) {
			c->good = e == ERROR_NAME_TAKEN && *c->key == '\0';
			sched_yield();
			continue;
		}
		c->welcome++;
		if (atomic_fetch_add(c->inside, 1) > 0 && *c->key == '\0')
			c->good = false;
		people_expire(c->fake->registry, 1);
		atomic_fetch_sub(c->inside, 1);
		take_own(c, &contact, &handover,
		    people_leave(c->fake->registry, &contact, 1));
	}
}

static void
race(struct fake *f, const char *key, struct comer c[FAKE_IOS])
{
	atomic_int inside = 0;

	for (unsigned i = 0; i < FAKE_IOS; i++) {
		c[i] = (struct comer){ .fake = f, .io = i, .key = key,
			.inside = &inside, .good = true };
		CU_ASSERT_EQUAL_FATAL(thread_start(&c[i].thread, "comer",
		    STACK, false, come_and_go, &c[i]), 0);
	}
	for (unsigned i = 0; i < FAKE_IOS; i++) {
		thread_join(&c[i].thread);
		CU_ASSERT(c[i].good);
		CU_ASSERT_EQUAL(c[i].welcome, ROUNDS);
	}
}

static void
two_threads_never_have_one_name(void)
{
	struct fake *f = fake_new();
	struct comer c[FAKE_IOS];

	race(f, "", c);
	CU_ASSERT_EQUAL(c[0].replaced + c[1].replaced, 0);
	CU_ASSERT_EQUAL(f->registry->people.count, 0);
	fake_free(&f);
}

static void
two_threads_with_the_key_both_come_in(void)
{
	struct fake *f = fake_new();
	struct comer c[FAKE_IOS];

	race(f, KEY, c);
	CU_ASSERT_EQUAL(f->registry->people.count, 1);
	fake_free(&f);
}

static CU_TestInfo tests[] = {
	{ "a guest is shown with a mark", a_guest_is_shown_with_a_mark },
	{ "a name is one guest's at a time", a_name_is_one_guests_at_a_time },
	{ "an account's name is no guest's", an_accounts_name_is_no_guests },
	{ "an account has many connections",
	    an_account_has_many_connections },
	{ "the key replaces the connection before",
	    the_key_replaces_the_connection_before },
	{ "a further connection is the same person's",
	    a_further_connection_is_the_same_persons },
	{ "further connections count as connections",
	    further_connections_count_as_connections },
	{ "a name with a key is kept ten minutes",
	    a_name_with_a_key_is_kept_ten_minutes },
	{ "a guest begins after every event there is",
	    a_guest_begins_after_every_event_there_is },
	{ "who is gone longest is given up for another",
	    who_is_gone_longest_is_given_up_for_another },
	{ "two threads never have one name",
	    two_threads_never_have_one_name },
	{ "two threads with the key both come in",
	    two_threads_with_the_key_both_come_in },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "people", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
