#!/usr/bin/env bash
# Builds the fuzz targets of the package in fuzz/ with the stable compiler and runs each of them for a bounded time.
#
#   fuzz.sh [SECONDS] [TARGET...]   20 seconds each, all targets
#   fuzz.sh --merge                 takes what earlier runs found into fuzz/corpus, as few files as cover the same
#
# A run starts from fuzz/corpus, which it leaves alone, and from what earlier runs found, which is in target/fuzz/found.
# Failing inputs are put into target/fuzz/failed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Each target with its longest input in bytes, and how much code its corpus must reach at least: about half of what it
# does reach, so that code that was built without instrumentation, or not called at all, is noticed.
targets=(
    "policy 4096 700"
    "directory 4096 3000"
    "case_file 4096 4000"
    "review 8192 4500"
    "tags 512 300"
    "manifest 4096 600"
    "import 4096 2900"
    "arn 512 500"
)

built=${CARGO_TARGET_DIR:-target}
kept=$built/fuzz

fail() { printf 'fuzz.sh: %s\n' "$*" >&2; exit 1; }

build() {
    CARGO_TARGET_DIR=$built RUSTC_WRAPPER=$PWD/fuzz/rustc.sh cargo build --locked --manifest-path fuzz/Cargo.toml
}

# Runs one target; its last line says what came of it.
run() {
    local seconds=$1 name=$2 longest=$3 floor=$4 log covered runs
    log=$kept/$name.log
    mkdir -p "$kept/found/$name" "$kept/failed/$name"
    if ! "$built/debug/$name" -max_total_time="$seconds" -max_len="$longest" -timeout=5 -rss_limit_mb=512 \
        -print_final_stats=1 -artifact_prefix="$kept/failed/$name/" "$kept/found/$name" "fuzz/corpus/$name" >"$log" 2>&1; then
        grep -A3 -m1 'panicked at\|^==.*ERROR' "$log" >&2 || tail -5 "$log" >&2
        sed -n "s#.*Test unit written to \(.*\)#fuzz.sh: $name failed; again with: $built/debug/$name \1#p" "$log" >&2
        fail "$name failed; the whole log is $log"
    fi
    covered=$(sed -n 's/^#[0-9]*[[:space:]]*INITED cov: \([0-9]*\) .*/\1/p' "$log")
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    [ "${covered:-0}" -ge "$floor" ] ||
        fail "the corpus of $name reaches ${covered:-no} places of the code, not $floor: was it built with instrumentation? (rm $built/debug/$name, then again)"
    printf '%-10s %8s runs in %s s, %5s places reached at first, %5s at last\n' "$name" "$runs" "$seconds" "$covered" \
        "$(sed -n 's/^#[0-9]*[[:space:]]*DONE *cov: \([0-9]*\) .*/\1/p' "$log")"
}

merge() {
    local name=$1 longest=$2 new=$kept/merged/$1
    rm -rf "$new"
    mkdir -p "$new" "$kept/found/$name"
    "$built/debug/$name" -merge=1 -set_cover_merge=1 -use_counters=0 -max_len="$longest" "$new" "fuzz/corpus/$name" "$kept/found/$name" \
        >"$kept/$name.merge.log" 2>&1 || fail "merging $name failed; the log is $kept/$name.merge.log"
    rm -rf "fuzz/corpus/$name"
    mv "$new" "fuzz/corpus/$name"
    printf '%-10s %4s files\n' "$name" "$(find "fuzz/corpus/$name" -type f | wc -l)"
}

mkdir -p "$kept"
build
if [ "${1:-}" = --merge ]; then
    for target in "${targets[@]}"; do
        read -r name longest _ <<<"$target"
        merge "$name" "$longest"
    done
    exit
fi

seconds=${1:-20}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || fail "\`$seconds\` is not a number of seconds: see the head of ${BASH_SOURCE[0]}"
shift || true
wanted=()
for target in "${targets[@]}"; do
    if [ $# -eq 0 ] || [[ " $* " == *" ${target%% *} "* ]]; then wanted+=("$target"); fi
done
[ ${#wanted[@]} -gt 0 ] || fail "no target is called $*"

# As many at once as there are processors; one that fails lets the others finish
export -f run fail
export built kept
printf '%s\n' "${wanted[@]}" | xargs -P "$(nproc)" -L 1 bash -c 'set -euo pipefail; run "$@"' run "$seconds" ||
    fail "not every target passed"
