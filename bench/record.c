/* record.c -- what one room has said, as the first to receive it received it
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"
#include "record.h"

#define BYTES_AT_FIRST (32u << 10)
#define LINES_AT_FIRST 256u

void
record_init(struct record *r)
{
	memset(r, 0, sizeof(*r));
	r->size = BYTES_AT_FIRST;
	r->slots = LINES_AT_FIRST;
	r->bytes = must(malloc(r->size));
	r->lines = must(malloc(r->slots * sizeof(*r->lines)));
}

void
record_fini(struct record *r)
{
	free(r->bytes);
	free(r->lines);
}

void
record_restart(struct record *r, uint64_t number)
{
	r->tail = r->end;
	r->first = r->next = number;
}

bool
record_fits(const struct record *r, size_t len)
{
	return r->end - r->tail + len <= r->size &&
	    r->next - r->first < r->slots;
}

bool
record_grow(struct record *r)
{
	size_t size = r->size * 2, slots = r->slots * 2;
	struct said *lines;
	char *bytes;

	if (size > RECORD_MAX)
		return false;
	bytes = must(malloc(size));
	lines = must(malloc(slots * sizeof(*lines)));
	for (uint64_t at = r->tail; at < r->end; at++)
		bytes[at & (size - 1)] = r->bytes[at & (r->size - 1)];
	for (uint64_t n = r->first; n < r->next; n++)
		lines[n & (slots - 1)] = *record_line(r, n);
	free(r->bytes);
	free(r->lines);
	r->bytes = bytes;
	r->size = size;
	r->lines = lines;
	r->slots = slots;
	return true;
}

void
record_trim(struct record *r, uint64_t number)
{
	assert(number >= r->first && number <= r->next);
	r->tail = record_begin(r, number);
	r->first = number;
}

void
record_append(
    struct record *r, const char *line, size_t len, const struct said *said)
{
	struct said *slot = record_line(r, r->next);
	size_t at = r->end & (r->size - 1), piece = r->size - at;

	assert(record_fits(r, len));
	if (piece > len)
		piece = len;
	memcpy(r->bytes + at, line, piece);
	memcpy(r->bytes, line + piece, len - piece);
	r->end += len;
	*slot = *said;
	slot->end = r->end;
	r->next++;
}

struct said *
record_line(const struct record *r, uint64_t number)
{
	return &r->lines[number & (r->slots - 1)];
}

uint64_t
record_begin(const struct record *r, uint64_t number)
{
	return number == r->first ? r->tail : record_line(r, number - 1)->end;
}

size_t
record_match(const struct record *r, uint64_t at, const char *data, size_t len)
{
	size_t done = 0;

	while (done < len && at < r->end) {
		size_t begin = at & (r->size - 1);
		size_t piece = r->size - begin;

		if (piece > len - done)
			piece = len - done;
		if (piece > r->end - at)
			piece = r->end - at;
		if (memcmp(r->bytes + begin, data + done, piece) != 0) {
			while (r->bytes[begin++] == data[done])
				done++;
			return done;
		}
		done += piece;
		at += piece;
	}
	return done;
}

void
record_copy(const struct record *r, uint64_t from, uint64_t to, char *dst)
{
	while (from < to)
		*dst++ = r->bytes[from++ & (r->size - 1)];
}
