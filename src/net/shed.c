/* shed.c -- what goes first when there is too little memory
 *
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "base/log.h"
#include "net/accepting.h"
#include "net/io.h"
#include "net/udp.h"
#include "proto/mail.h"

enum {
	FAR_MS = 1000,		/* between two looks, with half of it free */
	NEAR_MS = 100,
	LOG_MS = 1000,
	LEAST = 4096,		/* who has less of it is not worth ending */
	REQUEST = 1024		/* what one that is unanswered takes, or so */
};

#define MIB (UINT64_C(1) << 20)

void
shed_init(struct shedder *s)
{
	for (unsigned i = 0; i < IO_MAX; i++)
		s->sheds[i].mail.kind = MAIL_SHED;
}

static uint64_t
bound_of(const struct acceptor *a)
{
	uint64_t set = (uint64_t)config_get(&a->net->config->limits_memory);
	uint64_t group = a->net->memory.group;

	if (set > 0)
		return set * MIB;
	/* Where nothing is set version 1 says 2^63 less a page. */
	return group >= INT64_MAX / 2 ? 0 : group / 4 * 3;
}

uint64_t
shed_next(const struct shedder *s)
{
	return s->looked + (s->close ? NEAR_MS : FAR_MS);
}

static void
end_strangers(struct acceptor *a)
{
	struct link *l, *next;

	for (l = a->waiting.next; l != &a->waiting; l = next) {
		struct conn *c = list_entry(l, struct conn, by_time);
		struct blob *line = NULL;

		next = l->next;
		if (c->peer.local)
			continue;
		acceptor_refused(a, LIMIT_MEMORY, &c->peer);
		reply_error(&line, (struct slice){ 0 }, ERROR_TOO_MANY, 0,
		    limit_name(LIMIT_MEMORY), "the server is short of memory");
		conn_put(c, line);
		(void)conn_flush(c);
		acceptor_end(a, c, END_REFUSED);
	}
}

static void
shed(struct acceptor *a, uint64_t bytes)
{
	struct net *net = a->net;

	end_strangers(a);
	for (unsigned i = 0; i < net->io_count; i++) {
		struct shed *s = &a->shedder.sheds[i];

		if (atomic_exchange(&s->out, true))
			continue;
		s->bytes = bytes / net->io_count + 1;
		mailbox_send(&net->ios[i]->box, &s->mail);
	}
}

static void
tell(struct shedder *s, uint64_t used, uint64_t bound, uint64_t now)
{
	if (s->logged > 0 && now - s->logged < LOG_MS)
		return;
	s->logged = now;
	log_warn("limits.memory: %" PRIu64 " of %" PRIu64 " MiB are used, and "
	    "no connections taken in", used / MIB, bound / MIB);
}

static uint64_t
high(uint64_t bound)
{
	return bound / 10 * 8;
}

static uint64_t
over(uint64_t bound)
{
	return bound / 10 * 9;
}

/* What was freed and kept by the allocator is nobody's: it goes back before
 * anything is decided. */
static uint64_t
used_beyond(const struct net *net, uint64_t bound)
{
	uint64_t used = memory_used(&net->memory);

	if (used <= bound)
		return used;
	memory_give_back();
	return memory_used(&net->memory);
}

void
shed_look(struct acceptor *a)
{
	struct shedder *s = &a->shedder;
	uint64_t bound, used;

	if (a->now < shed_next(s))
		return;
	s->looked = a->now;
	bound = bound_of(a);
	atomic_store(&a->net->memory_bound, bound);
	used = bound > 0 ? used_beyond(a->net, high(bound)) : 0;
	s->close = used > bound / 2;
	atomic_store(&a->net->memory_full, used > high(bound));
	if (used > high(bound))
		tell(s, used, bound, a->now);
	if (used > over(bound))
		shed(a, used - high(bound));
}

static uint64_t
weight(const struct conn *c)
{
	return c->fd < 0 ? 0 : c->out_bytes + c->in_len +
	    (uint64_t)c->under_way * REQUEST + (c->udp == NULL ? 0 :
	    datagram_kept(&c->udp->datagram));
}

static struct conn *
heaviest(struct io *io)
{
	struct conn *most = NULL;

	for (struct table_node *n = table_next(&io->conns, NULL); n != NULL;
	    n = table_next(&io->conns, n)) {
		struct conn *c = table_entry(n, struct conn, node);

		if (weight(c) >= LEAST &&
		    (most == NULL || weight(c) > weight(most)))
			most = c;
	}
	return most;
}

static void
end_heaviest(struct io *io, uint64_t bytes)
{
	uint64_t freed = 0;
	unsigned ended = 0;
	struct conn *c;

	while (freed < bytes && (c = heaviest(io)) != NULL) {
		freed += weight(c);
		ended++;
		io_refused(io, c, LIMIT_MEMORY);
		io_close(io, c, END_MEMORY);
	}
	if (ended > 0)
		log_warn("limits.memory: %u connections with %" PRIu64
		    " KiB unread are ended", ended, freed / 1024);
}

void
shed_some(struct io *io, struct shed *s)
{
	end_heaviest(io, s->bytes);
	atomic_store(&s->out, false);
}

void
shed_passed(struct io *io)
{
	uint64_t bound = atomic_load(&io->net->memory_bound), used;

	io->passed = 0;
	if (bound == 0)
		return;
	used = used_beyond(io->net, over(bound));
	if (used > over(bound))
		end_heaviest(io, used - high(bound));
}
