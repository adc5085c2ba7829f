#!/usr/bin/env bash
# Pushes the image and the chart to a registry and signs both there: `publish.sh ghcr.io/ramgate`.
#
#   publish.sh --check REGISTRY   only checks what would be published and looks whether the registry has this version with other
#                                 bits, which is done before anything is signed
#
# The image becomes REGISTRY/ramgate:VERSION, the chart REGISTRY/charts/ramgate:VERSION. The image also gets its list of components
# and its provenance. A version that is there stays as it is: the script stops if it is not the same.
# It prints what is published, as lines of NAME=VALUE. login.sh logs in; signing.sh says with which key it signs.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
. "$here/oci.sh"

# What tools print is for people; standard output is what was published.
exec 3>&1 1>&2

only_check=
if [ "${1:-}" = --check ]; then only_check=1; shift; fi
[ $# = 1 ] || fail "say where to: $script [--check] REGISTRY, such as ghcr.io/ramgate"
registry=$1
[[ $registry =~ ^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)*$ ]] || fail "\`$registry\` is no registry, such as ghcr.io/ramgate"
need jq "install jq"
version=$(version)
crane=$("$here/tools/obtain.sh" crane)
image=$registry/ramgate chart=$registry/charts/ramgate

# published REFERENCE: its digest, or nothing. A registry that does not answer is no empty one. crane says last what failed, and why.
published() {
    local answer error
    if answer=$("$crane" digest "$1" 2>&1); then tail -1 <<<"$answer"; return; fi
    error=$(grep '^Error: ' <<<"$answer" | tail -1) || true
    [[ $error =~ ^Error:\ ([a-z ]+[^ ]+:\ )?GET\ [^\ ]+:\ (MANIFEST_UNKNOWN|NAME_UNKNOWN|NOT_FOUND|unexpected\ status\ code\ 404)([^0-9A-Z_]|$) ]] ||
        fail "$1: $answer"
}

# compare REFERENCE FOUND OWN: a version that is there must be the same, since a version never changes
compare() {
    [ -n "$2" ] || return 0
    [ "$2" = "$3" ] || fail "$1 is published with $2, and this one is $3: a version never changes, so make a new one"
    say "$1 is published already"
}

# push LAYOUT REFERENCE DIGEST: what the registry then has is what was made here
push() {
    local found
    "$crane" push "$1" "$2" >/dev/null
    found=$(published "$2")
    [ "$found" = "$3" ] || fail "the registry has ${found:-nothing} as $2, not $3, which was pushed"
}

"$here/check.sh" "$registry"
digest=$(root_digest "$dist/image")
chart_digest=$("$here/artefact.sh")

# Both are looked at before either is pushed.
published_image=$(published "$image:$version")
compare "$image:$version" "$published_image" "$digest"
published_chart=$(published "$chart:$version")
compare "$chart:$version" "$published_chart" "$chart_digest"
[ -z "$only_check" ] || exit 0

. "$here/signing.sh"
[ -n "$published_image" ] || push "$dist/image" "$image:$version" "$digest"
jq .predicate "$dist/provenance.json" >"$dist/predicate.json"
"$cosign" sign --recursive "${signer[@]}" "$image@$digest"
"$cosign" attest "${signer[@]}" --type slsaprovenance1 --predicate "$dist/predicate.json" "$image@$digest"
"$cosign" attest "${signer[@]}" --type cyclonedx --predicate "$dist/files/ramgate_$version.cdx.json" "$image@$digest"

[ -n "$published_chart" ] || push "$dist/artefact" "$chart:$version" "$chart_digest"
"$cosign" sign "${signer[@]}" "$chart@$chart_digest"

# What Artifact Hub wants to know of the repository, under the tag that it looks for
layout "$dist/artifacthub"
config=$(printf '{}' | blob application/vnd.cncf.artifacthub.config.v1+yaml)
layer=$(blob application/vnd.cncf.artifacthub.repository-metadata.layer.v1.yaml <"$root/charts/artifacthub-repo.yml")
manifest=$(json --argjson config "$config" --argjson layer "$layer" '{
    schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", config: $config,
    layers: [$layer + {annotations: {"org.opencontainers.image.title": "artifacthub-repo.yml"}}]
}' | blob application/vnd.oci.image.manifest.v1+json)
close_layout "$manifest"
"$crane" push "$dist/artifacthub" "$chart:artifacthub.io" >/dev/null

printf '%s=%s\n' image "$image:$version" image-digest "$digest" chart "$chart:$version" chart-digest "$chart_digest" >&3
