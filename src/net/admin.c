/* admin.c -- what administrators ask of the io threads
 *
 * SPDX-License-Identifier: MIT
 *
 * A question that every io thread must answer for its own connections goes
 * from one to the next, each adding its part, and then back to its asker. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "account/store.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/acceptor.h"
#include "net/io.h"
#include "net/tls_context.h"
#include "net/udp.h"
#include "proto/mail.h"
#include "room/room.h"

static const char *const count_names[COUNT_KINDS] = {
	[COUNT_LINES] = "lines", [COUNT_REQUESTS] = "requests",
	[COUNT_SENDS] = "sends", [COUNT_BYTES_IN] = "bytes_in",
	[COUNT_BYTES_OUT] = "bytes_out", [COUNT_BLOCKED] = "blocked",
	[COUNT_LAGS] = "lags", [COUNT_SLICES] = "slices",
	[COUNT_PASSES] = "passes",
	[COUNT_CLOSED] = "closed"
};

static const char *const udp_names[UDP_COUNTS] = {
	[UDP_SESSIONS] = "udp_sessions", [UDP_IN] = "udp_in",
	[UDP_OUT] = "udp_out", [UDP_DROPPED] = "udp_dropped",
	[UDP_CHALLENGES] = "udp_challenges",
	[UDP_DISCOVERIES] = "udp_discoveries", [UDP_SKIPPED] = "udp_skipped"
};

static void
stat_line(struct blob **b, const char *name, uint64_t value)
{
	blob_printf(b, "STAT %s %" PRIu64 "\n", name, value);
}

struct room_sums {
	uint64_t rooms, live, people, requests, events, batches, repeats,
	    gaps, replays, unsaid, failed;
};

static void
add_room(const struct room *room, void *arg)
{
	struct room_sums *s = arg;

	s->rooms++;
	s->live += room->live;
	s->people += counter_get(&room->seen_members);
	s->requests += counter_get(&room->counters.requests);
	s->events += counter_get(&room->counters.events);
	s->batches += counter_get(&room->counters.batches);
	s->repeats += counter_get(&room->counters.repeats);
	s->gaps += counter_get(&room->counters.gaps);
	s->replays += counter_get(&room->counters.replays);
	s->unsaid += counter_get(&room->counters.unsaid);
	s->failed += room->ledger != NULL &&
	    ledger_failure(room->ledger) != 0;
}

static void
storage_stats(struct net *net, const struct room_sums *s, struct blob **b)
{
	const struct vault *v = net->registry->vault;
	struct store_counts c;

	if (v == NULL)
		return;
	stat_line(b, "storage_bytes", atomic_load(&v->bytes));
	stat_line(b, "storage_limit", (uint64_t)
	    config_get(&net->config->storage_limit) << 20);
	stat_line(b, "storage_refused", s->unsaid);
	stat_line(b, "storage_failed_rooms", s->failed);
	stat_line(b, "storage_failures", atomic_load(&v->counters.failures));
	stat_line(b, "storage_damaged_blocks",
	    atomic_load(&v->counters.damaged));
	stat_line(b, "storage_torn_tails", atomic_load(&v->counters.cut));
	store_counts(net->store, &c);
	stat_line(b, "store_commits", c.commits);
	stat_line(b, "store_changes", c.changes);
	stat_line(b, "store_failures", c.failures);
	stat_line(b, "store_waiting", c.waiting);
}

static void
io_stats(struct net *net, struct blob **b)
{
	for (unsigned kind = 0; kind < COUNT_KINDS; kind++) {
		uint64_t sum = 0;

		for (unsigned i = 0; i < net->io_count; i++) {
			uint64_t v = counter_get(&net->ios[i]->counts[kind]);

			sum += v;
			blob_printf(b, "STAT io%u.%s %" PRIu64 "\n", i,
			    count_names[kind], v);
		}
		stat_line(b, count_names[kind], sum);
	}
}

static void
refusal_stats(struct net *net, const struct acceptor_counts *counts,
    struct blob **b)
{
	for (unsigned l = 0; l < LIMIT_COUNT; l++) {
		uint64_t sum = counts->refused[l];

		for (unsigned i = 0; i < net->io_count; i++)
			sum += counter_get(&net->ios[i]->refused[l]);
		blob_printf(b, "STAT refused.%s %" PRIu64 "\n",
		    limit_name(l), sum);
	}
}

static void
count_account(const struct account *a, void *arg)
{
	uint64_t *count = arg;

	*count += !a->local;
}

/* Who may be here, and what keeps others out. */
static void
standing_stats(struct net *net, struct blob **b)
{
	uint64_t accounts = 0;

	accounts_each(net->registry, count_account, &accounts);
	stat_line(b, "accounts", accounts);
	stat_line(b, "bans", atomic_load(&net->bans.count));
	stat_line(b, "calm", (uint64_t)config_get(&net->config->limits_calm));
	stat_line(b, "memory", memory_used(&net->memory));
	stat_line(b, "memory_max", atomic_load(&net->memory_bound));
}

static void
udp_stats(struct net *net, struct blob **b)
{
	for (unsigned i = 0; i < UDP_COUNTS; i++)
		stat_line(b, udp_names[i], udp_counter(net->udp, i));
}

/* STATS without its word, one number each. */
static void
stats(struct net *net, struct request *r)
{
	struct room_sums s = { 0 };
	struct acceptor_counts counts;
	struct tls_counts tls;
	struct blob **b = &r->reply;

	registry_each(net->registry, add_room, &s);
	acceptor_counts(net->acceptor, &counts);
	blob_printf(b, "STAT server_version vcrpd/%s\nSTAT server_name %s\n",
	    PACKAGE_VERSION, net->name);
	stat_line(b, "uptime", (clock_ms() - net->started) / 1000);
	stat_line(b, "connections", atomic_load(&net->connections));
	stat_line(b, "connections_max", net_connections_max(net));
	stat_line(b, "unauthenticated", counts.unauthenticated);
	stat_line(b, "accepted", counts.accepted);
	tls_context_counts(net->tls, &tls);
	stat_line(b, "tls_connections", tls.connections);
	stat_line(b, "tls_handshakes", tls.handshakes);
	stat_line(b, "tls_failures", tls.failures);
	standing_stats(net, b);
	udp_stats(net, b);
	stat_line(b, "io_threads", net->io_count);
	stat_line(b, "rooms", s.rooms);
	stat_line(b, "rooms_live", s.live);
	stat_line(b, "members", s.people);
	stat_line(b, "room_requests", s.requests);
	stat_line(b, "room_events", s.events);
	stat_line(b, "room_batches", s.batches);
	stat_line(b, "room_repeats", s.repeats);
	stat_line(b, "room_gaps", s.gaps);
	stat_line(b, "room_replays", s.replays);
	storage_stats(net, &s, b);
	io_stats(net, b);
	refusal_stats(net, &counts, b);
}

static void
one_room(const struct room *room, void *arg)
{
	struct blob **b = arg;

	blob_printf(b, "STAT room %.*s last=%" PRIu64 " members=%" PRIu64
	    " live=%d holders=%u events=%" PRIu64 " batches=%" PRIu64
	    " gaps=%" PRIu64 " refused=%" PRIu64 " disk=%" PRIu64 "\n",
	    (int)room->name.len, room->name.at,
	    counter_get(&room->seen_last), counter_get(&room->seen_members),
	    room->live, room->holders, counter_get(&room->counters.events),
	    counter_get(&room->counters.batches),
	    counter_get(&room->counters.gaps),
	    mailbox_refused((struct mailbox *)&room->inbox),
	    room->ledger != NULL ? ledger_bytes(room->ledger) : 0);
}

static void
one_conn(const struct io *io, const struct conn *c, struct blob **b)
{
	struct slice who = person_name(c->contact.person);
	char peer[PEER_TEXT_MAX];

	blob_printf(b, "STAT connection %" PRIu64 " name=%.*s address=%s"
	    " port=%u io=%u age=%" PRIu64 " rooms=%u lines=%" PRIu64
	    " bytes_in=%" PRIu64 " bytes_out=%" PRIu64 " blocked=%d\n",
	    c->contact.conn,
	    (int)who.len, who.at, peer_ip(&c->peer, peer),
	    c->peer.port, io->index, (io->now - c->since) / 1000, c->rooms,
	    c->lines, c->bytes_in, c->bytes_out, c->blocked);
}

static bool
is_meant(const struct conn *c, struct slice word)
{
	uint64_t id;

	if (number_parse(word, 1, &id))
		return c->contact.conn == id;
	return slice_same(person_name(c->contact.person), word);
}

static void
kill_conn(struct io *io, struct conn *c, struct request *r)
{
	struct blob *bye = NULL;
	struct slice why = r->words.text;

	if (!is_meant(c, r->words.word[0]))
		return;
	r->found++;
	blob_printf(&bye, "BYE killed%s%.*s\n", why.len > 0 ? " " : "",
	    (int)why.len, why.at);
	io_finish(io, c, END_KILLED, bye, c != r->conn);
}

static void
notice_conn(struct io *io, struct conn *c, struct request *r)
{
	struct slice text = r->words.text;
	struct blob *line = NULL;

	if (c->end != END_NONE)
		return;
	r->found++;
	blob_printf(&line, "NOTICE %.*s\n", (int)text.len, text.at);
	conn_put(c, line);
	io_turn(io, c);
}

/* BAN and UNBAN: what they name, and the rest of BAN's text. */
static struct slice
network_word(const struct request *r, struct slice *reason_r)
{
	struct slice text = r->words.text;
	const char *space;

	*reason_r = (struct slice){ 0 };
	if (r->words.command->verb == VERB_UNBAN)
		return r->words.word[0];
	space = text.len == 0 ? NULL : memchr(text.at, ' ', text.len);
	if (space == NULL)
		return text;
	text.len = (size_t)(space - text.at);
	*reason_r = (struct slice){ space + 1,
		r->words.text.len - text.len - 1 };
	return text;
}

static void
end_banned(struct io *io, struct conn *c, struct request *r)
{
	struct slice reason;
	struct network n;
	const char *why;

	if (c->peer.local ||
	    !network_parse(network_word(r, &reason), &n, &why) ||
	    !network_has(&n, &c->peer.ip))
		return;
	r->found++;
	io_finish(io, c, END_KILLED, io_bye("killed banned", 0),
	    c != r->conn);
}

static void
look_at(struct io *io, struct conn *c, struct request *r)
{
	switch (r->words.command->verb) {
	case VERB_BAN:
		end_banned(io, c, r);
		break;
	case VERB_STATS:
		one_conn(io, c, &r->reply);
		break;
	case VERB_NOTICE:
		notice_conn(io, c, r);
		break;
	case VERB_KILL:
		kill_conn(io, c, r);
		break;
	default:
		break;
	}
}

static void
conclude(struct net *net, struct request *r)
{
	struct slice word = r->words.word[0], reason;

	switch (r->words.command->verb) {
	case VERB_STATS:
		if (r->words.count == 0)
			stats(net, r);
		else if (slice_is_nocase(word, "rooms"))
			registry_each(net->registry, one_room, &r->reply);
		else if (!slice_is_nocase(word, "connections"))
			return request_error(r, ERROR_BAD_VALUE,
			    "rooms or connections");
		return request_ok(r, "%s", "");
	case VERB_KILL:
		if (r->found == 0)
			return request_error(r, ERROR_NO_SUCH_NAME,
			    "no connection has this name or number");
		return request_ok(r, "%u", r->found);
	case VERB_BAN:
		word = network_word(r, &reason);
		return request_ok(r, "%.*s %u", (int)word.len, word.at,
		    r->found);
	default:
		return request_ok(r, "%u", r->found);
	}
}

static void
send_back(struct net *net, struct request *r)
{
	r->mail.kind = MAIL_REQUEST;
	mailbox_send(&net->ios[r->io]->box, &r->mail);
}

void
admin_visit(struct io *io, struct request *r)
{
	bool each = r->words.command->verb != VERB_STATS ||
	    (r->words.count > 0 &&
	    slice_is_nocase(r->words.word[0], "connections"));
	struct net *net = io->net;

	for (struct table_node *n = table_next(&io->conns, NULL);
	    each && n != NULL; n = table_next(&io->conns, n)) {
		struct conn *c = table_entry(n, struct conn, node);

		if (c->fd >= 0)
			look_at(io, c, r);
	}
	if (--r->visits > 0) {
		r->mail.kind = MAIL_VISIT;
		mailbox_send(&net->ios[(io->index + 1) % net->io_count]->box,
		    &r->mail);
		return;
	}
	conclude(net, r);
	send_back(net, r);
}

/* On the disk as soon as the store can; it is in effect now. */
static void
tell_store(struct net *net, const struct ban *b)
{
	struct ban *copy;

	if (net->registry->store == NULL)
		return;
	copy = xmalloc(sizeof(*copy));
	*copy = *b;
	copy->mail.kind = MAIL_BAN;
	copy->by = b->by != NULL ? blob_ref(b->by) : NULL;
	copy->reason = b->reason != NULL ? blob_ref(b->reason) : NULL;
	mailbox_send(net->registry->store, &copy->mail);
}

static bool
keep_out(struct io *io, struct request *r, struct ban *b,
    struct slice reason)
{
	uint64_t wall = clock_wall_ms();
	bool good;

	b->until = r->words.for_ms > 0 ? wall + r->words.for_ms : UINT64_MAX;
	blob_add(&b->by, person_name(r->who));
	if (reason.len > 0)
		blob_add(&b->reason, reason);
	good = bans_add(&io->net->bans, b, io->now, wall);
	if (good)
		tell_store(io->net, b);
	else
		request_limited(r, ERROR_TOO_MANY, limit_name(LIMIT_BANS), 0,
		    "as many networks as may be are banned");
	blob_unref(&b->by);
	blob_unref(&b->reason);
	return good;
}

static void
let_in(struct io *io, struct request *r, struct ban *b)
{
	b->lifted = true;
	if (!bans_remove(&io->net->bans, &b->network, io->now)) {
		request_error(r, ERROR_NO_SUCH_NAME,
		    "this network is not banned");
		return;
	}
	tell_store(io->net, b);
	request_ok(r, "%.*s", (int)r->words.word[0].len, r->words.word[0].at);
}

static void
list_bans(struct io *io, struct request *r)
{
	bans_list(&io->net->bans, io->now, clock_wall_ms(), &r->reply);
	request_ok(r, "%s", "");
}

/* What is to be done before the visits; false: it is answered. */
static bool
ban(struct io *io, struct request *r)
{
	struct ban b = { .lifted = false };
	struct slice reason, word = network_word(r, &reason);
	const char *why;

	if (word.len == 0) {
		list_bans(io, r);
		return false;
	}
	if (!network_parse(word, &b.network, &why)) {
		request_error(r, ERROR_BAD_VALUE, why);
		return false;
	}
	log_info("%s of %.*s by %.*s", r->words.command->name,
	    (int)word.len, word.at, (int)person_name(r->who).len,
	    person_name(r->who).at);
	if (r->words.command->verb == VERB_BAN)
		return keep_out(io, r, &b, reason);
	let_in(io, r, &b);
	return false;
}

void
admin_ask(struct io *io, struct request *r)
{
	enum verb verb = r->words.command->verb;

	r->visits = io->net->io_count;
	if ((verb != VERB_BAN && verb != VERB_UNBAN) || ban(io, r))
		admin_visit(io, r);
	else
		send_back(io->net, r);
}
