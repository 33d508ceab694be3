/* request.c -- one command on its way to a room or to main, and back
 *
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "proto/mail.h"
#include "room/archive.h"
#include "room/request.h"

/* Most lines are shorter, and those of the longer ones are not kept. */
enum { SPARE_LINE = 512, SPARES_MOST = 1024 };

static struct request *
allocate(struct spares *s, size_t len)
{
	struct request *r;

	if (s != NULL && s->first != NULL && len <= SPARE_LINE) {
		r = s->first;
		s->first = r->next_said;
		s->count--;
		return r;
	}
	return xmalloc(sizeof(*r) + (len < SPARE_LINE ? SPARE_LINE : len));
}

struct request *
request_new(struct spares *s, const struct words *w, struct slice line)
{
	struct request *r = allocate(s, line.len);

	memset(r, 0, sizeof(*r));
	r->mail.kind = MAIL_REQUEST;
	list_init(&r->in_held);
	r->page = PAGE_BYTES;
	r->spare = line.len <= SPARE_LINE;
	r->words = *w;
	memcpy(r->line, line.at, line.len);
	words_rebase(&r->words, line.at, r->line);
	return r;
}

void
request_free(struct spares *s, struct request **at)
{
	struct request *r = *at;

	*at = NULL;
	if (r == NULL)
		return;
	blob_unref(&r->list);
	blob_unref(&r->reply);
	blob_unref(&r->target);
	place_drop(&r->place);
	if (s == NULL || !r->spare || s->count == SPARES_MOST) {
		free(r);
		return;
	}
	r->next_said = s->first;
	s->first = r;
	s->count++;
}

void
spares_fini(struct spares *s)
{
	struct request *r;

	while ((r = s->first) != NULL) {
		s->first = r->next_said;
		free(r);
	}
}

void
reply_id(struct blob **b, struct slice id)
{
	if (id.len > 0)
		blob_printf(b, "@id=%.*s ", (int)id.len, id.at);
}

void
reply_ok(struct blob **b, struct slice id, const char *verb)
{
	reply_id(b, id);
	blob_printf(b, "OK %s", verb);
}

void
reply_error(struct blob **b, struct slice id, enum error e, uint64_t wait,
    const char *limit, const char *text)
{
	const char *mark = "@";

	if (id.len > 0) {
		blob_printf(b, "%sid=%.*s", mark, (int)id.len, id.at);
		mark = ";";
	}
	if (wait > 0) {
		blob_printf(b, "%swait=%" PRIu64, mark, wait);
		mark = ";";
	}
	if (limit != NULL) {
		blob_printf(b, "%slimit=%s", mark, limit);
		mark = ";";
	}
	blob_printf(b, "%sERR %s %s\n", *mark == ';' ? " " : "",
	    error_code(e), text);
}

void
request_ok(struct request *r, const char *fmt, ...)
{
	char more[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(more, sizeof(more), fmt, args);
	va_end(args);
	reply_ok(&r->reply, r->words.id, r->words.command->name);
	blob_printf(&r->reply, "%s%s\n", *more == '\0' ? "" : " ", more);
}

void
request_error(struct request *r, enum error e, const char *text)
{
	reply_error(&r->reply, r->words.id, e, 0, NULL, text);
}

void
request_limited(struct request *r, enum error e, const char *limit,
    uint64_t wait, const char *text)
{
	r->limit = limit;
	reply_error(&r->reply, r->words.id, e, wait, limit, text);
}
