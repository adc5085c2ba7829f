#!/usr/bin/env bash
# Rehearses a whole release on this machine, from `git tag` to `helm install oci://`: a registry on 127.0.0.1 stands in for the
# public one, and a key made for the occasion for the identity of the workflow. It publishes nothing and changes nothing here.
#
#   rehearse.sh                   builds both programs first, which takes long
#   rehearse.sh --programs DIR    takes DIR/amd64 and DIR/arm64, such as target/dist/bin
#
# What is rehearsed is the last commit. KEEP=DIR keeps everything in an empty folder. With REHEARSAL_KUBECONFIG, which is that of a
# throw-away cluster, the chart is also installed from the registry, in namespace ramgate-system. Nodes cannot pull from
# 127.0.0.1, so no pod of it runs. It is uninstalled at the end, unless KEEP is set.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

programs=
case "${1:-}" in
    "") ;;
    --programs) programs=$(cd "${2:?say in which folder}" && pwd) || fail "there is no folder $2" ;;
    *) fail "unknown argument \`$1\`: see the head of ${BASH_SOURCE[0]}" ;;
esac
need git "install git"
need jq "install jq"
crane=$("$here/tools/obtain.sh" crane)
cosign=$("$here/tools/obtain.sh" cosign)
helm=$("$here/tools/obtain.sh" helm)
krew=$("$here/tools/obtain.sh" krew)
roots=$("$here/tools/obtain.sh" roots)

work=$(mktemp -d "${TMPDIR:-/tmp}/ramgate-rehearsal.XXXXXX")
registry_process=
installed=
finish() {
    if [ -n "$installed" ] && [ -z "${KEEP:-}" ]; then
        # The hook is a pod, which would wait for its image.
        "$helm" --kubeconfig "$REHEARSAL_KUBECONFIG" uninstall ramgate --namespace ramgate-system --no-hooks || true
    fi
    if [ -n "$registry_process" ]; then kill "$registry_process" 2>/dev/null || true; fi
    rm -rf "$work"
}
trap finish EXIT
[ -z "${KEEP:-}" ] || { mkdir -p "$KEEP"; kept=$(cd "$KEEP" && pwd); }
# Nobody's credentials or settings take part; compilers stay where they are.
export CARGO_HOME=${CARGO_HOME:-$HOME/.cargo} RUSTUP_HOME=${RUSTUP_HOME:-$HOME/.rustup}
export HOME=$work/home DOCKER_CONFIG=$work/home/docker XDG_CACHE_HOME=$work/home/cache
export HELM_CACHE_HOME=$work/home/helm HELM_CONFIG_HOME=$work/home/helm HELM_DATA_HOME=$work/home/helm
mkdir -p "$DOCKER_CONFIG"
unset SOURCE_DATE_EPOCH GITHUB_ACTIONS

step() { printf '\n== %s\n' "$*" >&2; }
# refused REASON COMMAND...: the command fails, and for this reason
refused() {
    local reason=$1 said
    shift
    ! said=$("$@" 2>&1) || fail "this should have been refused: $*"
    grep -qF "$reason" <<<"$said" || fail "this was refused, but not because of \"$reason\": $*: $said"
}

step "a version and its tag"
git clone --quiet "$root" "$work/source"
cd "$work/source"
export RAMGATE_DIST=$work/dist
release=$work/source/scripts/release
next=$(awk -F. '{print $1 "." $2 "." $3 + 1}' <<<"$("$release/version.sh" | sed 's/-.*//')")-rehearsal
# A commit that was prepared already has nothing to release
if ! awk '/^## / { inside = /^## \[Unreleased\]/ } inside && /^- / { found = 1 } END { exit !found }' CHANGELOG.md; then
    sed -i 's/^## \[Unreleased\]$/&\n\n### Changed\n\n- A rehearsal/' CHANGELOG.md
fi
export CRANE=$crane COSIGN=$cosign HELM=$helm KREW=$krew ROOTS=$roots
"$release/prepare.sh" "$next"
git -c user.name=rehearsal -c user.email=rehearsal@localhost commit --quiet --all --message "Version $next"
git tag "v$next"
"$release/version.sh" "v$next"
refused "the tag is \`v99.0.0\`" "$release/version.sh" v99.0.0

step "programs"
for arch in "${architectures[@]}"; do
    if [ -n "$programs" ]; then
        [ -x "$programs/$arch/ramgate" ] && [ -s "$programs/$arch/tools.json" ] ||
            fail "$programs/$arch has no program ramgate with its tools.json, as scripts/release/build.sh makes them"
        mkdir -p "$RAMGATE_DIST/bin/$arch"
        cp "$programs/$arch/ramgate" "$programs/$arch/tools.json" "$RAMGATE_DIST/bin/$arch"
    else
        "$release/build.sh" "$arch"
    fi
done

step "a registry and a key"
"$crane" registry serve --address 127.0.0.1:0 >"$work/registry.log" 2>&1 &
registry_process=$!
for _ in $(seq 50); do
    port=$(sed -n 's/.*serving on port \([0-9]*\).*/\1/p' "$work/registry.log")
    [ -z "$port" ] || break
    sleep 0.1
done
[ -n "$port" ] || { cat "$work/registry.log" >&2; fail "the registry did not start"; }
registry=127.0.0.1:$port/ramgate
export COSIGN_PASSWORD=
(cd "$work" && "$cosign" generate-key-pair 2>/dev/null && COSIGN_PASSWORD= "$cosign" generate-key-pair --output-key-prefix stranger 2>/dev/null)
export COSIGN_KEY=$work/cosign.key

step "everything that is published"
"$release/assemble.sh" "$registry"
handed_over=$("$release/fingerprint.sh" .)
"$release/fingerprint.sh" . "$handed_over"
"$release/publish.sh" --check "$registry"
refused "the repository of the image" "$release/publish.sh" --check "$registry/elsewhere"
"$release/sign.sh"
"$release/publish.sh" "$registry" | tee "$work/published"
# Again, as after a workflow that stopped half-way
"$release/publish.sh" "$registry" | cmp - "$work/published"
printed() { sed -n "s/^$1=//p" "$work/published"; }
image=$(printed image) image_digest=$(printed image-digest) chart=$(printed chart)

step "verified as a user does"
# Of a user's commands only who signed is another: a key here, the workflow's identity there.
with_key=(--key "$work/cosign.pub" --insecure-ignore-tlog)
# The two commands that docs/release.md tells people
root=$work/source verify_commands |
    sed -E -e "s#--certificate-oidc-issuer [^ ]+ --certificate-identity [^ ]+@refs/tags/v$next#--key $work/cosign.pub --insecure-ignore-tlog#" \
        -e "s#^cosign#$cosign#" -e "s#ghcr.io/ramgate#$registry#" >"$work/commands"
[ "$(grep -c -- "--key $work/cosign.pub" "$work/commands")" = 2 ] || fail "docs/release.md has not the two commands for $next: $(cat "$work/commands")"
(cd "$RAMGATE_DIST/files" && while IFS= read -r command; do bash -c "$command" >"$work/command.log" 2>&1 || { cat "$work/command.log" >&2; fail "$command"; }; done <"$work/commands")
"$cosign" verify "${with_key[@]}" "$image" >/dev/null
"$cosign" verify-attestation "${with_key[@]}" --type slsaprovenance1 "$image" >"$work/provenance"
"$cosign" verify-attestation "${with_key[@]}" --type cyclonedx "$image" >/dev/null
commit=$(git rev-parse HEAD)
[ -s "$work/provenance" ] && jq -e --arg commit "$commit" '.payload | @base64d | fromjson | .predicate.buildDefinition.resolvedDependencies[0].digest.gitCommit == $commit' \
    "$work/provenance" >/dev/null || fail "the provenance of the image does not name the commit $commit"
cd "$RAMGATE_DIST/files"
sha256sum --check --quiet SHA256SUMS
for file in *.tar.gz *.tgz; do
    "$cosign" verify-blob-attestation "${with_key[@]}" --type slsaprovenance1 --bundle "ramgate_${next}_provenance.sigstore.json" "$file"
done

step "what a user must be warned of"
stranger=(--key "$work/stranger.pub" --insecure-ignore-tlog)
refused "accepted signatures do not match threshold" "$cosign" verify "${stranger[@]}" "$image"
refused "accepted signatures do not match threshold" "$cosign" verify "${stranger[@]}" "$chart"
refused "invalid signature" "$cosign" verify-blob "${stranger[@]}" --bundle SHA256SUMS.sigstore.json SHA256SUMS
cp "ramgate_${next}_linux_amd64.tar.gz" "$work/changed.tar.gz"
printf x >>"$work/changed.tar.gz"
refused "digest" "$cosign" verify-blob-attestation "${with_key[@]}" --type slsaprovenance1 --bundle "ramgate_${next}_provenance.sigstore.json" "$work/changed.tar.gz"
# Another image, and another chart, under a version that is published
cp -r "$RAMGATE_DIST" "$work/other"
export SOURCE_DATE_EPOCH=1
other=$(RAMGATE_DIST=$work/other "$release/image.sh")
[ "$other" != "$image_digest" ] || fail "an image of another time has the same digest"
# other_chart IMAGE_DIGEST: with its checksum and provenance
other_chart() {
    RAMGATE_DIST=$work/other "$release/chart.sh" "$registry/ramgate" "$1"
    RAMGATE_DIST=$work/other "$release/checksums.sh"
    RAMGATE_DIST=$work/other "$release/provenance.sh" "$1"
}
RAMGATE_DIST=$work/other refused "the subjects of the provenance" "$release/publish.sh" "$registry"
other_chart "$other"
RAMGATE_DIST=$work/other refused "$image is published with" "$release/publish.sh" "$registry"
rm -r "$work/other/image"
cp -r "$RAMGATE_DIST/image" "$work/other/image"
other_chart "$image_digest"
RAMGATE_DIST=$work/other refused "$chart is published with" "$release/publish.sh" "$registry"
unset SOURCE_DATE_EPOCH
[ "$("$crane" digest "$image")" = "$image_digest" ] || fail "a published version was replaced"

step "the image"
for arch in "${architectures[@]}"; do
    "$crane" validate --remote "$image" --platform "linux/$arch" >/dev/null
    "$crane" export --platform "linux/$arch" "$image" - | tar --extract --to-stdout ramgate | cmp - "$RAMGATE_DIST/bin/$arch/ramgate"
    "$crane" config --platform "linux/$arch" "$image" |
        jq -e --arg arch "$arch" '.architecture == $arch and .config.User == "65532:65532"' >/dev/null || fail "the image for $arch is not as it should be"
done

step "the plugin of kubectl"
sed "s|https://github.com/ramgate/ramgate/releases/download|file://$work|" ramgate-krew.yaml >"$work/plugin.yaml"
KREW_ROOT=$work/krew "$krew" install --manifest="$work/plugin.yaml" --archive="ramgate_${next}_linux_$(host_architecture).tar.gz" 2>"$work/krew.log" ||
    { cat "$work/krew.log" >&2; fail "krew refuses the manifest"; }
"$work/krew/bin/kubectl-ramgate" --version

step "the chart from the registry"
cd "$work"
"$helm" pull --plain-http "oci://${chart%:*}" --version "$next" 2>/dev/null
cmp "ramgate-$next.tgz" "$RAMGATE_DIST/files/ramgate-$next.tgz"
# It is what Helm itself would have pushed, at the time of the commit.
"$helm" push --plain-http "ramgate-$next.tgz" "oci://$registry/helm" >/dev/null
described() {
    local manifest config
    manifest=$("$crane" manifest "$1")
    config=$(jq --raw-output .config.digest <<<"$manifest")
    jq --sort-keys '.annotations["org.opencontainers.image.created"] = "" | del(.config.digest, .config.size)' <<<"$manifest"
    "$crane" blob "${1%:*}@$config" | jq --sort-keys .
}
described "$chart" >ours
described "$registry/helm/ramgate:$next" >helms
cmp ours helms || fail "the chart's artefact is not as Helm makes it: $(diff ours helms)"
"$helm" template --plain-http --namespace ramgate-system ramgate "oci://${chart%:*}" --version "$next" 2>/dev/null >manifests.yaml
grep -qE "image: \"?$registry/ramgate@$image_digest" manifests.yaml ||
    fail "the chart does not run the image that was verified: $(grep image: manifests.yaml | sort -u)"
if [ -n "${REHEARSAL_KUBECONFIG:-}" ]; then
    ! "$helm" --kubeconfig "$REHEARSAL_KUBECONFIG" status ramgate --namespace ramgate-system >/dev/null 2>&1 ||
        fail "the cluster of $REHEARSAL_KUBECONFIG has a release ramgate already: a rehearsal needs a throw-away cluster"
    installed=1
    # By digest, as docs/release.md says
    "$helm" --kubeconfig "$REHEARSAL_KUBECONFIG" install --plain-http ramgate "oci://${chart%:*}@$(printed chart-digest)" \
        --namespace ramgate-system --create-namespace
fi

step "done: version $next went from its tag to the registry and back"
if [ -n "${kept:-}" ]; then cp -r "$RAMGATE_DIST" "$work/published" "$work/manifests.yaml" "$kept"; fi
