#!/usr/bin/env bash
# Builds ramgate and starts it with the policies and directory in deploy/demo/config and a self-made certificate. Then sends it
# two pods over HTTPS as an API server does, first to /mutate and then to /validate: ramgate allows one and denies the other.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

cargo build --locked
dir=$(mktemp -d)
"${CARGO_TARGET_DIR:-target}/debug/ramgate" serve --config-dir deploy/demo/config --listen 127.0.0.1:18443 --admin-listen 127.0.0.1:18080 \
  --mode enforce --ca-file "$dir/ca.pem" --log-format text --shutdown-delay-ms 0 &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; rm -rf "$dir"' EXIT

for _ in $(seq 100); do
  curl -sf http://127.0.0.1:18080/ready >/dev/null && break
  kill -0 "$server" || { echo "ramgate did not start" >&2; exit 1; }
  sleep 0.1
done

post() {
  curl -sS --fail --cacert "$dir/ca.pem" -H 'Content-Type: application/json' --data @- "https://localhost:18443/$1"
}

send() {
  local review answer stamp
  echo
  echo "== alice creates a pod for ECI with the tag env:$1"
  review=$(sed "s/ENV/$1/" deploy/demo/review.json)
  answer=$(post mutate <<<"$review")
  # The patch adds the stamp, which names the requester
  stamp=$(sed -n 's/.*"patch":"\([^"]*\)".*/\1/p' <<<"$answer" | base64 -d | sed -n 's/.*"value":\("{.*}"\)}.*/\1/p')
  [ -n "$stamp" ] || { echo "no stamp in $answer" >&2; exit 1; }
  echo "/mutate stamps it: $stamp"
  echo "/validate answers:"
  review=${review/'"annotations": {'/'"annotations": {"ramgate.io/requested-by": '"$stamp"', '}
  post validate <<<"$review" | tee "$dir/$1.json"
  echo
}
send test
send prod

grep -q '"allowed":true' "$dir/test.json" || { echo "the first review should have been allowed" >&2; exit 1; }
grep -q '"allowed":false' "$dir/prod.json" || { echo "the second review should have been denied" >&2; exit 1; }
echo
echo "One review allowed, one denied, as the policy deploy/demo/config/EciTestOnly.json says."
