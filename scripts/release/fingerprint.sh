#!/usr/bin/env bash
# Says what is in a folder below RAMGATE_DIST by one digest, so that a job can tell whether it got what another job handed over.
#
#   fingerprint.sh FOLDER           prints it: the SHA-256 of the sorted list of SHA-256 sums
#   fingerprint.sh FOLDER DIGEST    compares it
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[ $# = 1 ] || [ $# = 2 ] || fail "say which folder of $dist: $script FOLDER [DIGEST]"
cd "$dist/$1" 2>/dev/null || fail "there is no folder $dist/$1"
others=$(find . ! -type f ! -type d)
[ -z "$others" ] || fail "$dist/$1 has more than files and folders: $others"
found=$(find . -type f -print0 | sort --zero-terminated | xargs --null --no-run-if-empty sha256sum | sha256sum | cut -d' ' -f1)
if [ $# = 1 ]; then
    printf '%s\n' "$found"
else
    [ "$found" = "$2" ] || fail "$dist/$1 is not what was handed over: expected $2, found $found"
fi
