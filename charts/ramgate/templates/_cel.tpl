{{/*
Match conditions: which pods the API server sends. Rules for every expression here:
- `object` is null on DELETE and `oldObject` on CREATE; every field may be absent, and terms may be null, since match
  conditions run before the object is validated. An error would count as a match under Fail and as none under Ignore.
- No list or text is walked whose length was not tested first: what is longer than any honest pod has counts as marked,
  so that the cost stays below the API server's limit for each pod that it accepts.
- Only what Kubernetes 1.30 knows.
*/}}

{{/* The node of pod `.pod` (an expression); empty text if it has none. */}}
{{- define "ramgate.cel.node" -}}
{{ .pod }}.?spec.?nodeName.orValue("")
{{- end -}}

{{/* Whether the text `.name` (an expression) is no real node's name. Clouds give names of some 60 characters at most. */}}
{{- define "ramgate.cel.unreal" -}}
(size({{ .name }}) > 128 || !{{ .name }}.matches({{ printf "^(?:%s)$" .root.Values.realNodeNames | toJson }}))
{{- end -}}

{{/* Labels of virtual nodes as a map from key to the list of values; an empty list means any value. */}}
{{- define "ramgate.virtualLabels" -}}
{{- $labels := dict -}}
{{- range $selector := .Values.cluster.virtualNodes -}}
  {{- range $key, $value := $selector.matchLabels -}}
    {{- $_ := set $labels $key (append (get $labels $key | default list) $value) -}}
  {{- end -}}
  {{- range $selector.matchExpressions -}}
    {{- if eq .operator "In" -}}
      {{- $_ := set $labels .key (concat (get $labels .key | default list) .values) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- range $selector := .Values.cluster.virtualNodes -}}
  {{- range $selector.matchExpressions -}}
    {{- if eq .operator "Exists" -}}{{- $_ := set $labels .key list -}}{{- end -}}
  {{- end -}}
{{- end -}}
{{- toJson $labels -}}
{{- end -}}

{{/* Whether the requirement `e` of a node selector term can choose a virtual node. */}}
{{- define "ramgate.cel.requirement" -}}
{{- $root := .root -}}
e.operator in ["Exists", "Gt", "Lt"] && e.key in {{ keys (include "ramgate.virtualLabels" $root | fromJson) | sortAlpha | toJson }}
|| e.operator == "In" && (
  size(e.?values.orValue([])) > 64
  {{- range $key, $values := include "ramgate.virtualLabels" $root | fromJson }}
  || e.key == {{ toJson $key }}{{ if $values }} && e.?values.orValue([]).exists(v, v in {{ $values | uniq | sortAlpha | toJson }}){{ end }}
  {{- end }}
  || e.key in ["kubernetes.io/hostname", "metadata.name"] && (
    size(e.?values.orValue([])) > 4 || e.?values.orValue([]).exists(v, {{ include "ramgate.cel.unreal" (dict "root" $root "name" "v") }})
  )
)
{{- end -}}

{{/* The required terms of pod `.pod`. They may be null, which ofNonZeroValue reads as absent. */}}
{{- define "ramgate.cel.requiredTerms" -}}
optional.ofNonZeroValue({{ .pod }}.?spec.?affinity.?nodeAffinity.?requiredDuringSchedulingIgnoredDuringExecution.?nodeSelectorTerms.orValue([])).orValue([])
{{- end -}}

{{/*
Whether pod `.pod` (an expression, not null) has a mark that can lead to ECI. Once it is bound, its node alone decides. A
toleration does not count where every required term names a real node, as in the pods of a DaemonSet.
*/}}
{{- define "ramgate.cel.marks" -}}
{{- $root := .root -}}
{{- $pod := .pod -}}
{{- $node := include "ramgate.cel.node" . -}}
{{- $labels := printf "%s.?metadata.?labels" $pod -}}
{{- $annotations := printf "%s.?metadata.?annotations" $pod -}}
{{- $selector := printf "%s.?spec.?nodeSelector" $pod -}}
{{- $host := printf "%s[?\"kubernetes.io/hostname\"].orValue(\"\")" $selector -}}
{{- $required := include "ramgate.cel.requiredTerms" . -}}
{{- $preferred := printf "%s.?spec.?affinity.?nodeAffinity.?preferredDuringSchedulingIgnoredDuringExecution.orValue([])" $pod -}}
{{- $tolerations := printf "%s.?spec.?tolerations.orValue([])" $pod -}}
{{ $node }} != "" ? {{ include "ramgate.cel.unreal" (dict "root" $root "name" $node) }} : (
  {{ $labels }}[?"alibabacloud.com/eci"].orValue("") == "true"
  || {{ $labels }}[?"eci"].orValue("") == "true"
  || {{ $labels }}[?"alibabacloud.com/burst-resource"].orValue("") in ["eci", "eci_only"]
  || {{ $annotations }}[?"alibabacloud.com/burst-resource"].orValue("") in ["eci", "eci_only"]
  {{- range list "k8s.aliyun.com/eci-custom-tags" "k8s.aliyun.com/eci-resource-group-id" "k8s.aliyun.com/eci-ram-role-name" "k8s.aliyun.com/acr-service-arns" "k8s.aliyun.com/acr-user-arns" }}
  || {{ $annotations }}[?{{ toJson . }}].hasValue()
  {{- end }}
  {{- range $key, $values := include "ramgate.virtualLabels" $root | fromJson }}
  || {{ $selector }}[?{{ toJson $key }}]{{ if $values }}.orValue("") in {{ $values | uniq | sortAlpha | toJson }}{{ else }}.hasValue(){{ end }}
  {{- end }}
  || {{ $host }} != "" && {{ include "ramgate.cel.unreal" (dict "root" $root "name" $host) }}
  || size({{ $required }}) > 16 || size({{ $preferred }}) > 16
  || ({{ $required }} + {{ $preferred }}.map(p, p.preference)).exists(t,
    size(t.?matchExpressions.orValue([])) > 8 || size(t.?matchFields.orValue([])) > 2
    || (t.?matchExpressions.orValue([]) + t.?matchFields.orValue([])).exists(e,
{{ include "ramgate.cel.requirement" . | indent 6 }}
    )
  )
  || size({{ $tolerations }}) > 64
  || {{ $tolerations }}.exists(t, t.?key.orValue("") in ["", "virtual-kubelet.io/provider", "k8s.aliyun.com/vnode"])
    && !(size({{ $required }}) > 0 && {{ $required }}.all(t, t.?matchFields.orValue([]).exists(f, f.key == "metadata.name" && f.operator == "In")))
)
{{- end -}}

{{/* Whether the pod or what it was has a mark: taking a mark away is seen, and on DELETE there is only what it was. */}}
{{- define "ramgate.cel.marked" -}}
[object, oldObject].exists(pod, pod != null && (
{{ include "ramgate.cel.marks" (dict "root" . "pod" "pod") | indent 2 }}
))
{{- end -}}

{{/* Whether the pod is not bound to a real node: all that is asked where the namespace itself routes to ECI. */}}
{{- define "ramgate.cel.elsewhere" -}}
{{- $node := include "ramgate.cel.node" (dict "pod" "pod") -}}
[object, oldObject].exists(pod, pod != null && ({{ $node }} == "" || {{ include "ramgate.cel.unreal" (dict "root" . "name" $node) }}))
{{- end -}}
