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

# Means with their standard errors: a collection of garbage costs as much as a hundred creates and falls into one sample or
# the next, so a median would count it or not by chance.
printf '\n%-50s %10s %15s %15s %8s %7s\n' 'microseconds of processor time a create' 'API server' 'standard error' 'to no webhooks' 'ramgate' 'samples'
awk -F '\t' '
    {
        key = $2 " pod, " $1
        if (!(key in number)) keys[++count] = key
        number[key]++; time[key] += $3; squares[key] += $3 * $3; own[key] += $4
    }
    function mean(key) { return time[key] / number[key] }
    END {
        for (k = 1; k <= count; k++) {
            key = keys[k]; n = number[key]
            spread = n > 1 ? sqrt((squares[key] - n * mean(key) ^ 2) / (n - 1) / n) : 0
            base = substr(key, 1, index(key, ",")) " no webhooks"
            printf "%-50s %10d %15d %15.3f %8d %7d\n", key, mean(key), spread, mean(key) / mean(base), own[key] / n, n
        }
        much = "marked pod, a no-op pair that patches as much"
        for (k = 1; k <= count; k++)
            if (keys[k] ~ /^marked pod, ramgate/) printf "%s, to a no-op pair that patches as much: %.3f\n", keys[k], mean(keys[k]) / mean(much)
    }' "$samples"
