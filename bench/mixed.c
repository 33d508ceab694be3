/* mixed.c -- rooms of very different sizes at once, in which members speak
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "member.h"
#include "modes.h"
#include "talk.h"

#define SMALLEST 2 /* members of a room */
#define SMALL 10   /* members of what counts as a small room, at most */

/* The sizes for a largest room of `largest` members; their sum. */
static uint64_t
shape(const struct options *opt, double largest, unsigned *sizes)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < opt->rooms; i++) {
		double size = largest / pow(i + 1, opt->exponent);

		sizes[i] = size > SMALLEST ? size : SMALLEST;
		sum += sizes[i];
	}
	return sum;
}

/* The i-th largest room has 1/i^exponent of the members of the largest. What
 * rounding leaves over goes to the largest ones, one each. */
static unsigned *
make_sizes(const struct options *opt)
{
	unsigned *sizes = must(calloc(opt->rooms, sizeof(*sizes)));
	double low = SMALLEST, high = opt->members;
	uint64_t sum;

	for (unsigned i = 0; i < 64; i++) {
		double middle = (low + high) / 2;

		if (shape(opt, middle, sizes) <= opt->members)
			low = middle;
		else
			high = middle;
	}
	sum = shape(opt, low, sizes);
	for (unsigned i = 0; sum < opt->members; i++, sum++)
		sizes[i % opt->rooms]++;
	return sizes;
}

static void
cast(struct load *l)
{
	for (unsigned i = 0; i < l->count; i++) {
		struct member *m = &l->members[i];

		if (m->place == 0 || m->place < m->room->count * l->opt->share)
			member_give_voice(l, m);
	}
}

/* Whose delays are also told apart. */
static unsigned
set_apart(struct load *l, struct histogram *largest, struct histogram *small)
{
	unsigned count = 0;

	for (unsigned i = 0; i < l->opt->rooms; i++)
		if (l->rooms[i].count <= SMALL) {
			l->rooms[i].delays = small;
			count++;
		}
	l->rooms[0].delays = largest;
	return count;
}

static void
run(struct talk *t)
{
	struct histogram largest = { .count = 0 }, small = { .count = 0 };
	unsigned smalls = set_apart(&t->load, &largest, &small);

	if (!talk_go(t))
		return;
	talk_print(t);
	figure_int("speakers", t->count);
	figure_int("largest_room_members", t->load.rooms[0].count);
	histogram_print(&largest, "largest_room_delivery");
	figure_int("small_rooms", smalls);
	histogram_print(&small, "small_rooms_delivery");
}

static const char *
wrong(const struct options *opt)
{
	if (opt->rooms == 0 || opt->members / SMALLEST < opt->rooms)
		return "mixed wants --rooms, and --members for all of them"
		       " together, at least 2 for each";
	if (!(opt->share >= 0 && opt->share <= 1))
		return "--share is 0 to 1";
	if (!(opt->exponent >= 0 && opt->exponent <= 10))
		return "--exponent is 0 to 10";
	if (opt->senders > 0 || opt->stop > 0)
		return "mixed has no --senders (but --share) and no --stop";
	return NULL;
}

int
mixed_run(const struct options *opt)
{
	const char *why = wrong(opt);
	struct talk *t;
	unsigned *sizes;
	int status;

	if (why != NULL) {
		fprintf(stderr, "vcrp-bench: %s\n", why);
		return 2;
	}
	t = must(calloc(1, sizeof(*t)));
	sizes = make_sizes(opt);
	talk_init(t, opt, sizes);
	free(sizes);
	cast(&t->load);
	run(t);
	status = talk_end(t);
	free(t);
	return status;
}
