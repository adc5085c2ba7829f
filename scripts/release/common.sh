# What the scripts of a release share. They source this file; it runs nothing by itself.
#
# RAMGATE_DIST   where a release is put together (default: target/dist)
#
# Below it: `bin/ARCH/ramgate`, the programs, and `bin/ARCH/tools.json`, what built them; `pages`, man pages and completions; `image`
# and `artefact`, the image and the chart as OCI layouts; `files`, what a release offers for download.
set -euo pipefail
# What fails within $( ) ends the script too.
shopt -s inherit_errexit
export LC_ALL=C TZ=UTC

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
script=$(basename "$0")
dist=${RAMGATE_DIST:-$root/target/dist}
architectures=(amd64 arm64)

say() { printf '%s: %s\n' "$script" "$*" >&2; }
fail() { say "$@"; exit 1; }

# need PROGRAM HOW_TO_GET_IT
need() { command -v "$1" >/dev/null || fail "$1 was not found: $2"; }

# Rust's name of an architecture's platform; both link glibc.
target_of() {
    case "$1" in
        amd64) echo x86_64-unknown-linux-gnu ;;
        arm64) echo aarch64-unknown-linux-gnu ;;
        *) fail "\`$1\` is no architecture of a release: give amd64 or arm64" ;;
    esac
}

# The architecture of this machine.
host_architecture() {
    case "$(uname -m)" in
        x86_64) echo amd64 ;;
        aarch64) echo arm64 ;;
        *) fail "a release is made on amd64 or arm64, and this machine is $(uname -m)" ;;
    esac
}

version() { "$here/version.sh"; }

# When the commit was made: every time stamp in a release is this one, so that a second build is the same.
epoch() {
    if [ -n "${SOURCE_DATE_EPOCH:-}" ]; then echo "$SOURCE_DATE_EPOCH"; return; fi
    need git "install git"
    git -C "$root" log -1 --format=%ct 2>/dev/null ||
        fail "$root is no git work tree: set SOURCE_DATE_EPOCH to the seconds of the commit's time"
}

# tar_folder FOLDER FILE.tar.gz [NAME...]: packs what is in FOLDER, or the names in it, the same bits each time.
tar_folder() {
    local folder=$1 file=$2
    shift 2
    mkdir -p "$(dirname "$file")"
    tar --create --format=ustar --sort=name --mtime="@$(epoch)" --owner=0 --group=0 --numeric-owner \
        --mode='u+rwX,go+rX,go-w' --directory="$folder" "${@:-.}" | gzip -9 --no-name >"$file.part"
    mv "$file.part" "$file"
}

# subjects IMAGE_DIGEST: what the provenance is about: every file in SHA256SUMS, and the image
subjects() {
    jq --raw-input --slurp --compact-output --sort-keys --arg image "${1#sha256:}" '
        [split("\n")[] | select(. != "") | split("  ") | {name: .[1], digest: {sha256: .[0]}}]
        + [{name: "image", digest: {sha256: $image}}]' "$dist/files/SHA256SUMS"
}

# yaml_json <DOCUMENT: prints it as JSON, as Helm reads it
yaml_json() {
    local helm chart
    helm=$("$here/tools/obtain.sh" helm)
    chart=$(mktemp -d)
    mkdir "$chart/templates"
    cat >"$chart/document"
    printf 'apiVersion: v2\nname: document\nversion: 0.0.0\n' >"$chart/Chart.yaml"
    # What cannot be read becomes an object with the one key Error.
    printf '{{ .Files.Get "document" | fromYaml | toJson }}' >"$chart/templates/document.yaml"
    "$helm" template document "$chart" | grep '^{' | jq --exit-status --compact-output 'select(keys != ["Error"])' ||
        { rm -rf "$chart"; fail "this is no YAML document that Helm can read"; }
    rm -rf "$chart"
}

# The two commands by which docs/release.md verifies this version
verify_commands() {
    awk '/^## / { inside = /^## Verify$/ } inside && /^```console/ { block = 1; next } block && /^```/ { exit } block' "$root/docs/release.md"
}

# The compiler that links the program of an architecture
gcc_of() {
    local target
    target=$(target_of "$1")
    echo "${target%%-*}-linux-gnu-gcc"
}

# The program for one architecture; build.sh makes it.
program() {
    local program=$dist/bin/$1/ramgate
    [ -x "$program" ] || fail "there is no program for $1 in $dist: run scripts/release/build.sh $1"
    echo "$program"
}

# built_with ARCH: the compilers and the C library of its program, as build.sh wrote them down where it ran
built_with() {
    local tools=$dist/bin/$1/tools.json
    [ -s "$tools" ] || fail "there is no $tools, so what the program for $1 was built with is unknown: run scripts/release/build.sh $1"
    jq --compact-output 'if all(.rustc, .gcc, .glibc; type == "string" and . != "") then . else error("rustc, gcc or glibc is missing") end' "$tools" ||
        fail "$tools does not say what the program for $1 was built with: run scripts/release/build.sh $1"
}
