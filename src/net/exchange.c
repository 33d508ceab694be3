/* exchange.c -- AUTH: a login by SASL, line by line
 *
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <sodium.h>

#include "base/log.h"
#include "net/accepting.h"
#include "net/exchange.h"
#include "proto/mail.h"

static const struct local_user *
local_user(const struct conn *c)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (!c->peer.local ||
	    getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return NULL;
	for (int i = 0; i < 2; i++)
		if (c->net->users[i].uid == cred.uid)
			return &c->net->users[i];
	return NULL;
}

static void
bind_to(const struct conn *c, const char *type, char text_r[SASL_BINDING_MAX])
{
	unsigned char bytes[TLS_BINDING_MAX];
	size_t len = c->tls == NULL ? 0 : tls_binding(c->tls, type, bytes);

	*text_r = '\0';
	if (len > 0)
		sodium_bin2base64(text_r, SASL_BINDING_MAX, bytes, len,
		    sodium_base64_VARIANT_ORIGINAL);
}

/* What the connection itself says of its peer. */
static void
look_at_peer(const struct conn *c, struct sasl_peer *p)
{
	const struct local_user *user = local_user(c);
	char text[FINGERPRINT_MAX];

	memset(p, 0, sizeof(*p));
	if (user != NULL)
		snprintf(p->local_user, sizeof(p->local_user), "%s",
		    user->name);
	bind_to(c, "tls-exporter", p->exporter);
	bind_to(c, "tls-unique", p->unique);
	p->certified = c->tls != NULL &&
	    tls_certificate(c->tls, text, p->common_name) &&
	    sodium_hex2bin(p->fingerprint, FINGERPRINT, text + 7,
	    2 * FINGERPRINT, NULL, NULL, NULL) == 0;
}

/* Whether it may be chosen here; the bindings are looked for as far as need
 * be. */
static bool
is_offered(const struct conn *c, enum sasl_mechanism m)
{
	char text[FINGERPRINT_MAX], name[CERTIFICATE_NAME_MAX + 1];

	switch (m) {
	case SASL_SCRAM_PLUS:
	case SASL_PLAIN:
		return c->tls != NULL ||
		    (m == SASL_PLAIN && c->peer.local);
	case SASL_EXTERNAL:
		return c->peer.local || (c->tls != NULL &&
		    tls_certificate(c->tls, text, name));
	default:
		return m == SASL_SCRAM;
	}
}

void
exchange_features(const struct conn *c, struct blob **b)
{
	static const struct {
		enum sasl_mechanism mechanism;
		const char         *word;
	} all[] = {
		{ SASL_SCRAM, "scram-sha-256" },
		{ SASL_SCRAM_PLUS, "scram-sha-256-plus" },
		{ SASL_PLAIN, "plain" },
		{ SASL_EXTERNAL, "external" }
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (is_offered(c, all[i].mechanism))
			blob_printf(b, ",%s", all[i].word);
	blob_printf(b, ",scram-i=%" PRId64,
	    config_get(&c->net->config->accounts_iterations));
}

static void
say(struct conn *c, const struct auth *a, struct slice word)
{
	if (a->id != NULL)
		conn_printf(c, "@id=%.*s ", (int)a->id->len, a->id->data);
	conn_add(c, slice_of("AUTH "));
	conn_add(c, word);
	conn_add(c, slice_of("\n"));
}

struct slice
exchange_id(const struct auth *a)
{
	return a->id == NULL ? (struct slice){ 0 } :
	    (struct slice){ a->id->data, a->id->len };
}

/* The same words whatever was wrong: a name, a password, or all of it. */
static enum login
failed(struct conn *c, struct auth **a)
{
	conn_error(c, exchange_id(*a), ERROR_AUTH_FAILED,
	    error_help(ERROR_AUTH_FAILED));
	auth_free(a);
	return LOGIN_MORE;
}

void
exchange_break(struct conn *c)
{
	if (c->auth != NULL)
		failed(c, &c->auth);
}

static enum login
ask(struct conn *c, struct slice word)
{
	if (slice_is(word, "*"))
		return failed(c, &c->auth);
	auth_put(c->auth, word);
	return LOGIN_ASK;
}

static enum login
refuse(struct conn *c, const struct words *w, enum error e, const char *why)
{
	conn_error(c, w->id, e, why);
	return LOGIN_MORE;
}

static enum login
begin(struct conn *c, const struct words *w)
{
	enum sasl_mechanism m = sasl_mechanism_find(w->word[0]);
	struct sasl_peer peer;

	if (m == SASL_MECHANISMS)
		return refuse(c, w, ERROR_BAD_VALUE,
		    "the mechanisms are SCRAM-SHA-256, SCRAM-SHA-256-PLUS, "
		    "PLAIN and EXTERNAL");
	if (m == SASL_EXTERNAL && !is_offered(c, m))
		return refuse(c, w, ERROR_AUTH_FAILED,
		    "EXTERNAL is for who shows a certificate, and for users "
		    "of this machine on the local socket");
	if (!is_offered(c, m))
		return refuse(c, w, ERROR_NEED_TLS,
		    error_help(ERROR_NEED_TLS));
	look_at_peer(c, &peer);
	c->auth = auth_new(c->net->auths, c->contact.conn, m, &peer, w->id);
	if (w->count > 1)
		return ask(c, w->word[1]);
	/* EXTERNAL has nothing to say that is not known. */
	if (m == SASL_EXTERNAL)
		return ask(c, slice_of("="));
	say(c, c->auth, slice_of("="));
	return LOGIN_MORE;
}

/* What may hold a password is wiped where it was read. */
enum login
exchange_line(struct conn *c, const struct words *w)
{
	struct slice last = w->word[w->count - 1];
	enum login what;

	if (c->auth != NULL && w->count == 1) {
		what = ask(c, last);
	} else {
		exchange_break(c);
		what = begin(c, w);
	}
	explicit_bzero((void *)(uintptr_t)last.at, last.len);
	return what;
}

static void
log_failure(const struct conn *c, const struct auth *a)
{
	struct slice name = sasl_claimed(a->sasl);
	char peer[PEER_TEXT_MAX];

	log_info("connection %" PRIu64 " %s: login as \"%.*s\" by %s failed",
	    c->contact.conn, peer_text(&c->peer, peer), (int)name.len,
	    name.at, sasl_mechanism_name(sasl_mechanism_of(a->sasl)));
}

/* All is prepared for the hand-over before it is known whether it comes about;
 * the server's last word goes before the OK. */
static enum login
passed(struct conn *c, struct auth **at)
{
	struct auth *a = *at;
	struct slice name;
	const char *why;
	bool local;
	enum error e;

	if (a->out != NULL)
		say(c, a, (struct slice){ a->out->data, a->out->len });
	c->mail.kind = MAIL_CONN;
	blob_unref(&c->login_id);
	c->login_id = a->id;
	a->id = NULL;
	name = sasl_name(a->sasl, &local);
	e = people_account(c->net->registry, name, local, &c->contact,
	    &c->mail, &why);
	if (e != ERROR_NONE) {
		a->id = c->login_id;
		c->login_id = NULL;
		if (e == ERROR_TOO_MANY)
			acceptor_limited(c, exchange_id(a), LIMIT_ACCOUNT, 0,
			    why);
		else
			conn_error(c, exchange_id(a), e, why);
	}
	auth_free(at);
	return e == ERROR_NONE ? LOGIN_DONE : LOGIN_MORE;
}

enum login
exchange_answer(struct conn *c, struct auth *a)
{
	switch (a->result) {
	case SASL_VERIFY:
		c->auth = a;
		return LOGIN_ASK;
	case SASL_CHALLENGE:
		c->auth = a;
		say(c, a, (struct slice){ a->out->data, a->out->len });
		return LOGIN_MORE;
	case SASL_PASSED:
		return passed(c, &a);
	default:
		log_failure(c, a);
		return failed(c, &a);
	}
}
