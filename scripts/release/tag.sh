#!/usr/bin/env bash
# Checks a tag before anything is built from it: `tag.sh v1.2.3`. It is this commit's, it says the version of this source, and the
# commit is on main, so that nobody releases what was not merged.
#
# MAIN   the branch that it must be on (default: origin/main)
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[ $# = 1 ] || fail "say which tag: $script v1.2.3"
main=${MAIN:-origin/main}
version=$("$here/version.sh" "$1")
need git "install git"
cd "$root"
commit=$(git rev-parse --verify --quiet "refs/tags/$1^{commit}") || fail "there is no tag $1"
[ "$commit" = "$(git rev-parse HEAD)" ] || fail "the tag $1 is on commit $commit, and this is $(git rev-parse HEAD)"
git rev-parse --verify --quiet "$main^{commit}" >/dev/null || fail "there is no branch $main: fetch it first"
git merge-base --is-ancestor HEAD "$main" || fail "the tag $1 is on commit $commit, which is not on $main: merge it first"
say "version $version"
