#!/bin/sh
# replay.sh -- feeds each fuzz target its corpus, tests/fuzz/corpus/TARGET
#
# SPDX-License-Identifier: MIT
#
# FUZZ_TARGETS names the programs (tests/fuzz/fuzz_line has corpus/line).
set -eu

: "${srcdir:=.}"
failed=0
for program in ${FUZZ_TARGETS:?}; do
	corpus=$srcdir/tests/fuzz/corpus/${program##*fuzz_}
	if [ -z "$(ls "$corpus")" ]; then
		echo "$corpus: no inputs"
		failed=1
	elif ./"$program" -runs=0 "$corpus"; then
		echo "ok $program"
	else
		echo "FAIL $program"
		failed=1
	fi
done
exit $failed
