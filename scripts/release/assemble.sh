#!/usr/bin/env bash
# Makes everything of a release from the two programs that build.sh built: man pages, archives, the list of components, the image,
# the chart, krew's manifest, checksums and the provenance. It publishes nothing and needs no network once its tools are built.
#
#   assemble.sh [REGISTRY]   where the image is to be, which the chart names (default: ghcr.io/ramgate)
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

registry=${1:-ghcr.io/ramgate}
version=$(version)
# Nothing of an earlier attempt is signed
rm -rf "$dist/files" "$dist/image" "$dist/artefact" "$dist/provenance.json"
for arch in "${architectures[@]}"; do
    program "$arch" >/dev/null
    built_with "$arch" >/dev/null
done

mkdir -p "$dist/files"
"$here/pages.sh"
for arch in "${architectures[@]}"; do "$here/archive.sh" "$arch"; done
"$here/sbom.sh"
digest=$("$here/image.sh")
"$here/chart.sh" "$registry/ramgate" "$digest"
"$here/krew.sh"
"$here/checksums.sh"
"$here/provenance.sh" "$digest"
say "ramgate $version: image $digest, files in $dist/files"
