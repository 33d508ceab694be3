/* roster.c -- who is in a room: connections, and the people they belong to
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "proto/words.h"
#include "room/roster.h"

static struct slice
key_of(const struct table_node *n)
{
	return person_key(table_entry(n, const struct occupant,
	    node)->person);
}

void
roster_init(struct roster *r)
{
	table_init(&r->people, key_of);
	list_init(&r->members);
	r->connections = 0;
	r->names = NULL;
}

void
roster_fini(struct roster *r)
{
	assert(r->connections == 0 && r->people.count == 0);
	blob_unref(&r->names);
	table_fini(&r->people);
}

bool
roster_add(struct roster *r, struct member *m, struct person *p)
{
	struct occupant *o = roster_find(r, person_key(p));
	bool fresh = o == NULL;

	if (fresh) {
		o = xcalloc(1, sizeof(*o));
		o->person = person_ref(p);
		table_add(&r->people, &o->node);
		blob_unref(&r->names);
	}
	o->connections++;
	m->occupant = o;
	list_append(&r->members, &m->in_room);
	r->connections++;
	return fresh;
}

bool
roster_remove(struct roster *r, struct member *m)
{
	struct occupant *o = m->occupant;

	m->occupant = NULL;
	list_remove(&m->in_room);
	r->connections--;
	if (--o->connections > 0)
		return false;
	table_remove(&r->people, &o->node);
	person_unref(&o->person);
	free(o);
	blob_unref(&r->names);
	return true;
}

unsigned
roster_people(const struct roster *r)
{
	return (unsigned)r->people.count;
}

struct occupant *
roster_find(const struct roster *r, struct slice key)
{
	struct table_node *n = table_find(&r->people, key);

	return n == NULL ? NULL : table_entry(n, struct occupant, node);
}

struct member *
roster_by_conn(const struct roster *r, uint64_t conn_id)
{
	for (struct link *l = r->members.next; l != &r->members; l = l->next) {
		struct member *m = list_entry(l, struct member, in_room);

		if (m->conn_id == conn_id)
			return m;
	}
	return NULL;
}

static void
add_names(struct blob **b, const struct roster *r, struct slice room)
{
	size_t line = 0;

	for (struct table_node *n = table_next(&r->people, NULL); n != NULL;
	    n = table_next(&r->people, n)) {
		struct slice name = person_name(table_entry(n,
		    const struct occupant, node)->person);

		if (line > 0 && line + name.len + 2 > LINE_MAX_BYTES) {
			blob_add(b, slice_of("\n"));
			line = 0;
		}
		if (line == 0) {
			blob_printf(b, "NAMES %.*s", (int)room.len, room.at);
			line = 6 + room.len;
		}
		blob_printf(b, " %.*s", (int)name.len, name.at);
		line += name.len + 1;
	}
	if (line > 0)
		blob_add(b, slice_of("\n"));
}

struct blob *
roster_names(struct roster *r, struct slice room)
{
	if (r->names == NULL) {
		blob_printf(&r->names, "%s", "");
		add_names(&r->names, r, room);
	}
	return blob_ref(r->names);
}
