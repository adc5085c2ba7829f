{{/*
The webhook entries. Each is written as data (ramgate.entries) and rendered by one template (ramgate.webhook), so that
what all of them share is said once. Selectors of one entry are joined by "and", so every routing label has its own
entry; an entry leaves out what an earlier one sees, so that a pod is sent once.
*/}}

{{/* Namespace labels that route to ECI. */}}
{{- define "ramgate.routes" -}}
- {entry: namespaces-alibabacloud-eci, key: alibabacloud.com/eci, value: "true"}
- {entry: namespaces-eci, key: eci, value: "true"}
- {entry: namespaces-affinity-injection, key: virtual-node-affinity-injection, value: enabled}
{{- end -}}

{{- define "ramgate.exempt" -}}
{{- append .Values.exemptNamespaces .Release.Namespace | uniq | sortAlpha | toJson -}}
{{- end -}}

{{/*
Namespaces by what an outage means to them: one tier for the mode of the whole cluster, a second for the namespaces whose
own mode differs in that. Only enforced tiers may fail closed.
*/}}
{{- define "ramgate.tiers" -}}
{{- $enforced := eq .Values.mode "enforce" -}}
{{- $others := list -}}
{{- range $namespace, $mode := .Values.namespaceModes -}}
  {{- if ne $enforced (eq $mode "enforce") -}}{{- $others = append $others $namespace -}}{{- end -}}
{{- end -}}
{{- $exempt := include "ramgate.exempt" . | fromJsonArray -}}
{{- $tiers := list (dict "suffix" "" "enforced" $enforced "in" list "notIn" (concat $exempt $others | sortAlpha)) -}}
{{- if $others -}}
  {{- $tiers = append $tiers (dict "suffix" (ternary "-lenient" "-enforced" $enforced) "enforced" (not $enforced) "in" $others "notIn" list) -}}
{{- end -}}
{{- toJson $tiers -}}
{{- end -}}

{{/* Entries on pods, `.phase` mutating or validating. */}}
{{- define "ramgate.entries" -}}
{{- $root := .root -}}
{{- $routes := include "ramgate.routes" $root | fromYamlArray -}}
{{- $offRoute := list -}}
{{- range $routes -}}
  {{- $offRoute = append $offRoute (dict "key" .key "operator" "NotIn" "values" (list .value)) -}}
{{- end -}}
{{- $marked := dict "name" "marked" "expression" (include "ramgate.cel.marked" $root) -}}
{{- $elsewhere := dict "name" "not-on-a-real-node" "expression" (include "ramgate.cel.elsewhere" $root) -}}
{{- $entries := list -}}
{{- range $tier := include "ramgate.tiers" $root | fromJsonArray -}}
  {{- $base := dict "operations" (list "CREATE" "UPDATE") "enforced" $tier.enforced "in" $tier.in "notIn" $tier.notIn -}}
  {{- if $root.Values.cluster.serverless -}}
    {{- $entries = append $entries (merge (dict "name" (printf "burst%s" $tier.suffix) "settings" "burst") $base) -}}
  {{- else -}}
    {{- $entries = append $entries (merge (dict "name" (printf "marked%s" $tier.suffix) "settings" "marked" "requirements" $offRoute "conditions" (list $marked)) $base) -}}
    {{- range $index, $route := $routes -}}
      {{- $requirements := append (slice $offRoute 0 $index) (dict "key" $route.key "operator" "In" "values" (list $route.value)) -}}
      {{- $entries = append $entries (merge (dict "name" (printf "%s%s" $route.entry $tier.suffix) "settings" "namespaces" "requirements" $requirements "conditions" (list $elsewhere)) $base) -}}
    {{- end -}}
    {{- $unmarked := dict "name" "unmarked" "expression" (printf "!(%s)" (include "ramgate.cel.marked" $root)) -}}
    {{- range $index, $selector := $root.Values.cluster.burstNamespaces -}}
      {{- $requirements := concat $offRoute ($selector.matchExpressions | default list) -}}
      {{- $entries = append $entries (merge (dict "name" (printf "burst-%d%s" $index $tier.suffix) "settings" "burst" "labels" $selector.matchLabels "requirements" $requirements "conditions" (list $elsewhere $unmarked)) $base) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- if eq .phase "validating" -}}
  {{- $base := dict "operations" (list "DELETE") "enforced" false "in" list "notIn" (include "ramgate.exempt" $root | fromJsonArray) "settings" "removal" -}}
  {{- if $root.Values.cluster.serverless -}}
    {{- $entries = append $entries (merge (dict "name" "removal") $base) -}}
  {{- else -}}
    {{- $entries = append $entries (merge (dict "name" "removal" "requirements" $offRoute "conditions" (list $marked)) $base) -}}
    {{- range $index, $route := $routes -}}
      {{- $requirements := append (slice $offRoute 0 $index) (dict "key" $route.key "operator" "In" "values" (list $route.value)) -}}
      {{- $entries = append $entries (merge (dict "name" (printf "removal-%s" $route.entry) "requirements" $requirements "conditions" (list $elsewhere)) $base) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- toJson $entries -}}
{{- end -}}

{{- define "ramgate.clientConfig" -}}
service:
  namespace: {{ .root.Release.Namespace }}
  name: {{ include "ramgate.fullname" .root }}
  path: {{ .path }}
  port: 443
{{- end -}}

{{/* One entry on pods. */}}
{{- define "ramgate.webhook" -}}
{{- $settings := get .root.Values.webhooks .entry.settings -}}
- name: {{ .entry.name }}.ramgate.io
  admissionReviewVersions: [v1]
  clientConfig:
    {{- include "ramgate.clientConfig" (dict "root" .root "path" (ternary "/mutate" "/validate" (eq .phase "mutating"))) | nindent 4 }}
  failurePolicy: {{ ternary $settings.failurePolicy "Ignore" .entry.enforced }}
  timeoutSeconds: {{ $settings.timeoutSeconds }}
  matchPolicy: Equivalent
  sideEffects: None
  {{- if eq .phase "mutating" }}
  reinvocationPolicy: IfNeeded
  {{- end }}
  rules:
    - apiGroups: [""]
      apiVersions: [v1]
      operations: {{ toJson .entry.operations }}
      resources: [pods]
      scope: Namespaced
  namespaceSelector:
    {{- with .entry.labels }}
    matchLabels:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    matchExpressions:
      {{- if .entry.in }}
      - {key: kubernetes.io/metadata.name, operator: In, values: {{ toJson .entry.in }}}
      {{- end }}
      {{- if .entry.notIn }}
      - {key: kubernetes.io/metadata.name, operator: NotIn, values: {{ toJson .entry.notIn }}}
      {{- end }}
      {{- range .entry.requirements }}
      - {{ toJson . }}
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
