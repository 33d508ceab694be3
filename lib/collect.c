/* collect.c -- answers of several lines in datagrams: whole, or asked again
 *
 * SPDX-License-Identifier: MIT */
#include "lib/collect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/stream.h"

/* A long answer may never come whole: then what there is is told. */
#define TRIES_MOST	8

static void
add(struct vcrp *v, struct vkept **at, uint64_t number)
{
	size_t size = strlen(v->line) + 1;
	struct vkept *kept;

	if (v->collected_bytes + size > VCOLLECT_MAX)
		return;
	kept = malloc(sizeof(*kept) + size);
	if (kept == NULL)
		return;
	kept->number = number;
	memcpy(kept->line, v->line, size);
	kept->next = *at;
	*at = kept;
	v->collected_bytes += size;
}

static void
pop(struct vcrp *v)
{
	struct vkept *first = v->collected;

	v->collected = first->next;
	v->collected_bytes -= strlen(first->line) + 1;
	free(first);
}

static void
drop_lines(struct vcrp *v)
{
	while (v->collected != NULL)
		pop(v);
}

void
vcollect_forget(struct vcrp *v)
{
	drop_lines(v);
	v->complete = false;
	v->page_size = 0;
}

void
vcollect_hole(struct vcrp *v)
{
	v->torn = true;
}

void
vcollect_begin(struct vcrp *v)
{
	v->torn = v->paged = false;
	v->expected = 0;
	if (v->complete)
		return;
	/* What is known of a history is good for the next answer as well. */
	if (v->control.first == NULL ||
	    v->control.first->kind != VERB_HISTORY)
		vcollect_forget(v);
}

static struct vkept **
end_of(struct vcrp *v)
{
	struct vkept **at = &v->collected;

	while (*at != NULL)
		at = &(*at)->next;
	return at;
}

/* The PAGE itself is kept as number 0, which is no event's. */
static bool
take_page(struct vcrp *v, const struct vline *line)
{
	uint64_t n;

	if (line->count < 2 || !vline_number(line->words[1], &n))
		return false;
	if (n != v->page_size || v->control.first->kind != VERB_HISTORY)
		drop_lines(v);
	if (v->collected == NULL)
		add(v, &v->collected, 0);
	v->page_size = v->expected = n;
	v->paged = true;
	v->torn = false;
	snprintf(v->page_room, sizeof(v->page_room), "%s", line->words[0]);
	return true;
}

static bool
take_paged(struct vcrp *v, const struct vline *line)
{
	struct vkept **at = &v->collected;
	uint64_t number;

	if (v->expected == 0 || line->count < 3 ||
	    strcmp(line->words[0], v->page_room) != 0 ||
	    !vline_number(line->words[1], &number))
		return false;
	v->expected--;
	while (*at != NULL && (*at)->number < number)
		at = &(*at)->next;
	if (*at == NULL || (*at)->number != number)
		add(v, at, number);
	return true;
}

/* What a GAP stands for ends later than where it begins. */
static uint64_t
last_of(const struct vkept *kept)
{
	char copy[VLINE_MAX];
	struct vline line;
	uint64_t to;

	snprintf(copy, sizeof(copy), "%s", kept->line);
	if (vline_cut(copy, &line) && line.kind == VERB_GAP &&
	    line.count > 2 && vline_number(line.words[2], &to))
		return to;
	return kept->number;
}

/* PAGE, and as many lines as it says, none missing between them. */
static bool
is_unbroken(const struct vcrp *v)
{
	const struct vkept *kept = v->collected;
	uint64_t count = 0, last = 0;

	if (kept == NULL)
		return false;
	for (kept = kept->next; kept != NULL; kept = kept->next) {
		if (count++ > 0 && kept->number != last + 1)
			return false;
		last = last_of(kept);
	}
	return count == v->page_size;
}

static bool
is_whole(const struct vcrp *v, const struct vrequest *request)
{
	switch (request->kind) {
	case VERB_HISTORY:
		return v->paged && is_unbroken(v);
	case VERB_SEARCH:
		return v->paged && !v->torn && v->expected == 0;
	case VERB_WHO:
	case VERB_LIST:
	case VERB_HELP:
	case VERB_STATS:
		return !v->torn || request->tries >= TRIES_MOST;
	default:
		return true;
	}
}

/* The end: all is told with it, or it is asked again. */
static bool
take_end(struct vcrp *v, const struct vline *line)
{
	struct vrequest *first = v->control.first;
	int64_t number = vstream_own_number(v, line);

	if (number <= 0 || number != first->number)
		return false;
	if (line->kind == VERB_OK && !is_whole(v, first)) {
		/* Pieces that do not fit together are of different pages. */
		if (first->kind == VERB_HISTORY && v->paged && !v->torn)
			drop_lines(v);
		first->resend_at = vclock_now();
		return true;
	}
	if (line->kind == VERB_ERR)
		drop_lines(v);
	if (v->collected == NULL)
		return false;
	add(v, end_of(v), 0);
	v->complete = true;
	return true;
}

bool
vcollect_takes(struct vcrp *v, const struct vline *line)
{
	const struct vrequest *first = v->control.first;
	enum vverb kind = first != NULL && first->sent ? first->kind :
	    VERB_OTHER;
	bool page = kind == VERB_HISTORY || kind == VERB_SEARCH;

	if (first == NULL || !first->sent || v->complete)
		return false;
	switch (line->kind) {
	case VERB_OK:
	case VERB_ERR:
		return take_end(v, line);
	case VERB_PAGE:
		return page && take_page(v, line);
	case VERB_DELETE:
	case VERB_EDIT:
	case VERB_GAP:
	case VERB_MSG:
	case VERB_REACT:
	case VERB_ROLE:
	case VERB_SET:
		return page && take_paged(v, line);
	case VERB_NAMES:
	case VERB_STAT:
		break;
	case VERB_ROOM:
		if (kind != VERB_LIST)
			return false;
		break;
	case VERB_NOTICE:
		if (kind != VERB_HELP)
			return false;
		break;
	default:
		return false;
	}
	add(v, end_of(v), 0);
	return true;
}

bool
vcollect_take(struct vcrp *v)
{
	if (!v->complete)
		return false;
	strcpy(v->line, v->collected->line);
	pop(v);
	if (v->collected == NULL)
		vcollect_forget(v);
	return true;
}
