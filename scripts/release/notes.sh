#!/usr/bin/env bash
# Prints what CHANGELOG.md says of this version; without a section for it, what it says is unreleased.
#
#   notes.sh                 as Markdown, for the page of a release
#   notes.sh --artifacthub   as the YAML of the annotation artifacthub.io/changes
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

version=$(version)
section() {
    awk -v wanted="## [$1]" '
        /^## / { inside = index($0, wanted) == 1; next }
        inside { print }
    ' "$root/CHANGELOG.md"
}
notes=$(section "$version")
[ -n "$notes" ] || notes=$(section Unreleased)
[ -n "$notes" ] || fail "CHANGELOG.md says nothing of $version and has nothing under Unreleased"

need jq "install jq"
if [ "${1:-}" != --artifacthub ]; then
    printf '%s\n' "$notes"
    exit
fi
# An entry is a line that starts with a dash and what is indented below it. Links to files of the repository mean nothing
# elsewhere, so their text alone stays.
awk '
    function entry() {
        if (text == "") return
        while (match(text, /\[[^][]*\]\([^)]*\)/)) {
            link = substr(text, RSTART + 1, RLENGTH - 1)
            text = substr(text, 1, RSTART - 1) substr(link, 1, index(link, "](") - 1) substr(text, RSTART + RLENGTH)
        }
        print kind "\t" text
        text = ""
    }
    /^### / { entry(); kind = tolower($2); next }
    /^- / { entry(); text = substr($0, 3); sub(/^\* /, "", text); next }
    /^  / { sub(/^ +/, " "); text = text $0; next }
    { entry() }
    END { entry() }
' <<<"$notes" | jq --raw-input --raw-output 'split("\t") | "- kind: \(.[0])\n  description: \(.[1] | tojson)"'
