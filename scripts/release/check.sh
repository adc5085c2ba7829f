#!/usr/bin/env bash
# Checks what assemble.sh made before it is signed: `check.sh`, or `check.sh REGISTRY` with the registry to which it goes.
#
# These are the files of a release and no others, each with its checksum; the provenance is about them, the image and this commit;
# each blob of the image is what its name says; the chart runs this image, from REGISTRY. sign.sh and publish.sh start with it.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
. "$here/oci.sh"

registry=${1:-}
need jq "install jq"
need git "install git"
version=$(version)
commit=$(git -C "$root" rev-parse HEAD 2>/dev/null) || fail "$root is no git work tree, so its commit is unknown"
again="run scripts/release/assemble.sh"
[ -s "$dist/files/SHA256SUMS" ] || fail "there is no SHA256SUMS in $dist/files: $again"
[ -s "$dist/provenance.json" ] || fail "there is no provenance.json in $dist: $again"

# same WHAT EXPECTED FOUND
same() { [ "$2" = "$3" ] || fail "$1: expected $(paste -sd' ' <<<"$2"), found $(paste -sd' ' <<<"$3"): $again"; }

package=ramgate-$version.tgz
names=$(printf '%s\n' "$package" ramgate-krew.yaml "ramgate_$version.cdx.json" \
    "ramgate_${version}_linux_amd64.tar.gz" "ramgate_${version}_linux_arm64.tar.gz" | sort)
cd "$dist/files"
found=$(find . -mindepth 1 ! -name SHA256SUMS ! -name SHA256SUMS.sigstore.json ! -name "ramgate_${version}_provenance.sigstore.json" -printf '%P\n' | sort)
same "the files in $dist/files" "$names" "$found"
listed=$(sed 's/^[0-9a-f]\{64\}  //' SHA256SUMS | sort)
same "the files that SHA256SUMS lists" "$names" "$listed"
sha256sum --check --strict --quiet SHA256SUMS || fail "the files in $dist/files are not those of SHA256SUMS: $again"

image=$(root_digest "$dist/image")
(cd "$dist/image/blobs/sha256" && find . -mindepth 1 -printf '%P  %P\n' | sha256sum --check --strict --quiet) ||
    fail "a blob in $dist/image is not what its name says: $again"
[ -f "$dist/image/blobs/sha256/${image#sha256:}" ] || fail "$dist/image lacks the blob $image: $again"

expected=$(subjects "$image")
found=$(jq --compact-output --sort-keys .subject "$dist/provenance.json")
[ "$found" = "$expected" ] || fail "the subjects of the provenance are not the files of SHA256SUMS and the image $image: $again"
found=$(jq --raw-output '.predicate.buildDefinition.resolvedDependencies[].digest | "\(keys[]) \(.[])"' "$dist/provenance.json")
same "the commit of the provenance" "gitCommit $commit" "$found"

twice=$(tar --list --gzip --file "$package" | sort | uniq --repeated)
[ -z "$twice" ] || fail "$package has two of $twice: $again"
values=$(tar --extract --gzip --to-stdout --file "$package" ramgate/values.yaml | yaml_json)
found=$(jq --raw-output .image.digest <<<"$values")
same "the image that the chart in $package runs" "$image" "$found"
if [ -n "$registry" ]; then
    found=$(jq --raw-output .image.repository <<<"$values")
    same "the repository of the image that the chart in $package runs" "$registry/ramgate" "$found"
fi
