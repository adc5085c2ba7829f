#!/usr/bin/env bash
# Writes SHA256SUMS for everything that a release offers for download, except signatures.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

cd "$dist/files" 2>/dev/null || fail "there are no files in $dist: run scripts/release/assemble.sh"
find . -type f ! -name 'SHA256SUMS*' ! -name '*.sigstore.json' -printf '%f\0' | sort -z | xargs -0r sha256sum >SHA256SUMS.part
[ -s SHA256SUMS.part ] || fail "there are no files in $dist/files: run scripts/release/assemble.sh"
mv SHA256SUMS.part SHA256SUMS
