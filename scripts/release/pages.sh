#!/usr/bin/env bash
# Writes man pages and shell completions, which the program itself prints, into RAMGATE_DIST.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

program=$(program "$(host_architecture)")
pages=$dist/pages
rm -rf "$pages"
mkdir -p "$pages/man" "$pages/completions"
"$program" man "$pages/man" >/dev/null
while read -r shell file; do
    "$program" completions "$shell" >"$pages/completions/$file"
done <<'END'
bash ramgate.bash
elvish ramgate.elv
fish ramgate.fish
powershell _ramgate.ps1
zsh _ramgate
END
