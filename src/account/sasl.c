/* sasl.c -- one login by SASL: words in, words out
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <gsasl.h>
#include <sodium.h>

#include "account/sasl.h"
#include "base/alloc.h"
#include "base/utf8.h"

enum { MESSAGE_MAX = SASL_WORD_MAX / 4 * 3 };

struct sasl_server {
	Gsasl               *library;		/* (c) */
	const struct names  *names;		/* (c) */
	struct sasl_accounts accounts;		/* (c) */
	const _Atomic int64_t *iterations;	/* (a) */
	unsigned char        secret[SERVER_SECRET]; /* (c) */
};

struct sasl {
	const struct sasl_server *server;
	enum sasl_mechanism mechanism;
	struct sasl_peer    peer;
	Gsasl_session      *session;	/* SCRAM's; or NULL */
	bool                asked;	/* the first message was good */
	bool                real;	/* there is an account, not disabled */
	bool                local;
	bool                sole;	/* it claims no other identity */
	struct verifier     verifier;	/* its own, or a made-up one */
	char               *password;	/* PLAIN's, prepared; or NULL */
	char               *claimed;	/* or NULL */
	size_t              key_len;
	char                key[NAME_KEY_MAX];
	char                name[NAME_NICK_BYTES + 1];
};

static const char *const names[SASL_MECHANISMS] = {
	[SASL_SCRAM] = "SCRAM-SHA-256",
	[SASL_SCRAM_PLUS] = "SCRAM-SHA-256-PLUS",
	[SASL_PLAIN] = "PLAIN",
	[SASL_EXTERNAL] = "EXTERNAL"
};

const char *
sasl_mechanism_name(enum sasl_mechanism m)
{
	return names[m];
}

enum sasl_mechanism
sasl_mechanism_find(struct slice word)
{
	int m = 0;

	while (m < SASL_MECHANISMS && !slice_is_nocase(word, names[m]))
		m++;
	return m;
}

static void
take_facts(struct sasl *s, const struct account_facts *f)
{
	s->real = !f->disabled;
	s->verifier = f->verifier;
	snprintf(s->name, sizeof(s->name), "%s", f->name);
}

/* What is no name has a key too: its own bytes, as far as they go. */
static bool
key_of(const struct sasl *s, const char *name, char *key, size_t *len_r)
{
	size_t len = strlen(name);
	const char *why;

	if (name_fold(s->server->names, NAME_NICK, name, len, key, len_r,
	    &why) == 0)
		return true;
	*len_r = len < NAME_KEY_MAX ? len : NAME_KEY_MAX;
	memcpy(key, name, *len_r);
	return false;
}

/* From here on all goes the same way whether there is such an account. */
static void
claim(struct sasl *s, const char *name, const char *other)
{
	const struct sasl_accounts *a = &s->server->accounts;
	struct account_facts facts = { 0 };
	char key[NAME_KEY_MAX];
	bool good = key_of(s, name, s->key, &s->key_len);
	size_t len;

	s->claimed = xmemdup(name, strlen(name));
	password_verifier_of_none(s->server->secret, sasl_key(s),
	    (unsigned)atomic_load_explicit(
	    s->server->iterations, memory_order_relaxed), &s->verifier);
	if (good && a->by_key(a->arg,
	    sasl_key(s), &facts))
		take_facts(s, &facts);
	sodium_memzero(&facts, sizeof(facts));
	s->sole = true;
	if (other == NULL || *other == '\0')
		return;
	(void)key_of(s, other, key, &len);
	s->sole = slice_same((struct slice){ key, len },
	    (struct slice){ s->key, s->key_len });
}

static void
give(Gsasl_session *session, Gsasl_property p, const unsigned char *bytes,
    size_t len)
{
	char text[64];

	sodium_bin2base64(text, sizeof(text), bytes, len,
	    sodium_base64_VARIANT_ORIGINAL);
	gsasl_property_set(session, p, text);
	sodium_memzero(text, sizeof(text));
}

/* libgsasl wants to know the first of the numbers once it knows the name. */
static int
callback(Gsasl *library, Gsasl_session *session, Gsasl_property p)
{
	struct sasl *s = gsasl_session_hook_get(session);
	char number[16];

	(void)library;
	if (p != GSASL_SCRAM_ITER || s->claimed != NULL)
		return GSASL_NO_CALLBACK;
	claim(s, gsasl_property_fast(session, GSASL_AUTHID),
	    gsasl_property_fast(session, GSASL_AUTHZID));
	snprintf(number, sizeof(number), "%u", s->verifier.iterations);
	gsasl_property_set(session, GSASL_SCRAM_ITER, number);
	give(session, GSASL_SCRAM_SALT, s->verifier.salt,
	    VERIFIER_SALT);
	give(session, GSASL_SCRAM_STOREDKEY, s->verifier.stored,
	    VERIFIER_KEY);
	give(session, GSASL_SCRAM_SERVERKEY, s->verifier.server,
	    VERIFIER_KEY);
	return GSASL_OK;
}

struct sasl_server *
sasl_server_new(const struct names *all, const struct sasl_accounts *accounts,
    const _Atomic int64_t *iterations,
    const unsigned char secret[SERVER_SECRET])
{
	struct sasl_server *server = xcalloc(1, sizeof(*server));

	server->names = all;
	server->accounts = *accounts;
	server->iterations = iterations;
	memcpy(server->secret, secret, SERVER_SECRET);
	if (gsasl_init(&server->library) != GSASL_OK) {
		server->library = NULL;
		sasl_server_free(&server);
		return NULL;
	}
	gsasl_callback_set(server->library, callback);
	return server;
}

void
sasl_server_free(struct sasl_server **at)
{
	struct sasl_server *server = *at;

	*at = NULL;
	if (server == NULL)
		return;
	if (server->library != NULL)
		gsasl_done(server->library);
	sodium_memzero(server, sizeof(*server));
	free(server);
}

/* Where there are bindings libgsasl also refuses a client without -PLUS that
 * thinks we have none: who stripped it off our greeting is found out. */
static void
begin_scram(struct sasl *s)
{
	if (gsasl_server_start(s->server->library, names[s->mechanism],
	    &s->session) != GSASL_OK) {
		s->session = NULL;
		return;
	}
	gsasl_session_hook_set(s->session, s);
	if (*s->peer.exporter != '\0')
		gsasl_property_set(s->session, GSASL_CB_TLS_EXPORTER,
		    s->peer.exporter);
	if (*s->peer.unique != '\0')
		gsasl_property_set(s->session, GSASL_CB_TLS_UNIQUE,
		    s->peer.unique);
}

struct sasl *
sasl_new(const struct sasl_server *server, enum sasl_mechanism m,
    const struct sasl_peer *peer)
{
	struct sasl *s = xcalloc(1, sizeof(*s));

	s->server = server;
	s->mechanism = m;
	s->peer = *peer;
	if (m == SASL_SCRAM || m == SASL_SCRAM_PLUS)
		begin_scram(s);
	return s;
}

void
sasl_free(struct sasl **at)
{
	struct sasl *s = *at;

	*at = NULL;
	if (s == NULL)
		return;
	if (s->session != NULL)
		gsasl_finish(s->session);
	password_free(&s->password);
	free(s->claimed);
	sodium_memzero(s, sizeof(*s));
	free(s);
}

/* What libgsasl lets pass: bytes behind a NUL; and a binding, which it does not
 * look at then, where the mechanism has none. */
static bool
is_scram(const struct sasl *s, struct slice message)
{
	return message.len > 0 &&
	    memchr(message.at, '\0', message.len) == NULL &&
	    (s->asked || s->mechanism == SASL_SCRAM_PLUS ||
	    message.at[0] != 'p');
}

/* Between the first step and the last the account may have been given another
 * password, or be somebody else's. */
static bool
is_current(const struct sasl *s)
{
	const struct sasl_accounts *a = &s->server->accounts;
	struct account_facts facts = { 0 };
	bool same = s->real && s->sole &&
	    a->by_key(a->arg, sasl_key(s), &facts) && !facts.disabled &&
	    sodium_memcmp(&facts.verifier, &s->verifier,
	    sizeof(s->verifier)) == 0;

	sodium_memzero(&facts, sizeof(facts));
	return same;
}

static enum sasl_result
scram(struct sasl *s, struct slice message, struct slice *out_r)
{
	char *out = NULL;
	size_t len = 0;
	int rc;

	if (s->session == NULL || !is_scram(s, message))
		return SASL_FAILED;
	rc = gsasl_step(s->session, message.at, message.len, &out, &len);
	*out_r = (struct slice){ out, len };
	if (rc == GSASL_NEEDS_MORE && !s->asked && s->claimed != NULL) {
		s->asked = true;
		return SASL_CHALLENGE;
	}
	return rc == GSASL_OK && is_current(s) ? SASL_PASSED : SASL_FAILED;
}

/* authzid NUL authcid NUL password; the NUL behind it is ours. */
static enum sasl_result
plain(struct sasl *s, struct slice message)
{
	const char *other = message.at, *end = message.at + message.len;
	const char *name = memchr(other, '\0', message.len), *password;

	if (name == NULL || utf8_check(message) == UTF8_BROKEN)
		return SASL_FAILED;
	name++;
	password = memchr(name, '\0', (size_t)(end - name));
	if (password == NULL || *name == '\0')
		return SASL_FAILED;
	password++;
	if (strlen(password) != (size_t)(end - password))
		return SASL_FAILED;
	s->password = password_prepare(password);
	if (s->password == NULL)
		return SASL_FAILED;
	claim(s, name, other);
	return SASL_VERIFY;
}

static enum sasl_result
verify(struct sasl *s)
{
	bool fits = password_fits(s->password, &s->verifier);

	password_free(&s->password);
	return fits && is_current(s) ? SASL_PASSED : SASL_FAILED;
}

/* The certificate that an account has named, else the name in one that the
 * administrator's authority has signed. */
static bool
certified(struct sasl *s)
{
	const struct sasl_accounts *a = &s->server->accounts;
	struct account_facts facts = { 0 };
	char key[NAME_KEY_MAX];
	size_t len;

	if (s->peer.certified &&
	    a->by_certificate(a->arg, s->peer.fingerprint, &facts)) {
		take_facts(s, &facts);
	} else if (*s->peer.common_name != '\0' &&
	    key_of(s, s->peer.common_name, key, &len) &&
	    a->by_key(a->arg, (struct slice){ key, len }, &facts)) {
		take_facts(s, &facts);
	}
	sodium_memzero(&facts, sizeof(facts));
	return s->real;
}

static enum sasl_result
external(struct sasl *s, struct slice message)
{
	size_t len;
	char key[NAME_KEY_MAX];

	if (memchr(message.at, '\0', message.len) != NULL)
		return SASL_FAILED;
	if (*s->peer.local_user != '\0') {
		s->local = true;
		snprintf(s->name, sizeof(s->name), "%s", s->peer.local_user);
	} else if (!certified(s)) {
		return SASL_FAILED;
	}
	(void)key_of(s, s->name, s->key, &s->key_len);
	s->claimed = xmemdup(s->name, strlen(s->name));
	if (message.len == 0)
		return SASL_PASSED;
	return key_of(s, message.at, key, &len) &&
	    slice_same((struct slice){ key, len }, sasl_key(s)) ?
	    SASL_PASSED : SASL_FAILED;
}

static enum sasl_result
step(struct sasl *s, struct slice message, struct slice *out_r)
{
	switch (s->mechanism) {
	case SASL_SCRAM:
	case SASL_SCRAM_PLUS:
		return scram(s, message, out_r);
	case SASL_PLAIN:
		return plain(s, message);
	case SASL_EXTERNAL:
		return external(s, message);
	default:
		return SASL_FAILED;
	}
}

/* Terminated. False: it is no base64, or too long. */
static bool
decode(struct slice word, char bytes_r[MESSAGE_MAX + 1], size_t *len_r)
{
	*len_r = 0;
	bytes_r[0] = '\0';
	if (word.len == 0 || word.len > SASL_WORD_MAX)
		return false;
	if (slice_is(word, "="))
		return true;
	if (sodium_base642bin((unsigned char *)bytes_r, MESSAGE_MAX, word.at,
	    word.len, NULL, len_r, NULL,
	    sodium_base64_VARIANT_ORIGINAL) != 0)
		return false;
	bytes_r[*len_r] = '\0';
	return true;
}

static void
encode(struct slice bytes, struct blob **out_r)
{
	char text[SASL_ANSWER_MAX + 1];

	if (bytes.len == 0) {
		blob_add(out_r, slice_of("="));
		return;
	}
	assert(sodium_base64_encoded_len(bytes.len,
	    sodium_base64_VARIANT_ORIGINAL) <= sizeof(text));
	blob_add(out_r, slice_of(sodium_bin2base64(text, sizeof(text),
	    (const unsigned char *)bytes.at, bytes.len,
	    sodium_base64_VARIANT_ORIGINAL)));
}

enum sasl_result
sasl_step(struct sasl *s, struct slice word, struct blob **out_r)
{
	enum sasl_result result = SASL_FAILED;
	char message[MESSAGE_MAX + 1];
	struct slice out = { NULL, 0 };
	size_t len;

	*out_r = NULL;
	if (s->password != NULL)
		return verify(s);
	if (decode(word, message, &len))
		result = step(s, (struct slice){ message, len }, &out);
	sodium_memzero(message, sizeof(message));
	if (result == SASL_CHALLENGE ||
	    (result == SASL_PASSED && out.len > 0))
		encode(out, out_r);
	if (out.at != NULL)
		gsasl_free((void *)(uintptr_t)out.at);
	return result;
}

bool
sasl_verifies(const struct sasl *s)
{
	return s->asked || s->password != NULL;
}

enum sasl_mechanism
sasl_mechanism_of(const struct sasl *s)
{
	return s->mechanism;
}

struct slice
sasl_claimed(const struct sasl *s)
{
	return slice_of(s->claimed != NULL ? s->claimed : "");
}

struct slice
sasl_key(const struct sasl *s)
{
	return (struct slice){ s->key, s->key_len };
}

struct slice
sasl_name(const struct sasl *s, bool *local_r)
{
	*local_r = s->local;
	return slice_of(s->name);
}
