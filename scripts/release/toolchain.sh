#!/usr/bin/env bash
# Installs, on a machine of CI, the compiler that builds a release, and for each named architecture what links its program:
# `toolchain.sh amd64 arm64`. Without an architecture, only what tests and lint need.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

compiler=$(sed -n 's/^compiler=//p' "$here/build.sh")
need rustup "install rustup (https://rustup.rs)"
targets=() packages=()
for arch in "$@"; do
    target=$(target_of "$arch")
    targets+=(--target "$target")
    [ "$arch" = "$(host_architecture)" ] || packages+=("gcc-${target%%-*}-linux-gnu" "libc6-dev-$arch-cross" qemu-user-static)
done
rustup toolchain install "$compiler" --profile minimal --component clippy --component rustfmt "${targets[@]}"
rustup default "$compiler"
if [ ${#packages[@]} -gt 0 ]; then
    need apt-get "install what these packages of Debian have: ${packages[*]}"
    as_root=()
    [ "$(id -u)" = 0 ] || as_root=(sudo)
    "${as_root[@]}" apt-get update -qq
    DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -qq -y --no-install-recommends "${packages[@]}"
fi
