{{/*
Refuses values that contradict each other, and values that no schema can check. Each message is one sentence that names
the values and the fix.
*/}}
{{- define "ramgate.validate" -}}
{{- $values := .Values -}}
{{- range $key := list "server.staleAfterSeconds" "stamp.contents" "stamp.upgradeAfterSeconds" "probe.hook" -}}
  {{- $parts := splitList "." $key -}}
  {{- if not (hasKey (get $values (first $parts) | default dict) (last $parts)) -}}
    {{- fail (printf "%s is missing, because these are the values of an older chart; upgrade with --reset-then-reuse-values instead of --reuse-values, or give your values with -f" $key) -}}
  {{- end -}}
{{- end -}}

{{- $deadline := int .Values.server.deadlineMilliseconds -}}
{{- $longest := 0 -}}
{{- range $name, $entry := .Values.webhooks -}}
  {{- $timeout := mul 1000 (int $entry.timeoutSeconds) -}}
  {{- $longest = max $longest $timeout -}}
  {{- if ge $deadline $timeout -}}
    {{- fail (printf "server.deadlineMilliseconds (%d) must be below webhooks.%s.timeoutSeconds (%d), otherwise the API server gives up before ramgate answers" $deadline $name (int $entry.timeoutSeconds)) -}}
  {{- end -}}
{{- end -}}

{{- $stop := add (int .Values.server.shutdownDelayMilliseconds) $deadline -}}
{{- if le (mul 1000 (int .Values.terminationGracePeriodSeconds)) $stop -}}
  {{- fail (printf "terminationGracePeriodSeconds (%d) must be above server.shutdownDelayMilliseconds (%d) and server.deadlineMilliseconds (%d) together, otherwise reviews are cut off" (int .Values.terminationGracePeriodSeconds) (int .Values.server.shutdownDelayMilliseconds) $deadline) -}}
{{- end -}}

{{- range $name := list "virtual-kubelet" "virtual-kubelet-cn-hangzhou-g" "virtual-node-eci-0" "virtual-node-acs-0" "vnd-bp1abc" "cn-hangzhou.vnd-bp1abc" -}}
  {{- if mustRegexMatch (printf "^(?:%s)$" $.Values.realNodeNames) $name -}}
    {{- fail (printf "realNodeNames (%s) matches the virtual node name %s, so ramgate would never judge pods on virtual nodes; use a narrower pattern" $.Values.realNodeNames $name) -}}
  {{- end -}}
{{- end -}}

{{- $exempt := include "ramgate.exempt" . | fromJsonArray -}}
{{- if not (has "kube-system" .Values.exemptNamespaces) -}}
  {{- fail "exemptNamespaces must contain kube-system, otherwise an outage of ramgate could stop the cluster's own agents" -}}
{{- end -}}
{{- range $namespace, $mode := .Values.namespaceModes -}}
  {{- if has $namespace $exempt -}}
    {{- fail (printf "namespaceModes names %s, but ramgate judges no pods in exemptNamespaces and the release's namespace; remove it from one of the two" $namespace) -}}
  {{- end -}}
{{- end -}}

{{- if has .Values.probe.namespace $exempt -}}
  {{- fail (printf "probe.namespace is %s, but ramgate judges no pods in exemptNamespaces and the release's namespace (%s); name another one, or install into a namespace of its own: --namespace ramgate-system" .Values.probe.namespace .Release.Namespace) -}}
{{- end -}}

{{- range $namespace, $contents := .Values.stamp.namespaceContents -}}
  {{- if has $namespace $exempt -}}
    {{- fail (printf "stamp.namespaceContents names %s, but ramgate judges no pods in exemptNamespaces and the release's namespace; remove it from one of the two" $namespace) -}}
  {{- end -}}
{{- end -}}

{{- range $index, $selector := .Values.cluster.virtualNodes -}}
  {{- $positive := gt (len ($selector.matchLabels | default dict)) 0 -}}
  {{- range $selector.matchExpressions -}}
    {{- if has .operator (list "In" "Exists") -}}{{- $positive = true -}}{{- end -}}
  {{- end -}}
  {{- if not $positive -}}
    {{- fail (printf "cluster.virtualNodes[%d] needs matchLabels or a matchExpression with In or Exists, otherwise ramgate cannot recognise pods that ask for such nodes" $index) -}}
  {{- end -}}
{{- end -}}
{{- range $list := list "virtualNodes" "acsNodes" "burstNamespaces" -}}
  {{- range $index, $selector := get $.Values.cluster $list -}}
    {{- range $selector.matchExpressions -}}
      {{- $valued := has .operator (list "In" "NotIn") -}}
      {{- if ne $valued (gt (len (.values | default list)) 0) -}}
        {{- fail (printf "cluster.%s[%d]: operator %s and values of key %s do not go together; In and NotIn need values, Exists and DoesNotExist take none" $list $index .operator .key) -}}
      {{- end -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- range $index, $spawner := .Values.cluster.spawners -}}
  {{- if has ($spawner.namespace | default "") $exempt -}}
    {{- fail (printf "cluster.spawners[%d] names namespace %s, but ramgate judges no pods in exemptNamespaces and the release's namespace; remove it from one of the two" $index $spawner.namespace) -}}
  {{- end -}}
  {{- range ($spawner.namespaces | default dict).matchExpressions -}}
    {{- if ne (has .operator (list "In" "NotIn")) (gt (len (.values | default list)) 0) -}}
      {{- fail (printf "cluster.spawners[%d]: operator %s and values of key %s do not go together; In and NotIn need values, Exists and DoesNotExist take none" $index .operator .key) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- if and (eq .Values.cluster.eciProfileChanges "refuse") (not .Values.cluster.eciProfile) -}}
  {{- fail "cluster.eciProfileChanges is refuse, but cluster.eciProfile is false, so the API server sends no change of it; set eciProfile to true" -}}
{{- end -}}
{{- $presets := .Files.Get "carrier-presets.yaml" | fromYaml -}}
{{- range $index, $carrier := .Values.cluster.carriers -}}
  {{- if $carrier.preset -}}
    {{- if not (hasKey $presets $carrier.preset) -}}
      {{- fail (printf "cluster.carriers[%d]: %s is no preset; there are %s" $index $carrier.preset (keys $presets | sortAlpha | join ", ")) -}}
    {{- end -}}
    {{- if not (or $carrier.user (get $presets $carrier.preset).user) -}}
      {{- fail (printf "cluster.carriers[%d]: preset %s has no usual namespace; write the controller's name in user, such as system:serviceaccount:NAMESPACE:NAME" $index $carrier.preset) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- if and .Values.cluster.serverless .Values.cluster.burstNamespaces -}}
  {{- fail "cluster.serverless already sends every pod, so cluster.burstNamespaces must be empty" -}}
{{- end -}}

{{- if not .Values.cluster.serverless -}}
  {{- range .Values.tolerations -}}
    {{- if or (not .key) (has .key (include "ramgate.virtualNodeTaints" $ | fromJsonArray)) -}}
      {{- fail (printf "tolerations contains %s, which could put ramgate's own pods on a virtual node; remove it or set cluster.serverless" (toJson .)) -}}
    {{- end -}}
  {{- end -}}
  {{- range list "alibabacloud.com/eci" "eci" -}}
    {{- if eq (get $.Values.podLabels . | toString) "true" -}}
      {{- fail (printf "podLabels contains %s, which would put ramgate's own pods on ECI; remove it or set cluster.serverless" .) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- range $key := keys .Values.podLabels -}}
  {{- if has $key (list "app.kubernetes.io/name" "app.kubernetes.io/instance") -}}
    {{- fail (printf "podLabels must not set %s, which selects ramgate's own pods" $key) -}}
  {{- end -}}
{{- end -}}

{{- if eq .Values.certificate.source "secret" -}}
  {{- if not .Values.certificate.secret.name -}}
    {{- fail "certificate.source is secret, so certificate.secret.name must name the Secret" -}}
  {{- end -}}
{{- else -}}
  {{- if .Values.certificate.secret.name -}}
    {{- fail (printf "certificate.secret.name is set, but certificate.source is %s; set it to secret or remove the name" .Values.certificate.source) -}}
  {{- end -}}
  {{- if .Values.certificate.secret.webhookAnnotations -}}
    {{- fail (printf "certificate.secret.webhookAnnotations is set, but certificate.source is %s, where ramgate or cert-manager writes caBundle; remove the annotations" .Values.certificate.source) -}}
  {{- end -}}
{{- end -}}
{{- if has (include "ramgate.stampSecret" .) (list (printf "%s-ca" (include "ramgate.fullname" .)) (include "ramgate.mountedSecret" .)) -}}
  {{- fail (printf "stamp.secretName (%s) is the Secret of the certificate; name another one for the signing keys" (include "ramgate.stampSecret" .)) -}}
{{- end -}}
{{- if and .Values.certificate.certManager.issuerRef (ne .Values.certificate.source "cert-manager") -}}
  {{- fail (printf "certificate.certManager.issuerRef is set, but certificate.source is %s; set it to cert-manager or remove the issuer" .Values.certificate.source) -}}
{{- end -}}

{{- with .Values.server.clientAuth -}}
  {{- if and .enabled (not .caConfigMap) (not .caSecret) -}}
    {{- fail "server.clientAuth.enabled is true, so server.clientAuth.caConfigMap or server.clientAuth.caSecret must name the object with the CA certificate (key ca.crt)" -}}
  {{- end -}}
  {{- if and .caConfigMap .caSecret -}}
    {{- fail (printf "server.clientAuth.caConfigMap (%s) and server.clientAuth.caSecret (%s) exclude each other; remove one of the two" .caConfigMap .caSecret) -}}
  {{- end -}}
  {{- if and (not .enabled) (or .caConfigMap .caSecret .names) -}}
    {{- fail "server.clientAuth.enabled is false, but a CA or names are set in server.clientAuth; set it to true or remove them" -}}
  {{- end -}}
{{- end -}}
{{- if and .Values.networkPolicy.enabled (not .Values.networkPolicy.apiServer) -}}
  {{- fail "networkPolicy.enabled is true, but networkPolicy.apiServer is empty, so every pod could send admission requests; name the API server's peers (the chart's README says how to find them)" -}}
{{- end -}}

{{- if and (not .Values.serviceAccount.create) (not .Values.serviceAccount.name) -}}
  {{- fail "serviceAccount.create is false, so serviceAccount.name must name an existing ServiceAccount" -}}
{{- end -}}
{{- include "ramgate.validateSync" . -}}
{{- end -}}
