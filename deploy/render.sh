#!/bin/sh
# Renders the chart with its default values into manifests/ramgate.yaml, for installations without Helm.
#
#   deploy/render.sh        writes that file
#   deploy/render.sh -      prints it
#
# HELM names the helm to use. Without it, the script takes the one in PATH, or else the one that the tests use. The script
# leaves out the uninstallation hook, which would delete the webhook configurations at once if applied as a plain manifest.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
namespace=ramgate-system
if [ -z "${HELM:-}" ]; then
    HELM=$(command -v helm) || HELM=$("$here/../tests/real/tools/obtain.sh")/helm
fi

render() {
    cat <<END
# Rendered from charts/ramgate by deploy/render.sh. Change the chart, not this file.
---
apiVersion: v1
kind: Namespace
metadata:
  name: $namespace
  labels:
    pod-security.kubernetes.io/enforce: restricted
END
    "$HELM" template ramgate "$here/../charts/ramgate" --namespace "$namespace" --no-hooks
}

if [ "${1:-}" = - ]; then
    render
else
    render >"$here/manifests/ramgate.yaml.new"
    mv "$here/manifests/ramgate.yaml.new" "$here/manifests/ramgate.yaml"
fi
