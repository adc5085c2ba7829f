#!/usr/bin/env bash
# Makes the source say a new version: `prepare.sh 1.2.3`. It changes Cargo.toml, the lock files, the chart, the rendered manifests,
# and turns what CHANGELOG.md says is unreleased into a section with today's date. Commit the result, then tag it.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

new=${1:-}
[[ $new =~ ^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?$ ]] ||
    fail "say the new version, such as $script 1.2.3 or $script 1.2.3-rc.1"
cd "$root"
! grep -q "^## \[${new//./\\.}\]" CHANGELOG.md || fail "CHANGELOG.md has a section for $new already"
[ -n "$(awk '/^## /{inside = /^## \[Unreleased\]/; next} inside && /^- /' CHANGELOG.md)" ] ||
    fail "CHANGELOG.md has nothing under Unreleased, so there is nothing to release"

# Commands that people copy
old=$("$here/version.sh")
sed -i "s/\([:v ]\|--version \)${old//./\\.}\b/\1$new/g" README.md Dockerfile charts/ramgate/README.md docs/release.md
sed -i "/^\[workspace.package\]/,/^\[/s/^version = .*/version = \"$new\"/" Cargo.toml
sed -i -e "s/^version: .*/version: $new/" -e "s/^appVersion: .*/appVersion: $new/" charts/ramgate/Chart.yaml
sed -i "s/^## \[Unreleased\]\$/## [Unreleased]\n\n## [$new] - $(date -u +%Y-%m-%d)/" CHANGELOG.md
# The packages of this repository, as it and the packages apart lock them
own=$(sed -n 's/^name = "\(.*\)"$/\1/p' crates/*/Cargo.toml | paste -sd'|')
sed -E -i "/^name = \"(ramgate|$own)\"\$/{n;s/^version = \"${old//./\\.}\"\$/version = \"$new\"/}" Cargo.lock fuzz/Cargo.lock benches/peers/Cargo.lock
HELM=$("$here/tools/obtain.sh" helm) deploy/render.sh
"$here/version.sh" "v$new" >/dev/null
say "this source is $new: look at \`git diff\`, commit it, and tag the commit v$new"
