#!/usr/bin/env bash
# Verifies a published version as anybody can: `verify.sh v1.2.3`. It downloads every file of the release's page, and runs the two
# commands of docs/release.md, without a login.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[ $# = 1 ] || fail "say which tag: $script v1.2.3"
"$here/version.sh" "$1" >/dev/null
page=https://github.com/ramgate/ramgate/releases/download/$1
need curl "install curl"
cosign=$("$here/tools/obtain.sh" cosign)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Nobody's credentials take part.
export HOME=$work/home DOCKER_CONFIG=$work/home/docker
unset COSIGN_KEY COSIGN_PASSWORD GITHUB_TOKEN GH_TOKEN
mkdir -p "$DOCKER_CONFIG" "$work/bin" "$work/files"
ln -s "$(command -v "$cosign")" "$work/bin/cosign"
PATH=$work/bin:$PATH
cd "$work/files"
download() { curl --fail --location --silent --show-error --proto =https --retry 3 --remote-name "$page/$1" || fail "$page/$1 cannot be had"; }
download SHA256SUMS
download SHA256SUMS.sigstore.json
# Only names of files: what was downloaded is not verified yet
while IFS= read -r name; do
    [[ $name =~ ^[A-Za-z0-9_][A-Za-z0-9._-]*$ ]] || fail "SHA256SUMS of $1 names \`$name\`, which is no file of a release"
    download "$name"
done < <(sed 's/^[0-9a-f]*  //' SHA256SUMS)
commands=$(verify_commands)
[ "$(grep -c "$1" <<<"$commands")" = 2 ] || fail "docs/release.md has not the two commands for $1: $commands"
while IFS= read -r command; do
    bash -euo pipefail -c "$command" || fail "$1 is not what it should be: $command"
done <<<"$commands"
say "image, chart and files of $1 are verified"
