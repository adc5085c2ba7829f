#!/usr/bin/env bash
# Obtains the real parts that tests run on (etcd, the Kubernetes control plane, kubectl, helm, prometheus, and a program
# that asks the StatefulSet controller's own code about revisions) and prints the folder that holds them. Needs no root.
# Everything is kept, so that only the first call takes minutes.
#
# The control plane and kubectl are downloaded from Kubernetes' release if prebuilt.sha256 has their checksums and the
# release can be reached (prebuilt.sh), and built from their Go modules else. All other programs are built.
#
#   obtain.sh               what nearly all tests need
#   obtain.sh controllers   what the tests of custom kinds need besides: controllers, kube-state-metrics, and the
#                           definitions of the kinds in the folder crds
#   obtain.sh browser       ChromeDriver and Chromium, whose paths it prints, one a line; needs root to install them
#   obtain.sh clock         libfaketime, by which the soak sets the clock of one program; prints its path
#   obtain.sh --pin         writes the go.mod and go.sum files anew, from the versions below
#
# KUBERNETES_VERSION    another Kubernetes, such as 1.30.14 (the pinned one is built from a committed go.sum)
# RAMGATE_TEST_BUILD    =1: nothing is downloaded but Go modules, all is built
# RAMGATE_TEST_DOWNLOADS
#                       the address of a copy of https://dl.k8s.io/release, from which to download instead
# KUBEBUILDER_ASSETS    a folder with etcd, kube-apiserver and kubectl to use instead of building them; helm,
#                       kube-controller-manager and kube-scheduler too if they are there, else they are built
# CHROMEDRIVER, CHROME  a ChromeDriver and its browser, instead of those in the path
# RAMGATE_TEST_CACHE    where builds are kept (default: ${XDG_CACHE_HOME:-~/.cache}/ramgate)
set -euo pipefail

pinned_kubernetes=1.36.3
etcd=3.6.16
helm=4.3.1
argo=3.7.3
jobset=0.10.1
lws=0.7.0
kube_state_metrics=2.18.0

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${RAMGATE_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ramgate}

# shellcheck source=tests/real/tools/progress.sh
. "$here/progress.sh"
# shellcheck source=tests/real/tools/prebuilt.sh
. "$here/prebuilt.sh"

# Holds the lock FILE until the script ends, so that no two of them write the same files.
lock() {
    exec 9>"$1"
    command -v flock >/dev/null || return 0
    if ! flock -n 9; then
        say "waiting for another obtain.sh, which is at work in $(dirname "$1")"
        flock 9
    fi
}

need_go() {
    command -v go >/dev/null || fail "Go is needed to build $1 and was not found:" \
        "install Go 1.26 or newer (https://go.dev/dl), or set KUBEBUILDER_ASSETS to a folder that holds etcd, kube-apiserver," \
        "kube-controller-manager, kube-scheduler, kubectl and helm"
}

# The go.mod of a folder that builds Kubernetes VERSION. Kubernetes' own go.mod points at its staging folders, which only
# its repository has; each of them is published under the matching 0.x version.
kubernetes_module() {
    local version=$1 source language default
    source=$(go mod download -json "k8s.io/kubernetes@v$version" | sed -n 's/^\t"GoMod": "\(.*\)",\{0,1\}$/\1/p')
    [ -r "$source" ] || fail "Kubernetes $version was not found by the Go module proxy: is it a released version?"
    language=$(sed -n 's/^go \([0-9]*\.[0-9]*\).*/\1/p' "$source")
    default=$(sed -n 's/^godebug default=go\([0-9.]*\).*/\1/p' "$source")
    printf 'module ramgate.io/tests/kubernetes\n\n'
    # `tool` lines need the language of Go 1.24; what the binaries do by default stays what their release chose.
    printf 'go %s\n\n' "$(printf '%s.0\n1.24.0\n' "$language" | sort -V | tail -1)"
    printf 'godebug default=go%s\n\n' "${default:-$language}"
    printf 'tool (\n'
    printf '\tk8s.io/kubernetes/cmd/%s\n' kube-apiserver kube-controller-manager kube-scheduler kubectl
    printf ')\n\nrequire k8s.io/kubernetes v%s\n\nreplace (\n' "$version"
    sed -n "s#^[[:space:]]*\(replace \)\{0,1\}\(k8s.io/[a-z0-9-]*\) => ./staging/src/.*#\t\2 => \2 v0.${version#*.}#p" "$source"
    printf ')\n'
}

# The go.mod of a folder that builds one tool: module NAME, its VERSION, the package of its main function.
tool_module() {
    printf 'module ramgate.io/tests/%s\n\ngo 1.26.0\n\ntool %s\n\nrequire %s v%s\n' "$1" "$4" "$2" "$3"
}

pin() {
    need_go "the pinned tools"
    mkdir -p "$here"/{kubernetes,etcd,helm}
    kubernetes_module "$pinned_kubernetes" >"$here/kubernetes/go.mod"
    tool_module etcd go.etcd.io/etcd/server/v3 "$etcd" go.etcd.io/etcd/server/v3 >"$here/etcd/go.mod"
    tool_module helm helm.sh/helm/v4 "$helm" helm.sh/helm/v4/cmd/helm >"$here/helm/go.mod"
    mkdir -p "$here"/controllers/{argo,jobset,lws,kube-state-metrics}
    {
        tool_module argo github.com/argoproj/argo-workflows/v3 "$argo" github.com/argoproj/argo-workflows/v3/cmd/workflow-controller
        # Argo's own go.mod has this line, and does not compile with a later version.
        printf '\nreplace github.com/olekukonko/tablewriter => github.com/olekukonko/tablewriter v0.0.5\n'
    } >"$here/controllers/argo/go.mod"
    tool_module jobset sigs.k8s.io/jobset "$jobset" sigs.k8s.io/jobset >"$here/controllers/jobset/go.mod"
    tool_module lws sigs.k8s.io/lws "$lws" sigs.k8s.io/lws/cmd >"$here/controllers/lws/go.mod"
    local metrics=k8s.io/kube-state-metrics/v2
    tool_module kube-state-metrics "$metrics" "$kube_state_metrics" "$metrics" >"$here/controllers/kube-state-metrics/go.mod"
    local folder
    for folder in kubernetes etcd helm controllers/argo controllers/jobset controllers/lws controllers/kube-state-metrics; do
        say "go mod tidy in $folder"
        (cd "$here/$folder" && go mod tidy)
    done
}

# Builds PACKAGE of the go.mod in MODULE as NAME, unless it is there; more arguments go to `go build`.
build() {
    local name=$1 module=$2 package=$3 start=$SECONDS
    shift 3
    [ -x "$tools/$name" ] && return
    need_go "$name"
    say "building $name (once; kept in $tools)"
    # The name appears only when the build is complete, so that a broken one is never taken for it.
    CGO_ENABLED=0 timed "building $name" nice go build -C "$module" -trimpath -o "$tools/.$name.part" "$@" "$package" ||
        fail "$name could not be built: see Go's message above"
    mv "$tools/.$name.part" "$tools/$name"
    say "built $name ($(duration $((SECONDS - start))))"
}

build_kubernetes() {
    local module=$here/kubernetes minor flags name missing=()
    for name in "$@"; do
        [ -x "$tools/$name" ] || missing+=("$name")
    done
    # Its source is of this repository, so that a new one does not make all of Kubernetes be built anew.
    cmp -s "$here/kubernetes/revisions/main.go" "$tools/.revisions.go" || missing+=(revisions)
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$kubernetes" != "$pinned_kubernetes" ]; then
        module=$tools/.module
        if [ ! -e "$module/go.sum" ]; then
            need_go "Kubernetes $kubernetes"
            mkdir -p "$module"
            kubernetes_module "$kubernetes" >"$module/go.mod"
            (cd "$module" && go mod tidy)
        fi
        mkdir -p "$module/revisions"
        cp "$here/kubernetes/revisions/main.go" "$module/revisions"
    fi
    minor=${kubernetes#*.}
    flags="-s -w"
    for name in gitVersion="v$kubernetes" gitMajor="${kubernetes%%.*}" gitMinor="${minor%%.*}" gitTreeState=archive; do
        flags+=" -X k8s.io/component-base/version.$name -X k8s.io/client-go/pkg/version.$name"
    done
    for name in "${missing[@]}"; do
        if [ "$name" = revisions ]; then
            rm -f "$tools/revisions"
            build revisions "$module" ./revisions -ldflags "-s -w"
            cp "$here/kubernetes/revisions/main.go" "$tools/.revisions.go"
        else
            build "$name" "$module" "k8s.io/kubernetes/cmd/$name" -ldflags "$flags"
        fi
    done
}

# The Kubernetes whose controllers go with the API server in FOLDER: the pinned one if it is of the same minor version,
# since that is built from a committed go.sum, else the very same.
kubernetes_beside() {
    local version
    version=$("$1/kube-apiserver" --version) || fail "$1/kube-apiserver does not say its version"
    version=${version##* v}
    version=${version%%[-+]*}
    if [ "${version%.*}" = "${pinned_kubernetes%.*}" ]; then version=$pinned_kubernetes; fi
    printf '%s\n' "$version"
}

# Links the tool NAME of FOLDER into the folder of tools.
adopt() {
    ln -sfn "$2/$1" "$tools/$1"
}

# Downloads a package into the current folder; where nobody has run `apt-get update`, with package lists of its own.
download() {
    local own=(-o "Dir::State=$cache/apt" -o "Dir::Cache=$cache/apt" -o Dir::State::status=/var/lib/dpkg/status)
    apt-get download -qq "$1" >&2 && return
    mkdir -p "$cache/apt/lists/partial" "$cache/apt/archives/partial"
    apt-get "${own[@]}" update -qq >&2 && apt-get "${own[@]}" download -qq "$1" >&2
}

# Prometheus is a program of the distribution; where it is not installed, its package is unpacked without root.
obtain_prometheus() {
    local name installed
    [ -x "$tools/prometheus" ] && [ -x "$tools/promtool" ] && return
    if ! command -v prometheus promtool >/dev/null && command -v apt-get dpkg-deb >/dev/null; then
        if [ ! -x "$cache/prometheus/usr/bin/prometheus" ]; then
            say "unpacking the distribution's prometheus (once; kept in $cache/prometheus)"
            rm -rf "$cache/prometheus.part"
            mkdir -p "$cache/prometheus.part"
            (cd "$cache/prometheus.part" && download prometheus && dpkg-deb -x prometheus_*.deb . && rm prometheus_*.deb) ||
                fail "the package prometheus could not be downloaded: put prometheus and promtool in PATH"
            mv "$cache/prometheus.part" "$cache/prometheus"
        fi
        installed=$cache/prometheus/usr/bin
    fi
    for name in prometheus promtool; do
        if [ -n "${installed:-}" ]; then
            adopt "$name" "$installed"
        else
            command -v "$name" >/dev/null || fail "$name was not found: put it in PATH (package prometheus)"
            adopt "$name" "$(dirname "$(command -v "$name")")"
        fi
    done
}

# Copies the definitions of custom kinds out of FOLDER of MODULE, which the go.mod of controllers/NAME requires.
definitions() {
    local name=$1 module=$2 folder=$3 source
    [ -d "$tools/crds/$name" ] && return
    need_go "$name"
    source=$(cd "$here/controllers/$name" && go mod download "$module" && go list -m -f '{{.Dir}}' "$module")
    rm -rf "$tools/crds/.$name.part"
    mkdir -p "$tools/crds/.$name.part"
    # The folder may hold a kustomization as well.
    grep -l '^kind: CustomResourceDefinition' "$source/$folder"/*.yaml | xargs -d '\n' cp --no-preserve=mode -t "$tools/crds/.$name.part" ||
        fail "$module has no definitions in $folder"
    mv "$tools/crds/.$name.part" "$tools/crds/$name"
}

# The controllers of custom kinds. Their folder is their own: a new version builds no other program anew.
obtain_controllers() {
    tools=$cache/tools/controllers-$(cat "$here"/controllers/*/go.sum | sha256sum | cut -c1-12)
    mkdir -p "$tools"
    lock "$tools/.lock"
    local argo=github.com/argoproj/argo-workflows/v3
    build argo "$here/controllers/argo" "$argo/cmd/workflow-controller" -ldflags "-s -w"
    definitions argo "$argo" manifests/base/crds/full
    build jobset "$here/controllers/jobset" sigs.k8s.io/jobset -ldflags "-s -w"
    definitions jobset sigs.k8s.io/jobset config/components/crd/bases
    build lws "$here/controllers/lws" sigs.k8s.io/lws/cmd -ldflags "-s -w"
    definitions lws sigs.k8s.io/lws config/crd/bases
    build kube-state-metrics "$here/controllers/kube-state-metrics" k8s.io/kube-state-metrics/v2 -ldflags "-s -w"
    printf '%s\n' "$tools"
}

# The first of some commands that is in the path.
first_of() {
    local name
    for name in "$@"; do
        if command -v "$name"; then return; fi
    done
}

find_driver() { printf '%s' "${CHROMEDRIVER:-$(first_of chromedriver chromium.chromedriver)}"; }
find_browser() { printf '%s' "${CHROME:-$(first_of chromium chromium-browser google-chrome google-chrome-stable chrome)}"; }

# A browser is no program to build here, and its package is no single file: root installs the distribution's.
obtain_browser() {
    local driver browser packages=(chromium chromium-driver)
    mkdir -p "$cache"
    lock "$cache/.browser.lock"
    if [ -z "$(find_driver)" ] || [ -z "$(find_browser)" ]; then
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
            say "installing ${packages[*]} (once)"
            export DEBIAN_FRONTEND=noninteractive
            apt-get install -qq -y --no-install-recommends "${packages[@]}" >&2 9>&- ||
                { apt-get update -qq >&2 9>&- && apt-get install -qq -y --no-install-recommends "${packages[@]}" >&2 9>&-; } ||
                say "apt-get could not install them"
        fi
    fi
    driver=$(find_driver) browser=$(find_browser)
    if [ -z "$driver" ] || [ -z "$browser" ]; then
        fail "the tests of ramgate explore need Chromium and ChromeDriver of one version: install them (Debian:" \
            "apt-get install chromium chromium-driver), or set CHROME and CHROMEDRIVER to the two programs"
    fi
    printf '%s\n' "$driver" "$browser"
}

# A library of the distribution; where it is not installed, its package is unpacked without root.
obtain_clock() {
    local found
    find_clock() { find "$1" -name libfaketime.so.1 -path '*faketime*' -print -quit 2>/dev/null || true; }
    found=$(find_clock /usr/lib)
    if [ -z "$found" ]; then found=$(find_clock "$cache/faketime"); fi
    if [ -z "$found" ]; then
        mkdir -p "$cache"
        exec 9>"$cache/.faketime.lock"
        if command -v flock >/dev/null; then flock 9; fi
        say "unpacking the distribution's libfaketime (once; kept in $cache/faketime)"
        rm -rf "$cache/faketime.part"
        mkdir -p "$cache/faketime.part"
        (cd "$cache/faketime.part" && download libfaketime && dpkg-deb -x libfaketime_*.deb . && rm libfaketime_*.deb) ||
            fail "the package libfaketime could not be downloaded: install it (Debian: apt-get install libfaketime)"
        rm -rf "$cache/faketime"
        mv "$cache/faketime.part" "$cache/faketime"
        found=$(find_clock "$cache/faketime")
    fi
    [ -n "$found" ] || fail "the package libfaketime has no libfaketime.so.1"
    printf '%s\n' "$found"
}

case "${1:-}" in
    "") ;;
    clock) obtain_clock; exit ;;
    controllers) obtain_controllers; exit ;;
    browser) obtain_browser; exit ;;
    --pin) pin; exit ;;
    *) fail "unknown argument \`$1\`: see the head of ${BASH_SOURCE[0]}" ;;
esac

assets=${KUBEBUILDER_ASSETS:-}
if [ -n "$assets" ]; then
    assets=$(cd "$assets" && pwd) || fail "KUBEBUILDER_ASSETS is $KUBEBUILDER_ASSETS, which is no folder"
    for name in etcd kube-apiserver kubectl; do
        [ -x "$assets/$name" ] || fail "KUBEBUILDER_ASSETS is $assets, but there is no program $name in it"
    done
fi
kubernetes=${KUBERNETES_VERSION:-}
if [ -z "$kubernetes" ] && [ -n "$assets" ]; then kubernetes=$(kubernetes_beside "$assets"); fi
kubernetes=${kubernetes:-$pinned_kubernetes}
kubernetes=${kubernetes#v}
key=$({ cat "$here"/*/go.sum; printf '%s\n' "$kubernetes" "$assets"; } | sha256sum | cut -c1-12)
tools=$cache/tools/$kubernetes-$key
mkdir -p "$tools"
lock "$tools/.lock"

if [ -n "$assets" ]; then
    for name in etcd kube-apiserver kube-controller-manager kube-scheduler kubectl helm; do
        if [ -x "$assets/$name" ]; then adopt "$name" "$assets"; fi
    done
fi
# First what can be refused: nobody waits minutes for that.
programs=(kube-apiserver kube-controller-manager kube-scheduler kubectl)
obtain_prebuilt "${programs[@]}"
build etcd "$here/etcd" go.etcd.io/etcd/server/v3 -ldflags "-s -w"
build_kubernetes "${programs[@]}"
build helm "$here/helm" helm.sh/helm/v4/cmd/helm -ldflags "-s -w"
obtain_prometheus
printf '%s\n' "$tools"
