{{/* One entry in the form of the API, with the fields that all entries share. */}}
{{- define "ramgate.webhook" -}}
{{- $settings := get .root.Values.webhooks .entry.settings -}}
- name: {{ .entry.name }}.ramgate.io
  admissionReviewVersions: [v1]
  clientConfig:
    service:
      namespace: {{ .root.Release.Namespace }}
      name: {{ include "ramgate.fullname" .root }}
      path: {{ ternary "/mutate" "/validate" (eq .phase "mutating") }}
      port: 443
  failurePolicy: {{ ternary $settings.failurePolicy "Ignore" .entry.enforced }}
  timeoutSeconds: {{ $settings.timeoutSeconds }}
  matchPolicy: Equivalent
  sideEffects: None
  {{- if eq .phase "mutating" }}
  reinvocationPolicy: IfNeeded
  {{- end }}
  rules:
    {{- range .entry.rules }}
    - {{ toJson . }}
    {{- end }}
  {{- with .entry.where }}
  namespaceSelector:
    {{- include "ramgate.selector" . | nindent 4 }}
  {{- end }}
  {{- with .entry.objects }}
  objectSelector:
    {{- include "ramgate.selector" . | nindent 4 }}
  {{- end }}
  {{- with .entry.conditions }}
  matchConditions:
    {{- range . }}
    - name: {{ .name }}
      expression: |-
        {{- .expression | nindent 8 }}
    {{- end }}
  {{- end }}
{{- end -}}

{{/*
Digests of each field of each entry in the YAML above, by phase and name. ramgate compares the live configurations with
them. A digest is the first 32 digits of the SHA-256 of the field's JSON with sorted keys.
*/}}
{{- define "ramgate.installed" -}}
{{- $root := . -}}
{{- $phases := list -}}
{{- range $phase := list "mutating" "validating" -}}
  {{- $lines := list -}}
  {{- range $entry := include "ramgate.entries" (dict "root" $root "phase" $phase) | fromJsonArray -}}
    {{- range $webhook := include "ramgate.webhook" (dict "root" $root "phase" $phase "entry" $entry) | fromYamlArray -}}
      {{- $fields := dict -}}
      {{- range $field, $value := omit $webhook "name" -}}
        {{- $_ := set $fields $field ($value | toRawJson | sha256sum | trunc 32) -}}
      {{- end -}}
      {{- $lines = append $lines (printf "%s: %s" (toJson $webhook.name) (toJson $fields)) -}}
    {{- end -}}
  {{- end -}}
  {{- $phases = append $phases (printf "%s: {\n%s\n}" (toJson $phase) (join ",\n" $lines)) -}}
{{- end -}}
{{- printf "{%s}" (join ",\n" $phases) -}}
{{- end -}}

{{- define "ramgate.selector" -}}
{{- with .matchLabels -}}
matchLabels:
  {{- toYaml . | nindent 2 }}
{{ end -}}
{{- with .matchExpressions -}}
matchExpressions:
  {{- range . }}
  - {{ ternary . (omit . "values") (gt (len (.values | default list)) 0) | toJson }}
  {{- end }}
{{- end -}}
{{- end -}}

{{/* Metadata of both configurations. */}}
{{- define "ramgate.configurationMetadata" -}}
name: {{ include "ramgate.fullname" . }}
labels:
  {{- include "ramgate.labels" . | nindent 2 }}
{{- if eq .Values.certificate.source "cert-manager" }}
annotations:
  cert-manager.io/inject-ca-from: {{ .Release.Namespace }}/{{ include "ramgate.mountedSecret" . }}
{{- else if .Values.certificate.secret.webhookAnnotations }}
annotations:
  {{- toYaml .Values.certificate.secret.webhookAnnotations | nindent 2 }}
{{- end }}
{{- end -}}
