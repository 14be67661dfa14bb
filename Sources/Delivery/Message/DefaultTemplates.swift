/// The templates that receivers use unless the configuration specifies others. Their names are Alertmanager's, so that
/// files which redefine them keep working. Source: prometheus/alertmanager, template/default.tmpl.
enum DefaultTemplates {
    static let text = #"""
        {{ define "__alertmanager" }}vaultwatch{{ end }}
        {{ define "__alertmanagerURL" }}{{ .ExternalURL }}{{ end }}
        {{ define "__severity" }}{{ if .Incidents }}{{ (index .Incidents 0).Severity | toUpper }} {{ else }}{{ with .CommonLabels.severity }}{{ . | toUpper }} {{ end }}{{ end }}{{ end }}
        {{ define "__headline" }}{{ if .Incidents }}{{ (index .Incidents 0).Headline }}{{ template "__still" . }}{{ else if eq .Status "resolved" }}{{ template "__ended" . }}{{ else }}{{ .Headline }}{{ end }}{{ template "__why" . }}{{ end }}
        {{ define "__why" }}{{ if eq .NotificationReason "unsilenced" }} (no longer silenced){{ else if eq .NotificationReason "unacknowledged" }} (its acknowledgement has lapsed){{ else if eq .NotificationReason "acknowledged" }}{{ with .Acknowledgements }} ({{ index . 0 }}){{ end }}{{ end }}{{ end }}
        {{ define "__answering_lines" }}{{ with .Answering }}Responding, so not the cause: {{ . | join ", " }}
        {{ end }}{{ end }}
        {{ define "__acknowledged_lines" }}{{ range .Acknowledgements }}{{ . }}
        {{ end }}{{ end }}
        {{ define "__ended" }}{{ if eq (len .Alerts) 1 }}{{ template "__end" index .Alerts 0 }}{{ template "__still" . }}{{ template "__place" index .Alerts 0 }}{{ else }}{{ len .Alerts }} alerts are over{{ template "__still" . }}{{ with .CommonLabels.alertname }}: {{ . }}{{ end }}{{ end }}{{ end }}
        {{ define "__end" }}{{ .Labels.alertname }} is over{{ if not .EndsAt.IsZero }} after {{ .EndsAt.Sub .StartsAt | humanizeDuration }}{{ end }}{{ end }}
        {{ define "__still" }}{{ with .StillFiring }}; still firing: {{ (index . 0).Labels.alertname }}{{ if gt (len .) 1 }} and others{{ end }}{{ end }}{{ end }}
        {{ define "__place" }}{{ with .Labels.Remove (stringSlice "alertname" "severity") }} ({{ range $i, $pair := .SortedPairs }}{{ if $i }}, {{ end }}{{ $pair.Name }}={{ $pair.Value }}{{ end }}){{ end }}{{ end }}
        {{ define "__still_lines" }}{{ range .StillFiring }}Still firing: {{ or .Annotations.summary .Labels.alertname }}
        {{ end }}{{ end }}
        {{ define "__subject" }}[{{ .Status | toUpper }}{{ if eq .Status "firing" }}:{{ .Alerts.Firing | len }}{{ end }}] {{ template "__severity" . }}{{ template "__headline" . }}{{ end }}
        {{ define "__description" }}{{ end }}
        {{ define "__alert_lines" }}{{ range . }}{{ if eq .Status "resolved" }}* {{ template "__end" . }}
        {{ with .Annotations.summary }}  It said: {{ . }}
        {{ end }}{{ else }}* {{ or .Annotations.summary .Labels.alertname }}
        {{ with .Annotations.description }}  {{ . }}
        {{ end }}{{ with .Annotations.action }}  Action: {{ . }}
        {{ end }}{{ with .Annotations.runbook_url }}  Runbook: {{ . }}
        {{ end }}{{ end }}  Type: {{ .Labels.alertname }}, severity: {{ .Labels.severity }}
          Since: {{ .StartsAt | date "2006-01-02 15:04:05 MST" }}{{ if eq .Status "resolved" }}, until {{ .EndsAt | date "2006-01-02 15:04:05 MST" }}{{ end }}
          Labels: {{ range $i, $pair := .Labels.SortedPairs }}{{ if $i }}, {{ end }}{{ $pair.Name }}={{ $pair.Value }}{{ end }}
        {{ end }}{{ end }}
        {{ define "__incident_lines" }}{{ if .Ending }}It said: {{ end }}{{ .Summary }}
        {{ with .Description }}{{ . }}
        {{ end }}
        {{ if .Ending }}It led to:{{ else }}Therefore:{{ end }}
        {{ range .Effects }}* {{ . }}
        {{ end }}{{ with .Actions }}
        What to do:
        {{ range . }}{{ . }}
        {{ end }}{{ end }}
        What was seen (UTC):
        {{ range .Timeline }}{{ . }}
        {{ end }}
        {{ range .Links }}{{ .Text }}: {{ .Href }}
        {{ end }}{{ with .Cause }}Type: {{ .Labels.alertname }}, severity: {{ .Labels.severity }}
        Labels: {{ range $i, $pair := .Labels.SortedPairs }}{{ if $i }}, {{ end }}{{ $pair.Name }}={{ $pair.Value }}{{ end }}
        {{ end }}{{ end }}
        {{ define "slack.default.title" }}{{ template "__subject" . }}{{ end }}
        {{ define "slack.default.username" }}{{ template "__alertmanager" . }}{{ end }}
        {{ define "slack.default.fallback" }}{{ template "slack.default.title" . }}{{ end }}
        {{ define "slack.default.callbackid" }}{{ end }}
        {{ define "slack.default.pretext" }}{{ end }}
        {{ define "slack.default.titlelink" }}{{ template "__alertmanagerURL" . }}{{ end }}
        {{ define "slack.default.iconemoji" }}{{ end }}
        {{ define "slack.default.iconurl" }}{{ end }}
        {{ define "slack.default.text" }}{{ range .Incidents }}{{ template "__incident_lines" . }}
        {{ end }}{{ range .OtherAlerts }}{{ if eq .Status "resolved" }}{{ template "__end" . }}{{ with .Annotations.summary }}. It said: {{ . }}{{ end }}
        {{ else }}{{ with .Annotations.description }}{{ . }}
        {{ end }}{{ end }}{{ end }}{{ template "__still_lines" . }}{{ template "__answering_lines" . }}{{ template "__acknowledged_lines" . }}{{ end }}
        {{ define "slack.default.footer" }}{{ template "__alertmanager" . }}{{ end }}
        {{ define "slack.default.color" }}{{ $severity := .CommonLabels.severity }}{{ if .Incidents }}{{ $severity = (index .Incidents 0).Severity }}{{ end }}{{ if and (eq .Status "resolved") (not .StillFiring) }}#2eb67d{{ else if eq $severity "critical" }}#d7263d{{ else if eq $severity "high" }}#f46036{{ else if eq $severity "low" }}#1b98e0{{ else }}#ecb22e{{ end }}{{ end }}
        {{ define "pagerduty.default.description" }}{{ template "__subject" . }}{{ end }}
        {{ define "pagerduty.default.client" }}{{ template "__alertmanager" . }}{{ end }}
        {{ define "pagerduty.default.clientURL" }}{{ template "__alertmanagerURL" . }}{{ end }}
        {{ define "pagerduty.default.instances" }}{{ template "__alert_lines" . }}{{ end }}
        {{ define "email.default.subject" }}{{ template "__subject" . }}{{ end }}
        {{ define "email.default.text" }}{{ template "__subject" . }}

        {{ range .Incidents }}{{ template "__incident_lines" . }}
        {{ end }}{{ if .OtherAlerts.Firing }}Firing:
        {{ template "__alert_lines" .OtherAlerts.Firing }}
        {{ end }}{{ if .OtherAlerts.Resolved }}Resolved:
        {{ template "__alert_lines" .OtherAlerts.Resolved }}
        {{ end }}{{ template "__still_lines" . }}{{ template "__answering_lines" . }}{{ template "__acknowledged_lines" . }}{{ with .ExternalURL }}{{ . }}
        {{ end }}{{ end }}
        """#

    /// Inline styles for mail programs that strip the head; the head's rules switch to dark for readers that prefer it.
    static let html = #"""
        {{ define "email.default.html" }}<!doctype html>
        <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">
        <title>{{ template "__subject" . }}</title>
        <style>:root{color-scheme:light dark}@media (prefers-color-scheme:dark){body,.page{background:#14161a!important;color:#e8e8e8!important}.card{background:#1f2329!important;border-color:#333a44!important}.quiet{color:#9aa4b2!important}a{color:#7ab7ff!important}}</style></head>
        <body class="page" style="margin:0;padding:16px;background:#f4f5f7;color:#1c1e21;font:16px/1.45 -apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif">
        <div style="max-width:600px;margin:0 auto">
        <div style="padding:12px 16px;border-radius:8px 8px 0 0;color:#fff;background:{{ template "slack.default.color" . }};font-weight:600">{{ if eq .Status "resolved" }}Resolved{{ if .StillFiring }}, while others still fire{{ end }}{{ else }}{{ if .Incidents }}{{ (index .Incidents 0).Severity }}{{ else }}{{ .Alerts.Firing | len }} firing{{ with .CommonLabels.severity }} · {{ . }}{{ end }}{{ end }}{{ end }}</div>
        {{ range .Incidents }}<div class="card" style="padding:14px 16px;background:#fff;border:1px solid #e2e4e8;border-top:0">
        <div style="font-size:18px;font-weight:600">{{ .Headline }}</div>
        <p style="margin:8px 0">{{ if .Ending }}It said: {{ end }}{{ .Summary }}</p>
        {{ with .Description }}<p style="margin:8px 0">{{ . }}</p>{{ end }}
        <p style="margin:8px 0 0"><b>{{ if .Ending }}It led to:{{ else }}Therefore:{{ end }}</b></p>
        <ul style="margin:0 0 8px;padding-left:20px">{{ range .Effects }}<li>{{ . }}</li>{{ end }}</ul>
        {{ with .Actions }}<p style="margin:8px 0 0"><b>What to do:</b></p>
        {{ range . }}<p style="margin:0 0 8px;white-space:pre-wrap">{{ . }}</p>{{ end }}{{ end }}
        <p style="margin:8px 0 0"><b>What was seen (UTC):</b></p>
        <div style="margin:0 0 8px;font-size:14px">{{ range .Timeline }}{{ . }}<br>{{ end }}</div>
        <p style="margin:8px 0">{{ range $i, $link := .Links }}{{ if $i }} · {{ end }}<a href="{{ $link.Href }}">{{ $link.Text }}</a>{{ end }}</p>
        <table role="presentation" class="quiet" style="margin-top:6px;color:#667085;font-size:13px;border-spacing:0">{{ range .Cause.Labels.SortedPairs }}<tr><td style="padding:0 12px 0 0">{{ .Name }}</td><td>{{ .Value }}</td></tr>{{ end }}</table>
        </div>
        {{ end }}{{ range .OtherAlerts }}<div class="card" style="padding:14px 16px;background:#fff;border:1px solid #e2e4e8;border-top:0">
        {{ if eq .Status "resolved" }}<div style="font-size:18px;font-weight:600">✓ {{ template "__end" . }}</div>
        {{ with .Annotations.summary }}<p style="margin:8px 0">It said: {{ . }}</p>{{ end }}
        {{ else }}<div style="font-size:18px;font-weight:600">{{ or .Annotations.summary .Labels.alertname }}</div>
        {{ with .Annotations.description }}<p style="margin:8px 0">{{ . }}</p>{{ end }}
        {{ with .Annotations.action }}<p style="margin:8px 0"><b>Action:</b> {{ . }}</p>{{ end }}
        {{ with .Annotations.runbook_url }}<p style="margin:8px 0"><a href="{{ . }}">Runbook</a></p>{{ end }}
        {{ end }}<div class="quiet" style="color:#667085;font-size:13px">Since {{ .StartsAt | date "2006-01-02 15:04:05 MST" }}{{ if eq .Status "resolved" }}, until {{ .EndsAt | date "2006-01-02 15:04:05 MST" }}{{ end }}</div>
        <table role="presentation" class="quiet" style="margin-top:6px;color:#667085;font-size:13px;border-spacing:0">{{ range .Labels.SortedPairs }}<tr><td style="padding:0 12px 0 0">{{ .Name }}</td><td>{{ .Value }}</td></tr>{{ end }}</table>
        </div>
        {{ end }}{{ range .StillFiring }}<div class="card" style="padding:14px 16px;background:#fff;border:1px solid #e2e4e8;border-top:0">Still firing: {{ or .Annotations.summary .Labels.alertname }}</div>
        {{ end }}{{ with .Answering }}<div class="card" style="padding:14px 16px;background:#fff;border:1px solid #e2e4e8;border-top:0">Responding, so not the cause: {{ . | join ", " }}</div>
        {{ end }}{{ range .Acknowledgements }}<div class="card" style="padding:14px 16px;background:#fff;border:1px solid #e2e4e8;border-top:0">{{ . }}</div>
        {{ end }}<p class="quiet" style="color:#667085;font-size:13px">{{ with .TruncatedAlerts }}{{ . }} more alerts are left out. {{ end }}Sent by <a href="{{ .ExternalURL }}">vaultwatch</a> to {{ .Receiver }}.</p>
        </div></body></html>
        {{ end }}
        """#
}
