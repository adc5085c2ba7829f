#!/usr/bin/env bash
# Packs the program of one architecture with its man pages, completions, licence and change log: `archive.sh amd64`.
#
# There are only files and folders in the archive: krew unpacks nothing else.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

arch=${1:-}
target_of "$arch" >/dev/null
version=$(version)
program=$(program "$arch")
[ -d "$dist/pages/man" ] || fail "there are no man pages in $dist: run scripts/release/pages.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
name=ramgate_${version}_linux_$arch
mkdir "$work/$name"
cp "$program" "$root/LICENSE" "$root/README.md" "$root/CHANGELOG.md" "$work/$name"
cp -r "$dist/pages/man" "$dist/pages/completions" "$work/$name"
tar_folder "$work" "$dist/files/$name.tar.gz" "$name"
