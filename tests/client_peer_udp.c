/* client_peer_udp.c -- the same by datagrams, some of which it loses
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client_peer.h"
#include "suite.h"

void
peer_open_udp(struct peer *peer, const struct vcrp_options *options)
{
	struct vcrp_options o = options != NULL ? *options : peer_defaults;
	struct sockaddr_in address;
	socklen_t len = sizeof(address);
	char server[64];
	int port;

	o.udp = true;
	/* Somebody else may have that port, of UDP. */
	for (;;) {
		port = peer_listen(peer);
		getsockname(peer->listener, (struct sockaddr *)&address, &len);
		peer->udp = socket(AF_INET, SOCK_DGRAM, 0);
		if (bind(peer->udp, (struct sockaddr *)&address, len) == 0)
			break;
		close(peer->udp);
		close(peer->listener);
	}
	snprintf(server, sizeof(server), "127.0.0.1:%d", port);
	peer_open_with(peer, &o, server);
}

static void
send_datagram(struct peer *peer, const unsigned char *bytes, size_t len)
{
	sendto(peer->udp, bytes, len, 0, (struct sockaddr *)&peer->from,
	    sizeof(peer->from));
}

static void
give_datagram(struct peer *peer, const unsigned char *bytes, size_t len)
{
	if (peer->lose > 0) {
		peer->lose--;
		return;
	}
	if (peer->hold) {
		memcpy(peer->held, bytes, len);
		peer->held_len = len;
		peer->hold = false;
		return;
	}
	send_datagram(peer, bytes, len);
	if (peer->twice)
		send_datagram(peer, bytes, len);
	if (peer->held_len > 0)
		send_datagram(peer, peer->held, peer->held_len);
	peer->held_len = 0;
}

void
peer_send_sealed(struct peer *peer, const char *lines, size_t len)
{
	unsigned char bytes[DATAGRAM_MAX_BYTES];
	unsigned pieces = datagram_pieces(len);

	if (pieces == 1)
		give_datagram(peer, bytes, datagram_seal(&peer->seal, lines,
		    len, bytes));
	for (unsigned i = 0; pieces > 1 && i < pieces; i++)
		give_datagram(peer, bytes, datagram_seal_piece(&peer->seal,
		    lines, len, i, bytes));
}

static bool
was_heard(struct peer *peer, const char *line)
{
	for (size_t i = 0; i < 64; i++)
		if (strncmp(peer->heard[i], line, 199) == 0)
			return true;
	snprintf(peer->heard[peer->heard_count++ % 64], 200, "%.199s", line);
	return false;
}

/* A PING is answered, and what was sent again is not heard again. */
static void
take_line(struct peer *peer, const char *line)
{
	const char *verb = line[0] == '@' ? strchr(line, ' ') + 1 : line;
	char pong[300];

	if (strcmp(verb, "PING") == 0 && !(peer->mute && peer->sealed)) {
		snprintf(pong, sizeof(pong), "%.*sPONG\n", (int)(verb - line),
		    line);
		peer_send_sealed(peer, pong, strlen(pong));
	} else if (!was_heard(peer, line) || line[0] != '@' || peer->repeats) {
		peer->in_len += (size_t)sprintf(peer->in + peer->in_len,
		    "%s\n", line);
	}
}

bool
peer_take_datagram(struct peer *peer)
{
	char lines[DATAGRAM_LINE_MAX + 1], *at = lines, *lf;
	unsigned char bytes[DATAGRAM_MAX_BYTES];
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	ssize_t n = recvfrom(peer->udp, bytes, sizeof(bytes), 0,
	    (struct sockaddr *)&from, &from_len);
	bool newest;
	size_t len;

	if (n < 0 || !datagram_open(&peer->seal, bytes, (size_t)n, lines, &len,
	    &newest))
		return false;
	peer->from = from;
	lines[len] = '\0';
	for (; (lf = strchr(at, '\n')) != NULL; at = lf + 1) {
		*lf = '\0';
		if (*at != '\0')
			take_line(peer, at);
	}
	return true;
}

void
peer_deny(struct peer *peer, unsigned char first)
{
	const unsigned char session[DATAGRAM_SESSION_BYTES] = { first };
	char gone[DATAGRAM_GONE_BYTES];

	datagram_gone(session, gone);
	send_datagram(peer, (unsigned char *)gone, sizeof(gone));
}

void
peer_ask_udp(struct peer *peer)
{
	peer_accept(peer, "@key=kkkkkkkkkkkkkkkkkkkkkk HELLO alice");
	peer_tell(peer, "VCRP 1 here peer/0 guest,udp");
	peer_tell(peer, "OK HELLO ~alice");
	peer_hear(peer, "UDP");
}

void
peer_login_udp(struct peer *peer)
{
	unsigned char session[DATAGRAM_SESSION_BYTES] = { 0x80 };
	unsigned char key[DATAGRAM_KEY_BYTES] = { 0 };
	char line[400];

	key[0] = (unsigned char)++peer->sessions;
	peer_ask_udp(peer);
	sprintf(line, "OK UDP 80%030d %02x%062d\n%s", 0, key[0], 0,
	    peer->behind != NULL ? peer->behind : "");
	peer_tell_bytes(peer, line, strlen(line));
	datagram_init(&peer->seal, DATAGRAM_SERVER, session, key);
	/* What comes of a session before it is not for this one. */
	do {
		while (!peer_readable(peer->udp))
			peer_turn(peer);
	} while (!peer_take_datagram(peer));
	peer_hear(peer, "QUIT");
	close(peer->fd);
	peer->fd = peer->udp;
	peer->sealed = true;
	peer_line(peer, "VCRP 1 here peer/0 guest,udp", 0);
	CU_ASSERT_EQUAL(peer_event(peer)->kind, VCRP_UP);
}

void
peer_enter_udp(struct peer *peer)
{
	int64_t join;

	peer_open_udp(peer, NULL);
	join = vcrp_join(peer->v, "lobby", VCRP_NOW);
	peer_login_udp(peer);
	peer_asked(peer, " JOIN lobby");
	peer_tell(peer, "ROOM lobby 100 2 topic\n@id=# OK JOIN lobby 100\n"
	    "AT lobby 100");
	peer_line(peer, "ROOM lobby 100 2 topic", 0);
	peer_line(peer, "@id=# OK JOIN lobby 100", join);
}
