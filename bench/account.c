/* account.c -- a member logs in to an account, by SCRAM
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "account.h"
#include "link.h"
#include "protocol.h"
#include "scram.h"
#include "secure.h"

bool
account_name(
    const struct load *l, const struct member *m, char *out_r, size_t size)
{
	if (l->opt->users != NULL)
		snprintf(out_r, size, "%s%u", l->opt->users, load_index(l, m));
	else if (l->opt->user != NULL)
		snprintf(out_r, size, "%s", l->opt->user);
	return l->opt->users != NULL || l->opt->user != NULL;
}

size_t
account_begin(const struct load *l, const struct member *m, char *out_r)
{
	unsigned char binding[SECURE_BINDING];
	char name[sizeof(m->login->name)];
	size_t len = sprintf(
	    out_r, "AUTH SCRAM-SHA-256%s ", m->tls != NULL ? "-PLUS" : "");

	account_name(l, m, name, sizeof(name));
	if (m->tls != NULL)
		secure_binding(m->tls, binding);
	len += scram_begin(
	    m->login, name, m->tls != NULL ? binding : NULL, out_r + len);
	out_r[len++] = '\n';
	return len;
}

void
account_challenged(struct load *l, struct member *m, struct words *w)
{
	char out[SAID_MAX] = "AUTH ";
	struct word data = word_next(w);
	const char *why = "AUTH, and nothing was asked";
	size_t len = 0;

	if (m->login != NULL)
		why = scram_take(m->login, l->keys, l->opt->secret, data.at,
		    data.len, out + 5, &len);
	if (why != NULL)
		load_fault(l, m, "AUTH: %s", why);
	if (len == 0)
		return;
	out[5 + len] = '\n';
	link_send(l, m, out, 5 + len + 1);
}

void
account_proved(struct load *l, struct member *m)
{
	if (m->login == NULL || !scram_done(m->login))
		load_fault(l, m, "OK AUTH without a proof");
}
