#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# vcrp.sh [-f] HOST PORT NICK ROOM: says each line of standard input, prints what happens in the
# room, and ends when all is said (-f: reads on). After a cut it comes back and misses nothing.
trap '' PIPE
[[ $1 == -f ]] && follow=1 && shift
host=$1 port=$2 nick=$3 room=$4 count=0 pause=1 pending='' ended=''
cursor='' # the last number seen: where to go on from
random() { od -An -tx1 -N"$1" /dev/urandom | tr -d ' \n'; }
ids=$(random 5) key=$(random 16) # ids-1, ids-2, ... are our requests; key keeps the nick ours
end() { printf '%s\n' "$1" >&2; exit 1; }

hear() { # a line of the server's
	local line=${1%$'\r'} attributes='' w from to
	[[ $line == @* ]] && attributes=";${line%% *};" line=${line#* } attributes=${attributes/@}
	read -ra w <<<"$line"
	case $line in
	'OK HELLO '*) me=${w[2]} pause=1 ;;
	'OK JOIN '*) name=${w[2]} last=${w[3]//[^0-9]}; ((${cursor:-$last} < last)) || cursor=$last ;;
	'PING'*) printf 'PONG%s\n' "${line#PING}" >&"$fd" ;;
	*) if [[ $attributes =~ \;(wait|retry)=([0-9]+)\; ]]; then # ERR too-fast, BYE restarting
		sleep "$(printf '%d.%03d' $((BASH_REMATCH[2] / 1000)) $((BASH_REMATCH[2] % 1000)))"; asked=''
	elif [[ $line == 'ERR '* || $line == 'BYE '* ]]; then end "$line"
	elif [[ $line =~ ^(MSG|EDIT|DELETE|REACT|SET|ROLE|GAP)\ "$name"\ ([0-9]+)\ ([0-9]+) ]]; then
		printf '%s\n' "$line"; from=${BASH_REMATCH[2]} to=$from
		[[ $line == GAP* ]] && to=${BASH_REMATCH[3]} && ((from <= cursor)) && from=$((cursor + 1))
		((from == cursor + 1)) || end "a hole: $line after $cursor"
		((to > cursor)) && cursor=$to
	fi ;; esac
	[[ $attributes == *";id=$ids-$count;"* && ($line == 'OK SAY '* || ${w[4]} == "$me") ]] &&
		pending='' asked=''
}
while :; do
	{ exec {fd}<>"/dev/tcp/$host/$port"; } 2>/dev/null && {
		asked='' last='' line='' # the replay is over at last
		printf '@key=%s HELLO %s\nJOIN %s%s\n' "$key" "$nick" "$room" "${cursor:+ $cursor}" >&"$fd"
		while :; do
			if [[ $last ]] && ((cursor >= last)); then # one at a time: none overtakes
				[[ ! $pending && $ended && ! $follow ]] && exit
				[[ $pending && ! $asked ]] && asked=1 &&
					printf '@id=%s SAY %s %s\n' "$ids-$count" "$name" "$pending" >&"$fd"
			fi
			if [[ ! $pending && ! $ended ]] && read -rt 0; then
				IFS= read -r pending || ended=1; ((++count)); continue
			fi
			IFS= read -rt 0.2 -u "$fd" part 2>/dev/null; status=$? line+=$part
			if ((status == 0)); then hear "$line"; line=''; elif ((status <= 128)); then break; fi
		done; exec {fd}>&-; }
	sleep "$((RANDOM % pause)).$((RANDOM % 9 + 1))"; pause=$((pause < 30 ? pause * 2 : 30))
done
