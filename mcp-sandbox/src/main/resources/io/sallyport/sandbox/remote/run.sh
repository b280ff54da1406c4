# Runs a program, and says how it ended: on standard output there is nothing else, and it comes after the program's end.
# What is read of each stream is bounded, and so is the time. Needs no more than POSIX has, mktemp, head -c and base64.
t=$1 most=$2 mostReply=$3 nonce=$4
shift 4
d=$(mktemp -d) && mkfifo "$d/out" "$d/err" && : >"$d/reply" || exit 125
"$@" >"$d/out" 2>"$d/err" 3>"$d/reply" </dev/null &
p=$!
# Whoever has read enough ends the program. Files are there to be read when it is over, however that came.
read_from() {
  head -c "$most" <"$1" >"$2"
  [ "$(wc -c <"$2")" -lt "$most" ] || kill -9 "$p"
}
read_from "$d/out" "$d/o" 2>/dev/null &
o=$!
read_from "$d/err" "$d/e" 2>/dev/null &
e=$!
{ sleep "$t" && : >"$d/late" && kill -9 "$p" "$o" "$e"; } >/dev/null 2>&1 &
w=$!
wait "$p"
s=$?
wait "$o" "$e"
kill "$w" 2>/dev/null
say() {
  printf '%s' "$1"
  head -c "$3" <"$2" | base64 | tr -d '\n'
  echo
}
late=intime
[ -e "$d/late" ] && late=late
printf '%s %s %s\n' "$nonce" "$s" "$late"
say o "$d/o" "$most"
say e "$d/e" "$most"
say r "$d/reply" "$mostReply"
rm -rf "$d"
