#!/usr/bin/env bash
# Measures tools/call direct to a small MCP server, through nginx forwarding bytes, and through the bare gateway.
#
#   examples/benchmark/run.sh [--quick] [OPTION…]
#
#   --seconds N       how long each path is measured in each round (default 5)
#   --rounds N        how many rounds; the paths take turns in each, the medians count (default 5)
#   --warm-up N       calls through each path before the first round (default 400000): the JVM has compiled by then
#   --connections N   keep-alive connections of the load, each with one call at a time (default 32)
#   --baseline JAR    measures a gateway with this sallyport-core jar too: what a change gains or costs
#   --quick           one short round: shows that it runs, the figures mean nothing
#
# GATEWAY_JAVA_OPTIONS are given to the JVM of the gateway, such as -XX:StartFlightRecording. Needs Linux, a JDK, curl,
# nginx and wrk; where apt is and this is root, the last two are installed. Fails if any call was not answered well.
set -euo pipefail
shopt -s inherit_errexit

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
target=$here/target
out=$target/benchmark
java=${JAVA_HOME:+$JAVA_HOME/bin/}java
pids=()
seconds=5
rounds=5
warm_up=400000
connections=32
baseline=

fail() {
  echo "benchmark: $*" >&2
  exit 1
}

while (($#)); do
  case $1 in
    --quick) seconds=1 rounds=1 warm_up=1000; shift; continue ;;
    --seconds | --rounds | --warm-up | --connections)
      [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || fail "$1 needs a number" ;;
  esac
  case $1 in
    --seconds) seconds=$2 ;;
    --rounds) rounds=$2 ;;
    --warm-up) warm_up=$2 ;;
    --connections) connections=$2 ;;
    --baseline) [[ -f ${2:-} ]] || fail "--baseline needs a jar"; baseline=$(realpath "$2") ;;
    *) fail "unknown option $1; the options stand at the head of $0" ;;
  esac
  shift 2
done

end() {
  for pid in "${pids[@]}"; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
}
trap end EXIT

require_tools() {
  local missing=()
  for tool in nginx wrk; do
    PATH=$PATH:/usr/sbin type -P "$tool" >/dev/null || missing+=("$tool")
  done
  ((${#missing[@]})) || return 0
  if type -P apt-get >/dev/null && [[ $(id -u) == 0 ]]; then
    echo "Installing ${missing[*]}" >&2
    apt-get install -y --no-install-recommends "${missing[@]}" >&2 && return
  fi
  fail "${missing[*]} not found: install it, on Debian with: apt-get install ${missing[*]}"
}

# A gateway of yesterday's classes would be measured without a word, so Maven looks each time.
build() {
  (cd "$here/../.." && ./mvnw -q -DskipTests -pl examples/benchmark -am package)
}

# start_java NAME CLASSPATH OPTION…: starts the program and sets url and pid.
start_java() {
  local name=$1 classpath=$2
  shift 2
  : >"$out/$name.out" # The loop below may be there before the program.
  # shellcheck disable=SC2086
  "$java" ${java_options:-} -cp "$target/classes:$classpath" io.sallyport.examples.benchmark.Main "$@" \
    >"$out/$name.out" 2>"$out/$name.err" &
  pid=$!
  pids+=("$pid")
  for ((tries = 0; tries < 300; tries++)); do
    url=$(sed -n 's/^READY //p' "$out/$name.out")
    [[ -n $url ]] && return
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  cat "$out/$name.err" >&2
  fail "the $name did not start"
}

# start_nginx URL: starts one that forwards bytes to the server there, and sets url and pid.
start_nginx() {
  local authority=${1#http://} path
  path=/${authority#*/} authority=${authority%%/*}
  mkdir -p "$out/nginx"
  for ((tries = 0; tries < 20; tries++)); do
    # nginx cannot say which port it got.
    local port=$((20000 + RANDOM % 10000))
    cat >"$out/nginx/nginx.conf" <<END
# One process that is the worker too: all that it costs is counted under one number.
daemon off;
master_process off;
worker_processes 1;
pid nginx.pid;
error_log error.log;
events {}
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  keepalive_requests 1000000000;
  upstream echo {
    server $authority;
    keepalive 256;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:$port;
    location = $path {
      proxy_pass http://echo;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }
  }
}
END
    PATH=$PATH:/usr/sbin nginx -p "$out/nginx" -c nginx.conf -e error.log 2>"$out/nginx/stderr" &
    pid=$!
    url=http://127.0.0.1:$port$path
    for ((waits = 0; waits < 50; waits++)); do
      kill -0 "$pid" 2>/dev/null || continue 2
      if [[ -n $(answer "$url") ]]; then
        pids+=("$pid")
        return
      fi
      sleep 0.1
    done
    kill "$pid"
  done
  cat "$out/nginx/stderr" >&2
  fail "nginx did not start"
}

# The answer at a URL, status first.
answer() {
  curl -s -i --max-time 10 -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' \
    -H 'MCP-Protocol-Version: 2026-07-28' -H 'Mcp-Method: tools/call' -H 'Mcp-Name: echo' \
    --data-binary "@$here/call.json" "$1" | tr -d '\r' | sed -n -e '1p' -e '/^$/,$p'
}

# cpu PID: its user and system time so far, in ticks of the clock.
cpu() {
  local stat
  stat=$(<"/proc/$1/stat")
  # What stands in parentheses is a name and may hold blanks.
  read -ra fields <<<"${stat##*) }"
  echo $((fields[11] + fields[12]))
}

declare -A url_of pid_of
paths=()

# path NAME: notes the program that was started last as the way to be measured under this name.
path() {
  paths+=("$1")
  url_of[$1]=$url
  pid_of[$1]=$pid
}

# load NAME SECONDS: makes calls and prints name, calls/s, errors, p50, p99, CPU per call of its own and of the upstream in
# µs, and the number of calls.
load() {
  local own upstream report
  own=$(cpu "${pid_of[$1]}") upstream=$(cpu "${pid_of[direct]}")
  report=$(wrk -t 1 -c "$connections" -d "$2s" --timeout 10s -s "$here/call.lua" "${url_of[$1]}")
  own=$(($(cpu "${pid_of[$1]}") - own)) upstream=$(($(cpu "${pid_of[direct]}") - upstream))
  awk -v name="$1" -v own="$own" -v upstream="$upstream" -v hz="$(getconf CLK_TCK)" '
    /^FIGURES/ && $2 > 0 {
      tick = 1e6 / hz / $2
      print name, $2 / ($3 / 1e6), $4, $5, $6, own * tick, upstream * tick, $2
      found = 1
    }
    END { exit !found }' <<<"$report" || { echo "$report" >&2; fail "no call through $1 was answered"; }
}

require_tools
build
rm -rf "$out"
mkdir -p "$out"
export CALL_BODY=$here/call.json
classpath=$(<"$target/classpath")

start_java upstream "$classpath"
path direct
upstream=$url
start_nginx "$upstream"
path nginx
if [[ -n $baseline ]]; then
  start_java baseline "$baseline:$classpath" --upstream "$upstream"
  path baseline
fi
java_options=${GATEWAY_JAVA_OPTIONS:-} start_java gateway "$classpath" --upstream "$upstream"
path gateway

expected=$(answer "$upstream")
[[ $expected == "HTTP/1.1 200 "*'"isError":false'* ]] || fail "the upstream answers: $expected"
for name in "${paths[@]}"; do
  found=$(answer "${url_of[$name]}")
  [[ $found == "$expected" ]] || fail "through $name the answer is another one: $found"
done

echo "Warming up" >&2
for name in "${paths[@]}"; do
  calls=0
  while ((calls < warm_up)); do
    calls=$((calls + $(load "$name" 2 | awk '{ print $8 }')))
  done
done
: >"$out/figures"
for ((round = 1; round <= rounds; round++)); do
  for name in "${paths[@]}"; do
    load "$name" "$seconds" | tee -a "$out/figures" |
      awk -v round="$round" '{ printf "round %d  %-8s %7.0f calls/s\n", round, $1, $2 }' >&2
  done
done

echo "Medians of $rounds rounds of $seconds s with $connections connections on $(nproc) cores, which the load, the" \
  "path and the upstream share."
echo "CPU is user and system time per call of the path's own process, and of the upstream behind it."
awk -v order="${paths[*]}" '
  function median(name, column,    n, i, j, v, sorted) {
    n = count[name]
    for (i = 1; i <= n; i++) {
      v = value[name, column, i]
      for (j = i; j > 1 && sorted[j - 1] > v; j--) sorted[j] = sorted[j - 1]
      sorted[j] = v
    }
    return n % 2 ? sorted[(n + 1) / 2] : (sorted[n / 2] + sorted[n / 2 + 1]) / 2
  }
  { n = ++count[$1]; errors += $3; for (i = 2; i <= NF; i++) value[$1, i, n] = $i }
  END {
    printf "%-9s %9s %8s %12s %17s %8s %8s\n", \
      "path", "calls/s", "x nginx", "CPU us/call", "upstream us/call", "x p50", "x p99"
    for (i = 1; i <= split(order, names, " "); i++) {
      name = names[i]
      own = name == "direct" ? "-" : sprintf("%.1f", median(name, 6))
      printf "%-9s %9.0f %8.2f %12s %17.1f %8.2f %8.2f\n", \
        name, median(name, 2), median(name, 2) / median("nginx", 2), own, median(name, 7), median(name, 4) / median("nginx", 4), median(name, 5) / median("nginx", 5)
    }
    if (errors > 0) {
      printf "%d calls were answered with an error, or not at all.\n", errors > "/dev/stderr"
      exit 1
    }
  }' "$out/figures"
