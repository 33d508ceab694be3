/* test_accounts.c -- accounts in memory: what is known of them, what changes
 *                    them, and what they leave behind
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "fake.h"
#include "proto/mail.h"
#include "room/marks.h"
#include "suite.h"

#define SALT "AAECAwQFBgcICQoLDA0ODw=="
#define STORED "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
#define SERVER "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8="
#define VERIFIER "SCRAM-SHA-256$10000:" SALT "$" STORED ":" SERVER

static void
a_verifier_is_what_it_was(void)
{
	char text[VERIFIER_TEXT];
	struct verifier v;

	CU_ASSERT(verifier_parse(slice_of(VERIFIER), &v));
	CU_ASSERT_EQUAL(v.iterations, 10000);
	CU_ASSERT_EQUAL(v.salt[15], 15);
	CU_ASSERT_EQUAL(v.stored[0], 0x20);
	CU_ASSERT_EQUAL(v.server[31], 0x5f);
	CU_ASSERT_STRING_EQUAL(verifier_render(&v, text), VERIFIER);
}

static void
what_is_no_verifier_is_refused(void)
{
	static const char *const bad[] = { "", "SCRAM-SHA-256",
		"SCRAM-SHA-256$", "scram-sha-256$10000:" SALT "$" STORED ":"
		SERVER, "SCRAM-SHA-1$10000:" SALT "$" STORED ":" SERVER,
		"SCRAM-SHA-256$9999:" SALT "$" STORED ":" SERVER,
		"SCRAM-SHA-256$10000001:" SALT "$" STORED ":" SERVER,
		"SCRAM-SHA-256$010000:" SALT "$" STORED ":" SERVER,
		"SCRAM-SHA-256$:" SALT "$" STORED ":" SERVER,
		"SCRAM-SHA-256$10000:$" STORED ":" SERVER,
		"SCRAM-SHA-256$10000:AAEC$" STORED ":" SERVER,
		"SCRAM-SHA-256$10000:" SALT "$" SALT ":" SERVER,
		"SCRAM-SHA-256$10000:" SALT "$" STORED ":" SALT,
		"SCRAM-SHA-256$10000:" SALT "$" STORED ":" SERVER "A",
		"SCRAM-SHA-256$10000:" SALT "$" STORED ":" SERVER ":",
		"SCRAM-SHA-256$10000:" SALT "$" STORED SERVER,
		"SCRAM-SHA-256$10000:AAECAwQFBgcICQoLDA0ODw$" STORED ":"
		SERVER };
	static const struct verifier zero;
	struct verifier v;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		memset(&v, 1, sizeof(v));
		CU_ASSERT_FALSE(verifier_parse(slice_of(bad[i]), &v));
		CU_ASSERT_EQUAL(memcmp(&v, &zero, sizeof(v)), 0);
	}
}

static struct account_order
new_order(enum account_action action, const char *name)
{
	struct account_order o = { .action = action };

	snprintf(o.facts.name, sizeof(o.facts.name), "%s", name);
	CU_ASSERT(verifier_parse(slice_of(VERIFIER), &o.facts.verifier));
	return o;
}

/* As the store does it, if it may be. */
static enum error
order(struct fake *f, struct account_order o)
{
	const char *why = NULL;
	enum error e = accounts_check(f->registry, &o, &why);

	if (e == ERROR_NONE)
		accounts_apply(&o);
	else
		CU_ASSERT_PTR_NOT_NULL(why);
	return e;
}

static enum error
simple(struct fake *f, enum account_action action, const char *name)
{
	return order(f, new_order(action, name));
}

static enum error
set_role(struct fake *f, const char *name, bool admin)
{
	struct account_order o = new_order(ACCOUNT_ROLE, name);

	o.facts.admin = admin;
	return order(f, o);
}

static enum error
set_certificate(struct fake *f, const char *name, unsigned char byte)
{
	struct account_order o = new_order(ACCOUNT_CERTIFICATE, name);

	o.facts.certified = byte != 0;
	memset(o.facts.fingerprint, byte, FINGERPRINT);
	return order(f, o);
}

static enum error
log_in(struct fake *f, const char *name, bool local)
{
	struct contact c = { .conn = 99 };
	struct mail handover = { .kind = MAIL_CONN };
	const char *why;
	enum error e = people_account(f->registry, slice_of(name), local, &c,
	    &handover, &why);

	if (e == ERROR_NONE) {
		struct mail *waiters;

		(void)mailbox_take(&f->boxes[0], &waiters);
		people_leave(f->registry, &c, f->now);
	}
	return e;
}

static enum error
hello(struct fake *f, const char *nick)
{
	struct contact c = { .conn = 99 };
	struct mail handover = { .kind = MAIL_CONN };
	struct person *claim;
	const char *why;

	return people_hello(f->registry, slice_of(nick), slice_of(""), &c,
	    &handover, &claim, &why);
}

static void
an_account_is_there_once_it_is_made(void)
{
	struct fake *f = fake_new();
	struct account_facts facts;

	CU_ASSERT_FALSE(accounts_get(f->registry, slice_of("bob"), &facts));
	CU_ASSERT_EQUAL(log_in(f, "bob", false), ERROR_AUTH_FAILED);
	CU_ASSERT_EQUAL(simple(f, ACCOUNT_ADD, "Bob"), ERROR_NONE);
	CU_ASSERT_FATAL(accounts_get(f->registry, slice_of("bob"), &facts));
	CU_ASSERT_STRING_EQUAL(facts.name, "Bob");
	CU_ASSERT_EQUAL(facts.verifier.iterations, 10000);
	CU_ASSERT_EQUAL(facts.verifier.stored[31], 0x3f);
	CU_ASSERT_FALSE(facts.admin || facts.disabled || facts.certified);
	CU_ASSERT(facts.created > 0);
	CU_ASSERT_EQUAL(facts.seen, 0);
	CU_ASSERT_EQUAL(log_in(f, "BOB", false), ERROR_NONE);
	CU_ASSERT(accounts_get(f->registry, slice_of("bob"), &facts));
	CU_ASSERT(facts.seen > 0);
	/* The local socket is for local users. */
	CU_ASSERT_EQUAL(log_in(f, "bob", true), ERROR_AUTH_FAILED);
	fake_free(&f);
}

static void
a_name_is_one_accounts_in_any_spelling(void)
{
	struct fake *f = fake_new();

	CU_ASSERT_EQUAL(simple(f, ACCOUNT_ADD, "Bob"), ERROR_NONE);
	CU_ASSERT_EQUAL(simple(f, ACCOUNT_ADD, "bob"), ERROR_NAME_RESERVED);
	CU_ASSERT_EQUAL(simple(f, ACCOUNT_ADD, "al1"), ERROR_NONE);
	CU_ASSERT_EQUAL(simple(f, ACCOUNT_ADD, "ALL"), ERROR_NAME_RESERVED);
	CU_ASSERT_EQUAL(simple(f, ACCOUNT_ADD, "-bob"), ERROR_BAD_NAME);
	CU_ASSERT_EQUAL(simple(f, ACCOUNT_ADD, "~bob"), ERROR_BAD_NAME);
	CU_ASSERT_EQUAL(hello(f, "BOB"), ERROR_NAME_RESERVED);
	fake_free(&f);
}

/* The guest stays until it goes; then its name is the account's. */
static void
a_guest_that_is_here_stays(void)
{
	struct fake *f = fake_new();
	struct guy *guest = fake_guest(f, "bob", NULL);

	CU_ASSERT_EQUAL(simple(f, ACCOUNT_ADD, "bob"), ERROR_NONE);
	CU_ASSERT_FALSE(guest->evicted);
	fake_drop(&guest, NULL);
	CU_ASSERT_EQUAL(hello(f, "bob"), ERROR_NAME_RESERVED);
	fake_free(&f);
}

static void
local_users_have_the_local_socket_alone(void)
{
	struct fake *f = fake_new();
	struct account_facts facts;

	CU_ASSERT(accounts_local(f->registry, slice_of("root")));
	CU_ASSERT_FALSE(accounts_local(f->registry, slice_of("Root")));
	CU_ASSERT_EQUAL(simple(f, ACCOUNT_ADD, "root"), ERROR_NAME_RESERVED);
	CU_ASSERT_EQUAL(hello(f, "root"), ERROR_NAME_RESERVED);
	CU_ASSERT_FALSE(accounts_get(f->registry, slice_of("root"), &facts));
	CU_ASSERT_EQUAL(log_in(f, "root", false), ERROR_AUTH_FAILED);
	CU_ASSERT_EQUAL(log_in(f, "root", true), ERROR_NONE);
	for (int a = ACCOUNT_PASSWD; a <= ACCOUNT_CERTIFICATE; a++)
		CU_ASSERT_EQUAL(simple(f, (enum account_action)a, "root"),
		    ERROR_DENIED);
	fake_free(&f);
}

static void
what_is_not_there_cannot_be_changed(void)
{
	struct fake *f = fake_new();

	for (int a = ACCOUNT_PASSWD; a <= ACCOUNT_CERTIFICATE; a++)
		CU_ASSERT_EQUAL(simple(f, (enum account_action)a, "bob"),
		    ERROR_NO_SUCH_NAME);
	fake_free(&f);
}

static void
a_role_takes_effect_at_once(void)
{
	struct fake *f = fake_new();
	struct account_facts facts;
	struct guy *bob;

	CU_ASSERT_EQUAL(simple(f, ACCOUNT_ADD, "bob"), ERROR_NONE);
	bob = fake_account(f, "bob");
	CU_ASSERT_FALSE(bob->contact.person->admin);
	CU_ASSERT_EQUAL(set_role(f, "bob", true), ERROR_NONE);
	CU_ASSERT(bob->contact.person->admin);
	CU_ASSERT(accounts_get(f->registry, slice_of("bob"), &facts));
	CU_ASSERT(facts.admin);
	CU_ASSERT_EQUAL(set_role(f, "bob", false), ERROR_NONE);
	CU_ASSERT_FALSE(bob->contact.person->admin);
	CU_ASSERT_FALSE(bob->evicted);
	fake_free(&f);
}

/* Who is disabled is an administrator again when it is enabled. */
static void
who_is_disabled_is_sent_away(void)
{
	struct fake *f = fake_new();
	struct guy *one, *two, *other;

	CU_ASSERT_EQUAL(simple(f, ACCOUNT_ADD, "bob"), ERROR_NONE);
	CU_ASSERT_EQUAL(set_role(f, "bob", true), ERROR_NONE);
	one = fake_account(f, "bob");
	two = fake_account(f, "bob");
	other = fake_account(f, "alice");
	CU_ASSERT_EQUAL(simple(f, ACCOUNT_DISABLE, "BOB"), ERROR_NONE);
	fake_turn(f);
	CU_ASSERT(one->evicted && two->evicted);
	CU_ASSERT_EQUAL(one->contact.evicted, EVICT_DISABLED);
	CU_ASSERT_FALSE(one->contact.person->admin);
	CU_ASSERT_FALSE(other->evicted);
	CU_ASSERT_EQUAL(log_in(f, "bob", false), ERROR_AUTH_FAILED);
	CU_ASSERT_EQUAL(hello(f, "bob"), ERROR_NAME_RESERVED);
	CU_ASSERT_EQUAL(simple(f, ACCOUNT_ENABLE, "bob"), ERROR_NONE);
	CU_ASSERT_EQUAL(log_in(f, "bob", false), ERROR_NONE);
	CU_ASSERT(one->contact.person->admin);
	fake_free(&f);
}

static void
an_account_has_so_many_connections(void)
{
	struct fake *f = fake_new();
	struct guy *one;

	atomic_store(&f->config->limits_account, 2);
	one = fake_account(f, "bob");
	CU_ASSERT_PTR_NOT_NULL(fake_account(f, "bob"));
	CU_ASSERT_EQUAL(log_in(f, "bob", false), ERROR_TOO_MANY);
	fake_drop(&one, NULL);
	CU_ASSERT_EQUAL(log_in(f, "bob", false), ERROR_NONE);
	/* Those that were told to end do not count. */
	CU_ASSERT_EQUAL(simple(f, ACCOUNT_DISABLE, "bob"), ERROR_NONE);
	CU_ASSERT_EQUAL(simple(f, ACCOUNT_ENABLE, "bob"), ERROR_NONE);
	CU_ASSERT_PTR_NOT_NULL(fake_account(f, "bob"));
	CU_ASSERT_EQUAL(log_in(f, "bob", false), ERROR_NONE);
	CU_ASSERT(accounts_local(f->registry, slice_of("root")));
	for (int i = 0; i < 5; i++)
		CU_ASSERT_EQUAL(log_in(f, "root", true), ERROR_NONE);
	fake_free(&f);
}

static void
a_certificate_is_one_accounts(void)
{
	struct fake *f = fake_new();
	unsigned char finger[FINGERPRINT];
	struct account_facts facts;

	memset(finger, 7, sizeof(finger));
	CU_ASSERT_EQUAL(simple(f, ACCOUNT_ADD, "bob"), ERROR_NONE);
	CU_ASSERT_EQUAL(simple(f, ACCOUNT_ADD, "alice"), ERROR_NONE);
	CU_ASSERT_FALSE(accounts_by_certificate(f->registry, finger, &facts));
	CU_ASSERT_EQUAL(set_certificate(f, "bob", 7), ERROR_NONE);
	CU_ASSERT(accounts_by_certificate(f->registry, finger, &facts));
	CU_ASSERT_STRING_EQUAL(facts.name, "bob");
	CU_ASSERT_EQUAL(set_certificate(f, "alice", 7), ERROR_BAD_VALUE);
	CU_ASSERT_EQUAL(set_certificate(f, "bob", 7), ERROR_NONE);
	CU_ASSERT_EQUAL(set_certificate(f, "bob", 8), ERROR_NONE);
	CU_ASSERT_FALSE(accounts_by_certificate(f->registry, finger, &facts));
	CU_ASSERT_EQUAL(set_certificate(f, "alice", 7), ERROR_NONE);
	CU_ASSERT_EQUAL(simple(f, ACCOUNT_DELETE, "alice"), ERROR_NONE);
	CU_ASSERT_FALSE(accounts_by_certificate(f->registry, finger, &facts));
	CU_ASSERT_EQUAL(set_certificate(f, "bob", 0), ERROR_NONE);
	memset(finger, 8, sizeof(finger));
	CU_ASSERT_FALSE(accounts_by_certificate(f->registry, finger, &facts));
	fake_free(&f);
}

static enum error
add_invited(struct fake *f, const char *name, unsigned char token)
{
	struct account_order o = new_order(ACCOUNT_ADD, name);

	o.invited = true;
	memset(o.invite, token, INVITE);
	return order(f, o);
}

static enum error
invite(struct fake *f, unsigned char token, uint64_t expires)
{
	struct account_order o = new_order(ACCOUNT_INVITE, "");

	memset(o.invite, token, INVITE);
	o.expires = expires;
	return order(f, o);
}

static void
an_invitation_is_good_once_and_for_its_time(void)
{
	struct fake *f = fake_new();
	uint64_t wall = clock_wall_ms();

	CU_ASSERT_EQUAL(add_invited(f, "bob", 1), ERROR_DENIED);
	CU_ASSERT_EQUAL(invite(f, 1, wall + 100000), ERROR_NONE);
	CU_ASSERT_EQUAL(invite(f, 2, wall - 1), ERROR_NONE);
	CU_ASSERT_EQUAL(add_invited(f, "bob", 2), ERROR_DENIED);
	CU_ASSERT_EQUAL(add_invited(f, "bob", 1), ERROR_NONE);
	CU_ASSERT_EQUAL(add_invited(f, "alice", 1), ERROR_DENIED);
	CU_ASSERT_EQUAL(f->registry->accounts.invite_count, 0);
	for (int i = 0; i < INVITES_MAX; i++)
		accounts_restore_invite(f->registry,
		    (const unsigned char *)"0123456789abcdef0123456789abcdef",
		    wall + 1000);
	CU_ASSERT_EQUAL(invite(f, 3, wall + 1000), ERROR_TOO_MANY);
	fake_free(&f);
}

/* What an account had is nobody's when it is gone: neither in a room that is
 * awake, nor in one that sleeps, nor what it said. */
static void
a_later_account_of_the_name_has_nothing(void)
{
	struct fake *f = fake_new();
	struct slice bob = slice_of("bob");
	uint64_t created;
	struct guy *olga, *one;
	struct account_facts facts;

	CU_ASSERT_EQUAL(simple(f, ACCOUNT_ADD, "bob"), ERROR_NONE);
	CU_ASSERT(accounts_get(f->registry, bob, &facts));
	created = facts.created;
	one = fake_account(f, "bob");
	registry_note_time(f->registry, created + 10);
	CU_ASSERT_EQUAL(simple(f, ACCOUNT_DELETE, "bob"), ERROR_NONE);
	fake_turn(f);
	CU_ASSERT(one->evicted);
	CU_ASSERT_EQUAL(one->contact.evicted, EVICT_DISABLED);
	CU_ASSERT_EQUAL(log_in(f, "bob", false), ERROR_AUTH_FAILED);
	olga = fake_guest(f, "bob", NULL);
	CU_ASSERT_PTR_NOT_NULL(olga);
	CU_ASSERT_EQUAL(simple(f, ACCOUNT_ADD, "bob"), ERROR_NONE);
	CU_ASSERT(accounts_get(f->registry, bob, &facts));
	CU_ASSERT(facts.created > created + 10);
	CU_ASSERT_FALSE(accounts_had(f->registry, bob, created + 10));
	CU_ASSERT(accounts_had(f->registry, bob, facts.created));
	fake_free(&f);
}

static void
roles_go_with_the_account(void)
{
	struct fake *f = fake_new();
	struct slice bob = slice_of("bob");
	const char *limit;
	struct room *asleep, *awake;
	struct guy *eve;

	CU_ASSERT_EQUAL(simple(f, ACCOUNT_ADD, "bob"), ERROR_NONE);
	eve = fake_account(f, "eve");
	CU_ASSERT_EQUAL(fake_open(f, "asleep", eve, &asleep, &limit),
	    ERROR_NONE);
	CU_ASSERT_EQUAL(fake_open(f, "awake", eve, &awake, &limit),
	    ERROR_NONE);
	atomic_store(&f->config->rooms_linger, 0);
	registry_close(f->registry, asleep);
	registry_close(f->registry, awake);
	fake_all_asleep(f);
	settings_give(&asleep->settings, bob, ROLE_OWNER, UINT64_MAX);
	settings_give(&awake->settings, bob, ROLE_BANNED, UINT64_MAX);
	settings_give(&awake->settings, slice_of("bo"), ROLE_VOICE,
	    UINT64_MAX);
	CU_ASSERT_EQUAL(fake_open(f, "awake", eve, &awake, &limit),
	    ERROR_NONE);
	CU_ASSERT_EQUAL(simple(f, ACCOUNT_DELETE, "bob"), ERROR_NONE);
	CU_ASSERT_EQUAL(settings_role(&asleep->settings, bob, 0), ROLE_NONE);
	CU_ASSERT_EQUAL(settings_role(&asleep->settings, slice_of("eve"), 0),
	    ROLE_OWNER);
	/* It has done so when it sleeps, at the latest. */
	registry_close(f->registry, awake);
	fake_all_asleep(f);
	CU_ASSERT_EQUAL(settings_role(&awake->settings, bob, 0), ROLE_NONE);
	CU_ASSERT_EQUAL(settings_role(&awake->settings, slice_of("bo"), 0),
	    ROLE_VOICE);
	fake_free(&f);
}

static void
a_direct_conversation_ends_with_the_account(void)
{
	struct fake *f = fake_new();
	struct guy *alice, *bob;
	char name[ROOM_KEY_MAX];

	CU_ASSERT_EQUAL(simple(f, ACCOUNT_ADD, "bob"), ERROR_NONE);
	CU_ASSERT_EQUAL(simple(f, ACCOUNT_ADD, "alice"), ERROR_NONE);
	alice = fake_account(f, "alice");
	/* Whether bob is there or not. */
	fake_room(f, alice, "@bob");
	snprintf(name, sizeof(name), "%.*s", (int)f->room->key.len,
	    f->room->key.at);
	bob = fake_account(f, "bob");
	fake_say(alice, "SAY @bob hi");
	CU_ASSERT(fake_heard(bob, "ROOM @alice,bob 100 2\n"
	    "MSG @alice,bob 101 T alice hi\n"));
	fake_forget(f);
	f->room->live = true;
	CU_ASSERT_EQUAL(simple(f, ACCOUNT_DELETE, "bob"), ERROR_NONE);
	fake_turn(f);
	f->room->live = false;
	CU_ASSERT(fake_heard(alice, "LEAVE @alice,bob bob gone\n"));
	CU_ASSERT_PTR_NOT_NULL(room_gone(f->room));
	fake_forget(f);
	room_hibernate(f->room);
	room_free(&f->room);
	/* The next one of the name has another. */
	CU_ASSERT_EQUAL(simple(f, ACCOUNT_ADD, "bob"), ERROR_NONE);
	fake_room(f, alice, "@bob");
	CU_ASSERT_FALSE(slice_is(f->room->key, name));
	fake_free(&f);
}

static uint64_t
raise(struct fake *f, struct guy *g, const char *room, uint64_t number)
{
	return marks_raise(f->registry, g->contact.person, g->contact.conn,
	    slice_of(room), number, slice_of("READ lobby 5\n"));
}

static void
a_mark_rises_and_is_told_to_the_others(void)
{
	struct fake *f = fake_new();
	struct guy *one = fake_account(f, "bob"), *two, *guest;
	struct person *bob = one->contact.person;

	two = fake_account(f, "bob");
	guest = fake_guest(f, "carl", NULL);
	CU_ASSERT_EQUAL(marks_get(f->registry, bob, slice_of("lobby")), 0);
	CU_ASSERT_EQUAL(raise(f, one, "lobby", 5), 5);
	fake_turn(f);
	CU_ASSERT(fake_heard(two, "READ lobby 5\n"));
	CU_ASSERT(fake_heard(one, ""));
	CU_ASSERT_EQUAL(raise(f, two, "lobby", 4), 5);
	CU_ASSERT_EQUAL(raise(f, two, "lobby", 5), 5);
	fake_turn(f);
	CU_ASSERT(fake_heard(one, ""));
	CU_ASSERT_EQUAL(marks_get(f->registry, bob, slice_of("lobby")), 5);
	CU_ASSERT_EQUAL(marks_get(f->registry, bob, slice_of("lobb")), 0);
	CU_ASSERT_EQUAL(raise(f, guest, "lobby", 5), 0);
	CU_ASSERT_EQUAL(simple(f, ACCOUNT_DELETE, "bob"), ERROR_NONE);
	CU_ASSERT_EQUAL(raise(f, one, "lobby", 6), 0);
	CU_ASSERT_EQUAL(f->registry->accounts.marks.count, 0);
	fake_free(&f);
}

/* Those of many rooms are bounded: what was raised longest ago goes. */
static void
an_account_has_so_many_marks(void)
{
	struct fake *f = fake_new();
	struct guy *g = fake_account(f, "bob");
	char room[32];

	for (int i = 0; i < MARKS_MAX; i++) {
		snprintf(room, sizeof(room), "room-%d", i);
		raise(f, g, room, 5);
	}
	raise(f, g, "room-0", 6);
	raise(f, g, "another", 7);
	CU_ASSERT_EQUAL(f->registry->accounts.marks.count, MARKS_MAX);
	CU_ASSERT_EQUAL(marks_get(f->registry, g->contact.person,
	    slice_of("room-1")), 0);
	CU_ASSERT_EQUAL(marks_get(f->registry, g->contact.person,
	    slice_of("room-0")), 6);
	CU_ASSERT_EQUAL(marks_get(f->registry, g->contact.person,
	    slice_of("another")), 7);
	fake_free(&f);
}

/* What the store is sent: one saving at a time, each mark once. */
static void
many_marks_are_one_write(void)
{
	struct fake *f = fake_new();
	struct guy *g = fake_account(f, "bob");
	struct mailbox box;
	struct mail *waiters, *m;
	struct saving *s;

	mailbox_init(&box, 0);
	f->registry->store = &box;
	marks_save(f->registry, f->now + SEEN_EACH_MS);
	m = mailbox_take(&box, &waiters);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	s = table_entry(m, struct saving, mail);
	CU_ASSERT_EQUAL(s->count, 1);	/* when it was seen */
	marks_saved(&s);
	f->now += SEEN_EACH_MS;
	for (uint64_t n = 1; n <= 100; n++) {
		raise(f, g, "lobby", n);
		raise(f, g, "bar", n);
	}
	marks_save(f->registry, f->now + MARKS_EACH_MS);
	raise(f, g, "lobby", 200);
	marks_save(f->registry, f->now + 5 * MARKS_EACH_MS);
	m = mailbox_take(&box, &waiters);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	CU_ASSERT_PTR_NULL(m->next);
	CU_ASSERT_EQUAL(m->kind, MAIL_MARK);
	s = table_entry(m, struct saving, mail);
	CU_ASSERT_EQUAL(s->count, 2);
	CU_ASSERT_EQUAL(s->marks[0].number, 100);
	CU_ASSERT_EQUAL(s->marks[1].number, 100);
	marks_saved(&s);
	marks_save(f->registry, f->now + MARKS_EACH_MS);
	CU_ASSERT_PTR_NULL(mailbox_take(&box, &waiters));
	marks_save(f->registry, f->now + 2 * MARKS_EACH_MS);
	m = mailbox_take(&box, &waiters);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	s = table_entry(m, struct saving, mail);
	CU_ASSERT_EQUAL(s->count, 1);
	CU_ASSERT_EQUAL(s->marks[0].number, 200);
	marks_saved(&s);
	f->registry->store = NULL;
	mailbox_fini(&box);
	fake_free(&f);
}

static CU_TestInfo tests[] = {
	{ "a verifier is what it was", a_verifier_is_what_it_was },
	{ "what is no verifier is refused", what_is_no_verifier_is_refused },
	{ "an account is there once it is made",
	    an_account_is_there_once_it_is_made },
	{ "a name is one account's in any spelling",
	    a_name_is_one_accounts_in_any_spelling },
	{ "a guest that is here stays", a_guest_that_is_here_stays },
	{ "local users have the local socket alone",
	    local_users_have_the_local_socket_alone },
	{ "what is not there cannot be changed",
	    what_is_not_there_cannot_be_changed },
	{ "a role takes effect at once", a_role_takes_effect_at_once },
	{ "who is disabled is sent away", who_is_disabled_is_sent_away },
	{ "an account has so many connections",
	    an_account_has_so_many_connections },
	{ "a certificate is one account's", a_certificate_is_one_accounts },
	{ "an invitation is good once, and for its time",
	    an_invitation_is_good_once_and_for_its_time },
	{ "a later account of the name has nothing",
	    a_later_account_of_the_name_has_nothing },
	{ "roles go with the account", roles_go_with_the_account },
	{ "a direct conversation ends with the account",
	    a_direct_conversation_ends_with_the_account },
	{ "a mark rises, and is told to the others",
	    a_mark_rises_and_is_told_to_the_others },
	{ "an account has so many marks", an_account_has_so_many_marks },
	{ "many marks are one write", many_marks_are_one_write },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "accounts", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
