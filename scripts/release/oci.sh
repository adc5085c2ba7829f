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

# blob MEDIA_TYPE <CONTENTS: keeps them, and prints their descriptor
blob() {
    local part digest
    part=$(mktemp "$oci/blobs/sha256/.part.XXXXXX")
    cat >"$part"
    chmod 0644 "$part"
    digest=$(sha256sum <"$part" | cut -d' ' -f1)
    jq --null-input --compact-output --arg type "$1" --arg digest "sha256:$digest" --argjson size "$(stat -c %s "$part")" \
        '{mediaType: $type, digest: $digest, size: $size}'
    mv "$part" "$oci/blobs/sha256/$digest"
}

# json: as blobs hold it, without a line end
json() { jq --null-input --compact-output --join-output --sort-keys "$@"; }
