/* flood.c -- datagrams from ports that change, and what comes back to each
 *
 * SPDX-License-Identifier: MIT
 *
 *     flood PORT DATAGRAMS-A-SECOND SECONDS [SESSION]
 *
 * Sends to 127.0.0.1 from addresses of 127.0.0.0/8: questions for discovery,
 * right and almost right, what looks as if it was sealed, for sessions that
 * are not there and for the one that is named (32 hexadecimal digits), and
 * anything. Each batch is of another address and port, whose answers are
 * counted for as long as the ring holds it: `worst_factor` is the most that
 * came back to any of them, in bytes for each byte sent from there. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	BATCH = 32,
	SOURCES = 1024,		/* at one time */
	LARGEST = 1472,		/* of what has no pieces on a usual network */
	NOISE = 1 << 20
};

struct source {
	int      fd;
	uint64_t sent, came;	/* bytes */
	uint64_t packets, answers;
};

struct flood {
	struct sockaddr_in to;
	struct source      sources[SOURCES];
	unsigned char      noise[NOISE];
	unsigned char      packets[BATCH][LARGEST];
	unsigned char      session[16];
	bool               has_session;
	uint64_t           random;
	uint64_t           packets_sent, sent, refused, answers, came;
	double             worst;	/* factor */
};

static uint64_t
draw(struct flood *f)
{
	f->random ^= f->random << 13;
	f->random ^= f->random >> 7;
	f->random ^= f->random << 17;
	return f->random;
}

static uint64_t
below(struct flood *f, uint64_t bound)
{
	return (draw(f) >> 11) % bound;
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
open_source(struct flood *f, struct source *s)
{
	struct sockaddr_in from = { .sin_family = AF_INET };
	int room = 1 << 18;

	memset(s, 0, sizeof(*s));
	from.sin_addr.s_addr = htonl(0x7F000000 + 2 +
	    (uint32_t)below(f, 0xFFFFF0));
	s->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if (s->fd < 0 ||
	    bind(s->fd, (struct sockaddr *)&from, sizeof(from)) < 0 ||
	    connect(s->fd, (struct sockaddr *)&f->to, sizeof(f->to)) < 0) {
		perror("flood: socket");
		exit(2);
	}
}

static void
take_answers(struct flood *f, struct source *s)
{
	char answer[65536];
	double factor;
	ssize_t n;

	while ((n = recv(s->fd, answer, sizeof(answer), 0)) >= 0) {
		s->came += (uint64_t)n;
		s->answers++;
	}
	factor = s->sent == 0 ? 0 : (double)s->came / (double)s->sent;
	if (s->answers > s->packets && factor <= 1)
		factor = 2;
	if (factor > f->worst)
		f->worst = factor;
}

static void
close_source(struct flood *f, struct source *s)
{
	if (s->fd < 0)
		return;
	take_answers(f, s);
	f->answers += s->answers;
	f->came += s->came;
	close(s->fd);
	s->fd = -1;
}

/* "VCRP? 1 nonce", padded: nine of ten as they should be. */
static size_t
make_question(struct flood *f, unsigned char *packet)
{
	size_t len = 256 + below(f, 1201 - 256), nonce = 8 + below(f, 25);
	int head;

	head = snprintf((char *)packet, LARGEST, "VCRP? 1 %016llx%016llx",
	    (unsigned long long)draw(f), (unsigned long long)draw(f));
	memset(packet + head, ' ', LARGEST - (size_t)head);
	memset(packet + 8 + nonce, ' ', 32 - nonce);
	packet[len - 1] = '\n';
	if (below(f, 10) == 0)
		packet[below(f, 24)] = (unsigned char)below(f, 256);
	return len;
}

static size_t
make_packet(struct flood *f, unsigned char *packet)
{
	uint64_t kind = below(f, 4);
	size_t len = below(f, LARGEST + 1);

	if (kind == 0)
		return make_question(f, packet);
	memcpy(packet, f->noise + below(f, NOISE - LARGEST), LARGEST);
	if (kind == 1)
		return len;
	packet[0] |= 0x80;
	if (kind == 2 && f->has_session)
		memcpy(packet, f->session, sizeof(f->session));
	return len < 64 ? 64 : len > 1200 ? 1200 : len;
}

static void
send_batch(struct flood *f, struct source *s)
{
	struct mmsghdr headers[BATCH] = { 0 };
	struct iovec parts[BATCH];
	int sent;

	for (int i = 0; i < BATCH; i++) {
		parts[i] = (struct iovec){ f->packets[i],
			make_packet(f, f->packets[i]) };
		headers[i].msg_hdr.msg_iov = &parts[i];
		headers[i].msg_hdr.msg_iovlen = 1;
	}
	sent = sendmmsg(s->fd, headers, BATCH, 0);
	if (sent < 0)
		sent = 0;
	f->refused += (uint64_t)(BATCH - sent);
	for (int i = 0; i < sent; i++)
		s->sent += parts[i].iov_len;
	s->packets += (uint64_t)sent;
	f->packets_sent += (uint64_t)sent;
	f->sent += s->sent;
}

static void
pause_until(double when)
{
	double left = when - now();

	if (left > 0)
		usleep((useconds_t)(left * 1e6));
}

static void
run(struct flood *f, double rate, double seconds)
{
	double begin = now();
	unsigned next = 0;

	while (now() - begin < seconds) {
		struct source *s = &f->sources[next++ % SOURCES];

		close_source(f, s);
		open_source(f, s);
		send_batch(f, s);
		pause_until(begin + (double)next * BATCH / rate);
	}
	seconds = now() - begin;
	pause_until(now() + 0.5);
	for (unsigned i = 0; i < SOURCES; i++)
		close_source(f, &f->sources[i]);
	printf("datagrams %llu\nbytes %llu\nrefused %llu\nper_second %.0f\n"
	    "answers %llu\nanswer_bytes %llu\nworst_factor %.4f\n",
	    (unsigned long long)f->packets_sent, (unsigned long long)f->sent,
	    (unsigned long long)f->refused, (double)f->packets_sent / seconds,
	    (unsigned long long)f->answers, (unsigned long long)f->came,
	    f->worst);
}

static bool
take_session(struct flood *f, const char *text)
{
	unsigned byte;

	for (size_t i = 0; i < sizeof(f->session); i++, text += 2) {
		if (sscanf(text, "%2x", &byte) != 1)
			return false;
		f->session[i] = (unsigned char)byte;
	}
	f->has_session = true;
	return true;
}

int
main(int argc, char **argv)
{
	static struct flood f = { .random = 0x9E3779B97F4A7C15 };

	if (argc < 4 || (argc > 4 && !take_session(&f, argv[4]))) {
		fprintf(stderr,
		    "usage: flood PORT DATAGRAMS-A-SECOND SECONDS [SESSION]\n");
		return 2;
	}
	f.to = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(argv[1])),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	for (size_t i = 0; i < NOISE; i++)
		f.noise[i] = (unsigned char)draw(&f);
	for (unsigned i = 0; i < SOURCES; i++)
		f.sources[i].fd = -1;
	run(&f, atof(argv[2]), atof(argv[3]));
	return 0;
}
