/* pace.c -- who says how much when: by a window, or by a rate
 *
 * SPDX-License-Identifier: MIT */
#include "member.h"
#include "talk.h"

static uint64_t
seconds(double s)
{
	return s * 1e9;
}

static uint64_t
unpaced_allowed(const struct load *l, const struct member *m)
{
	(void)m;
	if (l->opt->count > 0)
		return l->opt->count;
	return l->now < l->start + seconds(l->opt->time) ? UINT64_MAX : 0;
}

static uint64_t
unpaced_due(const struct load *l, const struct member *m, uint64_t number)
{
	(void)m;
	(void)number;
	return l->now;
}

static uint64_t
paced_due(const struct load *l, const struct member *m, uint64_t number)
{
	if (m->voice->asked)
		return l->now;
	return l->start + m->voice->offset +
	    seconds((number - 1) / l->opt->rate);
}

static uint64_t
paced_total(const struct options *opt)
{
	return opt->count > 0 ? opt->count : opt->time * opt->rate;
}

static uint64_t
paced_allowed(const struct load *l, const struct member *m)
{
	uint64_t begin = l->start + m->voice->offset;
	uint64_t total = paced_total(l->opt), due;

	if (l->now < begin)
		return 0;
	due = (l->now - begin) / 1e9 * l->opt->rate + 1;
	return due < total ? due : total;
}

void
pace_begin(struct talk *t)
{
	struct load *l = &t->load;
	bool paced = l->opt->rate > 0;

	l->allowed = paced ? paced_allowed : unpaced_allowed;
	l->due = paced ? paced_due : unpaced_due;
	l->start = l->now = now_ns();
	for (unsigned i = 0; i < t->count; i++) {
		struct member *m = t->speakers[i];

		if (paced)
			m->voice->offset =
			    seconds(i / (l->opt->rate * t->count));
		else
			member_speak(l, m);
	}
}

/* Every message whose moment has come is said, or owed by a full window. */
void
pace_turn(struct talk *t)
{
	struct load *l = &t->load;
	double step = 1e9 / (l->opt->rate * t->count);
	uint64_t total = paced_total(l->opt) * t->count;

	if (l->opt->rate <= 0)
		return;
	while (t->told < total && l->start + t->told * step <= l->now)
		member_speak(l, t->speakers[t->told++ % t->count]);
}

uint64_t
pace_wait(const struct talk *t)
{
	const struct load *l = &t->load;
	double step;
	uint64_t due, now = now_ns();

	if (l->opt->rate <= 0 || t->told == paced_total(l->opt) * t->count)
		return t->wait;
	step = 1e9 / (l->opt->rate * t->count);
	due = l->start + t->told * step;
	if (due <= now)
		return 0;
	return due - now < t->wait ? due - now : t->wait;
}

bool
pace_done(const struct talk *t)
{
	const struct load *l = &t->load;

	for (unsigned i = 0; i < l->count; i++) {
		const struct member *m = &l->members[i];
		const struct voice *v = m->voice;

		if (v != NULL &&
		    (v->acked < v->sent ||
			(!v->asked && v->sent < l->allowed(l, m))))
			return false;
	}
	if (l->opt->rate > 0)
		return t->told == paced_total(l->opt) * t->count;
	return l->opt->count > 0 || l->now >= l->start + seconds(l->opt->time);
}
