#!/bin/sh
# Prints the chart with its default values as plain manifests, for clusters that are installed without Helm:
#
#   deploy/render.sh >deploy/manifests/ramgate.yaml
#
# HELM names another helm than the one in PATH. The uninstallation hook is left out: applied as a plain manifest it would
# take the webhook configurations away at once.
set -eu
namespace=ramgate-system
chart=$(dirname "$0")/../charts/ramgate
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
"${HELM:-helm}" template ramgate "$chart" --namespace "$namespace" --no-hooks
