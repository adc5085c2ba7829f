#!/usr/bin/env bash
# Builds ramgate and starts it with the policies and directory in deploy/demo/config and a self-made certificate. Then sends it
# two pods over HTTPS as an API server does, first to /mutate and then to /validate, and prints the two verdicts.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

cargo build --locked
dir=$(mktemp -d)
"${CARGO_TARGET_DIR:-target}/debug/ramgate" serve --config-dir deploy/demo/config --listen 127.0.0.1:18443 --admin-listen 127.0.0.1:18080 \
  --mode enforce --ca-file "$dir/ca.pem" --log-format text --shutdown-delay-ms 0 2>"$dir/log" &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; rm -rf "$dir"' EXIT

fail() {
  echo "$1; the server's log:" >&2
  cat "$dir/log" >&2
  exit 1
}

for _ in $(seq 100); do
  curl -sf http://127.0.0.1:18080/ready >/dev/null && break
  kill -0 "$server" 2>/dev/null || fail "ramgate did not start"
  sleep 0.1
done

post() {
  curl -sS --fail --cacert "$dir/ca.pem" -H 'Content-Type: application/json' --data @- "https://localhost:18443/$1"
}

# The answer of /validate about a pod with this tag, after /mutate has written alice's name into it
answer() {
  local review answer stamp
  review=$(sed "s/ENV/$1/" deploy/demo/review.json)
  answer=$(post mutate <<<"$review")
  stamp=$(sed -n 's/.*"patch":"\([^"]*\)".*/\1/p' <<<"$answer" | base64 -d | sed -n 's/.*"value":\("{.*}"\)}.*/\1/p')
  [ -n "$stamp" ] || fail "no stamp in $answer"
  review=${review/'"annotations": {'/'"annotations": {"ramgate.io/requested-by": '"$stamp"', '}
  post validate <<<"$review"
}

# The message of a denial: the first in the answer; \n and \" are its only escapes
message() {
  local rest=${1#*'"message":"'}
  sed 's/^\(\([^"\\]\|\\.\)*\)".*/\1/; s/\\n/\n/g; s/\\"/"/g' <<<"$rest"
}

cat <<'END'
alice may use Alibaba Cloud ECI, but her RAM policy EciTestOnly says: only with the tag env=test.
Kubernetes knows nothing of that policy. ramgate asks it, for each pod that goes to ECI.
END

allowed=$(answer test)
grep -q '"allowed":true' <<<"$allowed" || fail "the first pod should be allowed: $allowed"
statement=$(sed -n 's/.*"allowed-by":"\([^"]*\)".*/\1/p' <<<"$allowed")
cat <<END

1. alice creates a pod with the tag env:test

   ALLOWED  statement $statement allows it.

2. alice creates a pod with the tag env:prod

END

denied=$(answer prod)
grep -q '"allowed":false' <<<"$denied" || fail "the second pod should be denied: $denied"
# The sentence, then the line to paste; RAM's own fields come after them
message "$denied" | grep -v '^AuthAction: ' | while read -r line; do
  case $line in
    *.aliyun.com/*:*) echo "                $line" ;;
    *) fold -s -w 100 <<<"$line" | sed 's/^/            /' ;;
  esac
done | sed '1s/^            /   DENIED   /'
cat <<'END'

The policy is deploy/demo/config/EciTestOnly.json. Both answers came over HTTPS from a server, as in a cluster.
END
