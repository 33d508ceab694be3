/* begin.c -- a struct vcrp, out of what is asked of it
 *
 * SPDX-License-Identifier: MIT */
#include "vcrp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/collect.h"
#include "lib/session.h"

static const char *
check_options(const struct vcrp_options *o)
{
	const char *marks = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

	if (o->user != NULL && o->visitor)
		return "a visitor is no user";
	if (o->fingerprint != NULL && !vtls_is_fingerprint(o->fingerprint))
		return "a fingerprint is sha256: and 64 hexadecimal digits";
	if (o->nick != NULL && (strlen(o->nick) > 64 ||
	    !vline_is_word(o->nick) || vline_check(o->nick) != 0))
		return "a nick is a word of 1 to 64 bytes";
	if (o->key != NULL && (strlen(o->key) < VKEY_MIN ||
	    strlen(o->key) > VKEY_MAX ||
	    o->key[strspn(o->key, marks)] != '\0'))
		return "a key has 22 to 64 letters, digits, '_' and '-'";
	if (o->timeout < 0 || o->retry_min < 0 || o->retry_max < 0)
		return "a time is not negative";
	return NULL;
}

/* 32 marks, so that each takes five of a byte's bits. */
static bool
make_up(char *word_r, size_t len)
{
	unsigned char bytes[VKEY_MAX];
	size_t i;

	if (!vsession_random(bytes, len))
		return false;
	for (i = 0; i < len; i++)
		word_r[i] = "abcdefghijklmnopqrstuvwxyz234567"[bytes[i] % 32];
	word_r[len] = '\0';
	return true;
}

static bool
be_somebody(struct vcrp *v, const struct vcrp_options *o)
{
	unsigned number;

	if (!make_up(v->prefix, sizeof(v->prefix) - 1) ||
	    !make_up(v->key, 32) || !vsession_random(&number, sizeof(number)))
		return false;
	snprintf(v->nick, sizeof(v->nick), "guest%u", number % 100000);
	if (o->nick != NULL)
		snprintf(v->nick, sizeof(v->nick), "%s", o->nick);
	if (o->key != NULL)
		snprintf(v->key, sizeof(v->key), "%s", o->key);
	return true;
}

/* The user of options, or else of the address, who need not say who it is
 * where a certificate or the kernel does. */
static bool
be_user(struct vcrp *v, const struct vcrp_options *o, const char **why_r)
{
	const char *user = o->user != NULL ? o->user : v->address.user;

	if (user == NULL || o->external || o->visitor)
		return true;
	if (o->password == NULL) {
		*why_r = "a user has a password";
		return false;
	}
	v->sasl = vsasl_new(user, o->password, why_r);
	return v->sasl != NULL;
}

static bool
prepare_tls(struct vcrp *v, const struct vcrp_options *o, const char **why_r)
{
	const struct vtls_options options = {
		.host = v->address.host, .fingerprint = o->fingerprint,
		.certificate = o->certificate, .key = o->certificate_key,
		.keylog = v->keylog
	};

	if (!v->address.tls)
		return true;
	v->link.tls = vtls_new(&options, why_r);
	return v->link.tls != NULL;
}

static bool
open_keylog(struct vcrp *v, const struct vcrp_options *o, const char **why_r)
{
	if (o->keylog == NULL)
		return true;
	v->keylog = open(o->keylog, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC |
	    O_NOCTTY, 0600);
	if (v->keylog < 0)
		*why_r = "the file for keys cannot be written to";
	return v->keylog >= 0;
}

static void
set_times(struct vcrp *v, const struct vcrp_options *o)
{
	v->timeout = o->timeout > 0 ? o->timeout : 10000;
	v->retry_min = o->retry_min > 0 ? o->retry_min : 500;
	v->retry_max = o->retry_max > 0 ? o->retry_max : 30000;
	if (v->retry_max < v->retry_min)
		v->retry_max = v->retry_min;
}

struct vcrp *
vcrp_new(const struct vcrp_options *o, const char **why_r)
{
	struct vcrp *v;

	*why_r = check_options(o);
	if (*why_r != NULL)
		return NULL;
	v = calloc(1, sizeof(*v));
	if (v == NULL) {
		*why_r = strerror(ENOMEM);
		return NULL;
	}
	vlink_init(&v->link, NULL);
	vroom_init(&v->control);
	vroom_init(&v->lost);
	v->external = o->external;
	v->visitor = o->visitor;
	v->once = o->once;
	v->keylog = -1;
	set_times(v, o);
	if (!be_somebody(v, o)) {
		*why_r = "no random bytes to be had";
		vcrp_free(&v);
	} else if (vaddress_init(&v->address, o->server != NULL ?
	    o->server : "localhost", why_r) != 0 || !be_user(v, o, why_r) ||
	    !open_keylog(v, o, why_r) || !prepare_tls(v, o, why_r)) {
		vcrp_free(&v);
	} else {
		v->udp = o->udp || v->address.udp;
	}
	return v;
}

void
vcrp_free(struct vcrp **at)
{
	struct vcrp *v = *at;

	*at = NULL;
	if (v == NULL)
		return;
	vlink_close(&v->link);
	vtls_free(&v->link.tls);
	vudp_free(&v->trial);
	vcollect_forget(v);
	vsasl_free(&v->sasl);
	vaddress_fini(&v->address);
	vroom_fini(&v->control);
	vroom_fini(&v->lost);
	vroom_free_all(&v->rooms);
	if (v->keylog >= 0)
		close(v->keylog);
	explicit_bzero(v->key, sizeof(v->key));
	free(v);
}
