#!/usr/bin/env bash
# Measures how long the sandboxes of this machine take for print(1), beside python3, node and sh started plainly.
#
#   examples/benchmark/sandbox.sh [RUNS OF EACH] [RUNS BEFORE ANYTHING IS COUNTED]
#
# Needs Linux, a JDK, bubblewrap, python3 and node. JAVA_OPTIONS are given to the JVM.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
java=${JAVA_HOME:+$JAVA_HOME/bin/}java

# Classes of yesterday would be measured without a word, so Maven looks each time.
(cd "$here/../.." && ./mvnw -q -DskipTests -pl examples/benchmark -am package)
# shellcheck disable=SC2086
exec "$java" ${JAVA_OPTIONS:-} -cp "$here/target/classes:$(<"$here/target/classpath")" \
  io.sallyport.examples.benchmark.SandboxLatency "$@"
