#!/usr/bin/env bash
# Packages the chart for a registry: `chart.sh REPOSITORY DIGEST`, as in `chart.sh ghcr.io/ramgate/ramgate sha256:...`.
#
# The packaged chart names the image by that digest, so whoever verifies the chart has verified what it runs. Its annotation
# artifacthub.io/changes has the entries of the version in CHANGELOG.md. The package is the same bits each time.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[ $# = 2 ] || fail "say which image the chart runs: $script REPOSITORY sha256:DIGEST"
repository=$1 digest=$2
[[ $repository =~ ^[a-z0-9.:_/-]+$ ]] || fail "\`$repository\` is no name of an image repository"
[[ $digest =~ ^sha256:[0-9a-f]{64}$ ]] || fail "\`$digest\` is no digest such as sha256:0123... with 64 digits"
helm=$("$here/tools/obtain.sh" helm)
version=$(version)
notes=$("$here/notes.sh")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cp -r "$root/charts/ramgate" "$work/ramgate"
values=$work/ramgate/values.yaml
# Only the keys of `image`, which are indented and come before the next key of the top level
sed -i -e "/^image:/,/^[a-z]/{s|^  repository: .*|  repository: $repository|;s|^  digest: .*|  digest: $digest|}" "$values"
grep -qx "  repository: $repository" "$values" && grep -qx "  digest: $digest" "$values" ||
    fail "charts/ramgate/values.yaml has no image.repository and image.digest to fill in"
{
    printf '  artifacthub.io/images: |\n    - name: ramgate\n      image: %s:%s@%s\n' "$repository" "$version" "$digest"
    printf '      platforms: [linux/amd64, linux/arm64]\n'
    case "$version" in *-*) printf '  artifacthub.io/prerelease: "true"\n' ;; esac
    grep -qx '### Security' <<<"$notes" && security=true || security=false
    printf '  artifacthub.io/containsSecurityUpdates: "%s"\n' "$security"
    printf '  artifacthub.io/changes: |\n'
    "$here/notes.sh" --artifacthub | sed 's/^/    /'
} >>"$work/ramgate/Chart.yaml"

"$helm" lint --quiet --namespace ramgate-system "$work/ramgate" >"$work/lint" 2>&1 || { cat "$work/lint" >&2; fail "helm lint refuses the chart"; }
"$helm" package --destination "$work" "$work/ramgate" >/dev/null
# Helm dates what it packs; packed again, the same files are the same bits.
mkdir "$work/unpacked"
tar --extract --gzip --file "$work/ramgate-$version.tgz" --directory "$work/unpacked"
tar_folder "$work/unpacked" "$dist/files/ramgate-$version.tgz" ramgate
