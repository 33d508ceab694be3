/* page.c -- a ledger's newest lines below a number
 *
 * SPDX-License-Identifier: MIT
 *
 * Numbers have no holes but GAPs, so so many lines before a number are found
 * by its being less by so much; where GAPs made them fewer there is another
 * look, before the first of them. */
#include "ledger/scan.h"
#include "ledger/walk.h"

struct page {
	struct ledger *ledger;
	struct slice   room;
	uint64_t       oldest;
	uint64_t       before;	/* the first number that is in it already */
	unsigned       count;	/* still wanted */
	size_t         most;	/* the same */
	struct blob   *bytes;
};

/* The newest of these lines that fit, or the newest alone. */
static struct slice
fitting(struct slice lines, size_t most)
{
	const char *lf, *end = lines.at + lines.len;

	if (lines.len <= most)
		return lines;
	lf = memchr(end - most - 1, '\n', most);
	if (lf == NULL)
		lf = memrchr(lines.at, '\n', lines.len - 1);
	return lf == NULL ? lines : (struct slice){ lf + 1,
		(size_t)(end - (lf + 1)) };
}

static unsigned
count_lines(struct slice lines)
{
	unsigned count = 0;

	for (size_t i = 0; i < lines.len; i++)
		count += lines.at[i] == '\n';
	return count;
}

/* Do these lines end right before a number? Where damage made up lines that no
 * sum is of, what comes before it may look otherwise from before it. */
static bool
ends_before(struct slice lines, uint64_t number)
{
	const char *lf = memrchr(lines.at, '\n', lines.len - 1);
	size_t begin = lf == NULL ? 0 : (size_t)(lf + 1 - lines.at);
	struct log_line line;

	return log_line_parse((struct slice){ lines.at + begin,
	    lines.len - begin }, &line) && line.to + 1 == number;
}

/* Puts these before what is there. False: they did not all fit. */
static bool
prepend(struct page *p, const struct blob *part)
{
	struct slice all = { part->data, part->len };
	struct slice some = fitting(all, p->most), text = some;
	struct log_line line;
	struct blob *whole = NULL;

	if (p->bytes != NULL &&
	    (some.len > p->most || !ends_before(all, p->before)))
		return false;
	blob_add(&whole, some);
	if (p->bytes != NULL)
		blob_add(&whole, (struct slice){ p->bytes->data,
		    p->bytes->len });
	blob_unref(&p->bytes);
	p->bytes = whole;
	p->count -= count_lines(some);
	p->most -= some.len < p->most ? some.len : p->most;
	scan_line(&text, &some, &line);
	p->before = line.from;
	return text.len + some.len == all.len;
}

/* The lines before those that it has. As walk_on(). */
static int
extend(struct page *p)
{
	uint64_t room_for = p->before - p->oldest;
	struct blob *part = NULL;
	struct walk w = { .ledger = p->ledger, .room = p->room,
		.until = p->before, .least = p->oldest, .most = SIZE_MAX,
		.bytes = &part };
	int rc;

	w.next = room_for > p->count ? p->before - p->count : p->oldest;
	do
		rc = walk_on(&w);
	while (rc > 0);
	if (rc == 0 && part != NULL)
		rc = prepend(p, part);
	blob_unref(&part);
	return rc;
}

int
ledger_page(struct ledger *l, struct slice room, uint64_t oldest,
    uint64_t before, unsigned count, size_t most, struct blob **bytes_r,
    unsigned *count_r)
{
	struct page p = { .ledger = l, .room = room, .before = before,
		.oldest = oldest > 0 ? oldest : 1, .count = count,
		.most = most };
	uint64_t last = ledger_last(l);
	int rc = 1;

	if (p.before > last)
		p.before = last + 1;
	while (rc > 0 && p.count > 0 && p.most > 0 && p.before > p.oldest)
		rc = extend(&p);
	*bytes_r = NULL;
	*count_r = 0;
	if (rc < 0) {
		blob_unref(&p.bytes);
		return rc;
	}
	*bytes_r = p.bytes;
	*count_r = count - p.count;
	return 0;
}
