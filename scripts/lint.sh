#!/usr/bin/env bash
# Formatting, lints with warnings as errors, what may be in the dependency tree, advisories, and the workflows.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

for component in rustfmt clippy; do
  cargo "${component/rustfmt/fmt}" --version >/dev/null 2>&1 || rustup component add "$component"
done
cargo fmt --all --check
for package in fuzz benches/peers; do
  cargo fmt --manifest-path "$package/Cargo.toml" --check
done
# The packages apart lock the dependencies of this one too
for package in fuzz benches/peers; do
  cargo metadata --locked --format-version 1 --manifest-path "$package/Cargo.toml" >/dev/null
done
cargo clippy --locked --all-targets -- -D warnings

# One crypto provider: anything that brings another one fails here, with the path by which it came.
for crate in ring openssl native-tls; do
  if cargo tree --locked --edges normal,build --target all --invert "$crate" >/tmp/ramgate-tree.$$ 2>/dev/null && [ -s /tmp/ramgate-tree.$$ ]; then
    cat /tmp/ramgate-tree.$$ >&2
    rm -f /tmp/ramgate-tree.$$
    echo "dependency '$crate' is in the tree: aws-lc-rs is the one crypto provider" >&2
    exit 1
  fi
  rm -f /tmp/ramgate-tree.$$
done

# Dependencies between the crates go one way: ramgate uses eci-calls and ram-policy, eci-calls uses ram-policy, and only
# ramgate knows Kubernetes.
must_not_depend() {
  local crate=$1 forbidden=$2 tree found
  tree=$(cargo tree --locked --package "$crate" --edges normal --target all --prefix none --format '{p}')
  found=$(cut -d' ' -f1 <<<"$tree" | sort -u | grep -xE "$forbidden" | paste -sd' ' || true)
  if [ -n "$found" ]; then
    echo "crate '$crate' depends on $found: $3" >&2
    exit 1
  fi
}
kubernetes='ramgate|kube(-.*)?|k8s-openapi'
must_not_depend ram-policy "eci-calls|$kubernetes" \
  "the RAM engine knows neither ECI nor Kubernetes; move the code that needs them to eci-calls or ramgate"
must_not_depend eci-calls "$kubernetes" \
  "ECI calls know nothing of Kubernetes; move the code that needs it to ramgate"

# Licences, duplicates and sources, where the tool is there; it needs no network for these three.
if cargo deny --version >/dev/null 2>&1; then
  cargo deny --config .deny.toml check bans licenses sources
else
  echo "cargo-deny is not installed: licences and sources are not checked here (cargo install cargo-deny)"
fi
scripts/advisories.sh

# The workflows, by a program that needs Go to build, once
if [ -n "${ACTIONLINT:-}" ] || command -v go >/dev/null; then
  "$(scripts/release/tools/obtain.sh actionlint)"
else
  echo "Go is not installed: .github/workflows are not checked here (https://go.dev/dl)"
fi
