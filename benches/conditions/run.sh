#!/usr/bin/env bash
# Processor time that a create of a pod costs the API server: without webhooks, with no-op webhooks, and with ramgate's.
#
#   benches/conditions/run.sh [ROUNDS [CREATES]]
#
# Builds ramgate in release mode, starts the control plane of the tests (tests/real), and creates and deletes pods. Each of
# the ROUNDS (default 20) measures CREATES (default 100) under every setting. A round takes about six seconds. Only
# processor time counts, so a busy machine matters less, but it matters.
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
RAMGATE_TEST_PROGRAM=$PROGRAM RAMGATE_BENCH_SAMPLES=$samples RAMGATE_BENCH_ROUNDS=${1:-20} RAMGATE_BENCH_CREATES=${2:-100} \
    RAMGATE_BENCH_OTHER_CHART=${OTHER_CHART:-} RAMGATE_BENCH_PROFILES=${PROFILES:+$(realpath "$PROFILES")} \
    cargo test --locked --quiet --test real -- --ignored --exact --nocapture create_cost::what_a_create_costs_the_api_server

# Medians with the quartiles. A ratio is the median of the ratios within each round.
printf '\n%-50s %10s %19s %16s %8s %7s\n' 'microseconds of processor time a create' 'API server' 'quartiles' 'to no webhooks' 'ramgate' 'rounds'
awk -F '\t' '
    function sorted(list, count,    i, j, one) {
        for (i = 2; i <= count; i++) {
            one = list[i]
            for (j = i - 1; j >= 1 && list[j] > one; j--) list[j + 1] = list[j]
            list[j + 1] = one
        }
    }
    function ratio(key, base,    i, list) {
        if (rounds[base] < rounds[key]) return "-"
        for (i = 1; i <= rounds[key]; i++) list[i] = time[key, i] / time[base, i]
        sorted(list, rounds[key])
        return sprintf("%.3f", list[int((rounds[key] + 1) / 2)])
    }
    {
        key = $2 " pod, " $1
        if (!(key in rounds)) keys[++count] = key
        time[key, ++rounds[key]] = $3 + 0
        own[key] += $4
    }
    END {
        for (k = 1; k <= count; k++) {
            key = keys[k]; n = rounds[key]
            for (i = 1; i <= n; i++) list[i] = time[key, i]
            sorted(list, n)
            pod = substr(key, 1, index(key, ","))
            printf "%-50s %10d %8d to %7d %16s %8d %7d\n", key, list[int((n + 1) / 2)], list[int((n + 3) / 4)],
                list[int((3 * n + 3) / 4)], ratio(key, pod " no webhooks"), own[key] / n, n
        }
        for (k = 1; k <= count; k++)
            if (keys[k] ~ /^marked pod, ramgate/)
                printf "%s, to a no-op pair that patches as much: %s\n", keys[k], ratio(keys[k], "marked pod, a no-op pair that patches as much")
    }' "$samples"
