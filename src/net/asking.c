/* asking.c -- logins on their way to an auth thread and back
 *
 * SPDX-License-Identifier: MIT
 *
 * What verifies a password waits first as long as the throttle says. Those
 * whose place has failed before are then asked for one at a time: however many
 * there are, who comes from elsewhere finds the threads free. And they take at
 * most half of the places of those that have not logged in; what is over is
 * told so, and ended.
 *
 * Meanwhile a connection is in none of the lists that have a timeout; when it
 * is back, the time that it was made to wait is not counted. */
#include <assert.h>

#include "net/accepting.h"
#include "net/exchange.h"
#include "net/gate.h"

static struct auth *
auth_of(const struct link *l)
{
	return list_entry(l, const struct conn, by_time)->auth;
}

static void
put_by_due(struct link *list, struct conn *c)
{
	struct link *after = list->prev;

	while (after != list && auth_of(after)->due > c->auth->due)
		after = after->prev;
	list_append(after->next, &c->by_time);
}

static void
put_by_age(struct link *list, struct conn *c)
{
	struct link *after = list->prev;

	while (after != list &&
	    list_entry(after, struct conn, by_time)->since > c->since)
		after = after->prev;
	list_append(after->next, &c->by_time);
}

static void
ask(struct acceptor *a, struct conn *c)
{
	struct auth *x = c->auth;

	list_remove(&c->by_time);
	c->auth = NULL;
	x->back = &a->box;
	a->claimed++;
	auths_ask(a->net->auths, x);
}

static void
refuse(struct acceptor *a, struct conn *c, uint64_t wait)
{
	acceptor_limited(c, exchange_id(c->auth), LIMIT_AUTH, wait,
	    "too many logins wait already");
	(void)conn_flush(c);
	acceptor_end(a, c, END_REFUSED);
}

void
asking_begin(struct acceptor *a, struct conn *c)
{
	struct auth *x = c->auth;
	uint64_t wait = 0;
	bool held = false;

	if (sasl_verifies(x->sasl))
		wait = throttle_wait(&a->throttle, &c->peer,
		    sasl_key(x->sasl), a->now, &held);
	if (held && a->held_count >= gate_waiting_max(a->net) / 2) {
		refuse(a, c, wait);
		return;
	}
	list_remove(&c->by_time);
	c->claiming = true;
	table_add(&a->claiming, &c->node);
	x->begun = a->now;
	x->due = a->now + wait;
	x->held = held;
	a->held_count += held;
	if (wait == 0) {
		ask(a, c);
		return;
	}
	acceptor_refused(a, LIMIT_AUTH, &c->peer);
	put_by_due(held ? &a->held : &a->slowed, c);
}

static bool
is_due(const struct acceptor *a, const struct link *list)
{
	return !list_empty(list) && auth_of(list->next)->due <= a->now;
}

void
asking_tick(struct acceptor *a)
{
	while (is_due(a, &a->slowed))
		ask(a, list_entry(a->slowed.next, struct conn, by_time));
	if (!a->asked && is_due(a, &a->held)) {
		a->asked = true;
		a->held_count--;
		ask(a, list_entry(a->held.next, struct conn, by_time));
	}
}

uint64_t
asking_next(const struct acceptor *a)
{
	uint64_t next = UINT64_MAX, due;

	if (!list_empty(&a->slowed))
		next = auth_of(a->slowed.next)->due;
	if (!a->asked && !list_empty(&a->held)) {
		due = auth_of(a->held.next)->due;
		next = due < next ? due : next;
	}
	return next;
}

static void
count(struct acceptor *a, const struct conn *c, const struct auth *x)
{
	struct slice key = sasl_key(x->sasl);

	if (key.len == 0 || sasl_mechanism_of(x->sasl) == SASL_EXTERNAL)
		return;
	if (x->result == SASL_FAILED)
		throttle_failed(&a->throttle, &c->peer, key, a->now);
	else if (x->result == SASL_PASSED)
		throttle_passed(&a->throttle, &c->peer, key, a->now);
}

void
asking_answer(struct acceptor *a, struct auth *x)
{
	struct slice id = { (const char *)&x->conn, sizeof(x->conn) };
	struct table_node *n = table_find(&a->claiming, id);
	struct conn *c;
	enum login what;
	unsigned io;

	/* Nothing ends it meanwhile: it is in no list and not watched. */
	assert(n != NULL);
	c = table_entry(n, struct conn, node);
	table_remove(&a->claiming, n);
	c->claiming = false;
	a->claimed--;
	if (x->held)
		a->asked = false;
	c->since += a->now - x->begun;
	count(a, c, x);
	io = c->contact.io;
	what = exchange_answer(c, x);
	if (what == LOGIN_DONE) {
		arrival_handed(a, io);
		return;
	}
	put_by_age(&a->waiting, c);
	if (what == LOGIN_ASK)
		asking_begin(a, c);
	else
		arrival_resume(a, c);
}
