{{/*
The webhook entries as data: name, settings (the group of values that the entry follows), enforced (whether it may fail
closed), rules, where (its namespaceSelector; none for objects without a namespace) and conditions. The API server joins
the requirements of an entry with "and", so every routing label has its own entry. An entry leaves out what an earlier one
receives, so that a pod is sent only once.
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
Namespaces in tiers by what an outage means to them: one tier for the mode of the whole cluster, and a second for the
namespaces whose own mode differs in this. Only enforced tiers may fail closed.
*/}}
{{- define "ramgate.tiers" -}}
{{- $enforced := eq .Values.mode "enforce" -}}
{{- $others := list -}}
{{- range $namespace, $mode := .Values.namespaceModes -}}
  {{- if ne $enforced (eq $mode "enforce") -}}{{- $others = append $others $namespace -}}{{- end -}}
{{- end -}}
{{- $exempt := include "ramgate.exempt" . | fromJsonArray -}}
{{- $name := "kubernetes.io/metadata.name" -}}
{{- $all := dict "key" $name "operator" "NotIn" "values" (concat $exempt $others | sortAlpha) -}}
{{- $tiers := list (dict "suffix" "" "enforced" $enforced "namespaces" $all) -}}
{{- if $others -}}
  {{- $tiers = append $tiers (dict "suffix" (ternary "-lenient" "-enforced" $enforced) "enforced" (not $enforced) "namespaces" (dict "key" $name "operator" "In" "values" $others)) -}}
{{- end -}}
{{- toJson $tiers -}}
{{- end -}}

{{/* Pods, the built-in kinds that make pods from a template, and the kinds in `.carriers` in any version. */}}
{{- define "ramgate.rules.pods" -}}
{{- $rules := list
  (dict "apiGroups" (list "") "apiVersions" (list "v1") "operations" .operations "resources" (list "pods" "replicationcontrollers") "scope" "Namespaced")
  (dict "apiGroups" (list "apps") "apiVersions" (list "v1") "operations" .operations "resources" (list "daemonsets" "deployments" "replicasets" "statefulsets") "scope" "Namespaced")
  (dict "apiGroups" (list "batch") "apiVersions" (list "v1") "operations" .operations "resources" (list "cronjobs" "jobs") "scope" "Namespaced")
-}}
{{- range .carriers -}}
  {{- $rules = append $rules (dict "apiGroups" (list .group) "apiVersions" (list "*") "operations" $.operations "resources" (list .resource) "scope" "Namespaced") -}}
{{- end -}}
{{- toJson $rules -}}
{{- end -}}

{{/* One rule of the core group. */}}
{{- define "ramgate.rules.core" -}}
{{- list (dict "apiGroups" (list "") "apiVersions" (list "v1") "operations" .operations "resources" .resources "scope" "Namespaced") | toJson -}}
{{- end -}}

{{/*
A condition for entries that receive pods, templates and the kinds of `.carriers`. For built-in kinds, it tests
`.expression`, then whether something has changed: most objects have no mark, and this costs less to see. For kinds of
`.carriers`, it tests whether there is a template and something has changed; for those of presets, only whether something
has changed.
*/}}
{{- define "ramgate.cel.all" -}}
{{- $coarse := dict -}}
{{- range .carriers -}}
{{- if .coarse -}}
  {{- $alike := dict "ownMetadata" .ownMetadata -}}
  {{- if .stored -}}{{- $alike = pick . "ownMetadata" "stored" "users" -}}{{- end -}}
  {{- $key := toJson $alike -}}
  {{- $_ := set $coarse $key (append (get $coarse $key | default list) (printf "%s/%s" .group .resource)) -}}
{{- else -}}
request.resource.group + "/" + request.resource.resource == {{ printf "%s/%s" .group .resource | toJson }} ? (
  ({{ include "ramgate.cel.carrierChanged" . }}) && (
{{ include "ramgate.cel.carrierHolds" . | indent 4 }}
  )
) :
{{ end -}}
{{- end -}}
{{- range $alike, $kinds := $coarse -}}
request.resource.group + "/" + request.resource.resource in {{ toJson $kinds }} ? (
  {{ include "ramgate.cel.carrierChanged" (fromJson $alike) }}
) :
{{ end -}}
{{ with .expression }}(
{{ . }}
) && {{ end }}({{ include "ramgate.cel.changed" .root }})
{{- end -}}

{{/* Creations and changes of pods and templates, by their marks or their namespace's. Both phases receive them. */}}
{{- define "ramgate.entries.pods" -}}
{{- $root := . -}}
{{- $routes := include "ramgate.routes" $root | fromYamlArray -}}
{{- $offRoute := list -}}
{{- range $routes -}}
  {{- $offRoute = append $offRoute (dict "key" .key "operator" "NotIn" "values" (list .value)) -}}
{{- end -}}
{{- $carriers := include "ramgate.carriers" $root | fromJsonArray -}}
{{- $operations := list "CREATE" "UPDATE" -}}
{{- $builtin := include "ramgate.rules.pods" (dict "operations" $operations) | fromJsonArray -}}
{{- $everything := include "ramgate.rules.pods" (dict "operations" $operations "carriers" $carriers) | fromJsonArray -}}
{{- $marked := include "ramgate.cel.wanted" $root -}}
{{- $elsewhere := include "ramgate.cel.elsewhere" (dict "root" $root "spawners" true) -}}
{{- $unbound := include "ramgate.cel.elsewhere" (dict "root" $root) -}}
{{- $entries := list -}}
{{- range $tier := include "ramgate.tiers" $root | fromJsonArray -}}
  {{- $base := dict "enforced" $tier.enforced -}}
  {{- if $root.Values.cluster.serverless -}}
    {{- $condition := dict "name" "changed" "expression" (include "ramgate.cel.all" (dict "root" $root "carriers" $carriers)) -}}
    {{- $entries = append $entries (merge (dict "name" (printf "burst%s" $tier.suffix) "settings" "burst" "rules" $everything "where" (dict "matchExpressions" (list $tier.namespaces)) "conditions" (list $condition)) $base) -}}
  {{- else -}}
    {{- $where := dict "matchExpressions" (prepend $offRoute $tier.namespaces) -}}
    {{- $condition := dict "name" "marked" "expression" (include "ramgate.cel.all" (dict "root" $root "expression" $marked)) -}}
    {{- $entries = append $entries (merge (dict "name" (printf "marked%s" $tier.suffix) "settings" "marked" "rules" $builtin "where" $where "conditions" (list $condition)) $base) -}}
    {{- $index := 0 -}}
    {{- range $carrier := $carriers -}}
      {{- $holds := list -}}
      {{- range $place := $carrier.marks -}}
        {{- $marks := printf "ramgate.cel.%sMarks" (ternary "coarse" "loose" ($carrier.coarse | default false)) -}}
        {{- $loose := include $marks (dict "root" $root "shape" $place.shape) -}}
        {{- $holds = append $holds (include "ramgate.cel.anyTemplate" (dict "path" $place.path "that" $loose)) -}}
      {{- end -}}
      {{- /* Exact conditions cost much, so each place has an entry of its own. */ -}}
      {{- range ternary (list (join "\n|| " $holds)) $holds ($carrier.coarse | default false) -}}
        {{- $expression := printf "(%s) && (\n%s\n)" (include "ramgate.cel.carrierChanged" $carrier) . -}}
        {{- $name := printf "carriers-%d" $index -}}
        {{- $rules := list (dict "apiGroups" (list $carrier.group) "apiVersions" (list "*") "operations" $operations "resources" (list $carrier.resource) "scope" "Namespaced") -}}
        {{- $entries = append $entries (merge (dict "name" (printf "%s%s" $name $tier.suffix) "settings" "marked" "rules" $rules "where" $where "conditions" (list (dict "name" "marked" "expression" $expression))) $base) -}}
        {{- $index = add1 $index -}}
      {{- end -}}
    {{- end -}}
    {{- range $index, $route := $routes -}}
      {{- $requirements := append (slice $offRoute 0 $index) (dict "key" $route.key "operator" "In" "values" (list $route.value)) -}}
      {{- $condition := dict "name" "not-on-a-real-node" "expression" (include "ramgate.cel.all" (dict "root" $root "expression" $elsewhere "carriers" $carriers)) -}}
      {{- $entries = append $entries (merge (dict "name" (printf "%s%s" $route.entry $tier.suffix) "settings" "namespaces" "rules" $everything "where" (dict "matchExpressions" (prepend $requirements $tier.namespaces)) "conditions" (list $condition)) $base) -}}
    {{- end -}}
    {{- range $index, $selector := $root.Values.cluster.burstNamespaces -}}
      {{- $requirements := concat $offRoute ($selector.matchExpressions | default list) -}}
      {{- $where := dict "matchExpressions" (prepend $requirements $tier.namespaces) -}}
      {{- with $selector.matchLabels -}}{{- $_ := set $where "matchLabels" . -}}{{- end -}}
      {{- $expression := printf "%s\n&& !(%s)" $unbound $marked -}}
      {{- $condition := dict "name" "unmarked" "expression" (include "ramgate.cel.all" (dict "root" $root "expression" $expression "carriers" $carriers)) -}}
      {{- $entries = append $entries (merge (dict "name" (printf "burst-%d%s" $index $tier.suffix) "settings" "burst" "rules" $everything "where" $where "conditions" (list $condition)) $base) -}}
    {{- end -}}
  {{- end -}}
  {{- $revisions := list (dict "apiGroups" (list "apps") "apiVersions" (list "*") "operations" $operations "resources" (list "controllerrevisions") "scope" "Namespaced") -}}
  {{- $condition := dict "name" "not-by-its-controller" "expression" (include "ramgate.cel.revision" $root) -}}
  {{- $entries = append $entries (merge (dict "name" (printf "revisions%s" $tier.suffix) "settings" "marked" "rules" $revisions "where" (dict "matchExpressions" (list $tier.namespaces)) "conditions" (list $condition)) $base) -}}
  {{- $fields := include "ramgate.cel.fields" $root -}}
  {{- if not $root.Values.cluster.serverless -}}{{- $fields = printf "(%s) && (\n%s\n)" $fields $marked -}}{{- end -}}
  {{- $rules := include "ramgate.rules.core" (dict "operations" (list "UPDATE") "resources" (list "pods/ephemeralcontainers" "pods/resize" "pods/status")) | fromJsonArray -}}
  {{- $entries = append $entries (merge (dict "name" (printf "fields%s" $tier.suffix) "settings" "fields" "rules" $rules "where" (dict "matchExpressions" (list $tier.namespaces)) "conditions" (list (dict "name" "changed" "expression" $fields))) $base) -}}
{{- end -}}
{{- toJson $entries -}}
{{- end -}}

{{/* Bindings. The mutating phase ties each one to the pod as it is, and the validating phase judges it. */}}
{{- define "ramgate.entries.binding" -}}
{{- $root := . -}}
{{- $entries := list -}}
{{- range $tier := include "ramgate.tiers" $root | fromJsonArray -}}
  {{- $base := dict "enforced" $tier.enforced "where" (dict "matchExpressions" (list $tier.namespaces)) -}}
  {{- $rules := include "ramgate.rules.core" (dict "operations" (list "CREATE") "resources" (list "bindings" "pods/binding")) | fromJsonArray -}}
  {{- $binding := dict "name" (printf "binding%s" $tier.suffix) "settings" "binding" "rules" $rules -}}
  {{- if not $root.Values.cluster.serverless -}}
    {{- $_ := set $binding "conditions" (list (dict "name" "not-to-a-real-node" "expression" (include "ramgate.cel.binds" $root))) -}}
  {{- end -}}
  {{- $entries = append $entries (merge $binding $base) -}}
{{- end -}}
{{- toJson $entries -}}
{{- end -}}

{{/* For the validating phase alone, since ramgate changes nothing here: connections, scales, cluster-scoped objects. */}}
{{- define "ramgate.entries.others" -}}
{{- $root := . -}}
{{- $entries := list -}}
{{- range $tier := include "ramgate.tiers" $root | fromJsonArray -}}
  {{- $base := dict "enforced" $tier.enforced "where" (dict "matchExpressions" (list $tier.namespaces)) -}}
  {{- if $root.Values.webhooks.connect.enabled -}}
    {{- $rules := include "ramgate.rules.core" (dict "operations" (list "CONNECT") "resources" (list "pods/attach" "pods/exec" "pods/portforward" "pods/proxy")) | fromJsonArray -}}
    {{- $entries = append $entries (merge (dict "name" (printf "connect%s" $tier.suffix) "settings" "connect" "rules" $rules) $base) -}}
  {{- end -}}
  {{- if $root.Values.scale.judge -}}
    {{- $rules := list
      (dict "apiGroups" (list "") "apiVersions" (list "v1") "operations" (list "UPDATE") "resources" (list "replicationcontrollers/scale") "scope" "Namespaced")
      (dict "apiGroups" (list "apps") "apiVersions" (list "v1") "operations" (list "UPDATE") "resources" (list "deployments/scale" "replicasets/scale" "statefulsets/scale") "scope" "Namespaced")
    -}}
    {{- $condition := dict "name" "grows" "expression" (include "ramgate.cel.grows" $root) -}}
    {{- $entries = append $entries (merge (dict "name" (printf "scale%s" $tier.suffix) "settings" "scale" "rules" $rules "conditions" (list $condition)) $base) -}}
  {{- end -}}
{{- end -}}
{{- if .Values.webhooks.connect.enabled -}}
  {{- $nodes := dict "apiGroups" (list "") "apiVersions" (list "v1") "operations" (list "CONNECT") "resources" (list "nodes/proxy") "scope" "Cluster" -}}
  {{- $kubelets := dict "name" "connect-nodes" "settings" "connect" "enforced" (eq .Values.mode "enforce") "rules" (list $nodes) -}}
  {{- if not .Values.cluster.serverless -}}
    {{- $_ := set $kubelets "conditions" (list (dict "name" "not-to-a-real-node" "expression" (include "ramgate.cel.proxies" .))) -}}
  {{- end -}}
  {{- $entries = append $entries $kubelets -}}
{{- end -}}
{{- $caches := dict "apiGroups" (list "eci.alibabacloud.com") "apiVersions" (list "v1") "resources" (list "imagecaches") "scope" "Cluster" -}}
{{- $entries = append $entries (dict "name" "image-caches" "settings" "imageCaches" "enforced" (eq .Values.mode "enforce")
  "rules" (list (merge (dict "operations" (list "CREATE" "UPDATE")) $caches)) "conditions" (list (dict "name" "changed" "expression" (include "ramgate.cel.imageCache" $root)))) -}}
{{- $entries = append $entries (dict "name" "removal-image-caches" "settings" "removal" "enforced" false "rules" (list (merge (dict "operations" (list "DELETE")) $caches))) -}}
{{- toJson $entries -}}
{{- end -}}

{{/* Deletions and evictions of pods, and changes that lead to their garbage collection. These never fail closed. */}}
{{- define "ramgate.entries.removal" -}}
{{- $root := . -}}
{{- $routes := include "ramgate.routes" $root | fromYamlArray -}}
{{- $offRoute := list -}}
{{- range $routes -}}
  {{- $offRoute = append $offRoute (dict "key" .key "operator" "NotIn" "values" (list .value)) -}}
{{- end -}}
{{- $judged := dict "key" "kubernetes.io/metadata.name" "operator" "NotIn" "values" (include "ramgate.exempt" $root | fromJsonArray) -}}
{{- $base := dict "settings" "removal" "enforced" false "rules" (include "ramgate.rules.core" (dict "operations" (list "DELETE" "UPDATE") "resources" (list "pods")) | fromJsonArray) -}}
{{- $removes := dict "name" "removes" "expression" (include "ramgate.cel.removes" $root) -}}
{{- $everywhere := dict "matchExpressions" (list $judged) -}}
{{- $entries := list -}}
{{- if $root.Values.cluster.serverless -}}
  {{- $entries = append $entries (merge (dict "name" "removal" "where" $everywhere "conditions" (list $removes)) $base) -}}
{{- else -}}
  {{- $condition := dict "name" "marked" "expression" (include "ramgate.cel.marked" $root) -}}
  {{- $entries = append $entries (merge (dict "name" "removal" "where" (dict "matchExpressions" (prepend $offRoute $judged)) "conditions" (list $removes $condition)) $base) -}}
  {{- range $index, $route := $routes -}}
    {{- $requirements := append (slice $offRoute 0 $index) (dict "key" $route.key "operator" "In" "values" (list $route.value)) -}}
    {{- $condition := dict "name" "not-on-a-real-node" "expression" (include "ramgate.cel.elsewhere" (dict "root" $root)) -}}
    {{- $entries = append $entries (merge (dict "name" (printf "removal-%s" $route.entry) "where" (dict "matchExpressions" (prepend $requirements $judged)) "conditions" (list $removes $condition)) $base) -}}
  {{- end -}}
{{- end -}}
{{- $rules := include "ramgate.rules.core" (dict "operations" (list "CREATE") "resources" (list "pods/eviction")) | fromJsonArray -}}
{{- $entries = append $entries (dict "name" "removal-eviction" "settings" "removal" "enforced" false "where" $everywhere "rules" $rules) -}}
{{- toJson $entries -}}
{{- end -}}

{{/*
ConfigMaps that configure ramgate or ECI's own webhook, in the two namespaces that all other entries leave out, and other
objects that send pods to ECI.
*/}}
{{- define "ramgate.entries.configuration" -}}
{{- $maps := list "configmaps" -}}
{{- $entries := list -}}
{{- if .Values.cluster.eciProfile -}}
  {{- $rules := include "ramgate.rules.core" (dict "operations" (list "CREATE" "UPDATE" "DELETE") "resources" $maps) | fromJsonArray -}}
  {{- $where := dict "matchLabels" (dict "kubernetes.io/metadata.name" "kube-system") -}}
  {{- $condition := dict "name" "eci-profile" "expression" (include "ramgate.cel.profile" .) -}}
  {{- $entries = append $entries (dict "name" "profile" "settings" "profile" "enforced" false "where" $where "rules" $rules "conditions" (list $condition)) -}}
  {{- $operations := list "CREATE" "UPDATE" -}}
  {{- $rules := list
    (dict "apiGroups" (list "scheduling.alibabacloud.com") "apiVersions" (list "*") "operations" $operations "resources" (list "resourcepolicies") "scope" "Namespaced")
    (dict "apiGroups" (list "eci.aliyun.com") "apiVersions" (list "*") "operations" $operations "resources" (list "selectors") "scope" "*")
  -}}
  {{- $where := dict "matchExpressions" (list (dict "key" "kubernetes.io/metadata.name" "operator" "NotIn" "values" (include "ramgate.exempt" . | fromJsonArray))) -}}
  {{- $condition := dict "name" "changed" "expression" "object == null || oldObject == null || object.?spec != oldObject.?spec" -}}
  {{- $entries = append $entries (dict "name" "routing-policies" "settings" "profile" "enforced" false "where" $where "rules" $rules "conditions" (list $condition)) -}}
{{- end -}}
{{- $rules := include "ramgate.rules.core" (dict "operations" (list "CREATE" "UPDATE") "resources" $maps) | fromJsonArray -}}
{{- $where := dict "matchLabels" (dict "kubernetes.io/metadata.name" .Release.Namespace) -}}
{{- $objects := dict "matchExpressions" (list (dict "key" "ramgate.io/config" "operator" "Exists")) -}}
{{- $entries = append $entries (dict "name" "configuration" "settings" "configuration" "enforced" false "where" $where "objects" $objects "rules" $rules) -}}
{{- toJson $entries -}}
{{- end -}}

{{/* The entries of `.phase`, mutating or validating. */}}
{{- define "ramgate.entries" -}}
{{- $entries := concat (include "ramgate.entries.pods" .root | fromJsonArray) (include "ramgate.entries.binding" .root | fromJsonArray) -}}
{{- if eq .phase "validating" -}}
  {{- range list "others" "removal" "configuration" -}}
    {{- $entries = concat $entries (include (printf "ramgate.entries.%s" .) $.root | fromJsonArray) -}}
  {{- end -}}
{{- end -}}
{{- toJson $entries -}}
{{- end -}}
