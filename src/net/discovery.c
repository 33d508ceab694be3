/* discovery.c -- who is told by one datagram that this is a VCRP server
 *
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "base/network.h"
#include "net/conn.h"
#include "net/discovery.h"
#include "room/rights.h"
#include "room/room.h"

enum { BITS_FOUR = 96 + 24, BITS_SIX = 56 };

void
discovery_init(struct discovery *d, bool lan)
{
	memset(d, 0, sizeof(*d));
	d->lan = lan;
	crypto_shorthash_keygen(d->key);
}

static bool
may_ask(const struct discovery *d, const struct discovery_question *q)
{
	return q->from.port >= DISCOVERY_PORT_MIN &&
	    q->from.port != q->port && (!q->for_all || d->lan);
}

static bool
is_within_rate(struct discovery *d, const struct peer *from, uint64_t now)
{
	unsigned bits = IN6_IS_ADDR_V4MAPPED(&from->ip) ? BITS_FOUR : BITS_SIX;
	struct in6_addr place = network_cut(&from->ip, bits);
	unsigned char hash[crypto_shorthash_BYTES];
	uint64_t number;

	crypto_shorthash(hash, place.s6_addr, sizeof(place.s6_addr), d->key);
	memcpy(&number, hash, sizeof(number));
	return rate_take(&d->rates[number % DISCOVERY_RATES], now * 1000,
	    DISCOVERY_EACH_US, DISCOVERY_AT_ONCE, 1) == 0;
}

static void
count_room(const struct room *room, void *arg)
{
	const struct actor anybody = { .role = ROLE_NONE };
	const struct standing s = {
		.hidden = room->settings.hidden,
		.members_only = room->settings.members_only
	};

	*(uint64_t *)arg += room->pair[0] == NULL && may_see(&anybody, &s);
}

/* As a connection from elsewhere is greeted. */
static void
look(struct discovery *d, struct net *net)
{
	const struct conn stranger = { .net = net };
	struct blob *told = NULL, *features = NULL;
	uint64_t rooms = 0;

	registry_each(net->registry, count_room, &rooms);
	conn_features(&stranger, &features);
	blob_printf(&told, " %s vcrpd/%s %.*s %" PRIu64 " %" PRIu64 "\n",
	    net->name, PACKAGE_VERSION,
	    features->len > 0 ? (int)features->len - 1 : 1,
	    features->len > 0 ? features->data + 1 : "-",
	    atomic_load(&net->connections), rooms);
	d->told_len = told->len < sizeof(d->told) ? told->len : 0;
	memcpy(d->told, told->data, d->told_len);
	blob_unref(&features);
	blob_unref(&told);
}

enum discovery_verdict
discovery_answer(struct discovery *d, struct net *net,
    const struct discovery_question *q, uint64_t now, char *answer,
    size_t *len_r)
{
	static const char verb[] = "VCRP! 1 ";
	size_t len = sizeof(verb) - 1;
	struct slice nonce;

	if (!may_ask(d, q) || !discovery_is_question(q->bytes, &nonce))
		return DISCOVERY_NO;
	if (!is_within_rate(d, &q->from, now))
		return DISCOVERY_LIMIT;
	if (d->made == 0 || now - d->made >= DISCOVERY_FRESH_MS) {
		look(d, net);
		d->made = now;
	}
	if (d->told_len == 0 || len + nonce.len + d->told_len > q->bytes.len)
		return DISCOVERY_NO;
	memcpy(answer, verb, len);
	memcpy(answer + len, nonce.at, nonce.len);
	len += nonce.len;
	memcpy(answer + len, d->told, d->told_len);
	*len_r = len + d->told_len;
	return DISCOVERY_YES;
}

bool
discovery_may_tell(struct discovery *d, const struct discovery_question *q,
    uint64_t now)
{
	return !q->for_all && may_ask(d, q) &&
	    is_within_rate(d, &q->from, now);
}
