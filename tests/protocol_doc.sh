#!/bin/sh
# protocol_doc.sh -- the tables of commands and of error codes in
# doc/vcrp-1.md are what tests/protocol_doc prints
#
# SPDX-License-Identifier: MIT
set -eu
srcdir=${srcdir:-.}

tables=$(mktemp)
trap 'rm -f "$tables"' EXIT
./tests/protocol_doc >"$tables"
if awk '/^\| (request|code) \|/ { on = 1 } !/^\|/ { on = 0 } on' \
	"$srcdir/doc/vcrp-1.md" | diff -u - "$tables"; then
	echo "ok doc/vcrp-1.md: $(wc -l <"$tables") lines of tables"
else
	echo "FAIL doc/vcrp-1.md: its tables are not those of tests/protocol_doc"
	exit 1
fi
