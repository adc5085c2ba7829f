#!/usr/bin/env bash
# Writes where the files of a release come from, as an in-toto statement with SLSA's provenance: `provenance.sh IMAGE_DIGEST`.
#
# It is about every file in SHA256SUMS and about the image, and names the commit, its tag, and the compilers and C
# libraries that build.sh wrote down.
# On GitHub it names the workflow and its run; elsewhere the builder is the person who ran it, which proves nothing more.
# sign.sh signs it.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

need jq "install jq"
[[ ${1:-} =~ ^sha256:[0-9a-f]{64}$ ]] || fail "say the digest of the image's index, as image.sh prints it: $script sha256:DIGEST"
image=$1
version=$(version)
[ -s "$dist/files/SHA256SUMS" ] || fail "there is no SHA256SUMS in $dist/files: run scripts/release/checksums.sh"
commit=$(git -C "$root" rev-parse HEAD 2>/dev/null) || fail "$root is no git work tree, so its commit is unknown"
repository=https://github.com/ramgate/ramgate
builder=$repository/blob/main/docs/release.md#by-hand
run=
if [ "${GITHUB_ACTIONS:-}" = true ]; then
    repository=$GITHUB_SERVER_URL/$GITHUB_REPOSITORY
    builder=$GITHUB_SERVER_URL/$GITHUB_WORKFLOW_REF
    run=$repository/actions/runs/$GITHUB_RUN_ID/attempts/$GITHUB_RUN_ATTEMPT
fi

tools=$(for arch in "${architectures[@]}"; do built_with "$arch" | jq --compact-output --arg arch "$arch" '{($arch): .}'; done |
    jq --slurp --compact-output add)
# The tag, if this commit has it
ref=refs/tags/v$version
[ "$(git -C "$root" rev-parse --verify --quiet "$ref^{commit}")" = "$commit" ] || ref=
subjects=$(subjects "$image")
jq --null-input --sort-keys --argjson subjects "$subjects" --argjson tools "$tools" --arg repository "$repository" \
    --arg ref "$ref" --arg commit "$commit" --arg builder "$builder" --arg run "$run" '{
    _type: "https://in-toto.io/Statement/v1",
    subject: $subjects,
    predicateType: "https://slsa.dev/provenance/v1",
    predicate: {
        buildDefinition: {
            buildType: "https://github.com/ramgate/ramgate/blob/main/docs/release.md#provenance",
            externalParameters: ({repository: $repository} + if $ref == "" then {} else {ref: $ref} end),
            internalParameters: {tools: $tools},
            resolvedDependencies: [{uri: ("git+" + $repository + if $ref == "" then "" else "@" + $ref end), digest: {gitCommit: $commit}}]
        },
        runDetails: ({builder: {id: $builder}} + if $run == "" then {} else {metadata: {invocationId: $run}} end)
    }
}' >"$dist/provenance.json"
