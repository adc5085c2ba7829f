{{/* Names and labels. */}}

{{- define "ramgate.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* At most 53 characters, so that the name with any of our suffixes still fits the 63 characters of a label. */}}
{{- define "ramgate.fullname" -}}
{{- $name := include "ramgate.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 53 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 53 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 53 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Name of rights outside the release's namespace. It contains that namespace, because two releases may share a name. */}}
{{- define "ramgate.clusterName" -}}
{{- printf "%s:%s" .Release.Namespace (include "ramgate.fullname" .) -}}
{{- end -}}

{{- define "ramgate.selectorLabels" -}}
app.kubernetes.io/name: {{ include "ramgate.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "ramgate.labels" -}}
{{ include "ramgate.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "ramgate.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (include "ramgate.fullname" .) -}}
{{- end -}}

{{- define "ramgate.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{/* Name of the mounted Secret with the serving certificate, or empty if ramgate makes its own certificate. */}}
{{- define "ramgate.mountedSecret" -}}
{{- if eq .Values.certificate.source "secret" -}}
{{- .Values.certificate.secret.name -}}
{{- else if eq .Values.certificate.source "cert-manager" -}}
{{- printf "%s-tls" (include "ramgate.fullname" .) -}}
{{- end -}}
{{- end -}}

{{/* Name of the Secret with the signing keys for stamps, which the server creates. */}}
{{- define "ramgate.stampSecret" -}}
{{- .Values.stamp.secretName | default (printf "%s-stamp" (include "ramgate.fullname" .)) -}}
{{- end -}}

{{- define "ramgate.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "ramgate.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/*
Node affinity that keeps the release's own pods off virtual nodes, because ramgate must not depend on admission to ECI.
Required terms are alternatives, so "not (a and b) and not (c)" becomes one term for each choice of one label from every
selector.
*/}}
{{- define "ramgate.nodeAffinity" -}}
{{- $base := list (dict "key" "type" "operator" "NotIn" "values" (list "virtual-kubelet")) (dict "key" "k8s.aliyun.com/vnode" "operator" "NotIn" "values" (list "true")) -}}
{{- $terms := list $base -}}
{{- range $selector := .Values.cluster.virtualNodes -}}
  {{- $against := list -}}
  {{- range $key, $value := $selector.matchLabels -}}
    {{- $against = append $against (dict "key" $key "operator" "NotIn" "values" (list $value)) -}}
  {{- end -}}
  {{- range $selector.matchExpressions -}}
    {{- $opposite := get (dict "In" "NotIn" "NotIn" "In" "Exists" "DoesNotExist" "DoesNotExist" "Exists") .operator -}}
    {{- $against = append $against (merge (dict "operator" $opposite) .) -}}
  {{- end -}}
  {{- $next := list -}}
  {{- range $term := $terms -}}
    {{- range $requirement := $against -}}
      {{- $next = append $next (ternary $term (append $term $requirement) (has $requirement $term)) -}}
    {{- end -}}
  {{- end -}}
  {{- $terms = $next -}}
{{- end -}}
requiredDuringSchedulingIgnoredDuringExecution:
  nodeSelectorTerms:
    {{- range $term := $terms }}
    - matchExpressions:
        {{- toYaml $term | nindent 8 }}
    {{- end }}
{{- end -}}
