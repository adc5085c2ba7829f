#!/usr/bin/env bash
# Wraps the chart's package as an OCI artefact, in an OCI layout in RAMGATE_DIST, and prints the digest of its manifest.
#
# It is what `helm push` makes of the package, but dated by the commit: the digest is known before anything is pushed, and what a
# registry has under the version can be compared with it.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
. "$here/oci.sh"

need jq "install jq"
version=$(version)
epoch=$(epoch)
package=$dist/files/ramgate-$version.tgz
[ -s "$package" ] || fail "there is no $package: run scripts/release/assemble.sh"
created=$(date -u -d "@$epoch" +%Y-%m-%dT%H:%M:%SZ)
chart=$(tar --extract --gzip --to-stdout --file "$package" ramgate/Chart.yaml | yaml_json)

layout "$dist/artefact"
config=$(json --argjson chart "$chart" '$chart' | blob application/vnd.cncf.helm.config.v1+json)
layer=$(blob application/vnd.cncf.helm.chart.content.v1.tar+gzip <"$package")
manifest=$(json --argjson chart "$chart" --argjson config "$config" --argjson layer "$layer" --arg created "$created" '{
    schemaVersion: 2, config: $config, layers: [$layer],
    annotations: ({
        "org.opencontainers.image.description": $chart.description,
        "org.opencontainers.image.url": $chart.home,
        "org.opencontainers.image.created": $created,
        "org.opencontainers.image.source": $chart.sources[0]
    } + $chart.annotations + {
        "org.opencontainers.image.title": $chart.name,
        "org.opencontainers.image.version": $chart.version
    } | with_entries(select(.value)))
}' | blob application/vnd.oci.image.manifest.v1+json)
close_layout "$manifest"
jq --raw-output .digest <<<"$manifest"
