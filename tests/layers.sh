#!/bin/sh
# layers.sh -- an include may only point to a layer on the left
#
# SPDX-License-Identifier: MIT
#
#     base, conf, sync, proto, ledger, { wire, room }, account, net, server
#
# wire and room do not see each other. The library and the commands see
# vcrp.h and headers of their own directory, never the server's, but for
# what stands on nothing of ours, but for a slice, and is the same at both ends:
# account/manifest.h, since who verifies a backup reads it as the server does,
# wire/datagram.h and wire/discovery.h. The check is first tried on includes
# that are known to be right and wrong.
set -eu

# Reads `FILE: HEADER`, prints those that point the wrong way.
offenders() {
	awk -F ': ' '
	BEGIN {
		split("base conf sync proto ledger wire room account net", order, " ")
		for (i in order)
			rank[order[i]] = i + 0
		rank["room"] = rank["wire"]
	}
	function allowed(file, header,    from, to) {
		split(file, part, "/")
		to = header ~ "/" ? substr(header, 1, index(header, "/") - 1) : ""
		if (part[1] != "src")
			return header == "vcrp.h" || to == "" ||
				to == part[1] || part[1] == "client" &&
				(header == "account/manifest.h" ||
				header == "wire/discovery.h") ||
				part[1] == "lib" && header == "wire/datagram.h"
		if (part[3] == "")
			return header == "server.h" ||
				header == "parts.h" ||
				header == "sandbox.h" ||
				header == "storage.h" || to in rank
		from = part[2]
		if (!(from in rank) || !(to in rank))
			return 0
		return from == to || rank[to] < rank[from]
	}
	!allowed($1, $2) { print $1 ": may not include " $2 }'
}

# Prints `FILE: HEADER` of every quoted include below the current directory.
includes() {
	find src lib client -name '*.[ch]' -exec grep -H \
		'^[[:space:]]*#[[:space:]]*include[[:space:]]*"' /dev/null {} + |
		sed 's/:[^"]*"\([^"]*\)".*/: \1/' | LC_ALL=C sort -u
}

right='src/net/a.c: room/room.h
src/room/a.c: room/b.h
src/server.c: net/a.h
src/main.c: server.h
lib/a.c: vcrp.h
lib/a.c: wire/datagram.h
client/a.c: client/b.h
client/a.c: account/manifest.h
client/a.c: wire/discovery.h'
wrong='src/base/a.c: conf/a.h
src/conf/a.c: sync/a.h
src/wire/a.c: room/a.h
src/room/a.c: wire/a.h
src/room/a.c: net/a.h
src/room/a.c: b.h
src/net/a.c: server.h
src/other/a.c: base/a.h
src/net/a.c: other/a.h
lib/a.c: base/a.h
lib/a.c: account/manifest.h
lib/a.c: wire/vcrp.h
client/a.c: wire/datagram.h
client/a.c: account/store.h
client/a.c: wire/vcrp.h
client/a.c: lib/a.h'
if [ -n "$(echo "$right" | offenders)" ] ||
    [ "$(echo "$wrong" | offenders | wc -l)" != "$(echo "$wrong" | wc -l)" ]
then
	echo "the check itself is broken"
	exit 1
fi

cd "${srcdir:-.}"
found=$(includes)
echo "$(echo "$found" | wc -l) includes looked at"
bad=$(echo "$found" | offenders)
[ -z "$bad" ] || { echo "$bad"; exit 1; }
