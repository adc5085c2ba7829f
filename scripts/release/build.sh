#!/usr/bin/env bash
# Builds the static program of one architecture: `build.sh amd64` or `build.sh arm64`.
#
# Two builds of one commit are the same bits, wherever they lie: no path of the machine is in the program, and Cargo.lock, the
# compiler and the C library are given. reproduce.sh checks it. The C library is linked in and comes from the machine; tools.json
# beside the program says which it was, for provenance.sh and sbom.sh, which may run elsewhere.
#
# CARGO_TARGET_DIR   where Cargo builds (default: target)
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# The compiler is a part of what is built: another version gives other bits.
compiler=1.95.0

arch=${1:-}
[ $# = 1 ] || fail "say for which architecture: $script amd64, or $script arm64"
target=$(target_of "$arch")
linker=$(gcc_of "$arch")
need cargo "install Rust $compiler (https://rustup.rs)"
need readelf "install binutils"
need jq "install jq"
need "$linker" "install a C compiler for $arch (Debian: apt-get install gcc-${target%%-*}-linux-gnu libc6-dev-$arch-cross; on $arch itself: build-essential)"

if [[ $(rustc --version) != "rustc $compiler "* ]]; then
    command -v rustup >/dev/null || fail "a release is built by Rust $compiler, and this is $(rustc --version): install rustup, or that version"
    rustup run "$compiler" rustc --version >/dev/null 2>&1 ||
        fail "a release is built by Rust $compiler: run \`rustup toolchain install $compiler --profile minimal\`"
    export RUSTUP_TOOLCHAIN=$compiler
fi
sysroot=$(rustc --print sysroot)
[ -d "$sysroot/lib/rustlib/$target" ] || fail "the standard library for $arch is missing: run \`rustup target add $target\`"

built=${CARGO_TARGET_DIR:-$root/target}
cargo_home=${CARGO_HOME:-$HOME/.cargo}
SOURCE_DATE_EPOCH=$(epoch)
export SOURCE_DATE_EPOCH
commit=$(rustc -vV | sed -n 's/^commit-hash: //p')

# Paths of the machine, and what stands for them in the program. The last one that fits counts.
rust=(-C target-feature=+crt-static -C link-arg=-Wl,--build-id=none)
c=()
while read -r from to; do
    rust+=("--remap-path-prefix=$from=$to")
    c+=("-ffile-prefix-map=$from=$to")
done <<END
$root /ramgate
$built /ramgate/target
$cargo_home /cargo
$sysroot/lib/rustlib/src/rust /rustc/$commit
END

# Flags are separated by a unit separator, so that a path may contain blanks. C has no such form.
[[ "$root$built$cargo_home" != *[[:space:]]* ]] || fail "a release cannot be built in a folder with a blank in its name: $root"
name=${target//-/_}
export CARGO_ENCODED_RUSTFLAGS
CARGO_ENCODED_RUSTFLAGS=$(IFS=$'\x1f'; printf '%s' "${rust[*]}")
unset RUSTFLAGS CFLAGS
export "CFLAGS_$name=${c[*]}" "CC_$name=$linker" "CARGO_TARGET_${name^^}_LINKER=$linker"
export CARGO_TARGET_DIR=$built CARGO_INCREMENTAL=0

say "building for $arch with $(rustc --version) (minutes)"
cargo build --manifest-path "$root/Cargo.toml" --release --locked --bin ramgate --target "$target"

program=$built/$target/release/ramgate
! readelf --program-headers --wide "$program" | grep -q INTERP || fail "the program for $arch needs a loader, so it is not static"
# A path that slipped in would differ from machine to machine, and tell about it.
for path in "$root" "$built" "$cargo_home" "$sysroot"; do
    ! grep --quiet --text --fixed-strings "$path" "$program" || fail "the program for $arch contains the path $path of this machine"
done
# The version of the C library, and the package of Debian that it comes from if it does
glibc=$(printf '#include <gnu/libc-version.h>\n__GLIBC__.__GLIBC_MINOR__\n' | "$linker" -E -P - | tail -1 | tr -d ' ')
package=libc6-dev
[ "$arch" = "$(host_architecture)" ] || package=libc6-dev-$arch-cross
package=$(dpkg-query --show --showformat='${Package} ${Version}' "$package" 2>/dev/null) || package=
rustc=$(rustc --version)
gcc=$("$linker" --version | sed -n 1p)
mkdir -p "$dist/bin/$arch"
# On GitHub, the image of the machine has the two variables.
jq --null-input --sort-keys --arg rustc "$rustc" --arg gcc "$gcc" --arg glibc "$glibc" --arg package "$package" \
    --arg runner "${ImageOS:+$ImageOS ${ImageVersion:-}}" \
    '{rustc: $rustc, gcc: $gcc, glibc: $glibc, package: $package, runner: $runner} | with_entries(select(.value != ""))' >"$dist/bin/$arch/tools.json"
cp "$program" "$dist/bin/$arch/ramgate.part"
mv "$dist/bin/$arch/ramgate.part" "$dist/bin/$arch/ramgate"
say "$dist/bin/$arch/ramgate: $(sha256sum <"$program" | cut -d' ' -f1)"
