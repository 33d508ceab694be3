/* forged.c -- bad datagrams, by the hundred thousand, beside a chat
 *
 * SPDX-License-Identifier: MIT
 *
 * Mallory has a session of her own and hears what Ann's sends. Everything else
 * that she sends is dropped: each kind is counted exactly, changes nothing, is
 * never answered, but by a hint that a session is not known, and Ann's session,
 * Bea's and the chat by TCP go on.
 *
 * Threads: one.
 * Locks:   none.
 * Memory:  main's. */
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sodium.h>

#include "talk_match.h"
#include "talk_stage.h"
#include "talk_udp.h"

enum {
	FLOOD = 200000,
	TICK_MS = 5000,	/* for a message while it lasts: it is milliseconds */
	AGAIN_MS = 50,	/* until it is said again: in a flood it may be lost */
	LARGE = 2000,
	EACH = 64	/* between two looks at the chat: the socket of the
			 * server has room for them */
};

struct show {
	struct talk_stage stage;
	struct talk_peer *ann, *bea, *root;	/* by TCP, local */
	struct talk_peer *phone;		/* Ann's session */
	struct talk_peer *mallory, *hers;	/* TCP, and her session */
	int               fd;			/* she sends by this too */
	unsigned          ticks, sent, hints;
};

static void __attribute__((noreturn))
die(struct show *show, const char *what, const char *came)
{
	fprintf(stderr, "forged: %s: %.300s\n", what, came);
	talk_server_read_log(show->stage.server);
	fprintf(stderr, "%s", show->stage.server->log);
	talk_stage_fini(&show->stage);
	exit(1);
}

static void
say(struct show *show, struct talk_peer *peer, const char *line)
{
	if (!talk_stage_send(&show->stage, peer, line, strlen(line)))
		die(show, "cannot send", peer->name);
}

static void
expect(struct show *show, struct talk_peer *peer, const char *pattern)
{
	struct talk_vars vars = { .count = 0 };
	const char *why = "nothing";

	if (talk_stage_line(&show->stage, peer, &why) != TALK_LINE)
		die(show, peer->name, why != NULL ? why : "nothing came");
	if (!talk_match(&vars, pattern, peer->line))
		die(show, peer->name, peer->line);
}

static struct talk_peer *
enter(struct show *show, const char *name)
{
	const char *why;
	struct talk_peer *peer = talk_stage_peer(&show->stage, name, &why);
	char line[64];

	if (peer == NULL)
		die(show, "cannot connect", why);
	snprintf(line, sizeof(line), "HELLO %s\nJOIN lobby\n", name);
	say(show, peer, line);
	expect(show, peer, "VCRP 1 ...");
	expect(show, peer, "OK HELLO ...");
	expect(show, peer, "ROOM lobby ...");
	expect(show, peer, "OK JOIN lobby ...");
	return peer;
}

static struct talk_peer *
session(struct show *show, struct talk_peer *of, const char *name)
{
	struct talk_peer *peer;
	const char *why;

	say(show, of, "UDP\n");
	expect(show, of, "OK UDP * *");
	peer = talk_udp_new(name, of, show->stage.server->port, of->line,
	    &why);
	if (peer == NULL)
		die(show, name, why);
	talk_stage_add(&show->stage, peer);
	say(show, peer, "JOIN lobby\n");
	expect(show, peer, "ROOM lobby ...");
	expect(show, peer, "OK JOIN lobby ...");
	return peer;
}

/* Ann's, by her session, until she hears it. */
static void
say_by_phone(struct show *show, const char *line)
{
	long long again = 0;
	const char *why;

	while (!talk_peer_take(show->ann, &why)) {
		if (talk_now() >= again) {
			say(show, show->phone, line);
			again = talk_now() + AGAIN_MS;
		}
		talk_stage_turn(&show->stage, talk_now() + 1);
	}
}

/* What was said more than once is answered. */
static void
expect_by_phone(struct show *show, const char *pattern)
{
	struct talk_vars vars = { .count = 0 };
	const char *why;

	do {
		if (talk_stage_line(&show->stage, show->phone, &why) !=
		    TALK_LINE)
			die(show, "phone", "nothing came");
	} while (talk_match(&vars, "@id=* OK SAY lobby *",
	    show->phone->line));
	if (!talk_match(&vars, pattern, show->phone->line))
		die(show, "phone", show->phone->line);
}

/* A message of Bea's, seen by everybody in time and with nothing before it;
 * and Ann's answer by her session. */
static void
tick(struct show *show)
{
	long long begun = talk_now();
	struct talk_vars vars = { .count = 0 };
	char line[64];

	snprintf(line, sizeof(line), "SAY lobby tick %u\n", ++show->ticks);
	say(show, show->bea, line);
	snprintf(line, sizeof(line), "MSG lobby * * ~bea tick %u",
	    show->ticks);
	expect(show, show->ann, line);
	expect(show, show->bea, line);
	expect_by_phone(show, line);
	snprintf(line, sizeof(line), "@id=%u SAY lobby tick %u\n",
	    show->ticks, show->ticks);
	say_by_phone(show, line);
	snprintf(line, sizeof(line), "@id=%u MSG lobby * * ~ann tick %u",
	    show->ticks, show->ticks);
	if (!talk_match(&vars, line, show->ann->line))
		die(show, "ann", show->ann->line);
	expect(show, show->bea, line);
	expect_by_phone(show, line);
	if (talk_now() - begun > TICK_MS)
		die(show, "a message", "came late");
	/* Nothing may wait in what she does not read otherwise. */
	show->mallory->used = show->hers->used = 0;
}

static uint64_t
stat_of(struct show *show, const char *name)
{
	const char *why;
	uint64_t value = 0;
	size_t len = strlen(name);

	say(show, show->root, "STATS\n");
	do {
		if (talk_stage_line(&show->stage, show->root, &why) !=
		    TALK_LINE)
			die(show, "STATS", name);
		if (strncmp(show->root->line, "STAT ", 5) == 0 &&
		    strncmp(show->root->line + 5, name, len) == 0 &&
		    show->root->line[5 + len] == ' ')
			value = strtoull(show->root->line + 6 + len, NULL, 10);
	} while (strcmp(show->root->line, "OK STATS") != 0);
	return value;
}

static void
send_bytes(struct show *show, const void *bytes, size_t len)
{
	if (send(show->fd, bytes, len, 0) != (ssize_t)len)
		die(show, "cannot send", "a datagram");
	if (++show->sent % EACH == 0 || len > LARGE)
		tick(show);
}

/* Of a session that is there it is never said that it is not. */
static bool
is_hint(const struct show *show, const char *bytes, ssize_t len)
{
	return len == DATAGRAM_GONE_BYTES &&
	    memcmp(bytes, "VCRP! 1 gone ", 13) == 0 &&
	    !datagram_is_gone(&show->hers->udp->datagram, bytes,
	    DATAGRAM_GONE_BYTES) &&
	    !datagram_is_gone(&show->phone->udp->datagram, bytes,
	    DATAGRAM_GONE_BYTES);
}

/* How many hints came; nothing else may. */
static unsigned
take_hints(struct show *show, const char *what)
{
	char bytes[DATAGRAM_MAX_BYTES];
	unsigned hints = 0;
	ssize_t n;

	while ((n = recv(show->fd, bytes, sizeof(bytes), MSG_DONTWAIT)) >= 0) {
		if (!is_hint(show, bytes, n))
			die(show, what, "was answered");
		hints++;
	}
	return hints;
}

/* All that were sent since then are dropped, and none was answered. */
static void
all_dropped(struct show *show, const char *what, uint64_t before,
    unsigned sent)
{
	char line[64];

	tick(show);
	snprintf(line, sizeof(line), "%u of %u dropped",
	    (unsigned)(stat_of(show, "udp_dropped") - before),
	    show->sent - sent);
	if (stat_of(show, "udp_dropped") - before != show->sent - sent)
		die(show, what, line);
}

/* Of the lengths that there are and are not, of nobody's session. */
static void
send_junk(struct show *show)
{
	static unsigned char bytes[65507];
	static const size_t lens[] = { 0, 1, 15, 16, 23, 24, 25, 39, 40, 41,
		63, 64, 65, 1199, 1200, 1201, 1400, 9000, 65506, 65507 };

	for (unsigned first = 0; first < 256; first += 5) {
		for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
			randombytes_buf(bytes, lens[i] < 2000 ? lens[i] : 64);
			bytes[0] = (unsigned char)first;
			send_bytes(show, bytes, lens[i]);
		}
	}
}

/* One that would be good. */
static size_t
seal(struct show *show, const char *line, unsigned char *bytes)
{
	return datagram_seal(&show->hers->udp->datagram, line, strlen(line),
	    bytes);
}

static void
send_forged(struct show *show)
{
	unsigned char good[DATAGRAM_MAX_BYTES];
	size_t len = seal(show, "SAY lobby I am heard\n", good);

	for (size_t bit = 0; bit < len * 8; bit++) {
		unsigned char bad[DATAGRAM_MAX_BYTES];

		memcpy(bad, good, len);
		bad[bit / 8] ^= (unsigned char)(1 << bit % 8);
		send_bytes(show, bad, len);
	}
	for (size_t most = 0; most < len; most++)
		send_bytes(show, good, most);
	memcpy(good + len, good, len);
	send_bytes(show, good, len + 1);
}

/* Of Ann's session with Mallory's key, and the server's own back to it. */
static void
send_others(struct show *show)
{
	struct datagram *hers = &show->hers->udp->datagram;
	const struct datagram *anns = &show->phone->udp->datagram;
	unsigned char bytes[DATAGRAM_MAX_BYTES];
	struct datagram made;
	size_t len;

	datagram_init(&made, DATAGRAM_CLIENT, anns->session, hers->key);
	made.sent = anns->sent + 1000;
	len = datagram_seal(&made, "SAY lobby I am Ann\n", 19, bytes);
	send_bytes(show, bytes, len);
	datagram_fini(&made);
	datagram_init(&made, DATAGRAM_SERVER, hers->session, hers->key);
	made.sent = 1000;
	memset(bytes, '\n', 100);
	len = datagram_seal(&made, (char *)bytes, 100, bytes);
	send_bytes(show, bytes, len);
	datagram_fini(&made);
}

/* Sealed well, with her own key, and yet no lines. */
static void
send_malformed(struct show *show)
{
	struct datagram *d = &show->hers->udp->datagram;
	unsigned char bytes[DATAGRAM_MAX_BYTES], nonce[24];
	char plain[64];

	for (unsigned first = 0; first < 256; first++) {
		size_t n = first % 2 ? sizeof(plain) : sizeof(plain) / 2;

		/* A piece is one that may be waited for. */
		if (first >= 0x10 && first <= 0x1f)
			continue;
		memset(plain, 'x', n);
		plain[0] = (char)first;
		plain[1] = first % 3 ? '\n' : ' ';
		memcpy(bytes, d->session, sizeof(d->session));
		d->sent++;
		for (int i = 0; i < 8; i++)
			bytes[16 + i] =
			    (unsigned char)(d->sent >> (56 - 8 * i));
		memset(nonce, 0, sizeof(nonce));
		memcpy(nonce + 16, bytes + 16, 8);
		crypto_aead_xchacha20poly1305_ietf_encrypt(bytes + 24, NULL,
		    (unsigned char *)plain, n, bytes, 24, NULL, nonce, d->key);
		send_bytes(show, bytes, n + DATAGRAM_OVERHEAD);
	}
}

/* The same again, and what is older than the window. */
static void
send_replayed(struct show *show)
{
	struct talk_udp *udp = show->hers->udp;
	unsigned char old[DATAGRAM_MAX_BYTES], bytes[DATAGRAM_MAX_BYTES];
	size_t old_len = seal(show, "PING never arrives\n", old), len;

	udp->datagram.sent += DATAGRAM_WINDOW;
	len = seal(show, "SAY lobby only once\n", bytes);
	if (send(show->hers->fd, bytes, len, 0) != (ssize_t)len)
		die(show, "cannot send", "her own");
	for (int i = 0; i < 3; i++)
		expect(show, i == 0 ? show->ann : i == 1 ? show->bea :
		    show->phone, "MSG lobby * * ~mallory only once");
	for (int i = 0; i < 100; i++)
		send_bytes(show, bytes, len);
	for (int i = 0; i < 100; i++)
		send_bytes(show, old, old_len);
}

/* More than can be taken: some are lost before anybody sees them, and the chat
 * goes on. */
static void
flood(struct show *show)
{
	unsigned char bytes[DATAGRAM_MAX_BYTES];
	size_t len = seal(show, "SAY lobby I am heard\n", bytes);
	uint64_t before = stat_of(show, "udp_dropped");

	bytes[len - 1] ^= 1;
	for (unsigned i = 0; i < FLOOD; i++) {
		(void)!send(show->fd, bytes, i % 2 ? len : 1200, 0);
		if (i % (FLOOD / 20) == 0)
			tick(show);
	}
	tick(show);
	if (stat_of(show, "udp_dropped") - before < 1000)
		die(show, "the flood", "was none");
}

static void
run(struct show *show, const char *what, void (*fn)(struct show *), bool hints)
{
	uint64_t before = stat_of(show, "udp_dropped");
	long long begun = talk_now();
	unsigned sent = show->sent, count;

	fn(show);
	all_dropped(show, what, before, sent);
	count = take_hints(show, what);
	if (count > (hints ? 21 + (unsigned)(talk_now() - begun) / 100 : 0))
		die(show, what, "too many hints");
	show->hints += count;
}

static void
open_stage(struct show *show)
{
	struct sockaddr_in sa = { .sin_family = AF_INET };
	struct talk_server *server;
	const char *why;

	talk_stage_init(&show->stage, NULL);
	server = show->stage.server;
	talk_server_configure(server,
	    "limits = { lines = 0; };\nthreads = { io = 1; };\n"
	    "rooms = { presence_limit = 0; };\n");
	if (!talk_server_start(server, show->stage.wait_ms, &why))
		die(show, "no server", why);
	show->ann = enter(show, "ann");
	show->bea = enter(show, "bea");
	show->phone = session(show, show->ann, "phone");
	show->mallory = enter(show, "mallory");
	show->hers = session(show, show->mallory, "hers");
	show->root = talk_stage_peer(&show->stage, "root@local", &why);
	if (show->root == NULL)
		die(show, "root", why);
	say(show, show->root, "AUTH EXTERNAL\n");
	expect(show, show->root, "VCRP 1 ...");
	expect(show, show->root, "OK AUTH ...");
	sa.sin_port = htons((uint16_t)server->port);
	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	show->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (connect(show->fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		die(show, "no socket", "");
}

int
main(void)
{
	struct show show = { .fd = -1 };
	struct talk_server *server;
	const char *why;

	signal(SIGPIPE, SIG_IGN);
	if (sodium_init() < 0)
		return 1;
	open_stage(&show);
	server = show.stage.server;
	/* While there are hints left for her network. */
	run(&show, "others'", send_others, false);
	run(&show, "malformed", send_malformed, false);
	run(&show, "replayed", send_replayed, false);
	run(&show, "forged", send_forged, true);
	run(&show, "junk", send_junk, true);
	flood(&show);
	if (show.hints == 0)
		die(&show, "unknown sessions", "no hints");
	if (stat_of(&show, "udp_challenges") != 0)
		die(&show, "bad datagrams", "were challenged");
	talk_server_signal(server, SIGTERM);
	if (!talk_server_wait(server, show.stage.wait_ms, &why))
		die(&show, "the server's end", why);
	printf("ok: %u bad datagrams, %u messages beside them, a flood of "
	    "%u\n", show.sent, 2 * show.ticks, FLOOD);
	talk_stage_fini(&show.stage);
	close(show.fd);
	return 0;
}
