/* asked.c -- what main is asked for: reload, drain, calm, backup, shutdown
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>

#include "account/backup.h"
#include "base/alloc.h"
#include "base/log.h"
#include "base/service.h"
#include "net/acceptor.h"
#include "net/io.h"
#include "net/tls_context.h"
#include "parts.h"
#include "proto/mail.h"
#include "room/settings.h"

int
server_configure(struct config *c, const struct server_options *o,
    config_fault_fn *fault, void *arg)
{
	int faults = 0;

	if (o->config != NULL)
		faults += config_load(c, o->config, fault, arg);
	if (o->data != NULL)
		faults += config_set(c, "server.data", o->data, fault, arg);
	if (o->port != NULL)
		faults += config_set(c, "server.port", o->port, fault, arg);
	if (faults == 0 && config_get(&c->tls_required) &&
	    !config_get(&c->tls_enable)) {
		fault("tls.required: needs tls.enable", arg);
		faults++;
	}
	return faults;
}

static void
tell(const char *text, void *arg)
{
	struct request *r = arg;

	log_warn("reload: %s", text);
	if (r != NULL)
		blob_printf(&r->reply, "NOTICE %s\n", text);
}

static int
prepare_tls(struct server *s, struct request *r)
{
	char why[4096 + 512];

	if (s->net.tls == NULL ||
	    tls_context_prepare(s->net.tls, why, sizeof(why)))
		return 0;
	tell(why, r);
	return 1;
}

void
server_reload(struct server *s, struct request *r)
{
	struct config *fresh = config_new();
	int faults;

	service_reloading();
	faults = server_configure(fresh, s->options, tell, r);
	if (faults == 0)
		faults = prepare_tls(s, r);
	if (faults == 0) {
		if (s->net.tls != NULL)
			tls_context_take(s->net.tls);
		config_reload(s->config, fresh, tell, r);
		log_set_level((enum log_level)
		    config_get(&s->config->log_level));
		log_info("configuration reloaded");
	} else {
		log_warn("configuration not reloaded");
	}
	config_free(&fresh);
	service_ready();
	if (r != NULL && faults > 0)
		request_error(r, ERROR_BAD_VALUE,
		    "the configuration has faults; nothing was changed");
	else if (r != NULL)
		request_ok(r, "%s", "");
}

void
server_order(struct server *s, bool stop, bool over, const char *code,
    uint64_t spread)
{
	for (unsigned i = 0; i < s->net.io_count; i++) {
		struct order *o = xcalloc(1, sizeof(*o));

		o->mail.kind = MAIL_ORDER;
		o->stop = stop;
		o->over = over;
		o->code = code;
		o->spread = spread;
		o->patience = (uint64_t)config_get(
		    &s->config->server_stop_timeout) * 1000;
		mailbox_send(s->boxes[i], &o->mail);
	}
}

uint64_t
server_spread(const struct server *s)
{
	uint64_t seconds =
	    (uint64_t)config_get(&s->config->server_retry_spread);

	return seconds > 0 ? seconds * 1000 : 1;
}

static void
drain(struct server *s, struct request *r)
{
	uint64_t spread = r->words.count > 0 ? r->words.number * 1000 :
	    server_spread(s);

	if (spread > 86400000) {
		request_error(r, ERROR_BAD_VALUE, "at most 86400 seconds");
		return;
	}
	log_info("draining, asked by %.*s", (int)person_name(r->who).len,
	    person_name(r->who).at);
	acceptor_close(s->net.acceptor, false);
	server_order(s, false, false, "restarting", spread > 0 ? spread : 1);
	request_ok(r, "%s", "");
}

/* Until a reload or the next start, which take what is configured. */
static void
calm(struct server *s, struct request *r)
{
	_Atomic int64_t *seconds = &s->config->limits_calm;

	if (r->words.count > 0 && r->words.number > PAUSE_MAX) {
		request_error(r, ERROR_BAD_VALUE, "seconds, 0 to 86400");
		return;
	}
	if (r->words.count > 0) {
		atomic_store(seconds, (int64_t)r->words.number);
		log_info("calm: %u seconds, by %.*s",
		    (unsigned)r->words.number,
		    (int)person_name(r->who).len, person_name(r->who).at);
	}
	request_ok(r, "%u", (unsigned)config_get(seconds));
}

void
server_asked(struct server *s, struct request *r)
{
	switch (s->over ? VERB_COUNT : r->words.command->verb) {
	case VERB_COUNT:
		request_error(r, ERROR_SHUTTING_DOWN,
		    error_help(ERROR_SHUTTING_DOWN));
		break;
	case VERB_RELOAD:
		server_reload(s, r);
		break;
	case VERB_DRAIN:
		drain(s, r);
		break;
	case VERB_CALM:
		calm(s, r);
		break;
	case VERB_BACKUP:
		backup_ask(storage_backup(s->storage), r);
		return;
	case VERB_SHUTDOWN:
		log_info("shutting down, asked by %.*s",
		    (int)person_name(r->who).len, person_name(r->who).at);
		s->over = true;
		s->code = error_code(ERROR_SHUTTING_DOWN);
		s->spread = 0;
		request_ok(r, "%s", "");
		break;
	default:
		assert(!"a request that main does not take");
	}
	mailbox_send(s->boxes[r->io], &r->mail);
}
