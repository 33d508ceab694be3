/* vcrp.h -- libvcrp: talk VCRP/1, the Very Simple Chatroom Protocol
 *
 * SPDX-License-Identifier: MIT
 *
 * A struct vcrp is one login at one server, and keeps it: when a connection
 * is lost it makes another one by itself, joins the rooms again where it had
 * read to, finds what it said in what is replayed, and says the rest again.
 * So each message is said once, each event is seen once and in order, and a
 * program need not know that there was an interruption.
 *
 * What is said in a room is sent one at a time: the next leaves when the one
 * before it was echoed or refused. That is what keeps the order when a server
 * answers "too fast" (which the library waits out, and sends again).
 *
 * In a poll loop:
 *
 *	struct pollfd p = { vcrp_fd(v), vcrp_events(v), 0 };
 *	poll(&p, 1, vcrp_timeout(v));
 *	vcrp_step(v);
 *	while (vcrp_next(v, &event))
 *		...
 *
 * Blocking: while (vcrp_wait(v, -1, &event) == 1) ...
 *
 * Looking a host's name up blocks, and so does hashing the password, once, for
 * as long as the server makes that take. Times are milliseconds. Functions
 * that return int or int64_t return a negative errno value when they refuse.
 *
 * Threads: any, but one at a time for one struct vcrp. No global state.
 * Locks:   none.
 * Memory:  some 200 KiB for each struct vcrp, 100 more with TLS, and what waits
 *          in its queue. Secrets are wiped by vcrp_free(). */
#ifndef VCRP_H
#define VCRP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VCRP_PORT	"3073"
#define VCRP_LINE_MAX	4096	/* bytes of a line with its LF */
#define VCRP_TEXT_MAX	3072	/* bytes of a text */
#define VCRP_QUEUE_MAX	256	/* unanswered requests of a struct vcrp */
#define VCRP_WORDS_MAX	6	/* words between a line's verb and its text */
#define VCRP_NOW	(-1)	/* for vcrp_join(): from what comes next */

struct vcrp;

/* All may be left zero; the texts are copied. */
struct vcrp_options {
	/* Where the server is: "vcrps://[user@]host[:port][/room]" with TLS,
	 * "vcrp://..." or "[user@]host[:port]" without, or a local socket as
	 * "vcrp:///path" or a path with a '/' in it. A '%41' in a URI's user,
	 * room or path is decoded; an IPv6 address stands in brackets before a
	 * port. "?transport=udp" behind a host or room is as udp below. NULL:
	 * localhost. */
	const char *server;
	/* The name to have, without the '~' that guests are shown with.
	 * NULL: "guest" and a random number. */
	const char *nick;
	/* 22 to 64 of A-Z a-z 0-9 _ -, a secret that keeps the name for us
	 * between two connections. NULL: one is made up. */
	const char *key;
	/* Log in with an account, in place of nick and key. The password does
	 * not leave: the server proves to us that it knows us as we do to it
	 * (SCRAM), and with TLS both prove that nobody is in between, if the
	 * server can. NULL: the user of server's URI, if it has one. */
	const char *user;
	const char *password;
	/* With TLS: the one certificate to take from the server, as
	 * "sha256:" and 64 hex digits, and whatever it says. NULL: one that
	 * the system's certificate authorities verify for the host. With any
	 * other it ends, as "certificate", before anything of ours is sent:
	 * vcrp_fingerprint() has what to take next time, if somebody who can
	 * decide that says so. */
	const char *fingerprint;
	/* Our own certificate and its key, files in PEM; without a key it is
	 * in the certificate's. For external. */
	const char *certificate;
	const char *certificate_key;
	/* Be who the certificate or, on a local socket, the kernel says we are
	 * (AUTH EXTERNAL), in place of nick and key, user and password. */
	bool external;
	/* Do not log in at all: VCRP_UP comes with the greeting. For what may
	 * be asked before a login: REGISTER, HELP. */
	bool visitor;
	/* Go on by datagrams (UDP), if the server has them and they come
	 * through, which is tried for 3 s after each login: else by the stream
	 * as ever. All events are those of a stream. A host whose address
	 * changes goes on without an interruption. */
	bool udp;
	/* A file to append all keys to, for who looks into what is sent: those
	 * of TLS, and of datagrams as VCRP_DATAGRAM lines. It is made if it is
	 * not there, for its owner alone. Whoever can read it can read, and
	 * forge, everything. */
	const char *keylog;
	/* Do not connect again once a connection was tried. */
	bool once;
	/* For connecting to one address and logging in; and twice as long in
	 * datagrams without an answer is a lost connection. 0: 10000. */
	int timeout;
	/* Between two attempts: the least and the most, which doubling pauses
	 * go up to, each cut by a random part of up to a half. When the server
	 * names a time, that is the one. 0: 500 and 30000. */
	int retry_min;
	int retry_max;
};

enum vcrp_kind {
	VCRP_LINE = 1,	/* a line of the server's */
	VCRP_UP,	/* logged in: the OK; or the greeting */
	VCRP_DOWN,	/* no connection: text says why, wait until when */
	VCRP_LOST,	/* request was sent and its answer is lost for good */
	VCRP_DEFECT,	/* the room's numbers are not right: text says what */
	VCRP_END	/* over for good: code and text say why */
};

/* What happened. Texts are never NULL where a field is said to be set, are
 * not safe for a terminal (see vcrp_safe()), and live until the next call of
 * vcrp_next(), vcrp_wait() or vcrp_free(). */
struct vcrp_event {
	enum vcrp_kind kind;
	/* The request that ends with this event, as the function that took it
	 * returned it; 0 for none. It was done unless kind is VCRP_LOST or
	 * verb is "ERR". */
	int64_t request;
	/* We said this: the name and the id are our own. */
	bool mine;
	/* It came before the end of what JOIN asked to be replayed. */
	bool replay;
	/* It did not happen now: it is a line of the page that the request of
	 * this number asked for, vcrp_history() or vcrp_search(); else 0. */
	int64_t page;
	/* We are out of the room with this: left, thrown out, banned, or not
	 * taken back after an interruption. */
	bool out;
	/* For VCRP_LINE and VCRP_UP. verb is upper case as received; line is
	 * all of it but its line end. text may be NULL. */
	const char *line;
	const char *verb;
	const char *words[VCRP_WORDS_MAX];
	int count;
	/* Also for VCRP_DOWN, VCRP_DEFECT and VCRP_END. */
	const char *text;
	/* The room, as the server shows it; for ERR the one that was asked
	 * for. NULL where no room is meant. */
	const char *room;
	/* Who did it: of a numbered event, JOIN, LEAVE and SIGNAL; or NULL. */
	const char *name;
	/* The first word of ERR and BYE, and of VCRP_END; or NULL. Made up by
	 * the library are: "closed" (the connection, with options.once),
	 * "quit", "not-vcrp", "certificate" (it is not to be trusted),
	 * "keylog" (it cannot be written), "unproved" (the server does not
	 * prove that it knows our password, or would make that cheap to fake)
	 * and, as the server's own, "need-tls" (it takes no passwords on this
	 * connection). */
	const char *code;
	/* Of a numbered event (MSG, EDIT, DELETE, REACT, SET, ROLE): its number
	 * and its time since 1970; 0 elsewhere. Of READ, of OK SAY and the like
	 * and of the answer to a repeat: number alone. Of OK JOIN: the last
	 * there is; of OK SEARCH: the first that was looked at. */
	uint64_t number;
	uint64_t time;
	/* For VCRP_DOWN: how long until the next attempt. */
	int wait;
};

/* NULL, with a phrase in *why_r, when an option is wrong or memory is short.
 * Nothing is sent before the first vcrp_step() or vcrp_wait(). */
struct vcrp *vcrp_new(const struct vcrp_options *, const char **why_r);
/* Closes the connection as it is. Takes NULL, and leaves NULL behind. */
void vcrp_free(struct vcrp **);

/* What to poll: a descriptor that may be another one after every step, or -1;
 * the events to ask of it; and the longest time to wait, -1 for any. */
int vcrp_fd(const struct vcrp *);
short vcrp_events(const struct vcrp *);
int vcrp_timeout(const struct vcrp *);
/* Does what can be done without waiting: connects, reads, writes. To be called
 * after every poll(), then vcrp_next() until that says false. */
void vcrp_step(struct vcrp *);
/* Takes the next event; false when there is none now. A program that does not
 * take its events is not read to: the server holds them back for it. */
bool vcrp_next(struct vcrp *, struct vcrp_event *event_r);
/* All of the above: 1 with an event, 0 after timeout (-1 for none), or
 * -ENOTCONN when VCRP_END was delivered already. */
int vcrp_wait(struct vcrp *, int timeout, struct vcrp_event *event_r);

/* Requests. Each is queued, whether there is a connection or not, and returns
 * the number (above 0) that its end will carry in event.request. Refused with
 * -EAGAIN when VCRP_QUEUE_MAX are unanswered, -EINVAL when a word is missing,
 * empty or holds a space, or a text is not UTF-8 or holds a control character
 * other than TAB, -EMSGSIZE when it is too long, -ENOTCONN after the end, and
 * -ENOMEM.
 *
 * Rooms are called by the names they were joined by, or by those the server
 * shows. "@bob" is the conversation with bob, which needs no JOIN. */

/* after: the number of the last event known; what came later is replayed.
 * 0: all there is. VCRP_NOW: nothing. Joined again after every interruption
 * from where the events were taken to, until left, thrown out or refused. */
int64_t vcrp_join(struct vcrp *, const char *room, int64_t after);
/* In its turn behind what was said. */
int64_t vcrp_leave(struct vcrp *, const char *room);
int64_t vcrp_say(struct vcrp *, const char *room, const char *text);
int64_t vcrp_edit(struct vcrp *, const char *room, uint64_t number,
    const char *text);
int64_t vcrp_delete(struct vcrp *, const char *room, uint64_t number);
int64_t vcrp_react(struct vcrp *, const char *room, uint64_t number,
    const char *text);
/* The newest `count` (1 to 1000) events of a room, or of those before number
 * `before` unless that is 0: the server's PAGE line, these events oldest first
 * and each with `page` set, and the end. There may be fewer; a GAP line among
 * them tells of what is not kept. It makes no difference to the cursor, and
 * needs no JOIN in rooms that all may read. Answers that are lost with the
 * connection end with VCRP_LOST, maybe in the middle: ask again. */
int64_t vcrp_history(struct vcrp *, const char *room, unsigned count,
    uint64_t before);
/* The same of messages that hold all the words of text. The number of the OK
 * says how far the server looked: ask for what is before it, until it is not
 * lower than what was asked. */
int64_t vcrp_search(struct vcrp *, const char *room, unsigned count,
    uint64_t before, const char *text);
/* Any line, without its LF, and without id= among its attributes. What the
 * functions above do is done as they do it. Other requests have a queue of
 * their own, in order and one at a time; one that was sent and not answered
 * when the connection broke ends with VCRP_LOST, as it may have been done. */
int64_t vcrp_request(struct vcrp *, const char *line);
/* Sent now or never: -ENOTCONN without a connection, -EAGAIN when it is full.
 * Nothing answers it but an ERR. */
int64_t vcrp_signal(struct vcrp *, const char *room, const char *text);
/* Says QUIT at once; VCRP_END follows within two seconds. Requests still
 * unanswered are forgotten: wait for vcrp_pending() to be 0 first. */
void vcrp_quit(struct vcrp *);

/* Requests not ended yet. */
size_t vcrp_pending(const struct vcrp *);
/* Logged in right now? */
bool vcrp_is_up(const struct vcrp *);
/* Do lines go by datagrams right now? If they do not, though options.udp asked
 * for it, why_r is a phrase that says why; else it is "". */
bool vcrp_is_udp(const struct vcrp *, const char **why_r);
/* Our name as the server shows it ("~alice"), "" before the first login. */
const char *vcrp_name(const struct vcrp *);
/* Of the certificate that the server showed last, as options.fingerprint has
 * it; "" for none. */
const char *vcrp_fingerprint(const struct vcrp *);
/* What the server offers, by its greeting on this connection or the last: the
 * value of the feature ("scram-i": 10000), "" where it has none. False when it
 * is not offered, or not shorter than size. */
bool vcrp_feature(const struct vcrp *, const char *name, char *value_r,
    size_t size);
/* The room that options.server names, NULL for none. */
const char *vcrp_default_room(const struct vcrp *);
/* The number of the last event taken in a room one is in; 0 otherwise. */
uint64_t vcrp_cursor(const struct vcrp *, const char *room);

/* Where options.server points to, in one form whatever the form it has:
 * "host:port" or a path. False when it is none, or too long for size. */
bool vcrp_address(const char *server, char *address_r, size_t size);
/* The user in it; false when there is none, too. */
bool vcrp_user(const char *server, char *user_r, size_t size);

/* The value of an attribute of the event's line ("re", "wait"); false when it
 * is not there, or not shorter than size. A value may be "". */
bool vcrp_attribute(const struct vcrp_event *, const char *key,
    char *value_r, size_t size);

/* Writes text to dst, cut at a whole character so that it fits with its NUL,
 * as a line may hold it: what is not UTF-8 becomes U+FFFD, and control
 * characters (C0 but TAB, DEL, C1) go. With terminal, also without all else
 * that acts on one: TAB and line breaks (U+2028, U+2029) become a space; tag
 * characters and those that set the direction of writing go. Returns the
 * length of dst. size is at least 1. */
size_t vcrp_safe(char *dst, size_t size, const char *text, bool terminal);

/* "0.1": of the library that runs. */
const char *vcrp_version(void);

#ifdef __cplusplus
}
#endif

#endif
