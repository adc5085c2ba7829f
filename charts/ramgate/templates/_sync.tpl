{{/* The process that reads RAM from Alibaba Cloud: names, and what is refused. */}}

{{/* A CronJob's name has at most 52 characters, because those of its Jobs end in a number. */}}
{{- define "ramgate.syncName" -}}
{{- printf "%s-sync" (include "ramgate.fullname" . | trunc 47 | trimSuffix "-") -}}
{{- end -}}

{{- define "ramgate.syncPolicies" -}}
{{- .Values.sync.policyConfigMaps | default (list (printf "%s-ram-policies" (include "ramgate.fullname" .))) | toJson -}}
{{- end -}}

{{- define "ramgate.syncDirectories" -}}
{{- .Values.sync.directoryConfigMaps | default (list (printf "%s-ram-directory" (include "ramgate.fullname" .))) | toJson -}}
{{- end -}}

{{/* Labels of its pods, which must not be those of the webhook's pods. */}}
{{- define "ramgate.syncSelectorLabels" -}}
app.kubernetes.io/name: {{ include "ramgate.name" . }}-sync
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "ramgate.validateSync" -}}
{{- with .Values.sync | default dict -}}
{{- if .enabled -}}
  {{- if not .region -}}
    {{- fail "sync.enabled is true, so sync.region must name the cluster's region" -}}
  {{- end -}}
  {{- if ne (empty .rrsa.roleArn) (empty .rrsa.oidcProviderArn) -}}
    {{- fail "sync.rrsa.roleArn and sync.rrsa.oidcProviderArn belong together; set both, or neither" -}}
  {{- end -}}
  {{- if and .rrsa.roleArn .credentialsSecret -}}
    {{- fail (printf "sync.rrsa.roleArn and sync.credentialsSecret (%s) exclude each other; remove one of the two" .credentialsSecret) -}}
  {{- end -}}
  {{- if and .own.accountSection (not .account) -}}
    {{- fail "sync.own.accountSection is true, so sync.account must say which account it is" -}}
  {{- end -}}
  {{- $fullname := include "ramgate.fullname" $ -}}
  {{- $taken := list (printf "%s-cluster" $fullname) (printf "%s-installed" $fullname) -}}
  {{- $names := concat (include "ramgate.syncPolicies" $ | fromJsonArray) (include "ramgate.syncDirectories" $ | fromJsonArray) -}}
  {{- range $names -}}
    {{- if has . $taken -}}
      {{- fail (printf "sync.policyConfigMaps and sync.directoryConfigMaps must not name %s, which the chart writes itself" .) -}}
    {{- end -}}
  {{- end -}}
  {{- if ne (len $names) (len (uniq $names)) -}}
    {{- fail (printf "sync.policyConfigMaps and sync.directoryConfigMaps name a ConfigMap twice: %s" (join ", " $names)) -}}
  {{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
