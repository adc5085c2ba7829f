{{/*
Match conditions: they decide which requests the API server sends. Rules for every expression here:
- `object` is null on DELETE and `oldObject` on CREATE. Every field may be absent, and terms may be null, because match
  conditions run before the API server validates the object. An error would refuse the request under Fail and send
  nothing under Ignore.
- An expression tests the length of a list or string before it iterates over it. Anything longer than in an honest pod
  counts as marked, so that the cost stays below the API server's limit for each object that it accepts.
- Within an expression, tests that are cheap and mostly false come first, because the API server then skips the rest. It
  evaluates every condition of an entry, so one condition of several tests costs less than several conditions.
- A comparison of whole specs costs the most, so it comes last.
- Expressions use only features of Kubernetes 1.30.
*/}}

{{/* The annotations of a pod that ECI reads. */}}
{{- define "ramgate.eciAnnotations" -}}
{{- list "k8s.aliyun.com/eci-custom-tags" "k8s.aliyun.com/eci-resource-group-id" "k8s.aliyun.com/eci-ram-role-name" "k8s.aliyun.com/acr-service-arns" "k8s.aliyun.com/acr-user-arns" | toJson -}}
{{- end -}}

{{/* The annotation with the stamp. It is a mark wherever it occurs, so that ramgate sees everybody who brings one. */}}
{{- define "ramgate.stamp" -}}
ramgate.io/requested-by
{{- end -}}

{{/* The pod in `.of` (an expression, not null): a workload's template, or a pod itself. */}}
{{- define "ramgate.cel.pod" -}}
{{ .of }}.?spec.?jobTemplate.?spec.?template.or({{ .of }}.?spec.?template).orValue({{ .of }})
{{- end -}}

{{/* The node of pod `.pod` (an expression), or an empty string if it has none. */}}
{{- define "ramgate.cel.node" -}}
{{ .pod }}.?spec.?nodeName.orValue("")
{{- end -}}

{{/* Whether the string `.name` (an expression) is not a real node's name. Clouds give names of up to about 60 characters. */}}
{{- define "ramgate.cel.unreal" -}}
(size({{ .name }}) > 128 || !{{ .name }}.matches({{ printf "^(?:%s)$" .root.Values.realNodeNames | toJson }}))
{{- end -}}

{{/* Labels of virtual nodes, as a map from each key to its list of values. An empty list means any value. */}}
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

{{/* Keys with which a requirement names nodes. */}}
{{- define "ramgate.cel.nodeNames" -}}
["kubernetes.io/hostname", "metadata.name"]
{{- end -}}

{{/*
Whether the node selector term `t` can select a virtual node. The expression matches names in two requirements at most,
because no other test here costs as much.
*/}}
{{- define "ramgate.cel.term" -}}
{{- $labels := include "ramgate.virtualLabels" .root | fromJson -}}
size(t.?matchExpressions.orValue([])) > 8 || size(t.?matchFields.orValue([])) > 2
|| [t.?matchExpressions.orValue([]) + t.?matchFields.orValue([])].exists(all, all.exists(e,
  e.operator in ["Exists", "Gt", "Lt"] && e.key in {{ keys $labels | sortAlpha | toJson }}
  || e.operator == "In" && (
    size(e.?values.orValue([])) > 64
    {{- range $key, $values := $labels }}
    || e.key == {{ toJson $key }}{{ if $values }} && e.?values.orValue([]).exists(v, v in {{ $values | uniq | sortAlpha | toJson }}){{ end }}
    {{- end }}
  )
) || [all.filter(e, e.operator == "In" && e.key in {{ include "ramgate.cel.nodeNames" . }})].exists(named,
  size(named) > 2 || named.exists(e,
    size(e.?values.orValue([])) > 4 || e.?values.orValue([]).exists(v, {{ include "ramgate.cel.unreal" (dict "root" .root "name" "v") }})
  )
))
{{- end -}}

{{/* The required terms of pod `.pod`. They may be null, which ofNonZeroValue treats as absent. */}}
{{- define "ramgate.cel.requiredTerms" -}}
optional.ofNonZeroValue({{ .pod }}.?spec.?affinity.?nodeAffinity.?requiredDuringSchedulingIgnoredDuringExecution.?nodeSelectorTerms.orValue([])).orValue([])
{{- end -}}

{{/* Keys of the taints of virtual nodes unless the values choose others, as in src/config/directory/virtual_node_marks.rs. */}}
{{- define "ramgate.defaultTaints" -}}
{{- list "virtual-kubelet.io/provider" "k8s.aliyun.com/vnode" "alibabacloud.com/eci" | toJson -}}
{{- end -}}

{{/* Keys of the taints of virtual nodes. Values that an upgrade reuses may not have them. */}}
{{- define "ramgate.virtualNodeTaints" -}}
{{- .Values.cluster.virtualNodeTaints | default (include "ramgate.defaultTaints" . | fromJsonArray) | toJson -}}
{{- end -}}

{{/* Keys of tolerations that can lead to virtual nodes: their taints, and an empty key for every taint. */}}
{{- define "ramgate.tolerated" -}}
{{- concat (list "") (include "ramgate.virtualNodeTaints" . | fromJsonArray) | uniq | toJson -}}
{{- end -}}

{{/*
Whether spec `.spec` (an expression) requests a resource that only virtual nodes offer. Lists may be null, which
ofNonZeroValue treats as absent.
*/}}
{{- define "ramgate.cel.requests" -}}
{{- $resources := .root.Values.cluster.virtualNodeResources -}}
{{- $spec := .spec -}}
[
  optional.ofNonZeroValue({{ $spec }}.?containers.orValue([])).orValue([]),
  optional.ofNonZeroValue({{ $spec }}.?initContainers.orValue([])).orValue([])
].exists(many, size(many) > 1024 || many.exists(c,
  {{- range $index, $resource := $resources }}
  {{ if $index }}|| {{ end }}c.?resources.?requests[?{{ toJson $resource }}].hasValue() || c.?resources.?limits[?{{ toJson $resource }}].hasValue()
  {{- end }}
))
{{- range $resources }}
|| {{ $spec }}.?overhead[?{{ toJson . }}].hasValue()
|| {{ $spec }}.?resources.?requests[?{{ toJson . }}].hasValue() || {{ $spec }}.?resources.?limits[?{{ toJson . }}].hasValue()
{{- end }}
{{- end -}}

{{/*
Whether labels, annotations or node selector (expressions of maps or of optional maps) lead to ECI, or the annotations
contain the stamp. `.host` is the selected host name; `.selects` is a cheap test whether there is a node selector at all.
*/}}
{{- define "ramgate.cel.keys" -}}
{{- $root := .root -}}
{{- $selector := .selector -}}
{{ .labels }}[?"alibabacloud.com/eci"].orValue("") == "true"
|| {{ .labels }}[?"eci"].orValue("") == "true"
|| {{ .labels }}[?"alibabacloud.com/burst-resource"].orValue("") in ["eci", "eci_only"]
|| {{ .annotations }}[?"alibabacloud.com/burst-resource"].orValue("") in ["eci", "eci_only"]
{{- range append (include "ramgate.eciAnnotations" $root | fromJsonArray) (include "ramgate.stamp" $root) }}
|| {{ $.annotations }}[?{{ toJson . }}].hasValue()
{{- end }}
|| {{ with .selects }}{{ . }} && {{ end }}(
  {{ .host }} != "" && {{ include "ramgate.cel.unreal" (dict "root" $root "name" .host) }}
{{- range $key, $values := include "ramgate.virtualLabels" $root | fromJson }}
  || {{ $selector }}[?{{ toJson $key }}]{{ if $values }}.orValue("") in {{ $values | uniq | sortAlpha | toJson }}{{ else }}.hasValue(){{ end }}
{{- end }}
)
{{- end -}}

{{/*
Whether pod `.pod` (an expression, not null) has a mark that can lead to ECI. Once the pod is bound, only its node counts.
A toleration does not count if every required term names a real node, as in the pods of a DaemonSet.
*/}}
{{- define "ramgate.cel.marks" -}}
{{- $root := .root -}}
{{- $pod := .pod -}}
{{- $node := include "ramgate.cel.node" . -}}
{{- $selector := printf "%s.?spec.?nodeSelector" $pod -}}
{{- $host := printf "%s[?\"kubernetes.io/hostname\"].orValue(\"\")" $selector -}}
{{- $affinity := printf "%s.?spec.?affinity.?nodeAffinity" $pod -}}
{{- $required := include "ramgate.cel.requiredTerms" . -}}
{{- $preferred := printf "%s.?preferredDuringSchedulingIgnoredDuringExecution.orValue([])" $affinity -}}
{{- $tolerations := printf "%s.?spec.?tolerations.orValue([])" $pod -}}
{{ $node }} != "" ? {{ include "ramgate.cel.unreal" (dict "root" $root "name" $node) }} : (
{{- with $root.Values.cluster.runtimeClasses }}
  {{ $pod }}.?spec.?runtimeClassName.orValue("") in {{ toJson . }} ||
{{- end }}
{{ include "ramgate.cel.keys" (dict "root" $root "labels" (printf "%s.?metadata.?labels" $pod) "annotations" (printf "%s.?metadata.?annotations" $pod) "selector" $selector "selects" (printf "%s.hasValue()" $selector) "host" $host) | indent 2 }}
  || {{ $affinity }}.hasValue() && (
    size({{ $required }}) > 16 || size({{ $preferred }}) > 16
    || ({{ $required }} + {{ $preferred }}.map(p, p.preference)).exists(t,
{{ include "ramgate.cel.term" . | indent 6 }}
    )
  )
  || size({{ $tolerations }}) > 64
{{- if $root.Values.cluster.virtualNodeResources }}
  || {{ include "ramgate.cel.requests" (dict "root" $root "spec" (printf "%s.?spec" $pod)) | indent 2 | trim }}
{{- end }}
  || {{ $tolerations }}.exists(t, t.?key.orValue("") in {{ include "ramgate.tolerated" $root }})
    && !(size({{ $required }}) > 0 && {{ $required }}.all(t, t.?matchFields.orValue([]).exists(f, f.key == "metadata.name" && f.operator == "In")))
)
{{- end -}}

{{/*
Whether the new or the old pod or template has a mark. The old one counts because a request that removes a mark is sent
too, and because a DELETE has no new object.
*/}}
{{- define "ramgate.cel.marked" -}}
[object, oldObject].exists(o, o != null && [{{ include "ramgate.cel.pod" (dict "of" "o") }}].exists(pod,
{{ include "ramgate.cel.marks" (dict "root" . "pod" "pod") | indent 2 }}
))
{{- end -}}

{{/* Whether the new or the old pod or template has a mark, or runs under a spawner. */}}
{{- define "ramgate.cel.wanted" -}}
{{- $spawns := include "ramgate.cel.spawns" . -}}
[object, oldObject].exists(o, o != null && [{{ include "ramgate.cel.pod" (dict "of" "o") }}].exists(pod,
{{- if $spawns }}
  {{ $spawns }} || (
{{- end }}
{{ include "ramgate.cel.marks" (dict "root" . "pod" "pod") | indent 2 }}
{{- if $spawns }}
  )
{{- end }}
))
{{- end -}}

{{/*
Whether the pod is not bound to a real node, or runs under a spawner. This is the only test in namespaces that route to
ECI.
*/}}
{{- define "ramgate.cel.elsewhere" -}}
{{- $node := include "ramgate.cel.node" (dict "pod" "pod") -}}
[object, oldObject].exists(o, o != null && [{{ include "ramgate.cel.pod" (dict "of" "o") }}].exists(pod,
  {{ $node }} == "" || {{ include "ramgate.cel.unreal" (dict "root" .root "name" $node) }}
  {{- if .spawners }}{{ with include "ramgate.cel.spawns" .root }} || {{ . }}{{ end }}{{ end }}
))
{{- end -}}

{{/*
Whether a creation or change can matter to ECI: one of the pod's spec, labels or annotations, or of anything in the
template. Owners and finalizers cannot. An outage must not hold their changes back, because that would stop garbage
collection. A template without a stamp gets one with its next change of any kind, if that starts no roll-out.
*/}}
{{- define "ramgate.cel.changed" -}}
object == null || oldObject == null
|| [{{ include "ramgate.cel.pod" (dict "of" "object") }}].exists(now, [{{ include "ramgate.cel.pod" (dict "of" "oldObject") }}].exists(was,
  (
    request.kind.kind != "Pod" ? now.?metadata != was.?metadata
    : now.?metadata.?labels != was.?metadata.?labels || now.?metadata.?annotations != was.?metadata.?annotations
  )
  || request.kind.kind in ["CronJob", "ReplicaSet", "ReplicationController"]
    && !now.?metadata.?annotations[?{{ include "ramgate.stamp" . | toJson }}].hasValue()
    && !object.metadata.?deletionTimestamp.hasValue()
    && (
      size(object.metadata.?ownerReferences.orValue([])) > 16
      || !object.metadata.?ownerReferences.orValue([]).exists(r, r.?controller.orValue(false))
    )
  || now.?spec != was.?spec
))
{{- if .Values.scale.judge }}
|| request.kind.kind != "Pod" && (
  {{- include "ramgate.cel.grows" . | nindent 2 }}
)
{{- end }}
{{- end -}}

{{/* Whether a change through a pod's subresource touches what ECI reads: annotations or, outside the status, the spec. */}}
{{- define "ramgate.cel.fields" -}}
object == null || oldObject == null
|| object.?metadata.?annotations != oldObject.?metadata.?annotations
  && {{ append (include "ramgate.eciAnnotations" . | fromJsonArray) (include "ramgate.stamp" .) | toJson }}.exists(key,
    object.?metadata.?annotations[?key] != oldObject.?metadata.?annotations[?key]
  )
|| request.subResource != "status" && object.?spec != oldObject.?spec
{{- end -}}

{{/* Whether a Binding names a node that is not known to be real, or brings a stamp, which would be stored in the pod. */}}
{{- define "ramgate.cel.binds" -}}
object == null || {{ include "ramgate.cel.unreal" (dict "root" . "name" "object.?target.?name.orValue(\"\")") }}
|| object.?metadata.?annotations[?{{ include "ramgate.stamp" . | toJson }}].hasValue()
{{- end -}}

{{/*
Whether a proxy request leads to a node that is not known to be real. The name in the request is NAME, NAME:PORT or
SCHEME:NAME:PORT; the API server refuses names with more parts.
*/}}
{{- define "ramgate.cel.proxies" -}}
size(request.name) > 512 || [request.name.split(":")].map(parts, size(parts) == 3 ? parts[1] : parts[0]).exists(name,
  {{ include "ramgate.cel.unreal" (dict "root" . "name" "name") }}
)
{{- end -}}

{{/* Users of the control plane that delete and adopt pods, as in src/kubernetes/control_plane.rs. */}}
{{- define "ramgate.controlPlane" -}}
{{- $names := list "system:apiserver" "system:kube-controller-manager" "system:kube-scheduler" -}}
{{- range list "cronjob-controller" "daemon-set-controller" "deployment-controller" "device-taint-eviction-controller" "disruption-controller" "ephemeral-volume-controller" "generic-garbage-collector" "horizontal-pod-autoscaler" "job-controller" "namespace-controller" "node-controller" "pod-garbage-collector" "replicaset-controller" "replication-controller" "resource-claim-controller" "statefulset-controller" "taint-eviction-controller" "ttl-after-finished-controller" -}}
  {{- $names = append $names (printf "system:serviceaccount:kube-system:%s" .) -}}
{{- end -}}
{{- concat $names .Values.cluster.controlPlane | toJson -}}
{{- end -}}

{{/*
Whether a request deletes a pod, or gives it owners after whose end the garbage collector deletes it. The API server does
not send what controllers do to owners, so that controllers are no slower while ramgate is away.
*/}}
{{- define "ramgate.cel.removes" -}}
request.operation == "DELETE" || object == null || oldObject == null
|| object.?metadata.?ownerReferences.orValue([]) != oldObject.?metadata.?ownerReferences.orValue([])
  && size(object.?metadata.?ownerReferences.orValue([])) > 0
  && !(request.userInfo.username in {{ include "ramgate.controlPlane" . }})
{{- end -}}

{{/* Whether a Scale, or a workload, asks for more pods. The same list is in src/admission/review/growth.rs. */}}
{{- define "ramgate.cel.grows" -}}
object == null || oldObject == null
|| object.?spec.?replicas.orValue(0) > oldObject.?spec.?replicas.orValue(0)
|| ["schedule", "timeZone", "concurrencyPolicy"].exists(key, object.?spec[?key] != oldObject.?spec[?key])
|| [
  [object.?spec.orValue({}), oldObject.?spec.orValue({})],
  [object.?spec.?jobTemplate.?spec.orValue({}), oldObject.?spec.?jobTemplate.?spec.orValue({})]
].exists(j,
  j[0].?parallelism.orValue(1) > j[1].?parallelism.orValue(1)
  || j[0].?completions.orValue(0) > j[1].?completions.orValue(0)
  || j[0].?backoffLimit.orValue(6) > j[1].?backoffLimit.orValue(6)
  || j[1].?suspend.orValue(false) && !j[0].?suspend.orValue(false)
)
{{- end -}}

{{/* Whether the object is eci-profile. The name is the object's, because a request to delete a collection has none. */}}
{{- define "ramgate.cel.profile" -}}
[object, oldObject].exists(o, o != null && o.?metadata.?name.orValue("") == "eci-profile")
{{- end -}}

{{/* Whether the spec, labels or annotations of an image cache change. */}}
{{- define "ramgate.cel.imageCache" -}}
object == null || oldObject == null || object.?spec != oldObject.?spec
|| object.?metadata.?labels != oldObject.?metadata.?labels
|| object.?metadata.?annotations != oldObject.?metadata.?annotations
{{- end -}}
