/* returns.c -- all are cut at once, and all come back for what they missed
 *
 * SPDX-License-Identifier: MIT
 *
 * In each room one speaks, until everybody has it all. Then the others are cut,
 * he says as much again, and is cut too. All come back, as many at a time as
 * --at-once allows, each behind the last line it has, while those who speak go
 * on as soon as they are back themselves. */
#include <stdio.h>
#include <stdlib.h>

#include "link.h"
#include "member.h"
#include "modes.h"
#include "protocol.h"
#include "talk.h"

enum phase { BEGIN, TOGETHER, ALONE, RETURNING, BACK };

struct returns {
	struct talk talk; /* the first field: it is given to beside() */
	struct options opt;
	enum phase phase;
	unsigned begun;	   /* of all members, how many are on their way */
	unsigned back;	   /* the first of them are known to be there */
	uint64_t cut;	   /* ns: when they were cut */
	uint64_t at[2];	   /* ns: the returns began, and all were back */
	uint64_t missed;   /* messages in each room, said while all were cut */
	struct use use[3]; /* before the cut, when all were back, at the end */
};

static bool
is_caller(const struct member *m)
{
	return m->place == 0;
}

static void
cast(struct load *l)
{
	for (unsigned i = 0; i < l->count; i++) {
		struct member *m = &l->members[i];

		m->resumes = true;
		m->slow = !is_caller(m);
		if (is_caller(m)) {
			member_give_voice(l, m);
			m->voice->asked = true;
		}
	}
}

static void
cut(struct returns *r, bool callers)
{
	struct load *l = &r->talk.load;

	for (unsigned i = 0; i < l->count; i++) {
		struct member *m = &l->members[i];

		if (is_caller(m) != callers)
			continue;
		m->catching = true;
		link_close(l, m, true);
		l->gone--;
	}
}

static void
call(struct returns *r, uint64_t messages)
{
	struct load *l = &r->talk.load;

	for (unsigned i = 0; i < l->opt->rooms; i++) {
		struct member *m = &l->members[i];

		m->voice->asks = messages;
		member_speak(l, m);
	}
}

static bool
callers_have_it(const struct returns *r)
{
	const struct load *l = &r->talk.load;

	for (unsigned i = 0; i < l->opt->rooms; i++) {
		const struct voice *v = l->members[i].voice;

		if (v->acked < v->asks)
			return false;
	}
	return true;
}

static void
leave_alone(struct returns *r)
{
	talk_measure(&r->opt, &r->use[0]);
	r->cut = now_ns();
	cut(r, false);
	call(r, 2 * r->opt.count);
	r->phase = ALONE;
}

static void
begin_returns(struct returns *r)
{
	cut(r, true);
	r->missed = r->opt.count;
	r->talk.wait = 1000000;
	r->at[0] = now_ns();
	r->phase = RETURNING;
}

static void
go_on(struct returns *r)
{
	struct load *l = &r->talk.load;
	double since = (l->now - r->at[0]) / 1e9;

	while (r->begun < l->count && l->under_way < r->opt.at_once &&
	    link_open(l, &l->members[r->begun]))
		r->begun++;
	if (l->now > r->at[0])
		call(r, 2 * r->opt.count + (uint64_t)(since * r->opt.rate));
	while (r->back < r->begun && l->members[r->back].state == INSIDE &&
	    !l->members[r->back].catching)
		r->back++;
	if (r->back < l->count)
		return;
	r->at[1] = now_ns();
	talk_measure(&r->opt, &r->use[1]);
	r->phase = BACK;
}

static bool
returns(struct talk *t, bool over)
{
	struct returns *r = (struct returns *)t;

	if (r->phase == BEGIN) {
		call(r, r->opt.count);
		r->phase = TOGETHER;
	} else if (r->phase == TOGETHER && over && callers_have_it(r)) {
		leave_alone(r);
	} else if (r->phase == ALONE && callers_have_it(r)) {
		begin_returns(r);
	} else if (r->phase == RETURNING) {
		go_on(r);
	}
	return r->phase == BACK;
}

static void
print(struct returns *r)
{
	const struct load *l = &r->talk.load;
	double s = (r->at[1] - r->at[0]) / 1e9;

	figure_int("returns", l->count);
	figure_real("returns_seconds", s);
	figure_real("returns_per_s", l->count / s);
	figure_real("cut_seconds", (r->at[0] - r->cut) / 1e9);
	figure_int("missed_by_each", r->missed);
	figure_int("said_meanwhile", l->sent - 2 * r->missed * l->opt->rooms);
	histogram_print(&l->resume, "return");
	figure_int("deliveries", l->lines);
	figure_int("gaps", l->gaps);
	if (r->opt.pid == 0)
		return;
	figure_real("server_cpu_us_per_return",
	    1e6 * (r->use[1].cpu - r->use[0].cpu) / l->count);
	figure_int("server_rss_kib_before", r->use[0].rss);
	figure_int("server_rss_kib_back", r->use[1].rss);
}

static const char *
wrong(const struct options *opt)
{
	if (opt->rooms == 0)
		return "returns need rooms";
	if (opt->stop > 0)
		return "returns have no --stop";
	if (opt->count == 0 || opt->count > opt->window)
		return "--count is 1 to --window";
	if (protocol_find(opt->protocol) != &vcrp_protocol)
		return "returns are for --protocol vcrp only";
	return NULL;
}

int
returns_run(const struct options *opt)
{
	const char *why = wrong(opt);
	struct returns *r;
	int status;

	if (why != NULL) {
		fprintf(stderr, "vcrp-bench: %s\n", why);
		return 2;
	}
	r = must(calloc(1, sizeof(*r)));
	r->opt = *opt;
	talk_init(&r->talk, &r->opt, NULL);
	cast(&r->talk.load);
	r->talk.beside = returns;
	if (talk_go(&r->talk)) {
		if (r->talk.load.gaps > 0)
			load_fault(
			    &r->talk.load, NULL, "GAPs, and all was there");
		print(r);
	}
	status = talk_end(&r->talk);
	free(r);
	return status;
}
