/* request.c -- what programs ask for, checked and rendered
 *
 * SPDX-License-Identifier: MIT */
#include "vcrp.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/session.h"

#define ID_ROOM	40	/* "@id=", prefix, '-' and 2^63 */

/* Checks a rendered line, and its text where it has one. */
__attribute__((format(printf, 6, 7))) static int64_t
ask(struct vcrp *v, enum vverb kind, const char *room, int64_t after,
    const char *text, const char *format, ...)
{
	char line[VLINE_MAX];
	va_list args;
	int len, error;

	if (room != NULL && !vline_is_word(room))
		return -EINVAL;
	if (text != NULL && *text == '\0')
		return -EINVAL;
	if (text != NULL && strlen(text) > VLINE_TEXT_MAX)
		return -EMSGSIZE;
	va_start(args, format);
	len = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (len < 0 || (size_t)len >= sizeof(line) - ID_ROOM)
		return -EMSGSIZE;
	error = vline_check(line);
	return error < 0 ? error : vsession_ask(v, kind, room, after, line);
}

int64_t
vcrp_join(struct vcrp *v, const char *room, int64_t after)
{
	if (after > (int64_t)VLINE_NUMBER_MAX)
		return -EINVAL;
	if (after < 0)
		return ask(v, VERB_JOIN, room, VCRP_NOW, NULL, " JOIN %s",
		    room);
	return ask(v, VERB_JOIN, room, after, NULL, " JOIN %s %lld", room,
	    (long long)after);
}

int64_t
vcrp_leave(struct vcrp *v, const char *room)
{
	return ask(v, VERB_LEAVE, room, 0, NULL, " LEAVE %s", room);
}

int64_t
vcrp_say(struct vcrp *v, const char *room, const char *text)
{
	return ask(v, VERB_SAY, room, 0, text, " SAY %s %s", room, text);
}

int64_t
vcrp_edit(struct vcrp *v, const char *room, uint64_t number, const char *text)
{
	return ask(v, VERB_EDIT, room, 0, text, " EDIT %s %llu %s", room,
	    (unsigned long long)number, text);
}

int64_t
vcrp_delete(struct vcrp *v, const char *room, uint64_t number)
{
	return ask(v, VERB_DELETE, room, 0, NULL, " DELETE %s %llu", room,
	    (unsigned long long)number);
}

int64_t
vcrp_react(struct vcrp *v, const char *room, uint64_t number,
    const char *text)
{
	return ask(v, VERB_REACT, room, 0, text, " REACT %s %llu %s", room,
	    (unsigned long long)number, text);
}

int64_t
vcrp_history(struct vcrp *v, const char *room, unsigned count,
    uint64_t before)
{
	if (!vline_is_word(room))
		return -EINVAL;
	if (before == 0)
		return ask(v, VERB_HISTORY, NULL, 0, NULL, " HISTORY %s %u",
		    room, count);
	return ask(v, VERB_HISTORY, NULL, 0, NULL, " HISTORY %s %u %llu",
	    room, count, (unsigned long long)before);
}

int64_t
vcrp_search(struct vcrp *v, const char *room, unsigned count, uint64_t before,
    const char *text)
{
	if (!vline_is_word(room))
		return -EINVAL;
	if (before == 0)
		return ask(v, VERB_SEARCH, NULL, 0, text, " SEARCH %s %u %s",
		    room, count, text);
	return ask(v, VERB_SEARCH, NULL, 0, text, ";before=%llu SEARCH %s %u "
	    "%s", (unsigned long long)before, room, count, text);
}

/* Goes past the queues, and no answer is waited for. */
static int64_t
send_now(struct vcrp *v, const char *line)
{
	if (v->phase != PHASE_UP)
		return -ENOTCONN;
	if (!vsession_send(v, ++v->numbers, line))
		return -EAGAIN;
	return v->numbers;
}

int64_t
vcrp_signal(struct vcrp *v, const char *room, const char *text)
{
	char line[VLINE_MAX];
	int len, error;

	if (!vline_is_word(room) || *text == '\0')
		return -EINVAL;
	len = snprintf(line, sizeof(line), " SIGNAL %s %s", room, text);
	if (strlen(text) > VLINE_TEXT_MAX || len < 0 ||
	    (size_t)len >= sizeof(line) - ID_ROOM)
		return -EMSGSIZE;
	error = vline_check(line);
	return error < 0 ? error : send_now(v, line);
}

static int64_t
dispatch(struct vcrp *v, const struct vline *request, const char *line)
{
	const char *room = request->count > 0 ? request->words[0] : NULL;
	uint64_t after;

	switch (request->kind) {
	case VERB_JOIN:
		if (room == NULL)
			return -EINVAL;
		if (request->count < 2)
			return vcrp_join(v, room, VCRP_NOW);
		if (!vline_number(request->words[1], &after))
			return -EINVAL;
		return vcrp_join(v, room, (int64_t)after);
	case VERB_DELETE:
	case VERB_EDIT:
	case VERB_LEAVE:
	case VERB_REACT:
	case VERB_SAY:
		if (room == NULL)
			return -EINVAL;
		return ask(v, request->kind, room, 0, request->text, "%s",
		    line);
	case VERB_PONG:
	case VERB_QUIT:
	case VERB_SIGNAL:
		return send_now(v, line);
	default:
		return ask(v, request->kind, NULL, 0, NULL, "%s", line);
	}
}

int64_t
vcrp_request(struct vcrp *v, const char *line)
{
	char copy[VLINE_MAX], behind_id[VLINE_MAX];
	struct vline request;
	int error = vline_check(line);

	if (error < 0)
		return error;
	if (strlen(line) >= VLINE_MAX - ID_ROOM)
		return -EMSGSIZE;
	strcpy(copy, line);
	if (!vline_cut_request(copy, &request) ||
	    vline_attribute(request.attributes, "id", behind_id,
	    sizeof(behind_id)))
		return -EINVAL;
	/* The id comes first, whatever else there is. */
	snprintf(behind_id, sizeof(behind_id), "%c%s",
	    line[0] == '@' ? ';' : ' ', line[0] == '@' ? line + 1 : line);
	return dispatch(v, &request, behind_id);
}
