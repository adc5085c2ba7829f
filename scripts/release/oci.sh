# An OCI image layout, written by hand: blobs under their digests, and an index. The scripts that write one source this file.
#
# crane and other tools date what they make, or take what they find in a registry; these blobs depend on nothing but their input.

# layout FOLDER: starts an empty one
layout() {
    oci=$1
    rm -rf "$oci"
    mkdir -p "$oci/blobs/sha256"
    printf '{"imageLayoutVersion":"1.0.0"}' >"$oci/oci-layout"
}

# blob MEDIA_TYPE <CONTENTS: keeps them, and prints their descriptor. Callers may have switched errexit off: each step is looked at.
blob() {
    local part digest size
    part=$(mktemp "$oci/blobs/sha256/.part.XXXXXX") || return
    { cat >"$part" && chmod 0644 "$part"; } || { rm -f "$part"; return 1; }
    digest=$(sha256sum <"$part" | cut -d' ' -f1) || return
    size=$(stat -c %s "$part") || return
    mv "$part" "$oci/blobs/sha256/$digest" || return
    jq --null-input --compact-output --arg type "$1" --arg digest "sha256:$digest" --argjson size "$size" \
        '{mediaType: $type, digest: $digest, size: $size}'
}

# close_layout DESCRIPTOR: makes it the only entry of the layout's index
close_layout() {
    json --argjson root "$1" '{
        schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: [$root]
    }' >"$oci/index.json"
}

# root_digest FOLDER: the digest of the only entry of a layout's index
root_digest() {
    jq --exit-status --raw-output 'if (.manifests | length) == 1 then .manifests[0].digest else empty end' "$1/index.json" 2>/dev/null ||
        fail "$1 is no OCI layout of one manifest: run scripts/release/assemble.sh"
}

# json: as blobs hold it, without a line end
json() { jq --null-input --compact-output --join-output --sort-keys "$@"; }
