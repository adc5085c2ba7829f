#!/usr/bin/env bash
# Builds the committed source twice, in two folders of different names, and compares the programs bit by bit.
#
#   reproduce.sh [ARCH...]   all architectures without an argument
#
# It builds everything twice without what an earlier build left behind, so each architecture takes many minutes.
#
# KEEP=1   puts the first program and its tools.json into RAMGATE_DIST, so that a release need not build it a third time
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

need git "install git"
[ $# -gt 0 ] || set -- "${architectures[@]}"
for arch in "$@"; do target_of "$arch" >/dev/null; done

work=$(mktemp -d "${TMPDIR:-/tmp}/ramgate-reproduce.XXXXXX")
trap 'rm -rf "$work"' EXIT
# The second folder has a longer name, at another depth.
folders=("$work/one" "$work/second/of-two")
for arch in "$@"; do
    sums=()
    for folder in "${folders[@]}"; do
        git clone --quiet "$root" "$folder"
        CARGO_TARGET_DIR=$folder/target RAMGATE_DIST=$folder/dist "$folder/scripts/release/build.sh" "$arch"
        sums+=("$(sha256sum <"$folder/dist/bin/$arch/ramgate" | cut -d' ' -f1)")
    done
    [ "${sums[0]}" = "${sums[1]}" ] || {
        trap - EXIT
        fail "the two programs for $arch differ: ${sums[0]} and ${sums[1]}; compare those in $work, for instance with diffoscope"
    }
    say "$arch: both programs are ${sums[0]}"
    if [ "${KEEP:-}" = 1 ]; then
        mkdir -p "$dist/bin/$arch"
        cp "${folders[0]}/dist/bin/$arch/ramgate" "${folders[0]}/dist/bin/$arch/tools.json" "$dist/bin/$arch"
    fi
    rm -rf "${folders[@]}"
done
