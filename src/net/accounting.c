/* accounting.c -- REGISTER, PASSWD and ACCOUNT: accounts are made and changed
 *
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <sodium.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/accepting.h"
#include "net/accounting.h"
#include "net/help.h"

enum {
	TOKEN_BYTES = 18,	/* 24 letters, 144 bits */
	TOKEN_TEXT = 32,
	INVITED_MS = 7 * 86400000
};

#define HOUR_US UINT64_C(3600000000)

#define BUSY "the server cannot write it down now; try again"

/* An order, and what its answer needs. */
struct asking {
	struct account_order order;
	char                 id[40];	/* REGISTER's */
	char                 token[TOKEN_TEXT];	/* of an invitation */
};

static struct asking *
asking_of(struct account_order *o)
{
	return table_entry(o, struct asking, order);
}

static void
free_asking(struct asking **at)
{
	struct asking *a = *at;

	*at = NULL;
	sodium_memzero(a, sizeof(*a));
	free(a);
}

static enum error
take_name(struct account_order *o, struct slice name, const char **why_r)
{
	*why_r = error_help(ERROR_BAD_NAME);
	if (name.len > NAME_NICK_BYTES)
		return ERROR_BAD_NAME;
	memcpy(o->facts.name, name.at, name.len);
	return ERROR_NONE;
}

static enum error
take_verifier(struct net *net, struct account_order *o, struct slice text,
    const char **why_r)
{
	struct verifier *v = &o->facts.verifier;

	*why_r = "a verifier is SCRAM-SHA-256$<scram-i>:<16 bytes of salt>$"
	    "<StoredKey>:<ServerKey>, with scram-i as the greeting says";
	return verifier_parse(text, v) && v->iterations ==
	    (unsigned)config_get(&net->config->accounts_iterations) ?
	    ERROR_NONE : ERROR_BAD_VALUE;
}

/* What is known of a token is a hash of it. */
static void
hash_token(struct slice token, unsigned char hash[INVITE])
{
	crypto_generichash(hash, INVITE, (const unsigned char *)token.at,
	    token.len, NULL, 0);
}

static enum error
fill_register(struct conn *c, const struct words *w, struct account_order *o,
    const char **why_r)
{
	int64_t who = config_get(&c->net->config->accounts_registration);
	enum error e;

	*why_r = error_help(ERROR_NEED_TLS);
	if (!conn_is_secure(c))
		return ERROR_NEED_TLS;
	*why_r = "only administrators make accounts here";
	if (who == REGISTER_CLOSED)
		return ERROR_DENIED;
	*why_r = "this needs an invitation: @key=TOKEN";
	if (who == REGISTER_INVITE && w->key.len == 0)
		return ERROR_DENIED;
	o->action = ACCOUNT_ADD;
	o->invited = who == REGISTER_INVITE;
	hash_token(w->key, o->invite);
	e = take_name(o, w->word[0], why_r);
	if (e == ERROR_NONE)
		e = take_verifier(c->net, o, w->word[1], why_r);
	return e != ERROR_NONE ? e :
	    accounts_check(c->net->registry, o, why_r);
}

/* How often it takes a place to make one account; 0: it may make any. */
static uint64_t
each_takes(const struct conn *c)
{
	uint64_t most =
	    (uint64_t)config_get(&c->net->config->limits_register);

	return c->address == NULL || most == 0 ? 0 : HOUR_US / most;
}

/* Counted when nothing else is against it. */
static bool
may_make_more(struct conn *c, const struct words *w)
{
	uint64_t each = each_takes(c), wait;

	wait = each == 0 ? 0 : rate_take(address_rate(c->address,
	    ADDRESS_REGISTER), clock_us(), each, (unsigned)
	    config_get(&c->net->config->limits_register), 1);
	if (wait > 0)
		acceptor_limited(c, w->id, LIMIT_REGISTER, wait,
		    "so many accounts were made from your address");
	return wait == 0;
}

enum login
accounting_register(struct conn *c, const struct words *w,
    struct mail **order_r)
{
	struct asking *a = xcalloc(1, sizeof(*a));
	const char *why;
	enum error e = fill_register(c, w, &a->order, &why);

	if (e != ERROR_NONE)
		conn_error(c, w->id, e, why);
	if (e != ERROR_NONE || !may_make_more(c, w)) {
		free_asking(&a);
		return LOGIN_MORE;
	}
	memcpy(a->id, w->id.at != NULL ? w->id.at : "", w->id.len);
	a->order.conn = c->contact.conn;
	a->order.back = acceptor_box(c->net->acceptor);
	*order_r = &a->order.mail;
	return LOGIN_WAIT;
}

static const char *
why_not(enum error e)
{
	return e == ERROR_BUSY ? BUSY : error_help(e);
}

void
accounting_registered(struct conn *c, struct account_order **at)
{
	struct asking *a = asking_of(*at);
	const struct account_order *o = &a->order;
	struct slice id = slice_of(a->id);
	struct blob *ok = NULL;
	char peer[PEER_TEXT_MAX];

	*at = NULL;
	if (o->error == ERROR_NONE)
		log_info("account %s: registered from %s", o->facts.name,
		    c != NULL ? peer_text(&c->peer, peer) : "who is gone");
	if (c != NULL && o->error != ERROR_NONE) {
		if (each_takes(c) > 0)
			rate_give_back(address_rate(c->address,
			    ADDRESS_REGISTER), each_takes(c));
		conn_error(c, id, o->error, why_not(o->error));
	} else if (c != NULL) {
		reply_ok(&ok, id, "REGISTER");
		blob_printf(&ok, " %s\n", o->facts.name);
		conn_put(c, ok);
	}
	free_asking(&a);
}

static enum error
fill_role(struct account_order *o, struct slice role, const char **why_r)
{
	o->facts.admin = slice_is_nocase(role, "administrator");
	*why_r = "user or administrator";
	return o->facts.admin || slice_is_nocase(role, "user") ?
	    ERROR_NONE : ERROR_BAD_VALUE;
}

static enum error
fill_certificate(struct account_order *o, struct slice word,
    const char **why_r)
{
	const size_t mark = sizeof("sha256:") - 1;
	size_t len = 0;

	o->facts.certified = !slice_is_nocase(word, "none");
	*why_r = "sha256: and 64 hexadecimal digits, or none";
	if (!o->facts.certified || (word.len == mark + 2 * FINGERPRINT &&
	    slice_is_nocase((struct slice){ word.at, mark }, "sha256:") &&
	    sodium_hex2bin(o->facts.fingerprint, FINGERPRINT, word.at + mark,
	    word.len - mark, NULL, &len, NULL) == 0 && len == FINGERPRINT))
		return ERROR_NONE;
	return ERROR_BAD_VALUE;
}

/* None begins with a "-", which would be an option to a shell's command. */
static void
fill_invite(struct asking *a, uint64_t for_ms)
{
	unsigned char bytes[TOKEN_BYTES];

	do {
		randombytes_buf(bytes, sizeof(bytes));
		sodium_bin2base64(a->token, sizeof(a->token), bytes,
		    sizeof(bytes), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	} while (a->token[0] == '-');
	sodium_memzero(bytes, sizeof(bytes));
	hash_token(slice_of(a->token), a->order.invite);
	a->order.expires = clock_wall_ms() + (for_ms > 0 ? for_ms :
	    INVITED_MS);
}

static const struct action {
	const char         *name;
	unsigned            words;
	enum account_action action;
} actions[] = {
	{ "add", 3, ACCOUNT_ADD }, { "passwd", 3, ACCOUNT_PASSWD },
	{ "role", 3, ACCOUNT_ROLE }, { "disable", 2, ACCOUNT_DISABLE },
	{ "enable", 2, ACCOUNT_ENABLE }, { "delete", 2, ACCOUNT_DELETE },
	{ "certificate", 3, ACCOUNT_CERTIFICATE },
	{ "invite", 1, ACCOUNT_INVITE }
};

static const struct action *
find_action(struct slice word)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (slice_is_nocase(word, actions[i].name))
			return &actions[i];
	return NULL;
}

static const char *
action_name(const struct account_order *o)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (actions[i].action == o->action)
			return actions[i].name;
	return "";
}

static enum error
fill_account(struct net *net, struct asking *a, const struct words *w,
    const char **why_r)
{
	const struct action *action = find_action(w->word[0]);
	struct account_order *o = &a->order;
	enum error e = ERROR_NONE;

	*why_r = "add, passwd, role, disable, enable, delete, certificate, "
	    "list or invite";
	if (action == NULL)
		return ERROR_BAD_VALUE;
	*why_r = "this action has fewer words, or more";
	if (w->count != action->words)
		return ERROR_BAD_LINE;
	*why_r = "for= belongs to invite";
	if (w->for_ms > 0 && action->action != ACCOUNT_INVITE)
		return ERROR_BAD_VALUE;
	o->action = action->action;
	if (w->count > 1)
		e = take_name(o, w->word[1], why_r);
	if (e != ERROR_NONE)
		return e;
	switch (o->action) {
	case ACCOUNT_ADD:
	case ACCOUNT_PASSWD:
		return take_verifier(net, o, w->word[2], why_r);
	case ACCOUNT_ROLE:
		return fill_role(o, w->word[2], why_r);
	case ACCOUNT_CERTIFICATE:
		return fill_certificate(o, w->word[2], why_r);
	case ACCOUNT_INVITE:
		fill_invite(a, w->for_ms);
		return ERROR_NONE;
	default:
		return ERROR_NONE;
	}
}

static enum error
fill_passwd(struct conn *c, struct account_order *o, const struct words *w,
    const char **why_r)
{
	const struct person *who = c->contact.person;

	*why_r = "guests have no password";
	if (!who->account)
		return ERROR_DENIED;
	o->action = ACCOUNT_PASSWD;
	(void)take_name(o, person_name(who), why_r);
	return take_verifier(c->net, o, w->word[0], why_r);
}

struct listing {
	struct slice pattern;	/* empty: all */
	struct blob *text;
};

static void
list_one(const struct account *a, void *arg)
{
	struct slice name = person_name(a->person);
	char hex[2 * FINGERPRINT + 1];
	struct listing *l = arg;

	if (a->local || (l->pattern.len > 0 &&
	    !help_matches(l->pattern, name)))
		return;
	sodium_bin2hex(hex, sizeof(hex), a->fingerprint, FINGERPRINT);
	blob_printf(&l->text, "STAT account %.*s role=%s created=%" PRIu64
	    " seen=%" PRIu64 " disabled=%d connections=%u certificate=%s%s\n",
	    (int)name.len, name.at, a->admin ? "administrator" : "user",
	    a->person->since, a->seen, a->disabled, a->connections,
	    a->certified ? "sha256:" : "", a->certified ? hex : "none");
}

static void
list(struct conn *c, const struct words *w)
{
	struct listing l = { .text = NULL };

	if (w->count > 1)
		l.pattern = w->word[1];
	accounts_each(c->net->registry, list_one, &l);
	reply_ok(&l.text, w->id, "ACCOUNT");
	blob_printf(&l.text, " list\n");
	conn_put(c, l.text);
}

/* The request that goes with it brings the answer, in its order. */
static void
send_order(struct io *io, struct conn *c, const struct words *w,
    struct slice line, struct asking *a)
{
	struct request *r = session_request(io, c, w, line);

	a->order.asker = r;
	a->order.conn = c->contact.conn;
	a->order.back = &io->box;
	mailbox_send(c->net->registry->store, &a->order.mail);
}

void
accounting_line(struct io *io, struct conn *c, const struct words *w,
    struct slice line)
{
	bool passwd = w->command->verb == VERB_PASSWD;
	const char *why = error_help(ERROR_NEED_TLS);
	struct asking *a;
	enum error e;

	if (!conn_is_secure(c)) {
		conn_error(c, w->id, ERROR_NEED_TLS, why);
		return;
	}
	if (!passwd && slice_is_nocase(w->word[0], "list") &&
	    w->count < 3 && w->for_ms == 0) {
		list(c, w);
		return;
	}
	a = xcalloc(1, sizeof(*a));
	e = passwd ? fill_passwd(c, &a->order, w, &why) :
	    fill_account(c->net, a, w, &why);
	if (e == ERROR_NONE)
		e = accounts_check(c->net->registry, &a->order, &why);
	if (e == ERROR_NONE) {
		send_order(io, c, w, line, a);
		return;
	}
	conn_error(c, w->id, e, why);
	free_asking(&a);
}

static void
tell(struct request *r, const struct asking *a)
{
	const struct account_order *o = &a->order;
	struct slice by = person_name(r->who);

	if (o->action == ACCOUNT_INVITE)
		log_info("an invitation was made by %.*s", (int)by.len,
		    by.at);
	else
		log_info("account %s: %s%s by %.*s", o->facts.name,
		    action_name(o), o->action != ACCOUNT_ROLE ? "" :
		    o->facts.admin ? " administrator" : " user",
		    (int)by.len, by.at);
	if (r->words.command->verb == VERB_PASSWD)
		request_ok(r, "%s", "");
	else if (o->action == ACCOUNT_INVITE)
		request_ok(r, "invite %s", a->token);
	else
		request_ok(r, "%s %s", action_name(o), o->facts.name);
}

void
accounting_answer(struct io *io, struct account_order *o)
{
	struct asking *a = asking_of(o);
	struct request *r = o->asker;

	if (o->error != ERROR_NONE)
		request_error(r, o->error, why_not(o->error));
	else
		tell(r, a);
	free_asking(&a);
	session_returned(io, r);
}
