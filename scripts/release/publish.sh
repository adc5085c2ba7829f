#!/usr/bin/env bash
# Pushes the image and the chart to a registry and signs both there: `publish.sh ghcr.io/ramgate`.
#
# The image becomes REGISTRY/ramgate:VERSION, the chart REGISTRY/charts/ramgate:VERSION. The image also gets its list of components
# and its provenance. A version that is there stays as it is: the script stops if it is not the same.
# It prints what is published, as lines of NAME=VALUE. login.sh logs in; signing.sh says with which key it signs.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
. "$here/oci.sh"
. "$here/signing.sh"

# What tools print is for people; standard output is what was published.
exec 3>&1 1>&2

[ $# = 1 ] || fail "say where to: $script REGISTRY, such as ghcr.io/ramgate"
registry=$1
[[ $registry =~ ^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)*$ ]] || fail "\`$registry\` is no registry, such as ghcr.io/ramgate"
need jq "install jq"
version=$(version)
crane=$("$here/tools/obtain.sh" crane)
helm=$("$here/tools/obtain.sh" helm)
image=$registry/ramgate chart=$registry/charts/ramgate
plain=()
# A registry on this machine, for rehearsals, has no certificate.
case "$registry" in 127.0.0.1:* | localhost:*) plain=(--plain-http) ;; esac

# published REFERENCE: its digest, or nothing. A registry that does not answer is no empty one.
published() {
    local answer
    if answer=$("$crane" digest "$1" 2>&1); then echo "$answer"; return; fi
    grep -qE 'MANIFEST_UNKNOWN|NAME_UNKNOWN|NOT_FOUND|404' <<<"$answer" || fail "$1: $answer"
}

# same REFERENCE FOUND OWN: says that a version is there already, unless it is another: a version never changes
same() {
    [ "$2" = "$3" ] || fail "$1 is published with $2, and this one is $3: a version never changes, so make a new one"
    say "$1 is published already"
}

digest=$(jq --raw-output '.manifests[0].digest' "$dist/image/index.json") || fail "there is no image in $dist: run scripts/release/assemble.sh"
package=$dist/files/ramgate-$version.tgz
grep -q "digest: $digest\$" <(tar --extract --gzip --to-stdout --file "$package" ramgate/values.yaml) ||
    fail "the chart in $package does not run the image $digest: run scripts/release/assemble.sh"

# Both are looked at before either is pushed. Helm dates what it pushes, so of a chart the package inside is compared.
published_image=$(published "$image:$version")
[ -z "$published_image" ] || same "$image:$version" "$published_image" "$digest"
published_chart=$(published "$chart:$version")
[ -z "$published_chart" ] || same "$chart:$version" "$("$crane" manifest "$chart:$version" | jq --raw-output '.layers[0].digest')" \
    "sha256:$(sha256sum <"$package" | cut -d' ' -f1)"

if [ -z "$published_image" ]; then
    "$crane" push "$dist/image" "$image:$version" >/dev/null
    [ "$(published "$image:$version")" = "$digest" ] || fail "the registry made another image of $image:$version than $digest"
fi
"$cosign" sign --recursive "${signer[@]}" "$image@$digest"
"$cosign" attest "${signer[@]}" --type slsaprovenance1 --predicate <(jq .predicate "$dist/provenance.json") "$image@$digest"
"$cosign" attest "${signer[@]}" --type cyclonedx --predicate "$dist/files/ramgate_$version.cdx.json" "$image@$digest"

if [ -z "$published_chart" ]; then
    "$helm" push "${plain[@]}" "$package" "oci://$registry/charts" >"$dist/push.log" 2>&1 || { cat "$dist/push.log" >&2; fail "helm could not push $package to oci://$registry/charts"; }
fi
chart_digest=$(published "$chart:$version")
"$cosign" sign "${signer[@]}" "$chart@$chart_digest"

# What Artifact Hub wants to know of the repository, under the tag that it looks for
layout "$dist/artifacthub"
config=$(printf '{}' | blob application/vnd.cncf.artifacthub.config.v1+yaml)
layer=$(blob application/vnd.cncf.artifacthub.repository-metadata.layer.v1.yaml <"$root/charts/artifacthub-repo.yml")
manifest=$(json --argjson config "$config" --argjson layer "$layer" '{
    schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", config: $config,
    layers: [$layer + {annotations: {"org.opencontainers.image.title": "artifacthub-repo.yml"}}]
}' | blob application/vnd.oci.image.manifest.v1+json)
json --argjson manifest "$manifest" '{
    schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: [$manifest]
}' >"$dist/artifacthub/index.json"
"$crane" push "$dist/artifacthub" "$chart:artifacthub.io" >/dev/null

printf '%s=%s\n' image "$image:$version" image-digest "$digest" chart "$chart:$version" chart-digest "$chart_digest" >&3
