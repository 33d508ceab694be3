/* login.c -- what a connection may say before it has logged in
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <sodium.h>

#include "base/alloc.h"
#include "net/acceptor.h"
#include "net/accounting.h"
#include "net/exchange.h"
#include "net/help.h"
#include "net/login.h"
#include "proto/mail.h"
#include "wire/vcrp.h"

/* What is to be read on by the io thread: a room that HELLO named is joined
 * by a line of its own, whose length this gives. */
static unsigned
keep_rest(struct conn *c, const struct words *w, struct slice rest)
{
	struct blob *b = NULL;
	unsigned joins;

	if (w->count > 1)
		blob_printf(&b, "JOIN %.*s\n", (int)w->word[1].len,
		    w->word[1].at);
	if (b == NULL) {
		conn_keep(c, rest.at, rest.len);
		return 0;
	}
	joins = (unsigned)b->len;
	blob_add(&b, rest);
	conn_keep(c, b->data, b->len);
	sodium_memzero(b->data, b->len);
	blob_unref(&b);
	return joins;
}

/* The hand-over, prepared before it is known whether it comes about. */
static unsigned
prepare(struct conn *c, const struct words *w, struct slice rest)
{
	unsigned joins = keep_rest(c, w, rest);

	c->mail.kind = MAIL_CONN;
	blob_unref(&c->login_id);
	if (w->id.len > 0)
		blob_add(&c->login_id, w->id);
	return joins;
}

static enum login
refused(struct conn *c, const struct words *w, enum error e, const char *why)
{
	conn_keep(c, NULL, 0);
	conn_error(c, w->id, e, why);
	return LOGIN_MORE;
}

static enum login
hello(struct conn *c, const struct words *w, struct slice rest,
    struct mail **claim_r)
{
	struct person *claim;
	struct reserve *r;
	const char *why;
	unsigned joins;
	enum error e;

	if (config_get(&c->net->config->accounts_guests) == GUESTS_NO)
		return refused(c, w, ERROR_DENIED, "there are no guests here");
	joins = prepare(c, w, rest);
	e = people_hello(c->net->registry, w->word[0], w->key, &c->contact,
	    &c->mail, &claim, &why);
	if (e != ERROR_NONE)
		return refused(c, w, e, why);
	if (claim == NULL)
		return LOGIN_DONE;
	r = xcalloc(1, sizeof(*r));
	r->mail.kind = MAIL_RESERVE;
	r->back = acceptor_box(c->net->acceptor);
	r->conn = c->contact.conn;
	r->joins = joins;
	r->person = claim;
	*claim_r = &r->mail;
	return LOGIN_WAIT;
}

void
login_abandoned(struct registry *registry, struct reserve **at, uint64_t now)
{
	struct reserve *r = *at;

	*at = NULL;
	people_abandon(registry, &r->person, r->good, now);
	free(r);
}

static void
not_reserved(struct conn *c, unsigned joins)
{
	struct slice id = { 0 };

	if (c->login_id != NULL)
		id = (struct slice){ c->login_id->data, c->login_id->len };
	conn_error(c, id, ERROR_BUSY,
	    "names cannot be kept now; try again, or without a key");
	if (joins == 0)
		return;
	c->in_len -= joins;
	memmove(c->in, c->in + joins, c->in_len);
}

enum login
login_reserved(struct conn *c, struct reserve **at, uint64_t now)
{
	struct reserve *r = *at;

	if (!r->good) {
		not_reserved(c, r->joins);
		login_abandoned(c->net->registry, at, now);
		return LOGIN_MORE;
	}
	*at = NULL;
	people_enter(c->net->registry, &r->person, &c->contact, &c->mail);
	free(r);
	return LOGIN_DONE;
}

static enum login
quit(struct conn *c, const struct words *w)
{
	if (w->id.len > 0)
		conn_printf(c, "@id=%.*s ", (int)w->id.len, w->id.at);
	conn_printf(c, "BYE quit\n");
	c->end = END_QUIT;
	return LOGIN_END;
}

static bool
is_private_enough(const struct conn *c)
{
	return conn_is_secure(c) ||
	    !config_get(&c->net->config->tls_required);
}

static enum login
run(struct conn *c, const struct words *w, struct slice rest,
    struct mail **claim_r)
{
	if (w->command->verb == VERB_QUIT)
		auth_free(&c->auth);
	else if (w->command->verb != VERB_AUTH)
		exchange_break(c);
	if (w->command->where == RUN_LOGIN && !is_private_enough(c))
		return refused(c, w, ERROR_NEED_TLS,
		    error_help(ERROR_NEED_TLS));
	switch (w->command->verb) {
	case VERB_HELLO:
		return hello(c, w, rest, claim_r);
	case VERB_AUTH:
		return exchange_line(c, w);
	case VERB_REGISTER:
		conn_keep(c, rest.at, rest.len);
		return accounting_register(c, w, claim_r);
	case VERB_PING:
		help_pong(c, w);
		return LOGIN_MORE;
	case VERB_HELP:
		help_answer(c, w);
		return LOGIN_MORE;
	case VERB_QUIT:
		return quit(c, w);
	case VERB_PONG:
		return LOGIN_MORE;
	default:
		conn_error(c, w->id, ERROR_NEED_LOGIN,
		    error_help(ERROR_NEED_LOGIN));
		return LOGIN_MORE;
	}
}

static bool
may_be_first(const struct words *w, enum error e)
{
	return e == ERROR_NONE && w->command->where != RUN_ROOM &&
	    (w->command->where == RUN_LOGIN ||
	    w->command->verb == VERB_HELP ||
	    w->command->verb == VERB_PING ||
	    w->command->verb == VERB_QUIT);
}

/* A first line that is not one: no page of the web can be made to speak VCRP
 * by posting to it. */
static enum login
stranger(struct conn *c, const struct words *w, struct slice line,
    enum error e, const char *why)
{
	const char *protocol = vcrp_stranger(line);
	char text[WHY_MAX];

	if (protocol != NULL) {
		snprintf(text, sizeof(text), "this is VCRP, not %s",
		    protocol);
		e = ERROR_BAD_LINE;
		why = text;
	} else if (e == ERROR_NONE) {
		e = ERROR_NEED_LOGIN;
		why = error_help(e);
	}
	conn_error(c, w->id, e, why);
	c->end = END_STRANGER;
	return LOGIN_END;
}

enum login
login_line(struct conn *c, struct slice line, struct slice rest,
    struct mail **claim_r)
{
	char why[WHY_MAX];
	struct words w;
	enum error e;

	if (line.len == 0 || (line.len == 1 && line.at[0] == '\r'))
		return LOGIN_MORE;
	e = vcrp_parse(line, &w, why);
	/* A HELLO that is not good is still a first line. */
	if (!c->greeted && !may_be_first(&w, e) &&
	    (w.command == NULL || e == ERROR_NONE ||
	    !may_be_first(&w, ERROR_NONE)))
		return stranger(c, &w, line, e, why);
	conn_greet(c);
	if (e == ERROR_NONE)
		return run(c, &w, rest, claim_r);
	exchange_break(c);
	conn_error(c, w.id, e, why);
	return LOGIN_MORE;
}
