#!/usr/bin/env bash
# Makes the page of a release on GitHub, with what CHANGELOG.md says and the files to download: `announce.sh v1.2.3`.
#
# It needs GitHub's program gh and GH_TOKEN. A draft that an earlier attempt left is made anew. A page that is public gets the files
# that it lacks; the script stops if one of its files is another. Each attempt signs anew, so signatures that are there stay:
# verify.sh verifies them.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[ $# = 1 ] || fail "say which tag: $script v1.2.3"
tag=$1
version=$("$here/version.sh" "$tag")
need gh "install it (https://cli.github.com)"
need jq "install jq"
signatures=(SHA256SUMS.sigstore.json "ramgate_${version}_provenance.sigstore.json")
for name in "${signatures[@]}"; do
    [ -s "$dist/files/$name" ] || fail "the files in $dist/files are not signed: run scripts/release/sign.sh"
done
(cd "$dist/files" && sha256sum --check --strict --quiet SHA256SUMS) || fail "the files in $dist/files are not those that were signed"
"$here/notes.sh" >"$dist/notes.md"
options=(--verify-tag --title "ramgate $version" --notes-file "$dist/notes.md")
case "$version" in *-*) options+=(--prerelease) ;; esac

if ! page=$(gh release view "$tag" --json isDraft,assets 2>"$dist/gh.log"); then
    grep -q 'release not found' "$dist/gh.log" || { cat "$dist/gh.log" >&2; fail "it is unknown whether there is a page of $tag"; }
    page=
elif [ "$(jq .isDraft <<<"$page")" = true ]; then
    gh release delete "$tag" --yes
    page=
fi
if [ -z "$page" ]; then
    gh release create "$tag" "${options[@]}" "$dist"/files/*
    exit
fi

# digest_of NAME: that of the page's file, which GitHub says; nothing if the page has none
digest_of() {
    local said
    said=$(jq --raw-output --arg name "$1" '.assets[] | select(.name == $name) | .digest // "unknown"' <<<"$page")
    [ "$said" != unknown ] || said=sha256:$(gh release download "$tag" --pattern "$1" --output - | sha256sum | cut -d' ' -f1)
    printf '%s' "$said"
}
others=$(jq --raw-output '.assets[].name' <<<"$page" | while IFS= read -r name; do [ -f "$dist/files/$name" ] || printf ' %s' "$name"; done)
[ -z "$others" ] || fail "the page of $tag has files that are not of this release:$others"
missing=()
for file in "$dist"/files/*; do
    name=${file##*/}
    found=$(digest_of "$name")
    own=sha256:$(sha256sum <"$file" | cut -d' ' -f1)
    if [ -z "$found" ]; then
        missing+=("$file")
    elif [ "$found" != "$own" ] && [[ " ${signatures[*]} " != *" $name "* ]]; then
        fail "the page of $tag has $name with $found, and this one is $own: a version never changes, so make a new one"
    fi
done
[ ${#missing[@]} -eq 0 ] || gh release upload "$tag" "${missing[@]}"
say "the page of $tag has all files"
