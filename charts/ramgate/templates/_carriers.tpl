{{/*
Match conditions of the kinds in `cluster.carriers`, and of the revisions in which some workloads keep their templates. The
rules of _cel.tpl hold here too, and one more: a field may have any type, since not every custom resource has a schema. What is null or of another type than it should be counts as absent; no pod can
be made of it. Several templates may stand in lists, so the bounds are tighter: one object costs no more than a pod, and
what is beyond them is sent.
*/}}

{{/* The kinds of carriers that no other rule sends, each once: group, resource and templates. */}}
{{- define "ramgate.carriers" -}}
{{- $builtin := list "/pods" "/replicationcontrollers" "apps/controllerrevisions" "apps/daemonsets" "apps/deployments" "apps/replicasets" "apps/statefulsets" "batch/cronjobs" "batch/jobs" -}}
{{- $names := list -}}
{{- $kinds := dict -}}
{{- range .Values.cluster.carriers -}}
  {{- $name := printf "%s/%s" .group .resource -}}
  {{- if not (has $name $builtin) -}}
    {{- $known := get $kinds $name | default (dict "templates" list) -}}
    {{- $_ := set $kinds $name (dict "group" .group "resource" .resource "templates" (concat $known.templates .templates | uniq)) -}}
    {{- $names = append $names $name | uniq -}}
  {{- end -}}
{{- end -}}
{{- $list := list -}}
{{- range $names -}}{{- $list = append $list (get $kinds .) -}}{{- end -}}
{{- toJson $list -}}
{{- end -}}

{{/*
Whether a creation or change can matter to ECI: anything but metadata and status, since any parameter of an object may shape
its pods.
*/}}
{{- define "ramgate.cel.carrierChanged" -}}
object == null || oldObject == null || size(object) > 16 || size(oldObject) > 16 || [object, oldObject].exists(o,
  o.exists(key, !(key in ["apiVersion", "kind", "metadata", "status"]) && object[?key] != oldObject[?key])
)
{{- end -}}

{{/* Whether the revision `o` holds exactly one whole template without a stamp, of which nobody's pods can come. */}}
{{- define "ramgate.cel.unstamped" -}}
[o[?"data"].orValue(dyn(null))].exists(d, type(d) == map && size(d) == 1 && [d[?"spec"].orValue(dyn(null))].exists(s,
  type(s) == map && size(s) <= 8 && s.all(key, size(key) <= 64 && !key.startsWith("$") && (key == "template" || key.lowerAscii() != "template"))
  && [s[?"template"].orValue(dyn(null))].exists(t,
    type(t) == map && size(t) <= 3 && t.all(key, key in ["$patch", "metadata", "spec"]) && t[?"$patch"].orValue(dyn(null)) == "replace"
    && [t[?"metadata"].orValue(dyn(null))].exists(m, m == null
      || type(m) == map && size(m) <= 8 && m.all(key, key in ["annotations", "creationTimestamp", "labels", "name", "namespace"])
      && [m[?"annotations"].orValue(dyn(null))].exists(a, a == null || type(a) == map && !({{ include "ramgate.stamp" . | toJson }} in a))
    )
  )
))
{{- end -}}

{{/*
Whether a revision comes from somebody who is not its controller, and a workload whose pods are attributed may take it up: the
one that controls it, or any that adopts it. What is in it does not count: a revision is a patch, so that what looks like no
template may become one. That it belongs to another operator is its own claim, which controllers do not check either: then
only a template that replaces all of the live one, and has no stamp, stays inside. Controllers and the garbage collector are
never held up.
*/}}
{{- define "ramgate.cel.revision" -}}
{{- $users := list "system:kube-controller-manager" -}}
{{- range list "daemon-set-controller" "generic-garbage-collector" "statefulset-controller" -}}
  {{- $users = append $users (printf "system:serviceaccount:kube-system:%s" .) -}}
{{- end -}}
{{- range .Values.cluster.carriers -}}{{- $users = append $users .user -}}{{- end -}}
!(request.userInfo.username in {{ concat $users .Values.cluster.controlPlane | uniq | sortAlpha | toJson }})
&& [object, oldObject].exists(o, o != null && [o.metadata.?ownerReferences.orValue([])].exists(owners,
  size(owners) > 16 || !owners.exists(r, r.?controller.orValue(false)) || owners.exists(r, r.?controller.orValue(false) && (
    r.?apiVersion.orValue("").startsWith("apps/") && r.?kind.orValue("") in ["DaemonSet", "StatefulSet"]
    {{- range .Values.cluster.carriers }}
    || r.?apiVersion.orValue("").startsWith({{ printf "%s/" .group | toJson }}) && r.?kind.orValue("") == {{ toJson .kind }}
    {{- end }}
  )) || !(
{{ include "ramgate.cel.unstamped" . | indent 4 }}
  )
))
&& (object == null || oldObject == null || object[?"data"] != oldObject[?"data"]
  || [object.metadata.?ownerReferences.orValue([])].exists(now, [oldObject.metadata.?ownerReferences.orValue([])].exists(was,
    size(now) > 16 || size(was) > 16
    || now.filter(r, r.?controller.orValue(false)) != was.filter(r, r.?controller.orValue(false))
    || !now.exists(r, r.?controller.orValue(false)) && object.metadata.?labels != oldObject.metadata.?labels
  ))
)
{{- end -}}

{{/* Begins the binding of `.name` to a field of the map `.of`, or to what stands for its absence; ends with a parenthesis. */}}
{{- define "ramgate.cel.let" -}}
[{{ .of }}[?{{ toJson .field }}].orValue(dyn(null))].map(v, type(v) == {{ .type }} ? v : {{ get (dict "map" "{}" "list" "[]" "string" "\"\"") .type }}).exists({{ .name }},
{{- end -}}

{{/* Whether the node selector term `t`, which may be anything, can choose a virtual node. */}}
{{- define "ramgate.cel.looseTerm" -}}
{{- $labels := include "ramgate.virtualLabels" .root | fromJson -}}
type(t) == map && {{ include "ramgate.cel.let" (dict "name" "expressions" "of" "t" "field" "matchExpressions" "type" "list") }}
  {{ include "ramgate.cel.let" (dict "name" "fields" "of" "t" "field" "matchFields" "type" "list") }}
    size(expressions) > 4 || size(fields) > 1 || [(expressions + fields).filter(e, type(e) == map)].exists(all, all.exists(e, {{ include "ramgate.cel.let" (dict "name" "values" "of" "e" "field" "values" "type" "list") }}
      e.?operator.orValue("") in ["Exists", "Gt", "Lt"] && e.?key.orValue("") in {{ keys $labels | sortAlpha | toJson }}
      || e.?operator.orValue("") == "In" && (
        size(values) > 8
        {{- range $key, $values := $labels }}
        || e.?key.orValue("") == {{ toJson $key }}{{ if $values }} && values.exists(v, v in {{ $values | uniq | sortAlpha | toJson }}){{ end }}
        {{- end }}
      )
    )) || [all.filter(e, e.?operator.orValue("") == "In" && e.?key.orValue("") in {{ include "ramgate.cel.nodeNames" . }})].exists(named,
      size(named) > 1 || named.exists(e, {{ include "ramgate.cel.let" (dict "name" "values" "of" "e" "field" "values" "type" "list") }}
        size(values) > 1 || values.exists(v, type(v) != string || {{ include "ramgate.cel.unreal" (dict "root" .root "name" "v") }})
      ))
    ))
))
{{- end -}}

{{/* Whether the template `pod`, a map of whatever content, has a mark that can lead to ECI. */}}
{{- define "ramgate.cel.looseMarks" -}}
{{- $bound := list
  (dict "name" "metadata" "of" "pod" "field" "metadata" "type" "map")
  (dict "name" "labels" "of" "metadata" "field" "labels" "type" "map")
  (dict "name" "annotations" "of" "metadata" "field" "annotations" "type" "map")
  (dict "name" "spec" "of" "pod" "field" "spec" "type" "map")
  (dict "name" "node" "of" "spec" "field" "nodeName" "type" "string")
  (dict "name" "selector" "of" "spec" "field" "nodeSelector" "type" "map")
  (dict "name" "host" "of" "selector" "field" "kubernetes.io/hostname" "type" "string")
  (dict "name" "affinity" "of" "spec" "field" "affinity" "type" "map")
  (dict "name" "nodeAffinity" "of" "affinity" "field" "nodeAffinity" "type" "map")
  (dict "name" "demand" "of" "nodeAffinity" "field" "requiredDuringSchedulingIgnoredDuringExecution" "type" "map")
  (dict "name" "required" "of" "demand" "field" "nodeSelectorTerms" "type" "list")
  (dict "name" "preferred" "of" "nodeAffinity" "field" "preferredDuringSchedulingIgnoredDuringExecution" "type" "list")
  (dict "name" "tolerations" "of" "spec" "field" "tolerations" "type" "list")
-}}
{{- $classes := .root.Values.cluster.runtimeClasses -}}
{{- if $classes -}}{{- $bound = append $bound (dict "name" "runtime" "of" "spec" "field" "runtimeClassName" "type" "string") -}}{{- end -}}
{{- range $index, $one := $bound }}{{ if $index }}
{{ end }}{{ include "ramgate.cel.let" $one }}
{{- end }}
  node != "" ? {{ include "ramgate.cel.unreal" (dict "root" .root "name" "node") }} : (
{{ include "ramgate.cel.keys" (dict "root" .root "labels" "labels" "annotations" "annotations" "selector" "selector" "host" "host") | indent 4 }}
{{- if $classes }}
    || runtime in {{ toJson $classes }}
{{- end }}
    || size(required) > 4 || size(preferred) > 4 || size(tolerations) > 16
    || (required + preferred.map(p, type(p) == map ? p[?"preference"].orValue(dyn(null)) : dyn(null))).exists(t,
{{ include "ramgate.cel.looseTerm" . | indent 6 }}
    )
    || tolerations.exists(t, type(t) == map && (
      t[?"key"].orValue(dyn(null)) == null || t.key in ["", "virtual-kubelet.io/provider", "k8s.aliyun.com/vnode"]
    ))
  )
{{ range $bound }}){{ end }}
{{- end -}}

{{/*
Whether the expression `.that` holds for any template, `pod` in it, at the path `.path` of the object or of what it was.
Every step of the path may be a list; all lists together hold 16 at most, and a list in a list is not looked into: what has
more is sent.
*/}}
{{- define "ramgate.cel.anyTemplate" -}}
{{- $of := "o" -}}
{{- $sizes := list -}}
[object, oldObject].exists(o, o != null &&
{{- range $index, $field := splitList "." .path }}
  {{- $sizes = append $sizes (printf "size(l%d)" $index) }}
[{{ $of }}[?{{ toJson $field }}].orValue(dyn(null))].map(v, type(v) == list ? v : [v]).exists(l{{ $index }}, {{ join " * " $sizes }} > 16 || l{{ $index }}.exists(x{{ $index }}, type(x{{ $index }}) == list || type(x{{ $index }}) == map &&
  {{- $of = printf "x%d" $index }}
{{- end }} [{{ $of }}].exists(pod,
{{ .that | indent 2 }}
){{ range splitList "." .path }})){{ end }})
{{- end -}}

{{/* Whether a kind of carriers has a template at all where it should have one. */}}
{{- define "ramgate.cel.carrierHolds" -}}
{{- range $index, $path := .templates }}{{ if $index }}
|| {{ end }}{{ include "ramgate.cel.anyTemplate" (dict "path" $path "that" "pod != null") }}
{{- end }}
{{- end -}}
