# Runs a command that it is given on descriptor 4, line by line after their number, and tells its status on descriptor 3. Where
# there can be no second process, the command takes the place of this one: its status is the one of both.
newline='
'
echo READY >&3
while IFS=' ' read -r nonce lines kind <&4; do
  command=
  while [ "$lines" -gt 0 ]; do
    IFS= read -r line <&4
    command=$command$line$newline
    lines=$((lines - 1))
  done
  if [ "$kind" = alone ]; then
    exec /bin/sh -c "$command" sh 3>&- 4<&- </dev/null
  fi
  /bin/sh -c "$command" sh 3>&- 4<&- </dev/null
  value=V$?
  echo "$nonce ${#value}" >&3
  printf %s "$value" >&3
done
