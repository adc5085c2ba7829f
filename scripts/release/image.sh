#!/usr/bin/env bash
# Puts the image of both architectures together, as an OCI layout in RAMGATE_DIST, and prints the digest of its index.
#
# It has what the Dockerfile's has: the static program, certificate authorities and a numeric user. It needs no container engine
# and no base image, and is the same bits each time: the authorities are those of a pinned module.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
. "$here/oci.sh"

need jq "install jq"
version=$(version)
epoch=$(epoch)
created=$(date -u -d "@$epoch" +%Y-%m-%dT%H:%M:%SZ)
revision=$(git -C "$root" rev-parse HEAD 2>/dev/null || true)
roots=$("$here/tools/obtain.sh" roots)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

labels=$(json --arg version "$version" --arg created "$created" --arg revision "$revision" '{
    "org.opencontainers.image.title": "ramgate",
    "org.opencontainers.image.description": "Checks pods bound for Alibaba Cloud ECI against the account'"'"'s own RAM policies, at admission",
    "org.opencontainers.image.licenses": "Apache-2.0",
    "org.opencontainers.image.source": "https://github.com/ramgate/ramgate",
    "org.opencontainers.image.documentation": "https://github.com/ramgate/ramgate#readme",
    "org.opencontainers.image.version": $version,
    "org.opencontainers.image.created": $created
} + if $revision == "" then {} else {"org.opencontainers.image.revision": $revision} end')

layout "$dist/image"
manifests=()
for arch in "${architectures[@]}"; do
    tree=$work/$arch
    mkdir -p "$tree/etc/ssl/certs"
    program=$(program "$arch")
    cp "$program" "$tree/ramgate"
    "$roots" >"$tree/etc/ssl/certs/ca-certificates.crt"
    tar_folder "$tree" "$work/$arch.tar.gz" etc ramgate
    layer=$(blob application/vnd.oci.image.layer.v1.tar+gzip <"$work/$arch.tar.gz")
    unpacked=sha256:$(gzip -dc "$work/$arch.tar.gz" | sha256sum | cut -d' ' -f1)
    config=$(json --arg arch "$arch" --arg unpacked "$unpacked" --arg created "$created" --argjson labels "$labels" '{
        architecture: $arch, os: "linux", created: $created,
        config: {
            User: "65532:65532", Entrypoint: ["/ramgate"], Cmd: ["serve"], WorkingDir: "/",
            ExposedPorts: {"8443/tcp": {}, "8080/tcp": {}}, Labels: $labels
        },
        rootfs: {type: "layers", diff_ids: [$unpacked]},
        history: [{created: $created, created_by: "scripts/release/image.sh"}]
    }' | blob application/vnd.oci.image.config.v1+json)
    manifest=$(json --argjson config "$config" --argjson layer "$layer" --argjson labels "$labels" '{
        schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json",
        config: $config, layers: [$layer], annotations: $labels
    }' | blob application/vnd.oci.image.manifest.v1+json)
    entry=$(json --argjson manifest "$manifest" --arg arch "$arch" '$manifest + {platform: {architecture: $arch, os: "linux"}}')
    manifests+=("$entry")
done
index=$(printf '%s\n' "${manifests[@]}" | jq --slurp --compact-output --join-output --sort-keys --argjson labels "$labels" '{
    schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: ., annotations: $labels
}' | blob application/vnd.oci.image.index.v1+json)
close_layout "$index"
jq --raw-output .digest <<<"$index"
