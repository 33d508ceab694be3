/* make-logs.c -- writes logs of rooms as a server would, but fast
 *
 * SPDX-License-Identifier: MIT
 *
 *     make-logs DATA ROOMS SEGMENTS KIB
 *
 * makes that many rooms, "made0" and so on, with that many segments of that
 * size each, and their sums. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/alloc.h"
#include "base/disk.h"
#include "ledger/sums.h"

enum { LINE_MAX_BYTES = 256 };

struct maker {
	int      rooms;		/* descriptor of DATA/rooms */
	char    *text;		/* of one segment */
	size_t   size;		/* it has at least */
	uint64_t time;
	uint64_t number;	/* the next */
};

static void
must(int rc, const char *what)
{
	if (rc >= 0)
		return;
	fprintf(stderr, "make-logs: %s: %s\n", what, strerror(-rc));
	exit(1);
}

static size_t
make_text(struct maker *m, const char *room)
{
	size_t len = 0;

	for (; len < m->size; m->number++)
		len += (size_t)snprintf(m->text + len, LINE_MAX_BYTES,
		    "@id=made.%llu MSG %s %llu %llu ~somebody says what people "
		    "say, some hundred bytes of it, as it goes\n",
		    (unsigned long long)m->number % 1000000, room,
		    (unsigned long long)m->number,
		    (unsigned long long)m->time);
	return len;
}

static void
make_sums(struct maker *m, const char *path, size_t len)
{
	unsigned count = (unsigned)((len + SUM_BLOCK - 1) / SUM_BLOCK);
	struct sum *sums = xcalloc(count, sizeof(*sums));
	int fd = disk_open(m->rooms, path, O_WRONLY | O_CREAT);

	must(fd, path);
	for (size_t i = 0, at = 0; i < count; i++, at += SUM_BLOCK)
		sums[i] = sum_of(m->text + at, (uint32_t)
		    (len - at < SUM_BLOCK ? len - at : SUM_BLOCK));
	must(sums_write(fd, 0, count, sums), path);
	disk_close(fd);
	free(sums);
}

static void
make_segment(struct maker *m, const char *room)
{
	unsigned long long first = m->number;
	size_t len = make_text(m, room);
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%016llu.log", room, first);
	fd = disk_open(m->rooms, path, O_WRONLY | O_CREAT);
	must(fd, path);
	must(disk_write(fd, m->text, len, 0), path);
	disk_close(fd);
	snprintf(path, sizeof(path), "%s/%016llu.sum", room, first);
	make_sums(m, path, len);
}

int
main(int argc, char **argv)
{
	struct maker m = { .time = (uint64_t)time(NULL) * 1000 };
	char path[4096], name[32];

	if (argc != 5) {
		fprintf(stderr, "usage: make-logs DATA ROOMS SEGMENTS KIB\n");
		return 2;
	}
	m.size = (size_t)atoi(argv[4]) * 1024;
	m.text = xmalloc(m.size + LINE_MAX_BYTES);
	snprintf(path, sizeof(path), "%s/rooms", argv[1]);
	mkdir(path, 0700);
	m.rooms = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(m.rooms, path);
	for (int room = 0; room < atoi(argv[2]); room++) {
		snprintf(name, sizeof(name), "made%d", room);
		must(disk_mkdir(m.rooms, name), name);
		m.number = (m.time - 3600000) * 1024;
		for (int n = 0; n < atoi(argv[3]); n++)
			make_segment(&m, name);
	}
	disk_close(m.rooms);
	free(m.text);
	return 0;
}
