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

# TOML has many ways to write an exception, and only this one is read here: in the section [advisories], the line `ignore = [`, then
# lines that are an exception or a comment, then `]`. Whatever else could be one is refused, since it would have no end.
example='{ id = "RUSTSEC-2026-0001", reason = "until 2026-12-31: why it cannot be met here" },'
exception='^ +\{ id = "(RUSTSEC-[0-9]{4}-[0-9]{4})", reason = "until ([0-9]{4}-[0-9]{2}-[0-9]{2}): [^" \\][^"\\]*" \},?$'
latest=$(date -u -d '180 days' +%Y-%m-%d)
section='' inside='' lists=0 number=0
while IFS= read -r line || [ -n "$line" ]; do
    number=$((number + 1))
    where=$config:$number
    if [[ $line =~ ^[[:space:]]*(#.*)?$ ]]; then continue; fi
    if [ -n "$inside" ]; then
        if [ "$line" = ']' ]; then inside=''; continue; fi
        [[ $line =~ $exception ]] || fail "$where: an exception is a line that says until when and why, as in $example: $line"
        id=${BASH_REMATCH[1]} until=${BASH_REMATCH[2]}
        [ "$(date -u -d "$until" +%Y-%m-%d 2>/dev/null)" = "$until" ] || fail "$where: the exception for $id ends on $until, which is no day"
        [[ ! $until < $today ]] ||
            fail "$where: the exception for $id ended on $until: update the dependency, or look at it again and give a new date"
        [[ ! $until > $latest ]] || fail "$where: the exception for $id ends on $until: give a day until $latest, and look at it again then"
        continue
    fi
    case "$line" in
        '[advisories]') section=$line; continue ;;
        '['*) section=$line ;;
    esac
    if [ "$section" = '[advisories]' ] && [[ $line =~ ^ignore\ =\ \[(\])?$ ]]; then
        lists=$((lists + 1))
        [ -n "${BASH_REMATCH[1]:-}" ] || inside=1
        continue
    fi
    # A name may also be written with escapes.
    [[ ! $line =~ ignore|advisories|\\ ]] ||
        fail "$where: exceptions stand in one list, between the lines \`ignore = [\` and \`]\` of the section [advisories]: $line"
done <"$config"
[ "$lists" -le 1 ] && [ -z "$inside" ] || fail "$config: there is one list \`ignore = [\`, which ends with the line \`]\`"

cargo deny --version >/dev/null 2>&1 || not_checked "cargo-deny is not installed (cargo install cargo-deny --locked)"
# A network that swallows packets must not hold lint up
fetched=$(timeout 120 cargo deny --config "$config" fetch db 2>&1) || not_checked "they could not be fetched: $(tail -1 <<<"$fetched")"
# What was fetched is what is checked: a second attempt could fail in another way.
cargo deny --offline --config "$config" check advisories
