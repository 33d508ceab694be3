#!/bin/sh
# rights_doc.sh -- the tables of doc/rights.md are what tests/rights_doc prints
#
# SPDX-License-Identifier: MIT
set -eu
srcdir=${srcdir:-.}

tables=$(mktemp)
trap 'rm -f "$tables"' EXIT
./tests/rights_doc >"$tables"
if grep '^|' "$srcdir/doc/rights.md" | diff -u - "$tables"; then
	echo "ok doc/rights.md: $(wc -l <"$tables") lines of tables"
else
	echo "FAIL doc/rights.md: its tables are not those of tests/rights_doc"
	exit 1
fi
