#!/usr/bin/env bash
# Processor time that a create of a pod costs the API server: without webhooks, with no-op webhooks, and with ramgate's.
#
#   benches/conditions/run.sh [ROUNDS [CREATES]]
#
# Builds ramgate in release mode, starts the control plane of the tests (tests/real), and creates and deletes pods. Each of
# the ROUNDS (default 20) measures CREATES (default 100) under every setting. A round takes about six seconds. A busy machine
# matters less to processor time than to latency, but it matters. What is allocated depends on neither the machine nor its load.
#
#   GOGC=off GOMEMLIMIT=5GiB  keeps the collection of garbage, which comes at its own times, out of the processor time
#   WORKERS=N         creates N pods at once (default 4)
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
RAMGATE_TEST_PROGRAM=$PROGRAM RAMGATE_BENCH_SAMPLES=$samples RAMGATE_BENCH_ROUNDS=${1:-20} RAMGATE_BENCH_CREATES=${2:-100} RAMGATE_BENCH_WORKERS=${WORKERS:-} \
    RAMGATE_BENCH_OTHER_CHART=${OTHER_CHART:-} RAMGATE_BENCH_PROFILES=${PROFILES:+$(realpath "$PROFILES")} \
    cargo test --locked --quiet --test real -- --ignored --exact --nocapture create_cost::what_a_create_costs_the_api_server

# Without GOGC=off, the mean with its standard error counts: a collection of garbage costs as much as a hundred creates and falls into
# one sample or the next, so the median has it or not by chance. Ratios are those of means.
awk -F '\t' '
    function row(name, cells) { printf "%-50s %s\n", name, cells }
    {
        key = $2 " pod, " $1
        if (!(key in number)) keys[++count] = key
        samples[key, ++number[key]] = $3; time[key] += $3; squares[key] += $3 * $3; own[key] += $4; allocated[key] += $5; latency[key] += $6
        if ($7 > worst[key]) worst[key] = $7
    }
    function mean(key) { return time[key] / number[key] }
    function deviation(key) {
        return number[key] > 1 ? sqrt((squares[key] - number[key] * mean(key) ^ 2) / (number[key] - 1) / number[key]) : 0
    }
    function median(key,   n, i, j, value, sorted) {
        n = number[key]
        for (i = 1; i <= n; i++) {
            value = samples[key, i]
            for (j = i - 1; j > 0 && sorted[j] > value; j--) sorted[j + 1] = sorted[j]
            sorted[j + 1] = value
        }
        return n % 2 ? sorted[(n + 1) / 2] : (sorted[n / 2] + sorted[n / 2 + 1]) / 2
    }
    END {
        print ""
        row("", "         processor time of a create, us      memory allocated       latency, ms")
        row("", "  median     mean   error  to none  ramgate        KiB  to none       mean      max  samples")
        for (k = 1; k <= count; k++) {
            key = keys[k]; n = number[key]
            base = substr(key, 1, index(key, ",")) " no webhooks"
            row(key, sprintf("%8d %8d %7d %8.3f %8d %10d %8.3f %10.1f %8.1f %8d", median(key), mean(key), deviation(key), mean(key) / mean(base), own[key] / n, allocated[key] / n / 1024, allocated[key] / n / (allocated[base] / number[base]), latency[key] / n / 1000, worst[key] / 1000, n))
        }
        much = "marked pod, a no-op pair that patches as much"
        for (k = 1; k <= count; k++)
            if (keys[k] ~ /^marked pod, ramgate/) printf "%s, processor time to a no-op pair that patches as much: %.3f\n", keys[k], mean(keys[k]) / mean(much)
    }' "$samples"
