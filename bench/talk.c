/* talk.c -- a run in which members speak
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol.h"
#include "talk.h"

void
talk_measure(const struct options *opt, struct use *use_r)
{
	if (opt->pid != 0 && use_read(opt->pid, use_r) != 0)
		fprintf(stderr, "vcrp-bench: no process %d\n", (int)opt->pid);
}

static void
speak(struct talk *t)
{
	struct load *l = &t->load;
	uint64_t moved = now_ns(), looked = 0, lines = 0;
	bool over = false, ready = true;

	pace_begin(t);
	while (l->gone == 0) {
		load_turn(l, pace_wait(t));
		pace_turn(t);
		if (t->beside != NULL)
			ready = t->beside(t, over);
		if (l->lines != lines)
			moved = l->now;
		lines = l->lines;
		if (l->now - looked < 2000000)
			continue;
		looked = l->now;
		over = pace_done(t) && l->protocol->behind(l) == 0;
		if (over && ready)
			return;
		if (l->now - moved > l->opt->patience * 1e9)
			break;
	}
	load_fault(l, NULL, "%u members are behind, %u connections ended",
	    l->protocol->behind(l), l->gone);
}

/* Each message is with each member, or a GAP told of it. */
static void
balance(struct talk *t)
{
	struct load *l = &t->load;
	uint64_t unacked = 0, unseen = 0, stopped = 0, due = 0;

	for (unsigned i = 0; i < l->count; i++) {
		const struct member *m = &l->members[i];

		stopped += m->stopped;
		if (m->voice == NULL)
			continue;
		unacked += m->voice->sent - m->voice->acked;
		unseen += m->voice->sent - m->voice->seen;
		due += m->voice->sent * (m->room->count - !l->protocol->echo);
	}
	if (l->byes > 0)
		load_fault(l, NULL, "%u were told BYE", l->byes);
	if (unacked > 0)
		load_fault(l, NULL, "%llu messages without echo",
		    (unsigned long long)unacked);
	if (unseen > 0 && l->gaps == 0)
		load_fault(l, NULL, "%llu messages never came",
		    (unsigned long long)unseen);
	if (stopped == 0 && l->others == 0 && l->lines + l->missed != due)
		load_fault(l, NULL,
		    "%llu deliveries and %llu missed are not %llu",
		    (unsigned long long)l->lines, (unsigned long long)l->missed,
		    (unsigned long long)due);
}

static void
print_server(struct talk *t, double s)
{
	double cpu = t->after.cpu - t->entered.cpu;

	figure_real("server_cpu_us_per_login",
	    1e6 * (t->entered.cpu - t->before.cpu) / t->load.count);
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

void
talk_print(struct talk *t)
{
	struct load *l = &t->load;
	double s = t->seconds;

	figure_real("entering_seconds", t->entering);
	histogram_print(&l->login, "login");
	figure_real("seconds", s);
	figure_int("messages", l->sent);
	figure_int("deliveries", l->lines);
	figure_real("messages_per_s", l->sent / s);
	figure_real("deliveries_per_s", l->lines / s);
	if (l->lines > 0)
		figure_real("bytes_per_delivery",
		    (double)(l->bytes_in - t->bytes_in) / l->lines);
	if (l->sent > 0)
		figure_real("bytes_per_message",
		    (double)(l->bytes_out - t->bytes_out) / l->sent);
	histogram_print(&l->delivery, "delivery");
	figure_int("delivery_untimed", l->untimed);
	figure_int("gaps", l->gaps);
	figure_int("missed", l->missed);
	figure_int("others_messages", l->others);
	figure_int("ephemeral", l->ephemeral);
	figure_real("load_cpu_percent", 100 * t->own_cpu / s);
	if (l->opt->pid != 0)
		print_server(t, s);
}

void
talk_init(struct talk *t, const struct options *opt, const unsigned *sizes)
{
	memset(t, 0, sizeof(*t));
	t->wait = 10000000;
	load_init(&t->load, opt, sizes);
	t->speakers = must(calloc(t->load.count, sizeof(*t->speakers)));
}

static void
find_speakers(struct talk *t)
{
	struct load *l = &t->load;

	for (unsigned i = 0; i < l->count; i++)
		if (l->members[i].voice != NULL && !l->members[i].voice->asked)
			t->speakers[t->count++] = &l->members[i];
}

bool
talk_go(struct talk *t)
{
	struct load *l = &t->load;

	find_speakers(t);
	talk_measure(l->opt, &t->before);
	t->entering = now_ns() / 1e9;
	load_enter(l);
	t->entering = now_ns() / 1e9 - t->entering;
	if (l->inside != l->count) {
		load_fault(l, NULL, "%u of %u came in", l->inside, l->count);
		return false;
	}
	talk_measure(l->opt, &t->entered);
	t->bytes_in = l->bytes_in;
	t->bytes_out = l->bytes_out;
	t->own_cpu = own_cpu();
	speak(t);
	t->seconds = (now_ns() - l->start) / 1e9;
	t->own_cpu = own_cpu() - t->own_cpu;
	talk_measure(l->opt, &t->after);
	balance(t);
	return true;
}

int
talk_end(struct talk *t)
{
	int status = load_result(&t->load);

	load_fini(&t->load);
	free(t->speakers);
	return status;
}
