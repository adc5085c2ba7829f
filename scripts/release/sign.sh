#!/usr/bin/env bash
# Signs the files of a release: SHA256SUMS, which has the checksums of all of them, and the statement of provenance.sh.
#
# Each signature is a file *.sigstore.json beside what it signs. signing.sh says with which key.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

version=$(version)
"$here/check.sh"
. "$here/signing.sh"
"$cosign" sign-blob "${signer[@]}" --bundle "$dist/files/SHA256SUMS.sigstore.json" "$dist/files/SHA256SUMS" >/dev/null
"$cosign" attest-blob "${signer[@]}" --statement "$dist/provenance.json" \
    --bundle "$dist/files/ramgate_${version}_provenance.sigstore.json"
