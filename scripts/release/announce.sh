#!/usr/bin/env bash
# Makes the page of a release on GitHub, with what CHANGELOG.md says and the files to download: `announce.sh v1.2.3`.
#
# It needs GitHub's program gh and GH_TOKEN. A page that is there is not changed; a draft that an earlier attempt left is made anew.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[ $# = 1 ] || fail "say which tag: $script v1.2.3"
version=$("$here/version.sh" "$1")
need gh "install it (https://cli.github.com)"
[ -s "$dist/files/SHA256SUMS.sigstore.json" ] || fail "the files in $dist/files are not signed: run scripts/release/sign.sh"
(cd "$dist/files" && sha256sum --check --quiet SHA256SUMS) || fail "the files in $dist/files are not those that were signed"
options=(--verify-tag --title "ramgate $version" --notes-file "$dist/notes.md")
case "$version" in *-*) options+=(--prerelease) ;; esac
"$here/notes.sh" >"$dist/notes.md"
case "$(gh release view "$1" --json isDraft --jq .isDraft 2>/dev/null || true)" in
    false) say "the page of $1 is there already"; exit ;;
    true) gh release delete "$1" --yes ;;
esac
gh release create "$1" "${options[@]}" "$dist"/files/*
