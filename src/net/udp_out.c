/* udp_out.c -- datagrams out: lines collected, sealed, sent
 *
 * SPDX-License-Identifier: MIT
 *
 * A session has one datagram at most that is not sealed: counters are given in
 * the order in which they were begun, and the pieces of a line have consecutive
 * ones. What a socket does not take now waits for the next pass, which it wakes
 * when it does; what there is no room for then is lost, as on the way. */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "net/udp_parts.h"

/* One more, the last; NULL: there is no room. */
static struct udp_slot *
take_slot(struct io *io, const struct udp_path *path)
{
	struct udp *u = io->udp;
	struct udp_slot *slot;

	if (u->used == UDP_SLOTS)
		udp_flush(io);
	if (u->used == UDP_SLOTS)
		return NULL;
	slot = u->slots[u->used++];
	slot->session = NULL;
	slot->path = *path;
	slot->len = 0;
	return slot;
}

static void
seal(struct udp_session *s, struct udp_slot *slot)
{
	slot->len = (uint16_t)datagram_seal(&s->datagram,
	    (const char *)slot->bytes, slot->len, slot->bytes);
	slot->session = NULL;
}

void
udp_seal(struct udp_session *s)
{
	if (s->open == NULL)
		return;
	seal(s, s->open);
	s->open = NULL;
}

static void
put_pieces(struct io *io, struct udp_session *s, struct slice line)
{
	unsigned pieces = datagram_pieces(line.len);

	udp_seal(s);
	for (unsigned i = 0; i < pieces; i++) {
		struct udp_slot *slot = take_slot(io, &s->path);

		if (slot == NULL)
			return;
		slot->len = (uint16_t)datagram_seal_piece(&s->datagram,
		    line.at, line.len, i, slot->bytes);
	}
}

void
udp_put(struct io *io, struct conn *c, struct slice line)
{
	struct udp_session *s = c->udp;

	if (!s->placed || line.len == 0)
		return;
	if (line.len > DATAGRAM_PLAIN_MAX) {
		put_pieces(io, s, line);
		return;
	}
	if (s->open != NULL && s->open->len + line.len > DATAGRAM_PLAIN_MAX)
		udp_seal(s);
	if (s->open == NULL) {
		s->open = take_slot(io, &s->path);
		if (s->open == NULL)
			return;
		s->open->session = s;
	}
	memcpy(s->open->bytes + s->open->len, line.at, line.len);
	s->open->len = (uint16_t)(s->open->len + line.len);
}

bool
udp_put_to(struct io *io, struct conn *c, const struct udp_path *path,
    struct slice line, size_t most)
{
	struct udp_slot *slot;

	if (line.len + DATAGRAM_OVERHEAD > most)
		return false;
	udp_seal(c->udp);
	slot = take_slot(io, path);
	if (slot == NULL)
		return false;
	slot->len = (uint16_t)line.len;
	memcpy(slot->bytes, line.at, line.len);
	seal(c->udp, slot);
	return true;
}

void
udp_put_bytes(struct io *io, const struct udp_path *path, struct slice bytes)
{
	struct udp_slot *slot = bytes.len > DATAGRAM_MAX_BYTES ? NULL :
	    take_slot(io, path);

	if (slot == NULL)
		return;
	memcpy(slot->bytes, bytes.at, bytes.len);
	slot->len = (uint16_t)bytes.len;
}

static unsigned
gather(struct udp *u, unsigned socket)
{
	unsigned count = 0;

	for (unsigned i = 0; i < u->used; i++) {
		struct udp_slot *slot = u->slots[i];
		struct udp_message *m = &u->messages[count];
		struct msghdr *h = &u->headers[count].msg_hdr;

		if (slot->path.socket != socket)
			continue;
		m->iov = (struct iovec){ slot->bytes, slot->len };
		*h = (struct msghdr){ .msg_name = &m->name,
			.msg_iov = &m->iov, .msg_iovlen = 1,
			.msg_control = m->control };
		udp_path_to(u->sockets, &slot->path, h);
		count++;
	}
	return count;
}

/* How many of them it has taken. One that cannot be sent, whatever the reason,
 * is left out, and the others go on. */
static unsigned
send_some(struct io *io, unsigned socket, unsigned count)
{
	struct udp *u = io->udp;
	unsigned done = 0;

	while (done < count) {
		int n = sendmmsg(u->sockets->all[socket].fd,
		    &u->headers[done], count - done,
		    MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK ||
		    errno == ENOBUFS)) {
			io_count(io, COUNT_BLOCKED, 1);
			break;
		}
		io_count(io, COUNT_SENDS, 1);
		udp_add(u, UDP_OUT, n > 0 ? (uint64_t)n : 0);
		done += n > 0 ? (unsigned)n : 1;
	}
	return done;
}

/* The first so many of a socket are free again; the others keep their order. */
static void
let_go(struct udp *u, unsigned socket, unsigned sent)
{
	struct udp_slot *free_again[UDP_SLOTS];
	unsigned kept = 0, gone = 0;

	for (unsigned i = 0; i < u->used; i++) {
		if (u->slots[i]->path.socket == socket && gone < sent)
			free_again[gone++] = u->slots[i];
		else
			u->slots[kept++] = u->slots[i];
	}
	memcpy(&u->slots[kept], free_again, gone * sizeof(*free_again));
	u->used = kept;
}

static void
watch(struct io *io, struct udp_socket *s, bool full)
{
	if (s->full != full)
		(void)udp_watch(io, s, EPOLL_CTL_MOD, full);
}

void
udp_flush(struct io *io)
{
	struct udp *u = io->udp;

	for (unsigned i = 0; i < u->used; i++)
		if (u->slots[i]->session != NULL)
			udp_seal(u->slots[i]->session);
	for (unsigned i = 0; i < u->sockets->count && u->used > 0; i++) {
		unsigned count = gather(u, i), sent = 0;

		if (count > 0)
			let_go(u, i, sent = send_some(io, i, count));
		watch(io, &u->sockets->all[i], sent < count);
	}
}
