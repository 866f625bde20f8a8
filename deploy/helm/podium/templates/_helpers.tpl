{{/* The name of everything here. A pod's name is its node's, of which Podium takes 40 characters. */}}
{{- define "podium.name" -}}
{{- $name := ternary .Release.Name (printf "%s-podium" .Release.Name) (contains "podium" .Release.Name) -}}
{{- if gt (len $name) 38 -}}
{{- fail (printf "The release's name is too long: %q has more than 38 characters." $name) -}}
{{- end -}}
{{- if contains "." $name -}}
{{- fail (printf "The release's name %q has a dot, which no node's name may have." $name) -}}
{{- end -}}
{{- $name -}}
{{- end -}}

{{- define "podium.selector" -}}
app.kubernetes.io/name: podium
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "podium.labels" -}}
{{ include "podium.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{- define "podium.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{- define "podium.account" -}}
{{- if .Values.serviceAccount.create -}}
{{ .Values.serviceAccount.name | default (include "podium.name" .) }}
{{- else -}}
{{ .Values.serviceAccount.name | default "default" }}
{{- end -}}
{{- end -}}

{{- define "podium.claim" -}}
{{ .Values.home.existingClaim | default (printf "%s-home" (include "podium.name" .)) }}
{{- end -}}

{{/* podium.toml: the given settings, and the names under which nodes are asked: the service's and each node's own. */}}
{{- define "podium.settings" -}}
{{- $name := include "podium.name" . -}}
{{- $hosts := list $name (printf "%s.%s" $name .Release.Namespace) (printf "%s.%s.svc" $name .Release.Namespace) -}}
{{- range $number := until (int .Values.nodes) -}}
{{- $hosts = append $hosts (printf "%s-%d.%s-nodes" $name $number $name) -}}
{{- end -}}
{{- $config := deepCopy .Values.config -}}
{{- if .Values.ray.enabled -}}
{{- $config = set $config "host" "ray" -}}
{{- end -}}
{{- if .Values.sandbox.enabled -}}
{{- $config = set $config "sandbox" (merge (dict "mode" "required") (get $config "sandbox" | default dict)) -}}
{{- end -}}
{{- set $config "server" (dict "hosts" (concat $hosts .Values.hosts)) | toToml -}}
{{- end -}}

{{/* Whether agents have sandboxes in the nodes' own pods: on Ray they are elsewhere. */}}
{{- define "podium.sandboxHere" -}}
{{ ternary "yes" "no" (and .Values.sandbox.enabled (not .Values.ray.enabled)) }}
{{- end -}}

{{/* What every container here may do: nothing but run as its user. */}}
{{- define "podium.confined" -}}
allowPrivilegeEscalation: false
capabilities:
  drop: [ALL]
{{- end -}}

{{/* Podium answers to names that it knows; a probe would call it by the pod's address. */}}
{{- define "podium.probe" -}}
httpGet:
  path: {{ . }}
  port: http
  httpHeaders:
    - name: Host
      value: localhost
{{- end -}}

{{- define "podium.user" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
{{- end -}}

{{- define "podium.rayEnv" -}}
- name: RAY_AUTH_MODE
  value: token
- name: RAY_AUTH_TOKEN
  valueFrom:
    secretKeyRef:
      name: {{ .Values.ray.tokenSecretName }}
      key: {{ .Values.ray.tokenSecretKey }}
{{- end -}}

{{- define "podium.rayHead" -}}
{{ include "podium.name" . }}-ray-head-svc:6379
{{- end -}}

{{- define "podium.rayPod" -}}
metadata:
  labels:
    {{- include "podium.labels" .root | nindent 4 }}
    app.kubernetes.io/component: ray
spec:
  {{- if ne .container "head" }}
  automountServiceAccountToken: false
  {{- end }}
  {{- with .root.Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if .root.Values.sandbox.enabled }}
  hostUsers: false
  {{- end }}
  securityContext:
    {{- include "podium.user" .root | nindent 4 }}
    seccompProfile:
      type: {{ ternary "Unconfined" "RuntimeDefault" .root.Values.sandbox.enabled }}
  containers:
    - name: {{ .container }}
      image: {{ include "podium.image" .root }}
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      env:
        {{- include "podium.rayEnv" .root | nindent 8 }}
      securityContext:
        {{- include "podium.confined" .root | nindent 8 }}
        {{- if .root.Values.sandbox.enabled }}
        procMount: Unmasked
        appArmorProfile:
          type: Unconfined
        {{- end }}
      # The operator's own probes need wget, which the image does not have.
      livenessProbe:
        {{- include "podium.rayProbe" . | nindent 8 }}
      readinessProbe:
        {{- include "podium.rayProbe" . | nindent 8 }}
      {{- with .resources }}
      resources:
        {{- toYaml . | nindent 8 }}
      {{- end }}
{{- end -}}

{{- define "podium.rayProbe" -}}
exec:
  command: [ray, health-check, --address, "{{ ternary "127.0.0.1:6379" (include "podium.rayHead" .root) (eq .container "head") }}"]
initialDelaySeconds: 30
periodSeconds: 30
timeoutSeconds: 20
failureThreshold: 4
{{- end -}}
