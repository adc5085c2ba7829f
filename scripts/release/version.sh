#!/usr/bin/env bash
# Prints the version of this source, and checks that everything that says it agrees: Cargo.toml, Cargo.lock, and the chart's
# version and appVersion.
#
#   version.sh         prints the version
#   version.sh TAG     checks also that the tag is `v` and that version, and that CHANGELOG.md has a section for it
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# The first value of a key in a section of a file of `key = "value"`, or in a file of `key: value`
toml() { sed -n "/^\[$2\]/,/^\[/s/^$3 = \"\(.*\)\"\$/\1/p" "$1" | head -1; }
yaml() { sed -n "s/^$2: *[\"']\{0,1\}\([^\"' ]*\)[\"']\{0,1\} *\$/\1/p" "$1" | head -1; }

version=$(toml "$root/Cargo.toml" workspace.package version)
[[ $version =~ ^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?$ ]] ||
    fail "Cargo.toml: workspace.package.version is \`$version\`, which is no version such as 1.2.3 or 1.2.3-rc.1"

chart=$root/charts/ramgate/Chart.yaml
for key in version appVersion; do
    found=$(yaml "$chart" "$key")
    [ "$found" = "$version" ] ||
        fail "charts/ramgate/Chart.yaml: $key is \`$found\`, but Cargo.toml says $version: run scripts/release/prepare.sh VERSION"
done
locked=$(sed -n '/^name = "ramgate"$/{n;s/^version = "\(.*\)"$/\1/p}' "$root/Cargo.lock")
[ "$locked" = "$version" ] ||
    fail "Cargo.lock: ramgate is \`$locked\`, but Cargo.toml says $version: run scripts/release/prepare.sh VERSION"

if [ $# -gt 0 ]; then
    [ "$1" = "v$version" ] ||
        fail "the tag is \`$1\`, but this source is version $version: tag it v$version, or run scripts/release/prepare.sh VERSION first"
    grep -q "^## \[${version//./\\.}\] - [0-9]\{4\}-[0-9][0-9]-[0-9][0-9]\$" "$root/CHANGELOG.md" ||
        fail "CHANGELOG.md has no section \`## [$version] - YYYY-MM-DD\`: run scripts/release/prepare.sh $version"
fi
printf '%s\n' "$version"
