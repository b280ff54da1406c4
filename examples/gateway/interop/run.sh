#!/usr/bin/env bash
# Puts the gateway between MCP servers and clients that others wrote: server-everything (once over stdio, once over
# HTTP), server-filesystem and server-memory behind it; the TypeScript client (in both eras), the MCP Inspector and the
# Java SDK's client in front of it. Then ends the gateway, once by SIGTERM and once by SIGKILL, and looks for what it
# left behind.
#
#   examples/gateway/interop/run.sh
#
# Prints a line for each check and ends at the first that fails. Needs Linux, a JDK and npm; servers, clients and, for x64
# and arm64, the Node 22 that they need are installed below target/. Elsewhere a Node 22 has to be on the PATH.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
target=$(dirname "$here")/target
packages=$target/interop
work=$packages/work
java=${JAVA_HOME:+$JAVA_HOME/bin/}java
everything= gateway= children=

end() {
  local status=$? pid
  for pid in $gateway $everything; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  [[ -z $children ]] || kill -9 $children 2>/dev/null || true # Of a gateway that has left some behind.
  [[ $status == 0 ]] || echo "interop: FAILED; what the gateway said is in ${work#"$PWD"/}" >&2
}
trap end EXIT

build() {
  if [[ ! -s $target/classpath || ! -e $target/test-classes/io/sallyport/examples/gateway/SdkClientChecks.class ]]; then
    (cd "$here/../../.." && ./mvnw -q -DskipTests -pl examples/gateway -am package)
  fi
}

install_packages() {
  mkdir -p "$packages"
  if ! cmp -s "$here/package-lock.json" "$packages/package-lock.json" || [[ ! -d $packages/node_modules ]]; then
    rm -rf "$packages/node_modules"
    cp "$here/package.json" "$packages/"
    # Nothing in it has to run a script of its own to be installed, and npm itself may be of an older Node.
    (cp "$here/package-lock.json" "$packages/" && cd "$packages" &&
      npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) >&2 || { rm -f "$packages/package-lock.json"; exit 1; }
  fi
  cp "$here/client.mjs" "$packages/" # Where it finds its packages.
  # The servers by their names, and the Node that they ask for.
  PATH=$packages/node_modules/.bin:$PATH
  if [[ $(node -p 'parseInt(process.versions.node) >= 22') != true ]]; then
    echo "The servers and clients need Node 22, but $(command -v node) is $(node --version)." >&2
    exit 1
  fi
}

# await WHAT COMMAND…: tries a command for a minute.
await() {
  local what=$1 tries
  shift
  for ((tries = 0; tries < 600; tries++)); do
    ! "$@" || return 0
    sleep 0.1
  done
  echo "failed: $what" >&2
  return 1
}

ok() {
  echo "ok  $*"
}

# expect NAME TEXT PART…: a check that a text has parts.
expect() {
  local name=$1 text=$2 part
  shift 2
  for part in "$@"; do
    if [[ $text != *"$part"* ]]; then
      echo "failed: $name: no '$part' in $text" >&2
      exit 1
    fi
  done
  ok "$name"
}

# Starts the server that is reached over HTTP, and sets everything_url.
start_everything() {
  local port
  port=$(node -e 'const s = require("net").createServer().listen(0, () => { console.log(s.address().port); s.close(); })')
  PORT=$port mcp-server-everything streamableHttp >"$work/everything.log" 2>&1 &
  everything=$!
  await "server-everything over HTTP" grep -qs "listening on port" "$work/everything.log"
  everything_url=http://127.0.0.1:$port/mcp
}

write_config() {
  cat >"$work/mcp.json" <<END
{
  "mcpServers": {
    "pipe": {"command": "mcp-server-everything", "args": ["stdio"]},
    "web": {"url": "$everything_url"},
    "files": {"command": "mcp-server-filesystem", "args": ["$work/files"]},
    "memory": {
      "command": "npx", "args": ["--no-install", "mcp-server-memory"], "cwd": "$packages",
      "env": {"MEMORY_FILE_PATH": "$work/memory.jsonl"}
    }
  }
}
END
}

# start_gateway NAME: starts the gateway and sets gateway, its process, and url, where it serves.
start_gateway() {
  : >"$work/$1.out" # The loop below may be there before the program.
  "$java" -cp "$target/classes:$(<"$target/classpath")" io.sallyport.examples.gateway.Main \
    --port 0 --config "$work/mcp.json" >"$work/$1.out" 2>"$work/$1.err" &
  gateway=$!
  await "the gateway" grep -q '^READY ' "$work/$1.out"
  url=$(sed -n 's/^READY //p' "$work/$1.out")
  expect "the gateway has all four servers" "$(<"$work/$1.err")" \
    "pipe (stdio): ready" "web (http): ready" "files (stdio): ready" "memory (stdio): ready"
}

# inspect ERA ARGUMENT…: what the inspector prints.
inspect() {
  local era=$1
  shift
  mcp-inspector --cli --server-url "$url" --transport http --protocol-era "$era" --format json --quiet "$@"
}

inspector_checks() {
  local era=$1
  expect "inspector, $era: lists the tools of all servers" "$(inspect "$era" --method tools/list)" \
    '"pipe__echo"' '"web__echo"' '"files__read_text_file"' '"memory__read_graph"'
  expect "inspector, $era: calls a tool over stdio" \
    "$(inspect "$era" --method tools/call --tool-name pipe__echo --tool-arg message=hello)" "Echo: hello"
  expect "inspector, $era: calls a tool over HTTP" \
    "$(inspect "$era" --method tools/call --tool-name web__get-sum --tool-arg a=2 b=3)" "The sum of 2 and 3 is 5."
  expect "inspector, $era: reads the file that another client wrote" \
    "$(inspect "$era" --method tools/call --tool-name files__read_text_file --tool-arg "path=$work/files/legacy.txt")" \
    "Written by legacy"
  expect "inspector, $era: reads what other clients put into the memory" \
    "$(inspect "$era" --method tools/call --tool-name memory__read_graph)" "Ann of legacy" "Ann of modern"
  expect "inspector, $era: reads a resource" \
    "$(inspect "$era" --method resources/read --uri demo://resource/dynamic/text/7)" "Resource 7"
  expect "inspector, $era: gets a prompt" \
    "$(inspect "$era" --method prompts/get --prompt-name web__args-prompt --prompt-args city=Oslo)" "weather in Oslo"
}

# descendants PID: prints the processes that it has started, and theirs.
descendants() {
  local child
  for child in $(cat "/proc/$1/task"/*/children 2>/dev/null); do
    echo "$child"
    descendants "$child"
  done
}

# The gateway has as many processes as this.
has_processes() {
  [[ $(descendants "$gateway" | wc -l) == "$1" ]]
}

# None of these processes runs; one that nobody has buried does not.
none_runs() {
  local pid
  for pid in $1; do
    [[ $(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null) != [!ZX]* ]] || return 1
  done
}

# gateway_ends_by SIGNAL CODE: ends the gateway, and checks that nothing which it has started outlives it.
gateway_ends_by() {
  local signal=$1 code=$2 status=0
  children=$(descendants "$gateway" | paste -sd ' ')
  kill "-$signal" "$gateway"
  { wait "$gateway" || status=$?; } 2>/dev/null # Which would hold the shell's word of what was killed.
  gateway=
  await "SIG$signal: the gateway is gone, but of its processes $children some run" none_runs "$children"
  ok "SIG$signal: of $(wc -w <<<"$children") processes of the gateway none is left"
  children=
  expect "SIG$signal: exit code $code" "$status" "$code"
}

build
install_packages
rm -rf "$work"
mkdir -p "$work/files"
start_everything
write_config

start_gateway first
processes=$(descendants "$gateway" | wc -l)
[[ $processes -ge 3 ]] # Three servers are its children.
node "$packages/client.mjs" legacy "$url" "$work/files"
await "processes of clients' sessions outlive these" has_processes "$processes"
ok "the processes of clients' sessions end with these"
node "$packages/client.mjs" modern "$url" "$work/files"
inspector_checks legacy
inspector_checks modern
"$java" -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$target/test-classes:$(<"$target/classpath")" \
  io.sallyport.examples.gateway.SdkClientChecks "$url" "$work/files"
gateway_ends_by TERM 0

start_gateway second
expect "inspector: calls a tool of the second gateway" \
  "$(inspect legacy --method tools/call --tool-name pipe__echo --tool-arg message=again)" "Echo: again"
gateway_ends_by KILL 137
