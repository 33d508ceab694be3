/* still.c -- loads in which nobody speaks: login storms, and idle members
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "link.h"
#include "member.h"
#include "modes.h"

static void
print_use(const struct options *opt, const char *when)
{
	struct use use;
	char name[40];

	if (opt->pid == 0 || use_read(opt->pid, &use) != 0)
		return;
	snprintf(name, sizeof(name), "server_rss_kib_%s", when);
	figure_int(name, use.rss);
	snprintf(name, sizeof(name), "server_pss_kib_%s", when);
	figure_int(name, use.pss);
	snprintf(name, sizeof(name), "server_cpu_s_%s", when);
	figure_real(name, use.cpu);
}

/* Logins are counted in `inside`, which the ends of connections lower. */
static void
one_round(struct load *l, unsigned round)
{
	char name[40];
	uint64_t begin = now_ns();
	double s;

	l->round = round;
	l->ending = false;
	load_enter(l);
	s = (now_ns() - begin) / 1e9;
	snprintf(name, sizeof(name), "round%u_seconds", round);
	figure_real(name, s);
	snprintf(name, sizeof(name), "round%u_logins_per_s", round);
	figure_real(name, l->inside / s);
	snprintf(name, sizeof(name), "round%u_members", round);
	figure_int(name, l->inside);
	snprintf(name, sizeof(name), "round%u_login", round);
	histogram_print(&l->login, name);
	snprintf(name, sizeof(name), "round%u", round);
	print_use(l->opt, name);
	if (l->inside != l->count)
		load_fault(l, NULL, "%u of %u came in", l->inside, l->count);
}

static void
end_all(struct load *l)
{
	l->ending = true;
	for (unsigned i = 0; i < l->count; i++)
		link_close(l, &l->members[i], l->opt->reset);
}

int
storm_run(const struct options *opt)
{
	struct load l;
	int status;

	load_init(&l, opt, NULL);
	print_use(opt, "begin");
	for (unsigned round = 1; round <= opt->rounds; round++) {
		l.login = (struct histogram){ .count = 0 };
		one_round(&l, round);
		end_all(&l);
	}
	status = load_result(&l);
	load_fini(&l);
	return status;
}

static unsigned
answers(const struct load *l)
{
	unsigned count = 0;

	for (unsigned i = 0; i < l->count; i++)
		count += l->members[i].pongs > 0;
	return count;
}

/* A connection may be dead without a sign of it: each is asked. */
static void
ask_all(struct load *l)
{
	uint64_t limit = now_ns() + (uint64_t)(l->opt->patience * 1e9);
	unsigned alive;

	for (unsigned i = 0; i < l->count; i++)
		if (l->members[i].state == INSIDE)
			member_ping(l, &l->members[i]);
	do
		load_turn(l, 1000000);
	while ((alive = answers(l)) < l->inside && l->now < limit);
	figure_int("alive", alive);
	if (alive != l->inside)
		load_fault(l, NULL, "%u of %u answer", alive, l->inside);
}

static void
keep_still(struct load *l)
{
	uint64_t end = now_ns() + (uint64_t)(l->opt->time * 1e9);

	l->line_came = false;
	while (!l->line_came && l->inside > 0 && now_ns() < end)
		load_turn(l, 100000000);
}

int
idle_run(const struct options *opt)
{
	struct load l;
	int status;

	load_init(&l, opt, NULL);
	print_use(opt, "begin");
	load_watch_input(&l);
	load_enter(&l);
	histogram_print(&l.login, "login");
	print_use(opt, "entered");
	printf("ready %u\n", l.inside);
	keep_still(&l);
	ask_all(&l);
	print_use(opt, "end");
	if (l.byes > 0)
		figure_real("bye_to_end_s", (l.last_end - l.first_bye) / 1e9);
	if (l.gone > l.byes)
		load_fault(&l, NULL, "%u ended without BYE", l.gone - l.byes);
	status = load_result(&l);
	load_fini(&l);
	return status;
}
