#!/usr/bin/env bash
# Processor time that a create of a pod costs the API server: without webhooks, with no-op webhooks, and with ramgate's.
#
#   benches/conditions/run.sh [ROUNDS [CREATES]]
#
# Builds ramgate in release mode, starts the control plane of the tests (tests/real), and creates and deletes pods. Each of
# the ROUNDS (default 4) measures CREATES (default 300) under every setting, in another order each time. One round takes
# about a minute. Only processor time counts, so a busy machine matters less, but it matters.
#
#   SAMPLES=FILE      keeps the samples and counts those of earlier runs with the same file as well
#   OTHER_CHART=DIR   measures the webhooks of another chart beside those of this repository
#   PROFILES=DIR      writes a profile of the API server under each setting; look with `go tool pprof -top FILE`
#   PROGRAM=FILE      takes this ramgate instead of a build
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
samples=${SAMPLES:-$(mktemp)}
if [ -z "${PROGRAM:-}" ]; then
    cargo build --release --locked --quiet --bin ramgate
    PROGRAM=$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/release/ramgate
fi
[ -z "${PROFILES:-}" ] || mkdir -p "$PROFILES"
RAMGATE_TEST_PROGRAM=$PROGRAM RAMGATE_BENCH_SAMPLES=$samples RAMGATE_BENCH_ROUNDS=${1:-4} RAMGATE_BENCH_CREATES=${2:-300} \
    RAMGATE_BENCH_OTHER_CHART=${OTHER_CHART:-} RAMGATE_BENCH_PROFILES=${PROFILES:+$(realpath "$PROFILES")} \
    cargo test --locked --quiet --test real -- --ignored --exact --nocapture create_cost::what_a_create_costs_the_api_server

# Medians with the quartiles, and ratios of medians to those of the settings before.
printf '\n%-52s %9s %19s %6s %8s %7s\n' 'microseconds of processor time a create' 'API server' 'quartiles' 'ratio' 'ramgate' 'samples'
sort -t $'\t' -k 2,2r -k 1,1 -k 3,3n "$samples" | awk -F '\t' '
    function close_group(    key, median) {
        if (count == 0) return
        key = pod ", " setting
        median = time[int((count + 1) / 2)]
        line[key] = sprintf("%10d %8d to %7d", median, time[int((count + 3) / 4)], time[int((3 * count + 3) / 4)])
        middle[key] = median; gate[key] = own / count; number[key] = count
        order[++keys] = key; base[key] = pod ", no webhooks"
        count = 0; own = 0
    }
    $1 != setting || $2 != pod { close_group(); setting = $1; pod = $2 }
    { time[++count] = $3; own += $4 }
    END {
        close_group()
        for (i = 1; i <= keys; i++) {
            key = order[i]
            printf "%-52s %s %6.3f %8d %7d\n", key, line[key], middle[key] / middle[base[key]], gate[key], number[key]
        }
        much = middle["marked, a no-op pair that patches as much"]
        for (i = 1; i <= keys; i++) {
            key = order[i]
            if (much && key ~ /^marked, ramgate/) printf "%s / a no-op pair that patches as much: %.3f\n", key, middle[key] / much
        }
    }'
