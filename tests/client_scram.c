/* client_scram.c -- a server's side of SCRAM, by another's hand (libgsasl)
 *
 * SPDX-License-Identifier: MIT */
#include "client_scram.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SALT	"0123456789abcdef"

static void
to_base64(const char *bytes, char *text_r)
{
	char *text;

	gsasl_base64_to(bytes, GSASL_HASH_SHA256_SIZE, &text, NULL);
	strcpy(text_r, text);
	gsasl_free(text);
}

/* Once, since libgsasl takes its time. */
static void
hash(struct scram *scram)
{
	char salted[32], client[32], server[32], stored[32];

	if (scram->hashed == scram->password)
		return;
	scram->hashed = scram->password;
	if (gsasl_scram_secrets_from_password(GSASL_HASH_SHA256,
	    scram->password, 4096, SALT, strlen(SALT), salted, client, server,
	    stored) != GSASL_OK)
		abort();
	to_base64(server, scram->server);
	to_base64(stored, scram->stored);
}

static void
set_salt(Gsasl_session *session)
{
	char *text;

	gsasl_base64_to(SALT, strlen(SALT), &text, NULL);
	gsasl_property_set(session, GSASL_SCRAM_SALT, text);
	gsasl_free(text);
}

/* What RFC 9266 says for TLS 1.3, and RFC 5929 for 1.2. */
static int
bind_to(struct scram *scram, Gsasl_session *session, Gsasl_property property)
{
	bool exporter = property == GSASL_CB_TLS_EXPORTER;
	unsigned char bytes[64];
	size_t len = 32;
	char *text;

	if (!scram->binds || scram->ssl == NULL ||
	    exporter != (SSL_version(scram->ssl) == TLS1_3_VERSION))
		return GSASL_NO_CALLBACK;
	if (exporter)
		SSL_export_keying_material(scram->ssl, bytes, len,
		    "EXPORTER-Channel-Binding", 24, NULL, 0, 0);
	else if (SSL_session_reused(scram->ssl))
		len = SSL_get_finished(scram->ssl, bytes, sizeof(bytes));
	else
		len = SSL_get_peer_finished(scram->ssl, bytes, sizeof(bytes));
	gsasl_base64_to((char *)bytes, len, &text, NULL);
	gsasl_property_set(session, property, text);
	gsasl_free(text);
	return GSASL_OK;
}

static int
on_property(Gsasl *library, Gsasl_session *session, Gsasl_property property)
{
	struct scram *scram = gsasl_session_hook_get(session);

	(void)library;
	switch (property) {
	case GSASL_SCRAM_STOREDKEY:
		hash(scram);
		return gsasl_property_set(session, property, scram->stored);
	case GSASL_SCRAM_SERVERKEY:
		hash(scram);
		return gsasl_property_set(session, property, scram->server);
	case GSASL_SCRAM_ITER:
		return gsasl_property_set(session, property, "4096");
	case GSASL_SCRAM_SALT:
		set_salt(session);
		return GSASL_OK;
	case GSASL_CB_TLS_EXPORTER:
	case GSASL_CB_TLS_UNIQUE:
		return bind_to(scram, session, property);
	default:
		return GSASL_NO_CALLBACK;
	}
}

void
scram_init(struct scram *scram, const char *password)
{
	*scram = (struct scram){ .password = password, .binds = true };
	if (gsasl_init(&scram->library) != GSASL_OK)
		abort();
	gsasl_callback_set(scram->library, on_property);
}

void
scram_fini(struct scram *scram)
{
	if (scram->session != NULL)
		gsasl_finish(scram->session);
	gsasl_done(scram->library);
}

static void
note(struct scram *scram, const char *data)
{
	char *text = NULL, *name;
	size_t len;

	scram->header = '?';
	if (gsasl_base64_from(data, strlen(data), &text, &len) != GSASL_OK)
		return;
	scram->header = text[0];
	name = memmem(text, len, ",,n=", 4);
	if (name != NULL)
		snprintf(scram->user, sizeof(scram->user), "%.*s",
		    (int)strcspn(name + 4, ","), name + 4);
	gsasl_free(text);
}

int
scram_take(struct scram *scram, const char *line, char *answer_r)
{
	char mechanism[32] = "", data[4096] = "", *answer = NULL;
	int rc;

	*answer_r = '\0';
	if (sscanf(line, "AUTH %31[A-Z0-9-] %4095s", mechanism, data) == 2 &&
	    strchr(line + 5, ' ') != NULL) {
		if (scram->session != NULL)
			gsasl_finish(scram->session);
		scram->session = NULL;
		rc = gsasl_server_start(scram->library, mechanism,
		    &scram->session);
		if (rc != GSASL_OK)
			return rc;
		gsasl_session_hook_set(scram->session, scram);
		note(scram, data);
	} else if (sscanf(line, "AUTH %4095s", data) != 1) {
		return GSASL_MECHANISM_PARSE_ERROR;
	}
	rc = gsasl_step64(scram->session, data, &answer);
	if (rc == GSASL_OK || rc == GSASL_NEEDS_MORE)
		sprintf(answer_r, "AUTH %s", *answer ? answer : "=");
	gsasl_free(answer);
	return rc;
}
