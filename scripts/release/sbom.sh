#!/usr/bin/env bash
# Lists the components of the program in CycloneDX, from Cargo's tree of dependencies, Cargo.lock and the manifests of the packages.
#
# Required is what is linked into the program for either architecture, the C library and Rust's standard library too. What only
# runs while it is built (macros, build scripts) has the scope `excluded`. The list is the same bits each time.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

need jq "install jq"
need cargo "install Rust (https://rustup.rs)"
version=$(version)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# What Cargo's tree says is built, with the features that are on; `cargo metadata` counts those of tests as well.
tree() {
    for arch in "${architectures[@]}"; do
        cargo tree --locked --manifest-path "$root/Cargo.toml" --package ramgate --target "$(target_of "$arch")" --prefix depth --format ' {p}' --edges "$1"
    done
}
# Lines of PARENT, CHILD as one JSON array; the root has no parent
edges() {
    awk '{ version = $3; sub(/^v/, "", version); at[$1] = $2 " " version; print ($1 == 0 ? "" : at[$1 - 1]) "\t" at[$1] }' | sort -u |
        jq --raw-input --slurp 'split("\n") | map(select(. != "") | split("\t"))'
}
tree normal,no-proc-macro | edges >"$work/linked.json"
tree normal,build | edges >"$work/all.json"
cargo metadata --locked --format-version 1 --manifest-path "$root/Cargo.toml" >"$work/packages.json"
# Each package of Cargo.lock with its checksum
awk -F'"' '/^\[\[package\]\]/ { name = version = "" } /^name = / { name = $2 } /^version = / { version = $2 }
    /^checksum = / { print name "\t" version "\t" $2 }' "$root/Cargo.lock" |
    jq --raw-input --slurp 'split("\n") | map(select(. != "") | split("\t") | {key: "\(.[0]) \(.[1])", value: .[2]}) | from_entries' >"$work/checksums.json"
built_by() { for arch in "${architectures[@]}"; do built_with "$arch" | jq --raw-output "$1"; done | sort -u; }
glibc=$(built_by .glibc)
rust=$(built_by '.rustc | split(" ")[1]')
[ "$(wc -l <<<"$rust")" = 1 ] || fail "the programs were built by two versions of Rust: $(paste -sd' ' <<<"$rust")"
jq --null-input --sort-keys --arg version "$version" --arg glibc "$glibc" --arg rust "$rust" \
    --arg time "$(date -u -d "@$(epoch)" +%Y-%m-%dT%H:%M:%SZ)" \
    --slurpfile linked "$work/linked.json" --slurpfile all "$work/all.json" --slurpfile packages "$work/packages.json" \
    --slurpfile checksums "$work/checksums.json" \
    --from-file "$here/sbom.jq" >"$dist/files/ramgate_$version.cdx.json"
