/* chat.c -- loads of equal rooms in which members speak: fanout, latency, chat,
 * and slow, in which some of them stop reading for a while
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "link.h"
#include "member.h"
#include "modes.h"
#include "talk.h"

#define PHASES 3

struct chat {
	struct talk talk; /* the first field: it is given to beside() */
	unsigned phase;	  /* 0 all read, 1 some do not, 2 all again */
	uint64_t at[PHASES + 1];
	uint64_t lines[PHASES + 1];
	uint64_t sent[PHASES + 1];
};

static void
cast(struct load *l)
{
	const struct options *opt = l->opt;

	for (unsigned i = 0; i < l->count; i++) {
		struct member *m = &l->members[i];

		m->slow = m->place >= opt->members - opt->stop;
		if (m->place < opt->senders)
			member_give_voice(l, m);
	}
}

static void
mark(struct chat *c, unsigned phase)
{
	const struct load *l = &c->talk.load;

	c->at[phase] = now_ns();
	c->lines[phase] = l->lines - l->slow_lines;
	c->sent[phase] = l->sent;
}

static void
let_slow_ones(struct chat *c, bool read)
{
	struct load *l = &c->talk.load;

	for (unsigned i = 0; i < l->count; i++)
		if (l->members[i].slow)
			link_read(l, &l->members[i], read);
	mark(c, ++c->phase);
}

static bool
stop_and_resume(struct talk *t, bool over)
{
	struct chat *c = (struct chat *)t;
	const struct options *opt = t->load.opt;
	double since = (t->load.now - t->load.start) / 1e9;

	if (c->at[0] == 0)
		mark(c, 0);
	if (c->phase == 0 && since >= opt->stop_after)
		let_slow_ones(c, false);
	else if (c->phase == 1 && opt->resume_after >= 0 &&
	    (over || since >= opt->resume_after))
		let_slow_ones(c, true);
	else
		return c->phase != 1 || opt->resume_after < 0;
	return false;
}

static void
print_phases(const struct chat *c)
{
	static const char *const names[PHASES] = { "before", "while", "after" };
	char name[48];

	for (unsigned i = 0; i <= c->phase; i++) {
		double s = (c->at[i + 1] - c->at[i]) / 1e9;

		snprintf(
		    name, sizeof(name), "%s_stop_messages_per_s", names[i]);
		figure_real(name, (c->sent[i + 1] - c->sent[i]) / s);
		snprintf(name, sizeof(name), "%s_stop_others_deliveries_per_s",
		    names[i]);
		figure_real(name, (c->lines[i + 1] - c->lines[i]) / s);
	}
	figure_int("slow_deliveries", c->talk.load.slow_lines);
}

int
talk_run(const struct options *opt)
{
	struct chat *c;
	int status;

	if (opt->rooms == 0 || opt->senders == 0) {
		fprintf(stderr, "vcrp-bench: nobody to speak\n");
		return 2;
	}
	c = must(calloc(1, sizeof(*c)));
	talk_init(&c->talk, opt, NULL);
	cast(&c->talk.load);
	if (opt->stop > 0)
		c->talk.beside = stop_and_resume;
	if (talk_go(&c->talk)) {
		mark(c, c->phase + 1);
		talk_print(&c->talk);
		if (opt->stop > 0)
			print_phases(c);
	}
	status = talk_end(&c->talk);
	free(c);
	return status;
}
