/* client_peer.h -- a server of libvcrp's that says what a test tells it to
 *
 * SPDX-License-Identifier: MIT
 *
 * Both ends live on the test's own thread: whatever waits for one of them
 * lets the library work. Each wait ends after ten seconds, and then the test.
 *
 * Threads: one at a time for one struct peer.
 * Locks:   none.
 * Memory:  a struct peer owns its struct vcrp, its sockets and its events. */
#ifndef TESTS_CLIENT_PEER_H
#define TESTS_CLIENT_PEER_H

#include <netinet/in.h>
#include <openssl/ssl.h>

#include "vcrp.h"
#include "wire/datagram.h"

/* An event, with its texts copied; "" where they were NULL. */
struct seen {
	enum vcrp_kind kind;
	int64_t        request, page;
	bool           mine, replay, out;
	uint64_t       number;
	int            wait;
	char           line[VCRP_LINE_MAX];
	char           text[VCRP_LINE_MAX];
	char           room[300];
	char           name[300];
	char           code[80];
};

struct peer {
	struct vcrp *v;
	int          listener;
	int          fd;	/* the library's present connection */
	char         in[65536];
	size_t       in_len;
	char         id[64];	/* of the last request */
	struct seen *events;
	size_t       taken, count;
	char         path[108];	/* of a local socket, or "" */
	SSL_CTX     *context;	/* of a server with TLS, the test's; or NULL */
	SSL         *ssl;	/* of the present connection */
	size_t       give, take;	/* bytes after which it is cut */
	size_t       given, taken_in;	/* and how many there were */
	/* Datagrams: */
	int          udp;	/* of the listener's port; -1 for none */
	bool         sealed;	/* fd is udp, and these hold */
	struct datagram seal;
	struct sockaddr_in from;
	unsigned     lose;	/* of those sent next, so many */
	bool         twice;	/* send each twice */
	bool         hold;	/* send the next one after that behind it */
	unsigned char held[DATAGRAM_MAX_BYTES];
	size_t       held_len;
	bool         repeats;	/* hear what was heard before, too */
	bool         mute;	/* hear a PING, and leave it to the test */
	char         heard[64][200];	/* the last lines' beginnings */
	size_t       heard_count;
	unsigned     sessions;	/* so far */
	const char  *behind;	/* what the stream says behind OK UDP */
};

/* Listens, on a port or a local socket, and makes a struct vcrp that knows
 * where. options: what it is made with, but for its server. */
void peer_open(struct peer *, const struct vcrp_options *options);
void peer_open_local(struct peer *, const struct vcrp_options *options);
/* With TLS; server is what the library is to call it, with a %d for the port
 * ("vcrps://localhost:%d"). */
void peer_open_tls(struct peer *, const struct vcrp_options *options,
    SSL_CTX *context, const char *server);
/* With datagrams on the same port, which the library is to want. */
void peer_open_udp(struct peer *, const struct vcrp_options *options);
void peer_close(struct peer *);

/* Takes the next connection, and the line it begins with if that is given. */
void peer_accept(struct peer *, const char *first);
/* Accepts, greets and logs ~alice in, up to VCRP_UP. */
void peer_login(struct peer *);
/* The same, and gives a session of datagrams, which goes on from there. PING
 * is answered, and not heard of, in these. */
void peer_login_udp(struct peer *);
/* The same from the beginning, and then in lobby, whose last number is 100. */
void peer_enter_udp(struct peer *);
/* Says in the clear that this session is gone; first: its first byte, which is
 * 0x80. */
void peer_deny(struct peer *, unsigned char first);
/* Up to the line UDP, on the stream. */
void peer_ask_udp(struct peer *);
/* Closes the connection and takes the VCRP_DOWN that follows. */
void peer_cut(struct peer *);
void peer_hang_up(struct peer *);

/* Lets both sides work until something happens, or for a moment. */
void peer_turn(struct peer *);
/* Takes a connection if there is one to be taken. */
bool peer_has_accepted(struct peer *);
/* The next line of the library's, into line_r of as many bytes as peer->in;
 * or only if there is a whole one. */
void peer_take_line(struct peer *, char *line_r);
bool peer_has_line(struct peer *, char *line_r);

/* The next line of the library's, whole. */
void peer_hear(struct peer *, const char *line);
/* The same without its id, which is kept for '#' in peer_tell(). */
void peer_asked(struct peer *, const char *line);
/* Nothing more is sent, and no event comes, unless something happens. */
void peer_hear_nothing(struct peer *);
/* Sends a line; a '#' in it stands for the last id. */
void peer_tell(struct peer *, const char *line);
void peer_tell_bytes(struct peer *, const char *bytes, size_t len);

/* The next event. */
struct seen *peer_event(struct peer *);
/* It is this line of the server's ('#' as above), and ends this request. */
struct seen *peer_line(struct peer *, const char *line, int64_t request);

/* For client_peer_udp.c alone. */
extern const struct vcrp_options peer_defaults;
int peer_listen(struct peer *);
void peer_open_with(struct peer *, const struct vcrp_options *,
    const char *server);
bool peer_readable(int fd);
void peer_send_sealed(struct peer *, const char *lines, size_t len);
/* False when there was none that could be opened. */
bool peer_take_datagram(struct peer *);

#endif
