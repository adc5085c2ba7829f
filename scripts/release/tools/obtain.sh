#!/usr/bin/env bash
# Builds one tool of a release, once, and prints its path: `obtain.sh crane`. Needs no root.
#
# The tools are built from the go.mod and go.sum beside this script, which pin them and all that they contain.
#
#   actionlint   checks .github/workflows
#   cosign       signs and verifies
#   crane        pushes images, and is a registry for rehearsals
#   helm         packages and pushes the chart; the version that the tests use
#   krew         installs plugins of kubectl
#   roots        prints the certificate authorities of the image
#
# Another program of the same name is used if a variable names it: ACTIONLINT, COSIGN, CRANE, HELM, KREW, ROOTS.
# RAMGATE_TEST_CACHE   where builds are kept (default: ${XDG_CACHE_HOME:-~/.cache}/ramgate)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${RAMGATE_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ramgate}

say() { printf 'obtain.sh: %s\n' "$*" >&2; }
fail() { say "$@"; exit 1; }

name=${1:-}
module=$here/$name
case "$name" in
    actionlint) package=github.com/rhysd/actionlint/cmd/actionlint ;;
    cosign) package=github.com/sigstore/cosign/v3/cmd/cosign ;;
    crane) package=github.com/google/go-containerregistry/cmd/crane ;;
    helm) package=helm.sh/helm/v4/cmd/helm module=$here/../../../tests/real/tools/helm ;;
    krew) package=sigs.k8s.io/krew/cmd/krew ;;
    roots) package=. ;;
    *) fail "unknown tool \`$name\`: see the head of ${BASH_SOURCE[0]}" ;;
esac

variable=${name^^}
if [ -n "${!variable:-}" ]; then
    command -v "${!variable}" || fail "$variable is \`${!variable}\`, which is no program"
    exit
fi

mkdir -p "$cache/release"
exec 9>"$cache/release/.lock"
if command -v flock >/dev/null; then flock 9; fi

tools=$cache/release/$name-$(cat "$module"/* | sha256sum | cut -c1-12)
if [ ! -x "$tools/$name" ]; then
    command -v go >/dev/null || fail "Go is needed to build $name and was not found: install Go 1.26 or newer (https://go.dev/dl)," \
        "or set $variable to a program"
    say "building $name (once; kept in $tools)"
    mkdir -p "$tools"
    # The name appears only when the build is complete, so that a broken one is never taken for it.
    CGO_ENABLED=0 nice go build -C "$module" -trimpath -ldflags "-s -w" -o "$tools/.$name.part" "$package" ||
        fail "$name could not be built: see Go's message above"
    mv "$tools/.$name.part" "$tools/$name"
fi
printf '%s\n' "$tools/$name"
