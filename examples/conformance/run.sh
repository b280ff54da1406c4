#!/usr/bin/env bash
# Runs the official MCP conformance suite against the fixture, and through a second gateway in front of it.
#
#   examples/conformance/run.sh [direct] [through]      both, unless one is named
#
# Prints a table for each and, for both, every check that comes out differently through the second gateway. Fails if a
# check fails that counts for conformance, or if anything differs. Needs a JDK and npm; the suite and, on Linux, the
# Node 22 that it needs are installed below target/. Elsewhere a Node 22 has to be on the PATH.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
target=$here/target
suite=$target/suite
out=$target/conformance
java=${JAVA_HOME:+$JAVA_HOME/bin/}java
pids=()

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
  node=$(compgen -G "$suite/node_modules/node-*/bin/node" | head -n 1 || true)
  node=${node:-node}
  if [[ $("$node" -p 'parseInt(process.versions.node) >= 22') != true ]]; then
    echo "The suite needs Node 22, but $node is $("$node" --version)." >&2
    exit 1
  fi
}

# start NAME OPTION…: starts the example and sets url to where it serves.
start() {
  local name=$1
  shift
  : >"$out/$name.out" # The loop below may be there before the program.
  "$java" -cp "$target/classes:$(<"$target/classpath")" io.sallyport.examples.conformance.Main "$@" \
    >"$out/$name.out" 2>"$out/$name.err" &
  local pid=$!
  pids+=("$pid")
  for ((tries = 0; tries < 600; tries++)); do
    url=$(sed -n 's/^READY //p' "$out/$name.out")
    [[ -n $url ]] && return
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  echo "The $name gateway did not start:" >&2
  cat "$out/$name.err" >&2
  exit 1
}

# suite_at URL FOLDER: runs everything against a URL and prints the table.
suite_at() {
  local url=$1 folder=$2 revision
  for revision in 2025-11-25 2026-07-28; do
    run "$url" "$folder/requirements-$revision" --requirements "$revision"
    cp "$suite/node_modules/@modelcontextprotocol/conformance/requirements/$revision.yaml" \
      "$folder/requirements-$revision/requirements.yaml"
  done
  for revision in 2025-03-26 2025-06-18 2025-11-25 2026-07-28; do
    run "$url" "$folder/all-$revision" --suite all --spec-version "$revision"
  done
  "$node" "$here/compare.mjs" "$folder"
}

# run URL FOLDER OPTION…: one run of the suite. What failed is read from its results, not from its exit code.
run() {
  local url=$1 folder=$2
  shift 2
  mkdir -p "$folder"
  "$node" "$suite/node_modules/@modelcontextprotocol/conformance/dist/index.js" server --url "$url" -o "$folder" "$@" \
    >"$folder/log.txt" 2>&1 || true
}

what=${*:-direct through}
failed=0
build
install_suite
rm -rf "$out"
mkdir -p "$out"

start fixture
fixture=$url
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
echo "The checks and the logs of the gateways are in ${out#"$PWD"/}."
exit "$failed"
