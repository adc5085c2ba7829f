{{/*
Match conditions for the pods of `cluster.spawners`, which make pods in somebody's name. The API server sends them and
their templates wherever they run, also if they name a real node: a stamp that nobody checked would let its author act for
another person. Match conditions do not see the labels of a namespace, so of `namespaces` only the service account counts
here, and pods of the same account elsewhere are sent as well. ramgate itself knows the labels.
*/}}

{{/* Names of service accounts as a map: from a namespace, or from an empty key for all, to its list of accounts. */}}
{{- define "ramgate.spawners" -}}
{{- $accounts := dict -}}
{{- range .Values.cluster.spawners -}}
  {{- $namespace := .namespace | default "" -}}
  {{- $known := get $accounts $namespace | default list -}}
  {{- $known = append $known .serviceAccount -}}
  {{- /* A template that names no account has the default one. */ -}}
  {{- if eq .serviceAccount "default" -}}{{- $known = append $known "" -}}{{- end -}}
  {{- $_ := set $accounts $namespace ($known | uniq | sortAlpha) -}}
{{- end -}}
{{- toJson $accounts -}}
{{- end -}}

{{/* Whether `.account` (an expression of a string) is a spawner. Empty if there are no spawners. */}}
{{- define "ramgate.cel.spawner" -}}
{{- $first := true -}}
{{- range $namespace, $accounts := include "ramgate.spawners" .root | fromJson -}}
{{- if not $first }} || {{ end -}}
{{- if $namespace }}request.namespace == {{ toJson $namespace }} && {{ end }}{{ $.account }} in {{ toJson $accounts }}
{{- $first = false -}}
{{- end -}}
{{- end -}}

{{/* Whether the pod `pod` runs under a spawner. Empty if there are no spawners. */}}
{{- define "ramgate.cel.spawns" -}}
{{- include "ramgate.cel.spawner" (dict "root" . "account" "pod.?spec.?serviceAccountName.orValue(\"\")") -}}
{{- end -}}

{{/*
Whether a template of any content, of which `account` and `spec` are bound, may run under a spawner. Without a spec its
controller chooses the account. Empty if there are no spawners.
*/}}
{{- define "ramgate.cel.looseSpawns" -}}
{{- $spawners := include "ramgate.spawners" . | fromJson -}}
{{- if $spawners -}}
{{ include "ramgate.cel.spawner" (dict "root" . "account" "account") }} || size(spec) == 0
{{- if not (hasKey $spawners "") }} && request.namespace in {{ keys $spawners | sortAlpha | toJson }}{{ end }}
{{- end -}}
{{- end -}}
