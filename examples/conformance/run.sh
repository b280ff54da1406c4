#!/usr/bin/env bash
# Runs the official MCP conformance suite against the fixture, and through a second gateway in front of it. Then runs its
# scenarios for clients with the client at the suite's mock server, and with a gateway between the two. Last, it runs what
# revision 2025-11-25 requires against nodes behind a proxy that sends each request to the next one: two that share their
# sessions in PostgreSQL, and three that do in Redis (behind nginx, if there is one).
#
#   examples/conformance/run.sh [direct] [through] [clients] [nodes]      all of these, unless one is named
#   examples/conformance/run.sh storeless      two nodes that share nothing but a key; four scenarios wait in vain there
#
# Prints a table for each and every check that comes out differently through a gateway. Fails if a check fails that counts
# for conformance, or if anything differs. Needs a JDK and npm; the suite, the client and, on Linux, the Node 22 that they
# need are installed below target/. Elsewhere a Node 22 has to be on the PATH.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
target=$here/target
suite=$target/suite
out=$target/conformance
java=${JAVA_HOME:+$JAVA_HOME/bin/}java
pids=()

# The scenarios for clients, but for those of OAuth and of extensions, each with the revisions in which it exists.
clients=(
  initialize:2025-06-18,2025-11-25
  tools_call:2025-06-18,2025-11-25,2026-07-28
  elicitation-sep1034-client-defaults:2025-11-25
  sse-retry:2025-11-25
  json-schema-2020-12-preservation:2025-11-25,2026-07-28
  request-metadata:2026-07-28
  sep-2322-client-request-state:2026-07-28
  http-standard-headers:2026-07-28
  http-custom-headers:2026-07-28
  http-invalid-tool-headers:2026-07-28
  json-schema-ref-no-deref:2026-07-28
)

end() {
  for pid in "${pids[@]}"; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
}
trap end EXIT

build() {
  if [[ ! -s $target/classpath ]]; then
    (cd "$here/../.." && ./mvnw -q -DskipTests -pl examples/conformance -am package)
  fi
}

install_suite() {
  mkdir -p "$suite"
  if ! cmp -s "$here/suite/package-lock.json" "$suite/package-lock.json" || [[ ! -d $suite/node_modules ]]; then
    rm -rf "$suite/node_modules"
    cp "$here/suite/package.json" "$suite/"
    # Nothing in it has to run a script of its own to be installed, and npm itself may be of an older Node.
    (cp "$here/suite/package-lock.json" "$suite/" && cd "$suite" &&
      npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) >&2 || { rm -f "$suite/package-lock.json"; exit 1; }
  fi
  cp "$here/suite/client.mjs" "$suite/" # Where it finds its packages.
  node=$(compgen -G "$suite/node_modules/node-*/bin/node" | head -n 1 || true)
  node=${node:-node}
  if [[ $("$node" -p 'parseInt(process.versions.node) >= 22') != true ]]; then
    echo "The suite needs Node 22, but $node is $("$node" --version)." >&2
    exit 1
  fi
}

# start NAME OPTION…: starts the example and sets url to where it serves.
start() {
  begin "$1" "${main[@]}" "${@:2}"
}

# begin NAME COMMAND…: starts a program and sets url to what it prints when it is ready.
begin() {
  local name=$1
  shift
  : >"$out/$name.out" # The loop below may be there before the program.
  "$@" >"$out/$name.out" 2>"$out/$name.err" &
  local pid=$!
  pids+=("$pid")
  for ((tries = 0; tries < 600; tries++)); do
    url=$(sed -n 's/^READY //p' "$out/$name.out")
    [[ -n $url ]] && return
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  echo "$name did not start:" >&2
  cat "$out/$name.err" >&2
  exit 1
}

# suite_at URL FOLDER: runs everything against a URL and prints the table.
suite_at() {
  local url=$1 folder=$2 revision
  for revision in 2025-11-25 2026-07-28; do
    # What failed is read from its results, not from its exit code.
    run "$folder/requirements-$revision" server --url "$url" --requirements "$revision" || true
    cp "$suite/node_modules/@modelcontextprotocol/conformance/requirements/$revision.yaml" \
      "$folder/requirements-$revision/requirements.yaml"
  done
  for revision in 2025-03-26 2025-06-18 2025-11-25 2026-07-28; do
    run "$folder/all-$revision" server --url "$url" --suite all --spec-version "$revision" || true
  done
  "$node" "$here/compare.mjs" "$folder"
}

# nodes_with NAME COUNT STORE [--may SCENARIO…]: runs what 2025-11-25 requires against nodes that share a store, and prints the table.
nodes_with() {
  local name=$1 count=$2 store=$3 folder=$out/nodes-$1 urls=() i
  for ((i = 1; i <= count; i++)); do
    start "$name-$i" --store "$store" --key "$key"
    urls+=("$url")
  done
  if [[ $name == redis ]] && command -v nginx >/dev/null; then
    nginx_before "${urls[@]}"
  else
    begin "$name-proxy" "$node" "$here/suite/roundrobin.mjs" "${urls[@]}"
  fi
  run "$folder/requirements-2025-11-25" server --url "$url" --requirements 2025-11-25 || true
  cp "$suite/node_modules/@modelcontextprotocol/conformance/requirements/2025-11-25.yaml" \
    "$folder/requirements-2025-11-25/requirements.yaml"
  "$node" "$here/compare.mjs" "$folder" "${@:4}"
}

# nginx_before URL…: starts nginx with the settings that docs/sessions.md shows, and sets url to where it serves.
nginx_before() {
  local folder=$out/nginx port servers
  mkdir -p "$folder"
  port=$("$node" -e 'const s = require("net").createServer().listen(0, () => { console.log(s.address().port); s.close(); })')
  servers=$(printf '    server %s;\n' "$@" | sed 's|http://||; s|/mcp;|;|')
  {
    echo "daemon off; pid $folder/pid; error_log stderr; events {}"
    echo "http { access_log off; client_body_temp_path $folder; proxy_temp_path $folder; fastcgi_temp_path $folder;"
    echo "uwsgi_temp_path $folder; scgi_temp_path $folder;"
    sed -n '/^```nginx/,/^```$/{/^```/d;p}' "$here/../../docs/sessions.md" |
      awk -v servers="$servers" -v port="$port" '
        /server 10\.0\.0\./ { if (!done++) print servers; next }
        { print }
        /^server \{/ { print "    listen 127.0.0.1:" port ";" }'
    echo "}"
  } >"$folder/nginx.conf"
  nginx -p "$folder" -c "$folder/nginx.conf" 2>"$out/nginx.err" &
  pids+=($!)
  url=http://127.0.0.1:$port/mcp
  for ((tries = 0; tries < 100; tries++)); do
    curl -s -o "$folder/answer" "$url" && return
    sleep 0.1
  done
  echo "nginx did not start:" >&2
  cat "$out/nginx.err" >&2
  exit 1
}

# clients_to FOLDER: runs the scenarios for clients and prints the table.
clients_to() {
  local folder=$1 failed=0 entry scenario revision name
  for entry in "${clients[@]}"; do
    scenario=${entry%%:*}
    for revision in $(tr , ' ' <<<"${entry#*:}"); do
      name=$scenario-$revision
      # Its exit code tells of a client that ended badly, too.
      run "$folder/$name" client --command "$(quoted "$node" "$suite/client.mjs")" --scenario "$scenario" \
        --spec-version "$revision" || { failed=1; echo "$name: failed, see ${folder#"$PWD"/}/$name/log.txt"; }
    done
  done
  "$node" "$here/compare.mjs" "$folder" && [[ $failed == 0 ]]
}

# run FOLDER ARGUMENT…: one run of the suite.
run() {
  local folder=$1
  shift
  mkdir -p "$folder"
  "$node" "$suite/node_modules/@modelcontextprotocol/conformance/dist/index.js" "$@" -o "$folder" >"$folder/log.txt" 2>&1
}

# quoted WORD…: prints a command line for a shell.
quoted() {
  printf '%q ' "$@"
}

what=${*:-direct through clients nodes}
failed=0
build
install_suite
rm -rf "$out"
mkdir -p "$out"
main=("$java" -cp "$target/classes:$(<"$target/classpath")" io.sallyport.examples.conformance.Main)

key=$(head -c 32 /dev/urandom | base64)
if [[ $what == *direct* || $what == *through* || $what == *nodes* ]]; then
  start fixture
  fixture=$url
fi
if [[ $what == *direct* ]]; then
  echo "Direct"
  suite_at "$fixture" "$out/direct" || failed=1
fi
if [[ $what == *through* ]]; then
  start second --upstream "$fixture"
  echo "Through a second gateway"
  suite_at "$url" "$out/through" || failed=1
fi
if [[ $what == *direct* && $what == *through* ]]; then
  "$node" "$here/compare.mjs" "$out/direct" "$out/through" || failed=1
fi
if [[ $what == *clients* ]]; then
  echo "Clients, direct"
  clients_to "$out/clients-direct" || failed=1
  echo "Clients, through a gateway"
  # Each lives for a second or so.
  GATEWAY=$(quoted "${main[0]}" -XX:TieredStopAtLevel=1 "${main[@]:1}" --upstream) clients_to "$out/clients-through" || failed=1
  "$node" "$here/compare.mjs" "$out/clients-direct" "$out/clients-through" || failed=1
fi
if [[ $what == *nodes* ]]; then
  begin servers "$java" -cp "$target/classes:$(<"$target/classpath")" io.sallyport.examples.conformance.Servers
  read -r postgres redis <<<"$url"
  run "$out/nodes-one/requirements-2025-11-25" server --url "$fixture" --requirements 2025-11-25 || true
  echo "Two nodes with PostgreSQL"
  nodes_with postgres 2 "$postgres" || failed=1
  "$node" "$here/compare.mjs" "$out/nodes-one" "$out/nodes-postgres" || failed=1
  echo "Three nodes with Redis"
  nodes_with redis 3 "$redis" || failed=1
  "$node" "$here/compare.mjs" "$out/nodes-one" "$out/nodes-redis" || failed=1
fi
if [[ $what == *storeless* ]]; then
  echo "Two nodes with nothing but a key"
  # What a client is asked it has to answer to the node that asked, which this proxy does not care for.
  nodes_with none 2 none --may tools-call-sampling tools-call-elicitation elicitation-sep1034-defaults \
    elicitation-sep1330-enums || failed=1
fi
echo "The checks and the logs of the gateways are in ${out#"$PWD"/}."
exit "$failed"
