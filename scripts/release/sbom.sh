#!/usr/bin/env bash
# Lists the components of the program in CycloneDX, from Cargo.lock and the manifests of the packages that it locks.
#
# Required is what is linked into the program for either architecture, the C library and Rust's standard library too. What only
# runs while it is built (macros, build scripts) has the scope `excluded`. The list is the same bits each time.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

need jq "install jq"
need cargo "install Rust (https://rustup.rs)"
version=$(version)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for arch in "${architectures[@]}"; do
    cargo metadata --locked --format-version 1 --manifest-path "$root/Cargo.toml" --filter-platform "$(target_of "$arch")" >"$work/$arch.json"
done
# Each package of Cargo.lock with its checksum
awk -F'"' '/^\[\[package\]\]/ { name = version = "" } /^name = / { name = $2 } /^version = / { version = $2 }
    /^checksum = / { print name "\t" version "\t" $2 }' "$root/Cargo.lock" |
    jq --raw-input --slurp 'split("\n") | map(select(. != "") | split("\t") | {key: "\(.[0]) \(.[1])", value: .[2]}) | from_entries' >"$work/checksums.json"
glibc=$(for arch in "${architectures[@]}"; do c_library "$arch"; done | sort -u)
[ -n "$glibc" ] || fail "no C compiler was found, so the version of the C library is unknown: run scripts/release/toolchain.sh"
compiler=$(sed -n 's/^compiler=//p' "$here/build.sh")
jq --null-input --sort-keys --arg version "$version" --arg glibc "$glibc" --arg rust "$compiler" \
    --arg time "$(date -u -d "@$(epoch)" +%Y-%m-%dT%H:%M:%SZ)" \
    --slurpfile platforms <(cat "$work"/*[0-9].json) --slurpfile checksums "$work/checksums.json" \
    --from-file "$here/sbom.jq" >"$dist/files/ramgate_$version.cdx.json"
