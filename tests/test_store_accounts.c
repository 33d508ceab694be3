/* test_store_accounts.c -- accounts, invitations and marks in the store
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "fake.h"
#include "proto/mail.h"
#include "room/marks.h"
#include "stored.h"
#include "suite.h"

#define VERIFIER "SCRAM-SHA-256$10000:AAECAwQFBgcICQoLDA0ODw==$" \
	"ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=:" \
	"QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8="

#define LATER UINT64_C(4102444800000)

enum { PATIENCE_MS = 30000, ANSWER_MS = 2000 };

/* A store, and the accounts that its answers change. */
struct desk {
	struct stored *s;
	struct fake   *f;
	char           rows[4096];
};

static struct desk *
desk_new(void)
{
	struct desk *d = xcalloc(1, sizeof(*d));

	d->s = stored_new();
	d->f = fake_new();
	CU_ASSERT_FATAL(stored_open(d->s));
	return d;
}

static struct desk *
running(void)
{
	struct desk *d = desk_new();

	stored_start(d->s);
	return d;
}

static void
desk_free(struct desk *d)
{
	stored_free(&d->s);
	fake_free(&d->f);
	free(d);
}

static struct account_order *
order(struct desk *d, enum account_action action, const char *name)
{
	struct account_order *o = xcalloc(1, sizeof(*o));

	o->mail.kind = MAIL_ACCOUNT;
	o->back = &d->s->back;
	o->registry = d->f->registry;
	o->action = action;
	o->key_len = strlen(name);
	memcpy(o->key, name, o->key_len);
	memcpy(o->facts.name, name, o->key_len + 1);
	o->facts.created = 1000;
	CU_ASSERT(verifier_parse(slice_of(VERIFIER), &o->facts.verifier));
	return o;
}

static void
post(struct desk *d, struct account_order *o)
{
	mailbox_send(store_box(d->s->store), &o->mail);
}

static void
ask(struct desk *d, enum account_action action, const char *name)
{
	post(d, order(d, action, name));
}

/* The next order that is back; it is of that name. */
static enum error
back(struct desk *d, const char *name)
{
	struct stored *s = d->s;
	struct mail *waiters;
	struct account_order *o;
	enum error e;

	if (s->answers == NULL)
		s->answers = mailbox_wait(&s->back, clock_ms() + PATIENCE_MS,
		    &waiters);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s->answers);
	CU_ASSERT_EQUAL_FATAL(s->answers->kind, MAIL_ACCOUNT);
	o = table_entry(s->answers, struct account_order, mail);
	s->answers = s->answers->next;
	CU_ASSERT_STRING_EQUAL(o->facts.name, name);
	e = o->error;
	free(o);
	return e;
}

static enum error
done(struct desk *d, enum account_action action, const char *name)
{
	ask(d, action, name);
	return back(d, name);
}

/* number: 0 takes the mark away; room "": when the account was seen. */
static void
mark(struct desk *d, const char *key, const char *room, uint64_t number)
{
	struct saving *s = xcalloc(1, sizeof(*s));
	struct saved_mark *m = s->marks = xcalloc(1, sizeof(*m));
	size_t size = strlen(key) + strlen(room) + 2;

	s->mail.kind = MAIL_MARK;
	s->registry = d->f->registry;
	s->count = 1;
	m->text = xcalloc(1, size);
	m->key_len = strlen(key);
	m->room_len = strlen(room);
	memcpy(m->text, key, m->key_len);
	memcpy(m->text + m->key_len + 1, room, m->room_len);
	m->number = number;
	mailbox_send(store_box(d->s->store), &s->mail);
}

static void
add(struct desk *d, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
add(struct desk *d, const char *fmt, ...)
{
	size_t len = strlen(d->rows);
	va_list args;

	va_start(args, fmt);
	vsnprintf(d->rows + len, sizeof(d->rows) - len, fmt, args);
	va_end(args);
}

static bool
add_account(const struct account_facts *f, void *arg)
{
	char text[VERIFIER_TEXT];

	CU_ASSERT_STRING_EQUAL(verifier_render(&f->verifier, text), VERIFIER);
	add(arg, "account %s %s %" PRIu64 " %" PRIu64 "%s", f->name,
	    f->admin ? "administrator" : "user", f->created, f->seen,
	    f->disabled ? " disabled" : "");
	if (f->certified)
		add(arg, " %02x", f->fingerprint[FINGERPRINT - 1]);
	add(arg, "\n");
	return true;
}

static void
add_invite(const unsigned char *hash, uint64_t expires, void *arg)
{
	add(arg, "invite %02x %" PRIu64 "\n", hash[INVITE - 1], expires);
}

static void
add_mark(struct slice who, struct slice room, uint64_t number, void *arg)
{
	add(arg, "mark %.*s %.*s %" PRIu64 "\n", (int)who.len, who.at,
	    (int)room.len, room.at, number);
}

/* Closes it, opens it again, and asks whether these rows and no others are
 * there. */
static bool
leaves(struct desk *d, const char *rows)
{
	struct stored *s = d->s;

	if (s->store != NULL)
		stored_close(s);
	CU_ASSERT_FATAL(stored_open(s));
	*d->rows = '\0';
	CU_ASSERT(store_each_account(s->store, add_account, d, s->why,
	    sizeof(s->why)));
	CU_ASSERT(store_each_invite(s->store, add_invite, d, s->why,
	    sizeof(s->why)));
	CU_ASSERT(store_each_mark(s->store, add_mark, d, s->why,
	    sizeof(s->why)));
	stored_close(s);
	if (strcmp(d->rows, rows) != 0)
		printf("\n    there is:\n%s    not:\n%s", d->rows, rows);
	return strcmp(d->rows, rows) == 0;
}

static void
set_role(struct desk *d, const char *name, bool admin)
{
	struct account_order *o = order(d, ACCOUNT_ROLE, name);

	o->facts.admin = admin;
	post(d, o);
	CU_ASSERT_EQUAL(back(d, name), ERROR_NONE);
}

static enum error
set_certificate(struct desk *d, const char *name, unsigned char byte)
{
	struct account_order *o = order(d, ACCOUNT_CERTIFICATE, name);

	o->facts.certified = byte != 0;
	memset(o->facts.fingerprint, byte, FINGERPRINT);
	post(d, o);
	return back(d, name);
}

static void
what_accounts_are_is_kept(void)
{
	struct desk *d = running();

	CU_ASSERT_EQUAL(done(d, ACCOUNT_ADD, "alice"), ERROR_NONE);
	CU_ASSERT_EQUAL(done(d, ACCOUNT_ADD, "bob"), ERROR_NONE);
	CU_ASSERT_EQUAL(done(d, ACCOUNT_ADD, "carol"), ERROR_NONE);
	set_role(d, "alice", true);
	set_role(d, "bob", true);
	set_role(d, "bob", false);
	CU_ASSERT_EQUAL(done(d, ACCOUNT_DISABLE, "bob"), ERROR_NONE);
	CU_ASSERT_EQUAL(done(d, ACCOUNT_DISABLE, "carol"), ERROR_NONE);
	CU_ASSERT_EQUAL(done(d, ACCOUNT_ENABLE, "carol"), ERROR_NONE);
	CU_ASSERT_EQUAL(set_certificate(d, "alice", 0xa5), ERROR_NONE);
	CU_ASSERT_EQUAL(set_certificate(d, "bob", 0xb5), ERROR_NONE);
	CU_ASSERT_EQUAL(set_certificate(d, "bob", 0), ERROR_NONE);
	/* One certificate is one account's. */
	CU_ASSERT_EQUAL(set_certificate(d, "carol", 0xa5), ERROR_BAD_VALUE);
	mark(d, "carol", "", 5000);
	CU_ASSERT(leaves(d, "account alice administrator 1000 0 a5\n"
	    "account bob user 1000 0 disabled\n"
	    "account carol user 1000 5000\n"));
	desk_free(d);
}

static void
who_is_not_there_cannot_be_changed(void)
{
	struct desk *d = running();

	CU_ASSERT_EQUAL(done(d, ACCOUNT_PASSWD, "dave"), ERROR_NO_SUCH_NAME);
	CU_ASSERT_EQUAL(done(d, ACCOUNT_ROLE, "dave"), ERROR_NO_SUCH_NAME);
	CU_ASSERT_EQUAL(done(d, ACCOUNT_DISABLE, "dave"),
	    ERROR_NO_SUCH_NAME);
	CU_ASSERT_EQUAL(done(d, ACCOUNT_DELETE, "dave"), ERROR_NO_SUCH_NAME);
	CU_ASSERT(leaves(d, ""));
	desk_free(d);
}

/* The store is the last to know: both were free when they were asked for. */
static void
of_two_orders_in_one_transaction_one_gets_the_name(void)
{
	struct desk *d = desk_new();
	struct account_order *o = order(d, ACCOUNT_ADD, "alice");
	struct store_counts counts;

	ask(d, ACCOUNT_ADD, "alice");
	o->facts.created = 2000;
	post(d, o);
	ask(d, ACCOUNT_ADD, "bob");
	ask(d, ACCOUNT_DELETE, "bob");
	ask(d, ACCOUNT_ADD, "bob");
	stored_start(d->s);
	CU_ASSERT_EQUAL(back(d, "alice"), ERROR_NONE);
	CU_ASSERT_EQUAL(back(d, "alice"), ERROR_NAME_RESERVED);
	for (int i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(back(d, "bob"), ERROR_NONE);
	store_counts(d->s->store, &counts);
	CU_ASSERT_EQUAL(counts.commits, 1);
	CU_ASSERT(leaves(d, "account alice user 1000 0\n"
	    "account bob user 1000 0\n"));
	desk_free(d);
}

static void
invite(struct desk *d, unsigned char byte, uint64_t expires)
{
	struct account_order *o = order(d, ACCOUNT_INVITE, "");

	memset(o->invite, byte, INVITE);
	o->expires = expires;
	post(d, o);
	CU_ASSERT_EQUAL(back(d, ""), ERROR_NONE);
}

static void
ask_invited(struct desk *d, const char *name, unsigned char byte)
{
	struct account_order *o = order(d, ACCOUNT_ADD, name);

	o->invited = true;
	memset(o->invite, byte, INVITE);
	post(d, o);
}

static void
an_invitation_is_good_once_and_for_its_time(void)
{
	struct desk *d = desk_new();

	stored_start(d->s);
	invite(d, 0x11, LATER);
	invite(d, 0x22, LATER + 5);
	invite(d, 0x33, 1000);
	CU_ASSERT(leaves(d, "invite 11 4102444800000\n"
	    "invite 22 4102444800005\n"));
	CU_ASSERT_FATAL(stored_open(d->s));
	/* The second in the same transaction. */
	ask_invited(d, "alice", 0x11);
	ask_invited(d, "bob", 0x11);
	ask_invited(d, "carol", 0x33);
	/* A name that is taken uses none up. */
	ask_invited(d, "alice", 0x22);
	stored_start(d->s);
	CU_ASSERT_EQUAL(back(d, "alice"), ERROR_NONE);
	CU_ASSERT_EQUAL(back(d, "bob"), ERROR_DENIED);
	CU_ASSERT_EQUAL(back(d, "carol"), ERROR_DENIED);
	CU_ASSERT_EQUAL(back(d, "alice"), ERROR_NAME_RESERVED);
	CU_ASSERT(leaves(d, "account alice user 1000 0\n"
	    "invite 22 4102444800005\n"));
	desk_free(d);
}

static void
marks_go_with_their_account(void)
{
	struct desk *d = running();

	CU_ASSERT_EQUAL(done(d, ACCOUNT_ADD, "alice"), ERROR_NONE);
	CU_ASSERT_EQUAL(done(d, ACCOUNT_ADD, "bob"), ERROR_NONE);
	mark(d, "alice", "lobby", 5);
	mark(d, "alice", "lobby", 7);
	mark(d, "alice", "den", 9);
	mark(d, "alice", "den", 0);
	mark(d, "bob", "lobby", UINT64_C(1) << 40);
	CU_ASSERT(leaves(d, "account alice user 1000 0\n"
	    "account bob user 1000 0\n"
	    "mark alice lobby 7\nmark bob lobby 1099511627776\n"));
	CU_ASSERT_FATAL(stored_open(d->s));
	stored_start(d->s);
	CU_ASSERT_EQUAL(done(d, ACCOUNT_DELETE, "bob"), ERROR_NONE);
	CU_ASSERT(leaves(d, "account alice user 1000 0\n"
	    "mark alice lobby 7\n"));
	desk_free(d);
}

/* Rows that the schema allows and the server would not write. */
static const char by_hand[] =
    "INSERT INTO accounts (key, name, verifier, role, created) VALUES"
    " (x'01', 'nothing', '', 'user', 5),"
    " (x'02', 'king', '" VERIFIER "', 'king', 5),"
    " (x'03', 'unborn', '" VERIFIER "', 'user', 0),"
    " (x'04', 'before', '" VERIFIER "', 'user', -5),"
    " (x'05', '', '" VERIFIER "', 'user', 5),"
    " (x'06', CAST(zeroblob(3) AS TEXT), '" VERIFIER "', 'user', 5),"
    " (x'07', printf('%.300c', 'x'), '" VERIFIER "', 'user', 5);"
    "INSERT INTO invites VALUES (x'44', 4102444800000),"
    " (x'', 4102444800000);"
    "INSERT INTO marks VALUES (x'', x'61', 5), (x'61', x'', 5),"
    " (x'61', x'61', 0), (x'61', x'62', -5),"
    " (zeroblob(5000), x'61', 5), (x'61', zeroblob(5000), 5);"
    "INSERT INTO bans (network, author) VALUES ('', 'root'),"
    " ('300.1.1.1', 'root'), ('192.0.2.1/16', 'root'), ('nowhere', 'root');"
    "INSERT INTO bans VALUES ('192.0.2.7', NULL, 'root',"
    " printf('%.5000c', 'x'))";

static unsigned
count(const char *text, const char *what)
{
	unsigned n = 0;

	while ((text = strstr(text, what)) != NULL) {
		text += strlen(what);
		n++;
	}
	return n;
}

/* The log of what is loaded then goes to a file. */
static void
each_row_by_hand_is_told_of(struct desk *d, const char *left)
{
	char path[96], text[16384];
	int kept = dup(STDERR_FILENO), fd;
	ssize_t got;

	snprintf(path, sizeof(path), "%s/log", d->s->dir);
	fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	assert(fd >= 0);
	dup2(fd, STDERR_FILENO);
	CU_ASSERT(leaves(d, left));
	CU_ASSERT_STRING_EQUAL(stored_rows(d->s), "");
	dup2(kept, STDERR_FILENO);
	got = pread(fd, text, sizeof(text) - 1, 0);
	text[got > 0 ? got : 0] = '\0';
	CU_ASSERT_EQUAL(count(text,
	    ": an account that cannot be understood is left out\n"), 7);
	CU_ASSERT_EQUAL(count(text,
	    ": an invitation that cannot be understood is left out\n"), 2);
	CU_ASSERT_EQUAL(count(text,
	    ": a mark that cannot be understood is left out\n"), 6);
	CU_ASSERT_EQUAL(count(text,
	    ": a ban that cannot be understood is left out\n"), 5);
	close(kept);
	close(fd);
}

static void
what_was_written_by_hand_does_no_harm(void)
{
	struct desk *d = running();
	sqlite3 *other;

	CU_ASSERT_EQUAL(done(d, ACCOUNT_ADD, "alice"), ERROR_NONE);
	invite(d, 0x11, LATER);
	mark(d, "alice", "lobby", 7);
	stored_close(d->s);
	other = stored_other(d->s);
	CU_ASSERT_EQUAL(sqlite3_exec(other, by_hand, NULL, NULL, NULL),
	    SQLITE_OK);
	sqlite3_close(other);
	each_row_by_hand_is_told_of(d, "account alice user 1000 0\n"
	    "invite 11 4102444800000\n"
	    "mark alice lobby 7\n");
	desk_free(d);
}

/* A limit for files is a disk that is full. */
static void
what_cannot_be_written_is_busy_and_has_not_happened(void)
{
	struct desk *d = running();
	struct rlimit old, none;
	uint64_t begin;

	CU_ASSERT_EQUAL(done(d, ACCOUNT_ADD, "alice"), ERROR_NONE);
	getrlimit(RLIMIT_FSIZE, &old);
	none = (struct rlimit){ 0, old.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	fflush(NULL);
	setrlimit(RLIMIT_FSIZE, &none);
	begin = clock_ms();
	CU_ASSERT_EQUAL(done(d, ACCOUNT_ADD, "bob"), ERROR_BUSY);
	CU_ASSERT_EQUAL(done(d, ACCOUNT_DELETE, "alice"), ERROR_BUSY);
	CU_ASSERT(clock_ms() - begin < 2 * ANSWER_MS);
	/* Nobody waits for these, and they are not lost. */
	mark(d, "alice", "lobby", 7);
	stored_ban(d->s, "192.0.2.1", UINT64_MAX, "spam");
	CU_ASSERT_EQUAL(done(d, ACCOUNT_DISABLE, "alice"), ERROR_BUSY);
	setrlimit(RLIMIT_FSIZE, &old);
	CU_ASSERT_EQUAL(done(d, ACCOUNT_ADD, "carol"), ERROR_NONE);
	CU_ASSERT(leaves(d, "account alice user 1000 0\n"
	    "account carol user 1000 0\nmark alice lobby 7\n"));
	CU_ASSERT_STRING_EQUAL(stored_rows(d->s),
	    "ban 192.0.2.1 root spam\n");
	lock_take(&d->f->registry->lock);
	CU_ASSERT_PTR_NOT_NULL(accounts_find(d->f->registry,
	    slice_of("alice")));
	CU_ASSERT_PTR_NULL(accounts_find(d->f->registry, slice_of("bob")));
	lock_drop(&d->f->registry->lock);
	desk_free(d);
}

static CU_TestInfo tests[] = {
	{ "what accounts are is kept", what_accounts_are_is_kept },
	{ "who is not there cannot be changed",
	    who_is_not_there_cannot_be_changed },
	{ "of two orders in one transaction one gets the name",
	    of_two_orders_in_one_transaction_one_gets_the_name },
	{ "an invitation is good once and for its time",
	    an_invitation_is_good_once_and_for_its_time },
	{ "marks go with their account", marks_go_with_their_account },
	{ "what was written by hand does no harm",
	    what_was_written_by_hand_does_no_harm },
	{ "what cannot be written is busy and has not happened",
	    what_cannot_be_written_is_busy_and_has_not_happened },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "store, accounts", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
