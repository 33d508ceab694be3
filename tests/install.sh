#!/usr/bin/env bash
# install.sh -- what is installed works from where it is, and all of it goes
#
# SPDX-License-Identifier: MIT
#
# In an empty directory, where it builds and installs. Run by .ci/run.
set -euo pipefail

top=$(cd "$(dirname "$0")/.." && pwd)
root=$PWD/root
stage=$PWD/stage
server=

cleanup() {
	[ -z "$server" ] || kill "$server"
}
trap cleanup EXIT

fail() {
	echo "FAIL  $*"
	exit 1
}

# present DIRECTORY: a file of each kind, and every alias leads to a page.
present() {
	local file missing=0
	for file in bin/vcrp sbin/vcrpctl sbin/vcrpd include/vcrp.h \
		lib/libvcrp.a lib/libvcrp.so lib/pkgconfig/libvcrp.pc \
		etc/vcrpd.conf share/doc/vcrp/{COPYING,ChangeLog,NEWS,README} \
		share/doc/vcrp/{vcrpd.conf,vcrp-1.md,storage.md} \
		share/man/man{1/vcrp.1,5/vcrpd.conf.5,7/vcrp.7,8/vcrpd.8} \
		share/man/man{8/vcrpctl.8,3/libvcrp.3,3/vcrp_free.3} \
		share/vcrp/clients/vcrp.py share/vcrp/wireshark/vcrp.lua \
		share/vcrp/nmap/vcrp-service-probes; do
		[ -e "$1/$file" ] || { echo "not installed: $file"; missing=1; }
	done
	[ "$missing" = 0 ] || fail 'not all was installed'
	(cd "$1/share/man" && for file in man*/*; do
		mandoc -Tutf8 "$file" >page || fail "$file: is no page"
		grep -q '^NAME$' <(sed 's/.\x08//g' page) ||
			fail "$file: leads to no page"
		rm page
	done)
	! grep -rlE '@[a-z]+@' "$1/share/man" ||
		fail 'a directory was not filled in'
}

# gone DIRECTORY: no file, and no directory of ours.
gone() {
	local left
	left=$(find "$1" ! -type d -o -type d -name '*vcrp*')
	[ -z "$left" ] || fail "left by make uninstall: $left"
}

staged() {
	local conf=$stage$root/etc/vcrpd.conf
	make -s install DESTDIR="$stage"
	present "$stage$root"
	[ ! -e "$root" ] || fail 'DESTDIR was left'
	make -s uninstall DESTDIR="$stage" >told
	gone "$stage"
	! grep 'left, since' told || fail 'nothing was changed'

	make -s install DESTDIR="$stage"
	echo '# mine' >>"$conf"
	make -s install DESTDIR="$stage"
	[ "$(tail -n 1 "$conf")" = '# mine' ] || fail 'vcrpd.conf was overwritten'
	make -s uninstall DESTDIR="$stage" >told
	[ "$(tail -n 1 "$conf")" = '# mine' ] || fail 'vcrpd.conf was removed'
	grep -q "left, since it was changed: $conf" told ||
		fail 'it is not said that vcrpd.conf is left'
	rm "$conf"
	gone "$stage"
}

serves() {
	"$root/sbin/vcrpd" -t -c "$root/etc/vcrpd.conf"
	"$root/sbin/vcrpd" -c "$root/etc/vcrpd.conf" -d data -p 0 >ready 2>log &
	server=$!
	timeout 20 sh -c 'until grep -q "ready on port" ready; do sleep 0.1
		done' || fail "the server is not ready: $(cat log)"
	port=$(sed -n 's/.*ready on port //p' ready)
}

# The program of libvcrp(3), as it stands there, but for the port.
compiles() {
	export PKG_CONFIG_PATH=$root/lib/pkgconfig
	sed -n '/^#include <stdio.h>/,/^\.Ed/ {
		/^\.Ed/ d
		s/\\e/\\/g
		s/"localhost"/"localhost:'"$port"'"/
		p
	}' "$root/share/man/man3/libvcrp.3" >bot.c
	# shellcheck disable=SC2046
	gcc -Wall -Wextra -Werror $(pkg-config --cflags libvcrp) -o bot bot.c \
		$(pkg-config --libs libvcrp)
	# shellcheck disable=SC2046
	gcc $(pkg-config --cflags libvcrp) -o bot-static bot.c \
		"$root/lib/libvcrp.a" $(pkg-config --libs --static libvcrp)
	LD_LIBRARY_PATH=$root/lib ldd bot >linked
	grep -q "$root/lib/libvcrp" linked ||
		fail 'the bot does not use the library'
}

# The bot, and the commands.
talks() {
	local vcrp=("$root/bin/vcrp" -s "localhost:$port" -w 20)
	LD_LIBRARY_PATH=$root/lib timeout 60 ./bot &
	"${vcrp[@]}" -n reader tail -a 0 lobby >seen &
	for _ in {1..100}; do
		"${vcrp[@]}" -n asker who lobby >there 2>&1 || :
		grep -q '~bot' there && break
	done
	"${vcrp[@]}" -n sayer say lobby hello, bot
	timeout 20 sh -c 'until grep -q "~bot hello$" seen; do sleep 0.1; done' ||
		fail "the bot does not greet: $(cat seen)"
	"$root/sbin/vcrpctl" -s data/vcrpd.sock status >status
	grep -q '^version' status || fail "vcrpctl says $(cat status)"
	"$root/sbin/vcrpctl" -s data/vcrpd.sock shutdown
	wait "$server" || fail 'the server ends badly'
	server=
	wait
}

"$top/configure" -q --prefix="$root"
make -s -j"$(nproc)"
staged
make -s install
present "$root"
serves
compiles
talks
make -s uninstall
gone "$root"
echo 'installed, used and uninstalled'
