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

#include "vcrp.h"

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
};

/* Listens, on a port or a local socket, and makes a struct vcrp that knows
 * where. options: what it is made with, but for its server. */
void peer_open(struct peer *, const struct vcrp_options *options);
void peer_open_local(struct peer *, const struct vcrp_options *options);
void peer_close(struct peer *);

/* Takes the next connection, and the line it begins with if that is given. */
void peer_accept(struct peer *, const char *first);
/* Accepts, greets and logs ~alice in, up to VCRP_UP. */
void peer_login(struct peer *);
/* Closes the connection and takes the VCRP_DOWN that follows. */
void peer_cut(struct peer *);
void peer_hang_up(struct peer *);

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

#endif
