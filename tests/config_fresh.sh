#!/bin/sh
# config_fresh.sh -- the papers that are printed from the table of options are
# what build-conf prints today
#
# SPDX-License-Identifier: MIT
srcdir=${srcdir:-.}
status=0

fresh() {
	if ./build-conf "$1" | diff -u "$srcdir/$2" -; then
		echo "ok $2"
	else
		echo "FAIL $2: ./build-conf $1 >$2"
		status=1
	fi
}

fresh example config/vcrpd.conf
fresh man doc/man/vcrpd.conf.5
exit $status
