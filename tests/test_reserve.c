/* test_reserve.c -- guests whose names are kept on the disk
 *
 * SPDX-License-Identifier: MIT */
#include <sodium.h>

#include "fake.h"
#include "ledger/vault.h"
#include "proto/mail.h"
#include "suite.h"

#define KEY "0123456789abcdefghijkl"
#define OTHER "0123456789abcdefghijkL"

/* Where there is a store, it is the test that answers its mail. */
struct stored {
	struct fake   *fake;
	struct mailbox box;
};

/* One login, for as long as a test needs it. */
struct login {
	struct contact contact;
	struct mail    handover;
	struct person *claim;
};

static void
begin(struct stored *s)
{
	s->fake = fake_new();
	mailbox_init(&s->box, 0);
	s->fake->registry->store = &s->box;
}

/* Was the store told that this name is over, and nothing else? NULL: it was
 * told nothing. */
static bool
forgot(struct stored *s, const char *name)
{
	struct mail *waiters, *m = mailbox_take(&s->box, &waiters);
	struct person *p;
	bool good;

	if (m == NULL || name == NULL)
		return m == NULL && name == NULL;
	p = table_entry(m, struct reservation, over)->person;
	good = m->kind == MAIL_FORGET && m->next == NULL &&
	    slice_is(person_name(p), name);
	person_unref(&p);
	return good;
}

static void
end(struct stored *s)
{
	fake_free(&s->fake);
	CU_ASSERT(forgot(s, NULL));
	mailbox_fini(&s->box);
}

static enum error
hello(struct stored *s, struct login *l, const char *nick, const char *key)
{
	const char *why;

	memset(l, 0, sizeof(*l));
	list_init(&l->contact.link);
	l->handover.kind = MAIL_CONN;
	return people_hello(s->fake->registry, slice_of(nick), slice_of(key),
	    &l->contact, &l->handover, &l->claim, &why);
}

/* How a login ends that must not succeed. */
static enum error
refusal(struct stored *s, const char *nick, const char *key)
{
	struct login l;
	enum error e = hello(s, &l, nick, key);

	CU_ASSERT_PTR_NULL(l.claim);
	CU_ASSERT_PTR_NULL(l.contact.person);
	return e;
}

/* What the io thread of these logins has got, in order. */
static bool
took(struct stored *s, const struct mail *first, const struct mail *second)
{
	struct mail *waiters;
	struct mail *m = mailbox_take(&s->fake->boxes[0], &waiters);

	return m == first && (m == NULL || (m->next == second &&
	    (second == NULL || second->next == NULL)));
}

static void
leave(struct stored *s, struct login *l, uint64_t now)
{
	(void)people_leave(s->fake->registry, &l->contact, now);
}

static void
a_key_waits_for_the_disk(void)
{
	struct stored s;
	struct login one, two;

	begin(&s);
	CU_ASSERT_EQUAL(hello(&s, &one, "alice", KEY), ERROR_NONE);
	CU_ASSERT_PTR_NOT_NULL_FATAL(one.claim);
	CU_ASSERT(slice_is(person_name(one.claim), "~alice"));
	CU_ASSERT(took(&s, NULL, NULL));
	/* The name is taken meanwhile. */
	CU_ASSERT_EQUAL(refusal(&s, "alice", ""), ERROR_NAME_TAKEN);
	CU_ASSERT_EQUAL(refusal(&s, "alice", OTHER), ERROR_NAME_TAKEN);
	people_expire(s.fake->registry, UINT64_MAX);
	people_enter(s.fake->registry, &one.claim, &one.contact,
	    &one.handover);
	CU_ASSERT_PTR_NULL(one.claim);
	CU_ASSERT(took(&s, &one.handover, NULL));
	/* Once it is there nobody waits for it. */
	CU_ASSERT_EQUAL(hello(&s, &two, "alice", KEY), ERROR_NONE);
	CU_ASSERT_PTR_NULL(two.claim);
	CU_ASSERT(took(&s, &one.contact.evict, &two.handover));
	leave(&s, &one, 1);
	leave(&s, &two, 1);
	CU_ASSERT(forgot(&s, NULL));
	people_expire(s.fake->registry, RESERVED_MS + 1);
	CU_ASSERT(forgot(&s, "~alice"));
	end(&s);
}

static void
without_a_key_nobody_waits(void)
{
	struct stored s;
	struct guy *bob;
	struct login one;

	begin(&s);
	CU_ASSERT_EQUAL(hello(&s, &one, "alice", ""), ERROR_NONE);
	CU_ASSERT_PTR_NULL(one.claim);
	CU_ASSERT(took(&s, &one.handover, NULL));
	leave(&s, &one, 1);
	bob = fake_account(s.fake, "bob");
	fake_drop(&bob, NULL);
	CU_ASSERT(forgot(&s, NULL));
	end(&s);
}

static void
what_is_not_on_the_disk_is_free_again(void)
{
	struct stored s;
	struct login one;

	begin(&s);
	CU_ASSERT_EQUAL(hello(&s, &one, "alice", KEY), ERROR_NONE);
	people_abandon(s.fake->registry, &one.claim, false, 1);
	CU_ASSERT_EQUAL(s.fake->registry->people.count, 0);
	/* It may be there in spite of what the store knows. */
	CU_ASSERT(forgot(&s, "~alice"));
	end(&s);
}

static void
who_went_while_it_was_stored_is_reserved(void)
{
	struct stored s;
	struct login one;

	begin(&s);
	CU_ASSERT_EQUAL(hello(&s, &one, "alice", KEY), ERROR_NONE);
	people_abandon(s.fake->registry, &one.claim, true, 1);
	people_expire(s.fake->registry, RESERVED_MS);
	CU_ASSERT_EQUAL(refusal(&s, "alice", OTHER), ERROR_NAME_TAKEN);
	CU_ASSERT_EQUAL(hello(&s, &one, "alice", KEY), ERROR_NONE);
	CU_ASSERT_PTR_NULL(one.claim);
	CU_ASSERT(took(&s, &one.handover, NULL));
	leave(&s, &one, 1);
	people_expire(s.fake->registry, RESERVED_MS + 1);
	CU_ASSERT(forgot(&s, "~alice"));
	end(&s);
}

static void
two_claims_of_one_name_are_one_person(void)
{
	struct stored s;
	struct login one, two, three;

	begin(&s);
	CU_ASSERT_EQUAL(hello(&s, &one, "alice", KEY), ERROR_NONE);
	CU_ASSERT_EQUAL(hello(&s, &two, "alice", KEY), ERROR_NONE);
	CU_ASSERT_EQUAL(hello(&s, &three, "alice", KEY), ERROR_NONE);
	CU_ASSERT_PTR_EQUAL_FATAL(one.claim, two.claim);
	CU_ASSERT_PTR_EQUAL_FATAL(one.claim, three.claim);
	/* One fails, or ends: the others still wait. */
	people_abandon(s.fake->registry, &one.claim, false, 1);
	CU_ASSERT(forgot(&s, NULL));
	people_enter(s.fake->registry, &two.claim, &two.contact,
	    &two.handover);
	CU_ASSERT(took(&s, &two.handover, NULL));
	leave(&s, &two, 1);
	people_expire(s.fake->registry, UINT64_MAX);
	CU_ASSERT(forgot(&s, NULL));
	people_enter(s.fake->registry, &three.claim, &three.contact,
	    &three.handover);
	CU_ASSERT(took(&s, &three.handover, NULL));
	leave(&s, &three, 1);
	people_expire(s.fake->registry, RESERVED_MS + 1);
	CU_ASSERT(forgot(&s, "~alice"));
	end(&s);
}

static void
hash_of(const char *key, unsigned char hash_r[PERSON_SECRET])
{
	crypto_generichash(hash_r, PERSON_SECRET, (const unsigned char *)key,
	    strlen(key), NULL, 0);
}

static bool
restore(struct stored *s, const char *nick, uint64_t since, const char *key)
{
	unsigned char hash[PERSON_SECRET];

	hash_of(key, hash);
	return people_restore(s->fake->registry, slice_of(nick), since, hash,
	    1);
}

static void
a_guest_of_an_earlier_run_is_the_same(void)
{
	struct stored s;
	struct login one;

	begin(&s);
	CU_ASSERT(restore(&s, "Alice", 12345, KEY));
	CU_ASSERT_EQUAL(refusal(&s, "alice", ""), ERROR_NAME_TAKEN);
	CU_ASSERT_EQUAL(refusal(&s, "alice", OTHER), ERROR_NAME_TAKEN);
	people_expire(s.fake->registry, RESERVED_MS);
	CU_ASSERT_EQUAL(hello(&s, &one, "ALICE", KEY), ERROR_NONE);
	CU_ASSERT_PTR_NULL(one.claim);
	CU_ASSERT(took(&s, &one.handover, NULL));
	CU_ASSERT_EQUAL(one.contact.person->since, 12345);
	CU_ASSERT(slice_is(person_name(one.contact.person), "~Alice"));
	leave(&s, &one, 1);
	people_expire(s.fake->registry, RESERVED_MS + 1);
	CU_ASSERT(forgot(&s, "~Alice"));
	end(&s);
}

static void
one_that_does_not_come_back_has_ten_minutes(void)
{
	struct stored s;

	begin(&s);
	CU_ASSERT(restore(&s, "alice", 12345, KEY));
	people_expire(s.fake->registry, RESERVED_MS);
	CU_ASSERT(forgot(&s, NULL));
	people_expire(s.fake->registry, RESERVED_MS + 1);
	CU_ASSERT(forgot(&s, "~alice"));
	CU_ASSERT_EQUAL(s.fake->registry->people.count, 0);
	end(&s);
}

static void
who_cannot_be_restored_is_refused(void)
{
	struct stored s;

	begin(&s);
	CU_ASSERT_FALSE(restore(&s, "al ice", 1, KEY));
	CU_ASSERT_FALSE(restore(&s, "~alice", 1, KEY));
	CU_ASSERT(restore(&s, "alice", 2, KEY));
	CU_ASSERT_FALSE(restore(&s, "ALICE", 1, KEY));
	s.fake->registry->reserved = RESERVED_MAX;
	CU_ASSERT_FALSE(restore(&s, "bob", 1, KEY));
	s.fake->registry->reserved = 1;
	/* At the end the disk keeps it. */
	end(&s);
}

static void
a_guest_begins_after_what_the_disk_knows(void)
{
	struct fake *f = fake_new();
	struct vault vault = { .begun = FAKE_WALL };

	f->registry->vault = &vault;
	CU_ASSERT_EQUAL(people_begin_time(f->registry), FAKE_WALL + 1);
	atomic_store(&vault.time, FAKE_WALL + 5);
	CU_ASSERT_EQUAL(people_begin_time(f->registry), FAKE_WALL + 6);
	registry_note_time(f->registry, FAKE_WALL + 10);
	CU_ASSERT_EQUAL(people_begin_time(f->registry), FAKE_WALL + 11);
	f->registry->vault = NULL;
	fake_free(&f);
}

static CU_TestInfo tests[] = {
	{ "a key waits for the disk", a_key_waits_for_the_disk },
	{ "without a key nobody waits", without_a_key_nobody_waits },
	{ "what is not on the disk is free again",
	    what_is_not_on_the_disk_is_free_again },
	{ "who went while it was stored is reserved",
	    who_went_while_it_was_stored_is_reserved },
	{ "two claims of one name are one person",
	    two_claims_of_one_name_are_one_person },
	{ "a guest of an earlier run is the same",
	    a_guest_of_an_earlier_run_is_the_same },
	{ "one that does not come back has ten minutes",
	    one_that_does_not_come_back_has_ten_minutes },
	{ "who cannot be restored is refused",
	    who_cannot_be_restored_is_refused },
	{ "a guest begins after what the disk knows",
	    a_guest_begins_after_what_the_disk_knows },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "reserve", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
