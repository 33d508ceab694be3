/* mail.h -- every kind of mail that threads send each other
 *
 * SPDX-License-Identifier: MIT
 *
 * What a thread accepts stands in one switch of its own (room/room.c,
 * net/io_mail.c, net/acceptor.c, server.c); anything else in its box aborts.
 *
 * Threads: any.
 * Locks:   none.
 * Memory:  none. */
#ifndef PROTO_MAIL_H
#define PROTO_MAIL_H

enum mail_kind {
	MAIL_REQUEST,	/* io -> room or main, and back when it is answered */
	MAIL_DETACH,	/* io -> room: the connection is gone; and back */
	MAIL_AGAIN,	/* io -> room: a laggard asks for a place; and back */
	MAIL_ATTACH,	/* room -> io: a direct conversation enters */
	MAIL_END,	/* room -> io: a membership ends, at a position */
	MAIL_FEED,	/* room -> io: the stream has more */
	MAIL_SPACE,	/* room -> io: the full mailbox has places again */
	MAIL_CONN,	/* acceptor -> io: a connection that has logged in */
	MAIL_VISIT,	/* io -> io -> ... -> io: a request for all of them */
	MAIL_EVICT,	/* registry -> io: this connection is to end */
	MAIL_TELL,	/* registry -> io: a line for one connection */
	MAIL_READ,	/* io -> archive: a slice of a log; and back */
	MAIL_DIRTY,	/* room -> keeper: a ledger was written to */
	MAIL_FULL,	/* room -> keeper: its segment is to be synced now */
	MAIL_ERASE,	/* room -> keeper: a message; and back */
	MAIL_CHANGE,	/* room -> store: a setting or a role; and back */
	MAIL_RESERVE,	/* acceptor -> store: a guest's name; and back */
	MAIL_FORGET,	/* registry -> store: a reservation is over */
	MAIL_ACCOUNT,	/* acceptor, io -> store: an account; and back */
	MAIL_MARK,	/* registry -> store: read marks, and who was seen */
	MAIL_SHED,	/* acceptor -> io: memory is short */
	MAIL_BAN,	/* io -> store: a network is kept out, or is not */
	MAIL_AUTH,	/* acceptor -> auth: a step of a login; and back */
	MAIL_QUIET,	/* io -> udp: it has no connections any more; and on
			 * to main */
	MAIL_ORDER	/* main -> acceptor, io: drain, stop;
			 * io -> main: stopped */
};

#endif
