#!/usr/bin/env bash
# Checks the dependencies against the advisories of RustSec, and that no exception is older than its date.
#
#   advisories.sh [CONFIG]   the file with the exceptions (default: .deny.toml)
#
# Advisories come from the network. Without it, or without cargo-deny, the script says that they were not checked and ends with 0.
#
# RAMGATE_ADVISORIES=required   ends with 1 then; CI sets it
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

config=${1:-.deny.toml}
today=$(date -u +%Y-%m-%d)

fail() { printf 'advisories.sh: %s\n' "$*" >&2; exit 1; }
not_checked() {
    [ "${RAMGATE_ADVISORIES:-}" != required ] || fail "advisories were NOT checked: $*"
    printf 'advisories were NOT checked: %s\n' "$*"
    exit 0
}

# Every exception is one line with its date: { id = "RUSTSEC-2026-0001", reason = "until 2026-12-31: why it cannot be met here" }
ignored=$(awk '/^\[/ { inside = /^\[advisories\]/ } inside && /^ignore *= *\[/ { list = 1 } list { print } list && /\][[:space:]]*$/ { list = 0 }' "$config" |
    sed -e 's/^ignore *= *\[//' -e 's/#.*//' | grep '[A-Za-z]' || true)
while IFS= read -r line; do
    [ -n "$line" ] || continue
    [[ $line =~ id\ =\ \"([^\"]+)\",\ reason\ =\ \"until\ ([0-9]{4}-[0-9]{2}-[0-9]{2}):\ [^\"]+\" ]] ||
        fail "$config: an exception says until when and why, as in { id = \"RUSTSEC-2026-0001\", reason = \"until 2026-12-31: ...\" }: $line"
    [[ ! ${BASH_REMATCH[2]} < $today ]] ||
        fail "$config: the exception for ${BASH_REMATCH[1]} ended on ${BASH_REMATCH[2]}: update the dependency, or look at it again and give a new date"
done <<<"$ignored"

cargo deny --version >/dev/null 2>&1 || not_checked "cargo-deny is not installed (cargo install cargo-deny --locked)"
# A network that swallows packets must not hold lint up
fetched=$(timeout 120 cargo deny --config "$config" fetch db 2>&1) || not_checked "they could not be fetched: $(tail -1 <<<"$fetched")"
# What was fetched is what is checked: a second attempt could fail in another way.
cargo deny --offline --config "$config" check advisories
