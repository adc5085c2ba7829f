#!/usr/bin/env bash
# Logs in to a registry, for crane, cosign and helm: `REGISTRY_PASSWORD=... login.sh ghcr.io USER`.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[ $# = 2 ] && [ -n "${REGISTRY_PASSWORD:-}" ] || fail "say where and who: REGISTRY_PASSWORD=... $script REGISTRY USER"
crane=$("$here/tools/obtain.sh" crane)
helm=$("$here/tools/obtain.sh" helm)
"$crane" auth login "$1" --username "$2" --password-stdin <<<"$REGISTRY_PASSWORD"
"$helm" registry login "$1" --username "$2" --password-stdin <<<"$REGISTRY_PASSWORD"
