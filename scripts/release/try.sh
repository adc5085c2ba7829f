#!/usr/bin/env bash
# Runs the program of one architecture, by emulation if this machine is of another: `try.sh arm64`. It must say this version and judge
# the pod of the quick start as the README says: denied.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

arch=${1:-}
target=$(target_of "$arch")
program=$(program "$arch")
run=("$program")
if [ "$arch" != "$(host_architecture)" ]; then
    emulator=qemu-${target%%-*}-static
    need "$emulator" "install it (Debian: apt-get install qemu-user-static) to run a program for $arch here"
    run=("$emulator" "$program")
fi
cd "$root"
version=$(version)
found=$("${run[@]}" --version) || fail "the program for $arch does not run"
[ "$found" = "ramgate $version" ] || fail "the program for $arch says it is \`$found\`, not ramgate $version"
quickstart=deploy/examples/quickstart
code=0
"${run[@]}" check -f "$quickstart/pod.yaml" --config-dir "$quickstart/config" --as alice@example.com >"$dist/try.log" 2>&1 || code=$?
[ "$code" = 2 ] || { cat "$dist/try.log" >&2; fail "the program for $arch ends with $code where it should deny with 2"; }
"${run[@]}" check -f "$quickstart/pod-tagged.yaml" --config-dir "$quickstart/config" --as alice@example.com >"$dist/try.log" 2>&1 ||
    { cat "$dist/try.log" >&2; fail "the program for $arch does not allow the pod with the tag"; }
say "$arch: $found runs and decides"
