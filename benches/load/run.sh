#!/bin/sh
# Reviews per second of `ramgate serve` beside a no-op HTTPS server, in one run on one machine.
#
#   benches/load/run.sh [SECONDS [CONNECTIONS [CONFIG_DIR]]]
#
# With PRINCIPALS, the configuration has so many RAM users, each with a policy of ten statements of its own:
# PRINCIPALS=10000 benches/load/run.sh
#
# With CANDIDATE_DIR, ramgate judges every review by the candidate in that folder as well:
# CANDIDATE_DIR=benches/load/candidate benches/load/run.sh
#
# Builds both in release mode, starts them on loopback, shows one allowed and one denied review, then lets wrk post
# reviews of 2,000 pods for SECONDS (default 5) over CONNECTIONS (default 32) to each in turn, ROUNDS times (default 3), and
# prints requests per second with the ratio to the no-op server of the same round, latencies, processor time of the server
# a request, and what was not answered with 200; then how many lines the log has, resident memory, and the time from start
# to ready. The numbers only mean something beside each other: the load generator takes its share of the same cores.
#
# Wants wrk (Debian package), curl. The logs of the server go to a file whose name is printed if anything fails.
set -eu

seconds=${1:-5}
connections=${2:-32}
here=$(cd "$(dirname "$0")" && pwd)
config=${3:-$here/config}
cd "$here/../.."

cargo build --release --quiet --bin ramgate --example noop_server
target=$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
work=$(mktemp -d)
noop= gate=
stop() {
    status=$?
    [ -z "$noop" ] || kill "$noop" 2>/dev/null || true
    [ -z "$gate" ] || kill "$gate" 2>/dev/null || true
    if [ $status -eq 0 ]; then rm -rf "$work"; else echo "failed, see $work" >&2; fi
}
trap stop EXIT

# Adds users until there are PRINCIPALS, each with a policy of its own
if [ "${PRINCIPALS:-1}" -gt 1 ]; then
    cp -r "$config" "$work/config"
    config=$work/config
    mkdir "$config/own"
    awk -v folder="$config/own" -v last=$((PRINCIPALS - 1)) 'BEGIN {
        print "users:" > (folder "/users.yaml")
        for (user = 1; user <= last; user++) {
            print "  - {name: user-" user ", policies: [{policy: Own" user "}]}" > (folder "/users.yaml")
            policy = folder "/Own" user ".json"
            printf "{\"Version\": \"1\", \"Statement\": [" > policy
            for (value = 1; value <= 10; value++)
                printf "%s{\"Effect\": \"Allow\", \"Action\": \"eci:CreateContainerGroup\", \"Resource\": \"*\", \"Condition\": {\"StringEquals\": {\"acs:RequestTag/env\": \"env-%d-%d\"}}}", \
                    (value > 1 ? ",\n" : ""), user, value > policy
            print "]}" > policy
            close(policy)
        }
    }'
fi

"$target/release/examples/noop_server" 127.0.0.1:18444 2>"$work/noop.log" &
noop=$!
began=$(date +%s%N)
# As the chart starts it
MALLOC_MMAP_THRESHOLD_=131072 MALLOC_ARENA_MAX=${MALLOC_ARENA_MAX:-4} "$target/release/ramgate" serve --config-dir "$config" ${CANDIDATE_DIR:+--candidate-dir "$CANDIDATE_DIR"} --mode enforce --listen 127.0.0.1:18443 \
    --admin-listen 127.0.0.1:18080 --ca-file "$work/ca.pem" --shutdown-delay-ms 0 2>"$work/ramgate.log" &
gate=$!
until curl -sf -o "$work/ready" http://127.0.0.1:18080/ready; do
    kill -0 $gate
    sleep 0.005
done
ended=$(date +%s%N)

ask() {
    curl -sf --cacert "$work/ca.pem" -H 'Content-Type: application/json' --data-binary "@$1" "https://localhost:18443/$2"
}
# Writes a review as it comes to /validate: with the stamp that /mutate wants
stamp() {
    ask "$here/$1.json" mutate | sed -n 's/.*"patch":"\([^"]*\)".*/\1/p' | base64 -d |
        sed -n 's/.*"value":\("{.*}"\)}.*/\1/p' | sed 's/[\\&|]/\\&/g' >"$work/stamp"
    sed "s|\"annotations\":{|&\"ramgate.io/requested-by\":$(cat "$work/stamp"),|" "$here/$1.json" >"$work/$1.json"
}
memory() {
    sed -n "s/^$2:[[:space:]]*\([0-9]*\) kB/\1/p" "/proc/$1/status" | awk '{printf "%.1f MiB", $1 / 1024}'
}
# The processor time that a process has used, in hundredths of a second
processor() {
    awk '{ print $14 + $15 }' "/proc/$1/stat"
}
# NAME PROCESS REVIEW URL
load() {
    before=$(processor "$2")
    REVIEW="$3" wrk -t 2 -c "$connections" -d "${seconds}s" --latency -s "$here/post.lua" "$4" >"$work/wrk"
    awk -v name="$1" -v used=$(($(processor "$2") - before)) -v noop="$work/noop.rate" '
        /^Requests\/sec/ { rate = $2 }
        / requests in / { requests = $1 }
        /^ +50%/ { half = $2 }
        /^ +99%/ { most = $2 }
        /Non-2xx|Socket errors/ { bad = bad " " $0 }
        END {
            if (name ~ /^no-op/) print rate > noop; else getline base < noop
            printf "%-26s %7.0f/s %s  p50 %9s  p99 %9s  %5.1f us of processor %s\n", name, rate,
                (base ? sprintf("%4.2f", rate / base) : "   1"), half, most, used * 10000 / requests, bad
        }' "$work/wrk"
}

stamp allowed
stamp denied
echo "allowed: $(ask "$work/allowed.json" validate)"
echo "denied:  $(ask "$work/denied.json" validate)"
echo "start to ready: $(((ended - began) / 1000000)) ms; memory at rest: $(memory $gate VmRSS)"
round=0
while [ $round -lt "${ROUNDS:-3}" ]; do
    round=$((round + 1))
    load "no-op server" $noop "$here/allowed.json" https://127.0.0.1:18444/
    load "ramgate, allowed, mutate" $gate "$here/allowed.json" https://127.0.0.1:18443/mutate
    load "ramgate, allowed, validate" $gate "$work/allowed.json" https://127.0.0.1:18443/validate
    load "ramgate, denied, validate" $gate "$work/denied.json" https://127.0.0.1:18443/validate
done
echo "log: $(wc -l <"$work/ramgate.log") lines written, $(curl -s http://127.0.0.1:18080/metrics |
    sed -n 's/^ramgate_log_lines_dropped_total //p') dropped"
[ -z "${CANDIDATE_DIR:-}" ] || curl -s -w '\n' http://127.0.0.1:18080/candidate | sed -n 's/.*"reviews":{\([^}]*\)}.*/candidate: \1/p'
echo "memory: ramgate $(memory $gate VmRSS), at most $(memory $gate VmHWM); no-op $(memory $noop VmRSS)"
