/* churn.c -- connections that end and come back all the time, beside a chat
 *
 * SPDX-License-Identifier: MIT
 *
 * Members that stay, of whom some speak, and a pool of others. For --time
 * seconds nothing happens to the pool; for as long again its members are cut
 * in turn and come back, so that what this costs those who stay is seen in the
 * difference. Who comes back names the last number that it has, and what it is
 * given has to go on there. */
#include <stdio.h>
#include <stdlib.h>

#include "link.h"
#include "member.h"
#include "modes.h"
#include "protocol.h"
#include "talk.h"

enum phase { BEGIN, CALM, CHURNING, SETTLING, SAID, CUT, ASKED };

struct churn {
	struct talk talk; /* the first field: it is given to beside() */
	struct options opt;
	struct member **pool;
	unsigned count;		 /* of the pool */
	struct member **callers; /* who speaks in a room of the pool alone */
	struct member *waits;	 /* for a place in the server's backlog */
	enum phase phase;
	uint64_t cuts;
	unsigned named;	   /* of the pool, cut once more at the end */
	uint64_t at[2];	   /* ns: the churning began, and ended */
	struct use use[3]; /* when calm began, churning began, and ended */
	struct histogram calm, churning, resume;
};

static void
cast(struct churn *c, unsigned steady_rooms)
{
	struct load *l = &c->talk.load;

	for (unsigned i = 0; i < l->count; i++) {
		struct member *m = &l->members[i];
		unsigned room = m->room - l->rooms;
		bool own = room >= steady_rooms;

		m->resumes = m->place >= (own ? 1 : c->opt.members);
		m->slow = own || m->resumes;
		if (m->resumes)
			c->pool[c->count++] = m;
		else if (own)
			c->callers[room] = m;
		else if (m->place >= c->opt.senders)
			continue;
		member_give_voice(l, m);
		m->voice->asked = m->slow;
	}
}

/* When all else is said each of the pool says one message, is cut, and says it
 * again: the server has to know that it was said, and by whom. */
static void
introduce(struct churn *c)
{
	for (unsigned i = 0; i < c->count; i++) {
		c->pool[i]->voice->asks = 1;
		member_speak(&c->talk.load, c->pool[i]);
	}
}

static void
ask_again(struct churn *c)
{
	for (unsigned i = 0; i < c->count; i++)
		member_repeat(&c->talk.load, c->pool[i]);
}

static bool
is_back(const struct member *m)
{
	return m->state == INSIDE && !m->catching && m->out_len == 0 &&
	    m->voice->acked == m->voice->sent;
}

static bool
all_back(const struct churn *c)
{
	unsigned count = 0;

	for (unsigned i = 0; i < c->count; i++)
		count += is_back(c->pool[i]);
	return count == c->count;
}

static void
cut(struct churn *c, struct member *m)
{
	struct load *l = &c->talk.load;

	m->catching = true;
	if (c->opt.leave) {
		member_leave(l, m);
	} else {
		link_close(l, m, c->opt.reset);
		l->gone--;
		c->waits = m;
	}
}

static void
speak_behind(struct churn *c, const struct member *m)
{
	struct load *l = &c->talk.load;
	struct member *caller = c->callers[m->room - l->rooms];

	if (caller == NULL)
		return;
	caller->voice->asks++;
	member_speak(l, caller);
}

static bool
no_one_waits(struct churn *c)
{
	if (c->waits != NULL && link_open(&c->talk.load, c->waits))
		c->waits = NULL;
	return c->waits == NULL;
}

/* Who is still on its way back when it is to be cut again makes all others
 * wait: then the rate is not reached. */
static void
cut_those_due(struct churn *c)
{
	struct load *l = &c->talk.load;
	double step = 1e9 / c->opt.churn;
	struct member *m;

	while (no_one_waits(c)) {
		m = c->pool[c->cuts % c->count];
		if (c->at[0] + c->cuts * step > l->now || !is_back(m))
			return;
		cut(c, m);
		c->cuts++;
		speak_behind(c, m);
	}
}

/* Each once; true when all are. */
static bool
cut_all(struct churn *c)
{
	while (no_one_waits(c) && c->named < c->count)
		cut(c, c->pool[c->named++]);
	return no_one_waits(c) && c->named == c->count;
}

static void
turn(struct churn *c, enum phase phase)
{
	struct load *l = &c->talk.load;
	struct histogram *delays = phase == CALM ? &c->calm : &c->churning;

	c->phase = phase;
	if (phase > SETTLING)
		return;
	talk_measure(l->opt, &c->use[phase - CALM]);
	for (unsigned i = 0; i < l->opt->rooms; i++)
		l->rooms[i].delays = phase == SETTLING ? NULL : delays;
	c->talk.wait = phase == CHURNING ? 200000 : 10000000;
	if (phase != CALM)
		c->at[phase - CHURNING] = now_ns();
}

static bool
churn(struct talk *t, bool over)
{
	struct churn *c = (struct churn *)t;
	struct load *l = &t->load;
	double since = (l->now - l->start) / 1e9;

	if (c->phase == BEGIN) {
		turn(c, CALM);
	} else if (c->phase == CALM && since >= c->opt.time / 2) {
		turn(c, CHURNING);
	} else if (c->phase == CHURNING) {
		cut_those_due(c);
		if (since >= c->opt.time && c->waits == NULL)
			turn(c, SETTLING);
	} else if (c->phase == SETTLING && over && all_back(c)) {
		/* What comes now comes all at once. */
		c->resume = l->resume;
		introduce(c);
		turn(c, SAID);
	} else if (c->phase == SAID && (c->named > 0 || all_back(c))) {
		if (cut_all(c))
			turn(c, CUT);
	} else if (c->phase == CUT && all_back(c)) {
		ask_again(c);
		turn(c, ASKED);
	}
	return c->phase == ASKED && l->repeats >= c->count;
}

static void
print_use(const struct churn *c, double calm, double churning)
{
	double before = (c->use[1].cpu - c->use[0].cpu) / calm;
	double during = (c->use[2].cpu - c->use[1].cpu) / churning;

	figure_real("calm_server_cpu_percent", 100 * before);
	figure_real("churn_server_cpu_percent", 100 * during);
	figure_real("server_cpu_us_per_reconnect",
	    1e6 * (during - before) * churning / c->cuts);
	figure_int("calm_server_rss_kib", c->use[1].rss);
	figure_int("churn_server_rss_kib", c->use[2].rss);
}

static void
print(struct churn *c)
{
	const struct load *l = &c->talk.load;
	double churning = (c->at[1] - c->at[0]) / 1e9;
	uint64_t before = histogram_quantile(&c->calm, 0.99);

	figure_int("reconnects", c->cuts);
	figure_real("reconnects_per_s", c->cuts / churning);
	histogram_print(&c->resume, "resume");
	histogram_print(&c->calm, "calm_delivery");
	histogram_print(&c->churning, "churn_delivery");
	if (before > 0)
		figure_real("churn_to_calm_p99",
		    (double)histogram_quantile(&c->churning, 0.99) / before);
	if (c->opt.pid != 0)
		print_use(c, (c->at[0] - l->start) / 1e9, churning);
}

static void
run(struct churn *c)
{
	struct load *l = &c->talk.load;

	if (!talk_go(&c->talk))
		return;
	if (l->gaps > 0)
		load_fault(l, NULL, "%llu GAPs, and all of it was there",
		    (unsigned long long)l->gaps);
	if (c->phase == ASKED && l->repeats < c->count)
		load_fault(l, NULL, "%u of %u are not who they were",
		    c->count - l->repeats, c->count);
	talk_print(&c->talk);
	if (c->phase >= SETTLING)
		print(c);
}

static const char *
wrong(const struct options *opt)
{
	unsigned rooms = opt->churn_rooms > 0 ? opt->churn_rooms : opt->rooms;

	if (opt->rooms == 0 || opt->senders == 0)
		return "nobody to speak";
	if (opt->stop > 0 || opt->count > 0)
		return "churn has no --stop and no --count";
	if (!(opt->churn > 0) || !(opt->time > 0))
		return "--churn and --time are more than 0";
	if (opt->pool == 0 || opt->pool % rooms != 0)
		return "--pool is a multiple of the rooms that it is in";
	if (protocol_find(opt->protocol) != &vcrp_protocol)
		return "churn is for --protocol vcrp only";
	if (opt->leave && opt->reset)
		return "--leave cuts no connection, so there is no --reset";
	return NULL;
}

/* Of the rooms that those who stay are in, then of those of the pool. */
static unsigned *
make_sizes(const struct options *opt)
{
	unsigned rooms = opt->rooms + opt->churn_rooms;
	unsigned *sizes = must(calloc(rooms, sizeof(*sizes)));

	for (unsigned i = 0; i < rooms; i++)
		if (i >= opt->rooms)
			sizes[i] = 1 + opt->pool / opt->churn_rooms;
		else if (opt->churn_rooms > 0)
			sizes[i] = opt->members;
		else
			sizes[i] = opt->members + opt->pool / opt->rooms;
	return sizes;
}

int
churn_run(const struct options *opt)
{
	const char *why = wrong(opt);
	struct churn *c;
	unsigned *sizes;
	int status;

	if (why != NULL) {
		fprintf(stderr, "vcrp-bench: %s\n", why);
		return 2;
	}
	c = must(calloc(1, sizeof(*c)));
	c->opt = *opt;
	c->opt.rooms += opt->churn_rooms;
	c->opt.time *= 2;
	c->pool = must(calloc(opt->pool, sizeof(*c->pool)));
	c->callers = must(calloc(c->opt.rooms, sizeof(*c->callers)));
	sizes = make_sizes(opt);
	talk_init(&c->talk, &c->opt, sizes);
	free(sizes);
	cast(c, opt->rooms);
	c->talk.beside = churn;
	run(c);
	status = talk_end(&c->talk);
	free(c->pool);
	free(c->callers);
	free(c);
	return status;
}
