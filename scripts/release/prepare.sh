#!/usr/bin/env bash
# Makes the source say a new version: `prepare.sh 1.2.3`. It changes Cargo.toml, the lock files, the chart, the rendered manifests,
# and turns what CHANGELOG.md says is unreleased into a section with today's date. The sections of its release candidates become a
# part of a version's own. Commit the result, then tag it.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

new=${1:-}
[[ $new =~ ^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?$ ]] ||
    fail "say the new version, such as $script 1.2.3 or $script 1.2.3-rc.1"
cd "$root"
! grep -q "^## \[${new//./\\.}\]" CHANGELOG.md || fail "CHANGELOG.md has a section for $new already"
# What becomes the section: what is unreleased, and what the candidates of this version had
taken='^## [[]Unreleased]'
case "$new" in *-*) ;; *) taken+="|^## [[]${new//./[.]}-" ;; esac
[ -n "$(awk -v taken="$taken" '/^## / { inside = $0 ~ taken } inside && /^- /' CHANGELOG.md)" ] ||
    fail "CHANGELOG.md has nothing under Unreleased, so there is nothing to release"

helm=$("$here/tools/obtain.sh" helm)
# Commands that people copy
old=$("$here/version.sh")
sed -i "s/\([:v]\|--version \)${old//./\\.}\b/\1$new/g" README.md Dockerfile charts/ramgate/README.md docs/release.md
sed -i "/^\[workspace.package\]/,/^\[/s/^version = .*/version = \"$new\"/" Cargo.toml
sed -i -e "s/^version: .*/version: $new/" -e "s/^appVersion: .*/appVersion: $new/" charts/ramgate/Chart.yaml
# Entries of one kind stand together, the newest first.
awk -v taken="$taken" -v section="## [$new] - $(date -u +%Y-%m-%d)" '
    /^## / {
        part = $0 ~ taken ? "taken" : part == "" ? "" : "rest"
        kind = blank = ""
        first = 1
        if (part == "taken") next
    }
    part == "" { head = head $0 "\n"; next }
    part == "rest" { rest = rest $0 "\n"; next }
    /^### / { kind = $0; blank = ""; first = 1; next }
    !NF { blank = blank "\n"; next }
    {
        if (!(kind in entries)) kinds[++count] = kind
        entries[kind] = entries[kind] (first ? "" : blank) $0 "\n"
        blank = first = ""
    }
    END {
        printf "%s## [Unreleased]\n\n%s\n", head, section
        for (at = 1; at <= count; at++) printf "\n%s%s", kinds[at] == "" ? "" : kinds[at] "\n\n", entries[kinds[at]]
        if (rest != "") printf "\n%s", rest
    }
' CHANGELOG.md >CHANGELOG.md.new
mv CHANGELOG.md.new CHANGELOG.md
# The packages of this repository, as it and the packages apart lock them
own=$(sed -n 's/^name = "\(.*\)"$/\1/p' crates/*/Cargo.toml | paste -sd'|')
sed -E -i "/^name = \"(ramgate|$own)\"\$/{n;s/^version = \"${old//./\\.}\"\$/version = \"$new\"/}" Cargo.lock fuzz/Cargo.lock benches/peers/Cargo.lock
HELM=$helm deploy/render.sh
"$here/version.sh" "v$new" >/dev/null
say "this source is $new: look at \`git diff\`, commit it, and tag the commit v$new"
