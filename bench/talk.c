/* talk.c -- loads in which members speak: fanout, latency, slow and chat
 *
 * SPDX-License-Identifier: MIT
 *
 * Without a rate a sender has as many messages on their way as its window
 * allows and says the next when an echo comes back. With a rate, each message
 * has its moment, and its delay counts from there whatever came in between: a
 * server that stands still for a second does not hide it by being asked less.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "link.h"
#include "member.h"
#include "modes.h"

#define PHASES 3

struct talk {
	struct load load;
	struct member **speakers;
	unsigned count; /* of them */
	uint64_t told;	/* paced messages whose moment has come */
	unsigned phase; /* 0 all read, 1 some do not, 2 all again */
	uint64_t phase_at[PHASES + 1];
	uint64_t phase_lines[PHASES + 1];
	uint64_t phase_sent[PHASES + 1];
	struct use before, entered, after;
	double own_cpu;
};

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

static void
cast(struct talk *t)
{
	struct load *l = &t->load;
	const struct options *opt = l->opt;

	t->speakers = must(calloc(l->count, sizeof(*t->speakers)));
	for (unsigned i = 0; i < l->count; i++) {
		struct member *m = &l->members[i];
		unsigned place = i / opt->rooms;

		m->slow = place >= opt->members - opt->stop;
		if (place >= opt->senders)
			continue;
		member_give_voice(l, m);
		t->speakers[t->count++] = m;
	}
	if (opt->rate <= 0)
		return;
	for (unsigned i = 0; i < t->count; i++)
		t->speakers[i]->voice->offset =
		    seconds(i / (opt->rate * t->count));
}

static double
own_cpu(void)
{
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	return use.ru_utime.tv_sec + use.ru_stime.tv_sec +
	    (use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

static void
measure(const struct options *opt, struct use *use_r)
{
	if (opt->pid != 0 && use_read(opt->pid, use_r) != 0)
		fprintf(stderr, "vcrp-bench: no process %d\n", (int)opt->pid);
}

static void
mark(struct talk *t, unsigned phase)
{
	t->phase_at[phase] = now_ns();
	t->phase_lines[phase] = t->load.lines - t->load.slow_lines;
	t->phase_sent[phase] = t->load.sent;
}

static void
let_slow_ones(struct talk *t, bool read)
{
	struct load *l = &t->load;

	for (unsigned i = 0; i < l->count; i++)
		if (l->members[i].slow)
			link_read(l, &l->members[i], read);
	mark(t, ++t->phase);
}

static void
turn_phase(struct talk *t, bool over)
{
	const struct options *opt = t->load.opt;
	double since = (t->load.now - t->load.start) / 1e9;

	if (opt->stop == 0)
		return;
	if (t->phase == 0 && since >= opt->stop_after)
		let_slow_ones(t, false);
	if (t->phase == 1 && opt->resume_after >= 0 &&
	    (over || since >= opt->resume_after))
		let_slow_ones(t, true);
}

/* Every message whose moment has come is said, or owed by a full window. */
static void
tell_due(struct talk *t)
{
	struct load *l = &t->load;
	double step = 1e9 / (l->opt->rate * t->count);
	uint64_t total = paced_total(l->opt) * t->count;

	while (t->told < total && l->start + t->told * step <= l->now)
		member_speak(l, t->speakers[t->told++ % t->count]);
}

static uint64_t
wait_of(const struct talk *t)
{
	const struct load *l = &t->load;
	double step;
	uint64_t due, now = now_ns();

	if (l->opt->rate <= 0 || t->told == paced_total(l->opt) * t->count)
		return 10000000;
	step = 1e9 / (l->opt->rate * t->count);
	due = l->start + t->told * step;
	if (due <= now)
		return 0;
	return due - now < 10000000 ? due - now : 10000000;
}

static bool
said_all(const struct talk *t)
{
	const struct load *l = &t->load;

	for (unsigned i = 0; i < t->count; i++) {
		struct voice *v = t->speakers[i]->voice;

		if (v->acked < v->sent ||
		    v->sent < l->allowed(l, t->speakers[i]))
			return false;
	}
	if (l->opt->rate > 0)
		return l->sent == paced_total(l->opt) * t->count;
	return l->opt->count > 0 || l->now >= l->start + seconds(l->opt->time);
}

static unsigned
behind(const struct load *l)
{
	unsigned count = 0;

	for (unsigned i = 0; i < l->count; i++) {
		const struct member *m = &l->members[i];

		count += !m->stopped && m->next < m->room->said.next &&
		    m->room->said.next > m->room->said.first;
	}
	return count;
}

static void
speak(struct talk *t)
{
	struct load *l = &t->load;
	uint64_t moved = now_ns(), looked = 0, lines = 0;
	bool over = false;

	for (unsigned i = 0; i < t->count && l->opt->rate <= 0; i++)
		member_speak(l, t->speakers[i]);
	while (l->gone == 0) {
		load_turn(l, wait_of(t));
		if (l->opt->rate > 0)
			tell_due(t);
		turn_phase(t, over);
		if (l->lines != lines)
			moved = l->now;
		lines = l->lines;
		if (l->now - looked < 2000000)
			continue;
		looked = l->now;
		over = said_all(t);
		if (over && behind(l) == 0 &&
		    (t->phase != 1 || l->opt->resume_after < 0))
			return;
		if (l->now - moved > seconds(l->opt->patience))
			break;
	}
	load_fault(l, NULL, "%u members are behind, %u connections ended",
	    behind(l), l->gone);
}

/* Each message is with each member, or a GAP told of it. */
static void
balance(struct talk *t)
{
	struct load *l = &t->load;
	uint64_t unacked = 0, unseen = 0, stopped = 0;

	for (unsigned i = 0; i < t->count; i++) {
		unacked +=
		    t->speakers[i]->voice->sent - t->speakers[i]->voice->acked;
		unseen +=
		    t->speakers[i]->voice->sent - t->speakers[i]->voice->seen;
	}
	for (unsigned i = 0; i < l->count; i++)
		stopped += l->members[i].stopped;
	if (l->byes > 0)
		load_fault(l, NULL, "%u were told BYE", l->byes);
	if (unacked > 0)
		load_fault(l, NULL, "%llu messages without echo",
		    (unsigned long long)unacked);
	if (unseen > 0 && l->gaps == 0)
		load_fault(l, NULL, "%llu messages never came",
		    (unsigned long long)unseen);
	if (stopped == 0 && l->others == 0 &&
	    l->lines + l->missed != l->sent * l->opt->members)
		load_fault(l, NULL,
		    "%llu deliveries and %llu missed are not"
		    " %llu times %u",
		    (unsigned long long)l->lines, (unsigned long long)l->missed,
		    (unsigned long long)l->sent, l->opt->members);
}

static void
print_phases(struct talk *t)
{
	static const char *const names[PHASES] = { "before", "while", "after" };
	char name[48];

	for (unsigned i = 0; i <= t->phase; i++) {
		double s = (t->phase_at[i + 1] - t->phase_at[i]) / 1e9;

		snprintf(
		    name, sizeof(name), "%s_stop_messages_per_s", names[i]);
		figure_real(
		    name, (t->phase_sent[i + 1] - t->phase_sent[i]) / s);
		snprintf(name, sizeof(name), "%s_stop_others_deliveries_per_s",
		    names[i]);
		figure_real(
		    name, (t->phase_lines[i + 1] - t->phase_lines[i]) / s);
	}
	figure_int("slow_deliveries", t->load.slow_lines);
}

static void
print_server(struct talk *t, double s)
{
	double cpu = t->after.cpu - t->entered.cpu;

	figure_real("server_cpu_s", cpu);
	figure_real("server_cpu_percent", 100 * cpu / s);
	figure_real("server_cpu_us_per_delivery",
	    t->load.lines == 0 ? 0 : 1e6 * cpu / t->load.lines);
	figure_int("server_rss_kib_begin", t->before.rss);
	figure_int("server_rss_kib_entered", t->entered.rss);
	figure_int("server_rss_kib_end", t->after.rss);
	figure_int("server_pss_kib_begin", t->before.pss);
	figure_int("server_pss_kib_entered", t->entered.pss);
	figure_int("server_pss_kib_end", t->after.pss);
	figure_int("server_threads", t->after.threads);
	figure_int("server_descriptors", t->after.descriptors);
}

static void
print_talk(struct talk *t)
{
	struct load *l = &t->load;
	double s = (now_ns() - l->start) / 1e9;

	figure_real("seconds", s);
	figure_int("messages", l->sent);
	figure_int("deliveries", l->lines);
	figure_real("messages_per_s", l->sent / s);
	figure_real("deliveries_per_s", l->lines / s);
	histogram_print(&l->delivery, "delivery");
	figure_int("gaps", l->gaps);
	figure_int("missed", l->missed);
	figure_int("others_messages", l->others);
	figure_int("ephemeral", l->ephemeral);
	figure_real("load_cpu_percent", 100 * t->own_cpu / s);
	if (l->opt->stop > 0)
		print_phases(t);
	if (l->opt->pid != 0)
		print_server(t, s);
}

static void
run(struct talk *t)
{
	struct load *l = &t->load;

	load_enter(l);
	if (l->inside != l->count) {
		load_fault(l, NULL, "%u of %u came in", l->inside, l->count);
		return;
	}
	measure(l->opt, &t->entered);
	l->allowed = l->opt->rate > 0 ? paced_allowed : unpaced_allowed;
	l->due = l->opt->rate > 0 ? paced_due : unpaced_due;
	t->own_cpu = own_cpu();
	l->start = l->now = now_ns();
	mark(t, 0);
	speak(t);
	mark(t, t->phase + 1);
	t->own_cpu = own_cpu() - t->own_cpu;
	measure(l->opt, &t->after);
	balance(t);
	print_talk(t);
}

int
talk_run(const struct options *opt)
{
	struct talk *t = must(calloc(1, sizeof(*t)));
	int status;

	if (opt->rooms == 0 || opt->senders == 0) {
		fprintf(stderr, "vcrp-bench: nobody to speak\n");
		return 2;
	}
	load_init(&t->load, opt, opt->rooms * opt->members);
	cast(t);
	measure(opt, &t->before);
	run(t);
	status = load_result(&t->load);
	load_fini(&t->load);
	free(t->speakers);
	free(t);
	return status;
}
