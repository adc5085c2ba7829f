#!/usr/bin/env bash
# Makes the page of a release on GitHub, with what CHANGELOG.md says and the files to download: `announce.sh v1.2.3`.
#
# It needs GitHub's program gh and GH_TOKEN. The page of a version that is there is not changed.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[ $# = 1 ] || fail "say which tag: $script v1.2.3"
version=$("$here/version.sh" "$1")
need gh "install it (https://cli.github.com)"
[ -s "$dist/files/SHA256SUMS.sigstore.json" ] || fail "the files in $dist/files are not signed: run scripts/release/sign.sh"
(cd "$dist/files" && sha256sum --check --quiet SHA256SUMS) || fail "the files in $dist/files are not those that were signed"
options=(--verify-tag --title "ramgate $version" --notes-file "$dist/notes.md")
case "$version" in *-*) options+=(--prerelease) ;; esac
"$here/notes.sh" >"$dist/notes.md"
gh release create "$1" "${options[@]}" "$dist"/files/*
