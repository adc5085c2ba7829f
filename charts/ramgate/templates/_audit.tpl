{{/* The process that judges what runs on ECI: names, and the kinds that it lists. */}}

{{/* A CronJob's name has at most 52 characters, because those of its Jobs end in a number. */}}
{{- define "ramgate.auditName" -}}
{{- printf "%s-audit" (include "ramgate.fullname" . | trunc 46 | trimSuffix "-") -}}
{{- end -}}

{{/* Labels of its pods, which must not be those of the webhook's pods. */}}
{{- define "ramgate.auditSelectorLabels" -}}
app.kubernetes.io/name: {{ include "ramgate.name" . }}-audit
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/*
The custom kinds that the audit lists, as rules of a role: those in `cluster.carriers`, and those that the presets have,
because their objects with marks of ECI are named even if nobody lists their kind.
*/}}
{{- define "ramgate.auditKinds" -}}
{{- $groups := dict -}}
{{- $kinds := include "ramgate.carrierEntries" . | fromJsonArray -}}
{{- range .Files.Get "carrier-presets.yaml" | fromYaml -}}{{- $kinds = concat $kinds .kinds -}}{{- end -}}
{{- range $kinds -}}
  {{- if contains "." .group -}}
    {{- $_ := set $groups .group (append (get $groups .group | default list) .resource | uniq | sortAlpha) -}}
  {{- end -}}
{{- end -}}
{{- range $group := keys $groups | sortAlpha }}
- apiGroups: [{{ $group }}]
  resources: [{{ get $groups $group | join ", " }}]
  verbs: [list]
{{- end -}}
{{- end -}}
