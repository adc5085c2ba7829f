#!/usr/bin/env bash
# Fills in the manifest by which krew installs `kubectl ramgate`: the version, and the checksums of the archives.
#
# RAMGATE_DOWNLOADS   where the files of all versions lie (default: the project's releases)
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

version=$(version)
downloads=${RAMGATE_DOWNLOADS:-https://github.com/ramgate/ramgate/releases/download}

# The checksum of an archive
sum() {
    local file=$dist/files/ramgate_${version}_linux_$1.tar.gz
    [ -f "$file" ] || fail "there is no archive for $1 in $dist: run scripts/release/archive.sh $1"
    sha256sum <"$file" | cut -d' ' -f1
}

# One a line: of two assignments in one, only the last can fail
amd64=$(sum amd64)
arm64=$(sum arm64)
sed -e "s|@VERSION@|$version|g" -e "s|@DOWNLOADS@|$downloads|g" -e "s|@SHA256_AMD64@|$amd64|" -e "s|@SHA256_ARM64@|$arm64|" \
    "$here/krew.yaml" >"$dist/files/ramgate-krew.yaml"
! grep -n '@[A-Z0-9_]*@' "$dist/files/ramgate-krew.yaml" || fail "krew.yaml has the fields above, which nothing fills in"
