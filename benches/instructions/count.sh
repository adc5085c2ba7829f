#!/usr/bin/env bash
# Counts the instructions of one decision for different numbers of the principal's statements; needs valgrind. The counts
# do not depend on the load of the machine.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

program=$(cargo bench --bench instructions --no-run 2>&1 | sed -n 's#.*Executable benches/instructions/main.rs (\(.*\))#\1#p')
[ -n "$program" ] || { echo "count.sh: the bench did not build: cargo bench --bench instructions --no-run" >&2; exit 1; }

# The instructions of a whole run, setup included
run() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" "$@" 2>&1 | sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

for answer in allow deny; do
    for statements in 10 100 1000 10000 100000; do
        once=$(run "$statements" 100 "$answer")
        more=$(run "$statements" 1100 "$answer")
        printf '%-6s %7s statements: %6s instructions a decision\n' "$answer" "$statements" $(((more - once) / 1000))
    done
done
