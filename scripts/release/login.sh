#!/usr/bin/env bash
# Logs in to a registry, for crane and cosign: `REGISTRY_PASSWORD=... login.sh ghcr.io USER`.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[ $# = 2 ] && [ -n "${REGISTRY_PASSWORD:-}" ] || fail "say where and who: REGISTRY_PASSWORD=... $script REGISTRY USER"
crane=$("$here/tools/obtain.sh" crane)
"$crane" auth login "$1" --username "$2" --password-stdin <<<"$REGISTRY_PASSWORD"
