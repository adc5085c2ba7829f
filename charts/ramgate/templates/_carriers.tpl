{{/*
Match conditions for the kinds in `cluster.carriers`, and for the revisions in which some workloads keep their templates.
The rules in _cel.tpl apply here too, and one more: a field may have any type, because not every custom resource has a
schema. A field that is null or of the wrong type counts as absent, because no pod can be made from it. Lists may contain
several templates, so the bounds are tighter and one object costs no more than a pod. Objects beyond them are sent.
*/}}

{{/*
The entries of `cluster.carriers`, one for each kind. A preset stands for the kinds that carrier-presets.yaml lists, and
every path becomes a place, {path, shape, inherits}, with the shape that the presets know of this path, or any. A kind that
a preset has keeps `verifiesOwner` and `stored` of it.
*/}}
{{- define "ramgate.carrierEntries" -}}
{{- $presets := .Files.Get "carrier-presets.yaml" | fromYaml -}}
{{- $known := dict -}}
{{- $rules := dict -}}
{{- range $preset := $presets -}}
  {{- range $kind := $preset.kinds -}}
    {{- $_ := set $rules (printf "%s/%s" $kind.group $kind.kind) (pick $kind "verifiesOwner" "stored") -}}
    {{- range $kind.templates -}}{{- $_ := set $known (printf "%s/%s/%s" $kind.group $kind.kind .path) . -}}{{- end -}}
  {{- end -}}
{{- end -}}
{{- $entries := list -}}
{{- range $entry := .Values.cluster.carriers -}}
  {{- if $entry.preset -}}
    {{- $preset := get $presets $entry.preset -}}
    {{- range $preset.kinds -}}
      {{- $entries = append $entries (merge (dict "user" ($entry.user | default $preset.user) "coarse" true) .) -}}
    {{- end -}}
  {{- else -}}
    {{- $places := list -}}
    {{- range $entry.templates -}}
      {{- $places = append $places (get $known (printf "%s/%s/%s" $entry.group $entry.kind .) | default (dict "path" . "shape" "any")) -}}
    {{- end -}}
    {{- $rule := get $rules (printf "%s/%s" $entry.group $entry.kind) | default dict -}}
    {{- $entries = append $entries (merge (dict "user" $entry.user "group" $entry.group "kind" $entry.kind "resource" $entry.resource "templates" $places) $rule) -}}
  {{- end -}}
{{- end -}}
{{- toJson $entries -}}
{{- end -}}

{{/*
The kinds whose objects ramgate reads live, each once, as rules of a role: all custom kinds of a controller that has a kind
in which a stamp counts only if the owner has it now.
*/}}
{{- define "ramgate.readOwners" -}}
{{- $entries := include "ramgate.carrierEntries" . | fromJsonArray -}}
{{- $users := list -}}
{{- range $entries -}}{{- if .verifiesOwner -}}{{- $users = append $users .user -}}{{- end -}}{{- end -}}
{{- $groups := dict -}}
{{- range $entries -}}
  {{- if and (has .user $users) (contains "." .group) -}}
    {{- $_ := set $groups .group (append (get $groups .group | default list) .resource | uniq | sortAlpha) -}}
  {{- end -}}
{{- end -}}
{{- range $group := keys $groups | sortAlpha }}
- apiGroups: [{{ $group }}]
  resources: [{{ get $groups $group | join ", " }}]
  verbs: [get]
{{- end -}}
{{- end -}}

{{/*
The kinds in `cluster.carriers` that no other rule sends, each once: group, resource, templates (places that hold a stamp),
marks (these and the places that they inherit from), whether the object's own labels and annotations go to pods, the fields
of the status by which its controllers go, these controllers, and whether a coarse condition is enough. Presets have many places, and a whole configuration must fit into the annotation in
which kubectl apply keeps it (256 KiB).
*/}}
{{- define "ramgate.carriers" -}}
{{- $builtin := list "/pods" "/replicationcontrollers" "apps/controllerrevisions" "apps/daemonsets" "apps/deployments" "apps/replicasets" "apps/statefulsets" "batch/cronjobs" "batch/jobs" -}}
{{- $names := list -}}
{{- $kinds := dict -}}
{{- range include "ramgate.carrierEntries" . | fromJsonArray -}}
  {{- $name := printf "%s/%s" .group .resource -}}
  {{- if not (has $name $builtin) -}}
    {{- $known := get $kinds $name | default (dict "templates" list "marks" list) -}}
    {{- $marks := $known.marks -}}
    {{- $ownMetadata := $known.ownMetadata | default false -}}
    {{- $coarse := or .coarse $known.coarse -}}
    {{- $users := append ($known.users | default list) .user | uniq -}}
    {{- $stored := .stored | default list -}}
    {{- range .templates -}}
      {{- range prepend (.inherits | default list) . -}}
        {{- $shape := .shape | default "template" -}}
        {{- $marks = append $marks (dict "path" .path "shape" $shape) | uniq -}}
        {{- if eq $shape "objectMetadata" -}}{{- $ownMetadata = true -}}{{- end -}}
      {{- end -}}
    {{- end -}}
    {{- $_ := set $kinds $name (dict "group" .group "resource" .resource "templates" (concat $known.templates .templates | uniq) "marks" $marks "ownMetadata" $ownMetadata "coarse" $coarse "stored" $stored "users" $users) -}}
    {{- $names = append $names $name | uniq -}}
  {{- end -}}
{{- end -}}
{{- $list := list -}}
{{- range $names -}}{{- $list = append $list (get $kinds .) -}}{{- end -}}
{{- toJson $list -}}
{{- end -}}

{{/*
Whether a creation or change can matter to ECI: a change of anything but metadata and status, because any field of the
object may shape its pods, of labels and annotations where they go to pods, and of the status where the controller goes by
it, unless that controller itself writes it.
*/}}
{{- define "ramgate.cel.carrierChanged" -}}
object == null || oldObject == null || size(object) > 16 || size(oldObject) > 16 || [object, oldObject].exists(o,
  o.exists(key, !(key in ["apiVersion", "kind", "metadata", "status"]) && object[?key] != oldObject[?key])
)
{{- if .ownMetadata }} || object.metadata.?labels != oldObject.metadata.?labels || object.metadata.?annotations != oldObject.metadata.?annotations
{{- end }}
{{- with .stored }} || !(request.userInfo.username in {{ $.users | sortAlpha | toJson }}) && {{ toJson . }}.exists(f, [[object, oldObject].map(o,
  type(o[?"status"].orValue(dyn(null))) == map && f in o.status ? dyn(o.status[f]) : dyn(null)
)].exists(s, s[0] != s[1]))
{{- end }}
{{- end -}}

{{/* Whether revision `o` is exactly one whole template without a stamp. No pods in anybody's name come from it. */}}
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
Whether a revision comes from somebody who is not its controller, and a workload with attributed pods may use it: the one
that controls the revision, or any that adopts it. The content does not count: a revision is a patch, so data that does not
look like a template may become one. That a revision belongs to another operator is only its own claim, which controllers
do not check. Such a revision is sent unless it is a template without a stamp that replaces the whole live one. Controllers
and the garbage collector are never held up.
*/}}
{{- define "ramgate.cel.revision" -}}
{{- $users := list "system:kube-controller-manager" -}}
{{- range list "daemon-set-controller" "generic-garbage-collector" "statefulset-controller" -}}
  {{- $users = append $users (printf "system:serviceaccount:kube-system:%s" .) -}}
{{- end -}}
{{- $entries := include "ramgate.carrierEntries" . | fromJsonArray -}}
{{- range $entries -}}{{- $users = append $users .user -}}{{- end -}}
!(request.userInfo.username in {{ concat $users .Values.cluster.controlPlane | uniq | sortAlpha | toJson }})
&& [object, oldObject].exists(o, o != null && [o.metadata.?ownerReferences.orValue([])].exists(owners,
  size(owners) > 16 || !owners.exists(r, r.?controller.orValue(false)) || owners.exists(r, r.?controller.orValue(false) && (
    r.?apiVersion.orValue("").startsWith("apps/") && r.?kind.orValue("") in ["DaemonSet", "StatefulSet"]
    {{- range $entries }}
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

{{/* Opens the binding of `.name` to a field of the map `.of`, or to an empty value if absent. Ends with a parenthesis. */}}
{{- define "ramgate.cel.let" -}}
[{{ .of }}[?{{ toJson .field }}].orValue(dyn(null))].map(v, type(v) == {{ .type }} ? v : {{ get (dict "map" "{}" "list" "[]" "string" "\"\"") .type }}).exists({{ .name }},
{{- end -}}

{{/* Whether the node selector term `t`, which may have any type, can select a virtual node. */}}
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

{{/* Whether the spec `spec`, a map with any content, requests one of the resources in the list `.`. */}}
{{- define "ramgate.cel.looseRequests" -}}
{{- $resources := toJson . -}}
[spec[?"containers"].orValue(dyn(null)), spec[?"initContainers"].orValue(dyn(null))].exists(many, type(many) == list && (
  size(many) > 1024 || many.exists(c, type(c) == map && {{ include "ramgate.cel.let" (dict "name" "resources" "of" "c" "field" "resources" "type" "map") }}
    [resources[?"requests"].orValue(dyn(null)), resources[?"limits"].orValue(dyn(null))].exists(q, type(q) == map && {{ $resources }}.exists(r, r in q))
  ))
))
|| {{ include "ramgate.cel.let" (dict "name" "whole" "of" "spec" "field" "resources" "type" "map") }}
  [whole[?"requests"].orValue(dyn(null)), whole[?"limits"].orValue(dyn(null)), spec[?"overhead"].orValue(dyn(null))].exists(q, type(q) == map && {{ $resources }}.exists(r, r in q))
)
{{- end -}}

{{/*
Whether the object `pod`, a map with any content, has a mark that can lead to ECI. `.shape` says where it has its metadata
and its scheduling fields. An object of any shape that shows two shapes is sent, and ramgate refuses it.
*/}}
{{- define "ramgate.cel.looseMarks" -}}
{{- $metadata := "[pod[?\"metadata\"].orValue(dyn(null))].map(v, type(v) == map ? v : dyn({}))" -}}
{{- $spec := "[pod[?\"spec\"].orValue(dyn(null))].map(v, type(v) == map ? v : pod)" -}}
{{- if eq .shape "any" -}}
  {{- $metadata = "[pod[?\"metadata\"].orValue(dyn(null))].map(v, type(v) == map ? v : pod)" -}}
{{- else if eq .shape "metadata" -}}
  {{- $metadata = "[pod]" -}}
  {{- $spec = "[pod]" -}}
{{- else if eq .shape "objectMetadata" -}}
  {{- $metadata = "[pod]" -}}
  {{- $spec = "[dyn({})]" -}}
{{- else if eq .shape "scheduling" -}}
  {{- $metadata = "[dyn({})]" -}}
  {{- $spec = "[pod]" -}}
{{- end -}}
{{- if eq .shape "any" }}("metadata" in pod || "spec" in pod) && ("labels" in pod || "annotations" in pod) || {{ end -}}
{{ $metadata }}.exists(metadata, {{ $spec }}.exists(spec,
{{- $bound := list
  (dict "name" "labels" "of" "metadata" "field" "labels" "type" "map")
  (dict "name" "annotations" "of" "metadata" "field" "annotations" "type" "map")
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
{{- $spawns := include "ramgate.cel.looseSpawns" .root -}}
{{- if $spawns -}}{{- $bound = append $bound (dict "name" "account" "of" "spec" "field" "serviceAccountName" "type" "string") -}}{{- end -}}
{{- range $index, $one := $bound }}{{ if $index }}
{{ end }}{{ include "ramgate.cel.let" $one }}
{{- end }}
  {{ with $spawns }}{{ . }} || ({{ end }}node != "" ? {{ include "ramgate.cel.unreal" (dict "root" .root "name" "node") }} : (
{{ include "ramgate.cel.keys" (dict "root" .root "labels" "labels" "annotations" "annotations" "selector" "selector" "host" "host") | indent 4 }}
{{- if $classes }}
    || runtime in {{ toJson $classes }}
{{- end }}
    || size(required) > 4 || size(preferred) > 4 || size(tolerations) > 16
    || (required + preferred.map(p, type(p) == map ? p[?"preference"].orValue(dyn(null)) : dyn(null))).exists(t,
{{ include "ramgate.cel.looseTerm" . | indent 6 }}
    )
    || tolerations.exists(t, type(t) == map && (
      t[?"key"].orValue(dyn(null)) == null || t.key in {{ include "ramgate.tolerated" .root }}
    ))
{{- with .root.Values.cluster.virtualNodeResources }}
    || {{ include "ramgate.cel.looseRequests" . | indent 4 | trim }}
{{- end }}
  ){{ if $spawns }}){{ end }}
{{ range $bound }}){{ end }}))
{{- end -}}

{{/*
Whether the object `pod` has a label or annotation of ECI, or any scheduling field. `.shape` says where it has them. For
kinds of presets, this takes the place of the exact condition, which is three times as long.
*/}}
{{- define "ramgate.cel.coarseMarks" -}}
{{- $keys := concat (list "alibabacloud.com/eci" "eci" "alibabacloud.com/burst-resource" (include "ramgate.stamp" .root)) (include "ramgate.eciAnnotations" .root | fromJsonArray) -}}
{{- $within := dict "template" "pod[?\"metadata\"].orValue(dyn(null))" "metadata" "pod" "objectMetadata" "pod" -}}
{{- $beside := dict "template" "[pod, pod[?\"spec\"].orValue(dyn(null))]" "metadata" "[pod]" "scheduling" "[pod]" -}}
{{- with get $within .shape -}}
[{{ . }}].exists(m, type(m) == map && ["labels", "annotations"].exists(f, [m[?f].orValue(dyn(null))].exists(v, type(v) == map && (size(v) > 64 || v.exists(k, k in {{ toJson $keys }})))))
{{- end -}}
{{- if and (get $within .shape) (get $beside .shape) }} || {{ end -}}
{{- with get $beside .shape -}}
{{ . }}.exists(s, type(s) == map && ["affinity", "nodeName", "nodeSelector", "runtimeClassName", "tolerations"].exists(f, s[?f].hasValue() && !(s[f] in [dyn(null), dyn(""), dyn({}), dyn([])])))
{{- end -}}
{{- end -}}

{{/*
Whether the expression `.that` holds for any template at the path `.path` of the new or the old object. `.that` calls the
template `pod`. Every step of the path may be a list, and the step * stands for all fields of an object. All lists together contain 16 elements at most, and the expression
does not look into lists in lists. Objects with more are sent.
*/}}
{{- define "ramgate.cel.anyTemplate" -}}
{{- $of := "o" -}}
{{- $sizes := list -}}
[object, oldObject].exists(o, o != null &&
{{- range $index, $field := splitList "." .path }}
  {{- $sizes = append $sizes (printf "size(l%d)" $index) }}
{{ if eq $field "*" }}[{{ $of }}.map(k, {{ $of }}[k])]{{ else }}[{{ $of }}[?{{ toJson $field }}].orValue(dyn(null))].map(v, type(v) == list ? v : [v]){{ end }}.exists(l{{ $index }}, {{ join " * " $sizes }} > 16 || l{{ $index }}.exists(x{{ $index }}, type(x{{ $index }}) == list || type(x{{ $index }}) == map &&
  {{- $of = printf "x%d" $index }}
{{- end }} [{{ $of }}].exists(pod,
{{ .that | indent 2 }}
){{ range splitList "." .path }})){{ end }})
{{- end -}}

{{/* Whether an object of a kind in `cluster.carriers` has a template at any of its paths. */}}
{{- define "ramgate.cel.carrierHolds" -}}
{{- range $index, $place := .templates }}{{ if $index }}
|| {{ end }}{{ include "ramgate.cel.anyTemplate" (dict "path" $place.path "that" "pod != null") }}
{{- end }}
{{- end -}}
