/// The templates that receivers use unless the configuration specifies others. Their names are Alertmanager's, so that
/// files which redefine them keep working. Source: prometheus/alertmanager, template/default.tmpl.
enum DefaultTemplates {
    static let text = #"""
        {{ define "__alertmanager" }}vaultwatch{{ end }}
        {{ define "__alertmanagerURL" }}{{ .IncidentURL }}{{ end }}
        {{ define "__subject" }}{{ with .Mark }}{{ . }} {{ end }}{{ .Title }}{{ end }}
        {{ define "__description" }}{{ end }}
        {{ define "__answering_lines" }}{{ with .Answering }}Responding, so not the cause: {{ . | join ", " }}
        {{ end }}{{ end }}
        {{ define "__still_lines" }}{{ range .StillLines }}Still firing: {{ . }}
        {{ end }}{{ end }}
        {{ define "__alert_lines" }}{{ range . }}{{ if eq .Status "resolved" }}* {{ .Labels.alertname }} is {{ .Ending }}
        {{ with .Annotations.summary }}  It said: {{ . }}
        {{ end }}{{ else }}* {{ or .Annotations.summary .Labels.alertname }}
        {{ with .Annotations.description }}  {{ . }}
        {{ end }}{{ with .Annotations.action }}  Action: {{ . }}
        {{ end }}{{ with .Annotations.runbook_url }}  Runbook: {{ . }}
        {{ end }}{{ end }}  Type: {{ .Labels.alertname }}, severity: {{ .Labels.severity }}
          Since: {{ .StartsAt | date "2006-01-02 15:04:05 MST" }}{{ if eq .Status "resolved" }}, until {{ .EndsAt | date "2006-01-02 15:04:05 MST" }}{{ end }}
          Labels: {{ range $i, $pair := .Labels.SortedPairs }}{{ if $i }}, {{ end }}{{ $pair.Name }}={{ $pair.Value }}{{ end }}
        {{ end }}{{ end }}
        {{ define "__facts" }}{{ if .Over }}{{ .Ending }}
        It said: {{ .What }}
        {{ else }}{{ with .Impact }}{{ . }}
        {{ end }}{{ .What }}
        {{ with .Because }}{{ . }}
        {{ end }}{{ end }}{{ .Since }}
        {{ range .Changed }}{{ . }}
        {{ end }}{{ with .Steps }}
        What to do:
        {{ range . }}{{ .Number }}. {{ .Title }}{{ if .Commands }}:{{ end }}
        {{ range .Commands }}     {{ . }}
        {{ end }}{{ end }}{{ end }}{{ if .Consequences }}
        {{ if .Over }}It led to:{{ else }}Therefore:{{ end }}
        {{ range .Consequences }}* {{ . }}
        {{ end }}{{ end }}{{ if .Timeline }}
        What was seen ({{ .Zone }}):
        {{ range .Timeline }}{{ . }}
        {{ end }}{{ end }}{{ with .Told }}
        {{ range . }}{{ . }}
        {{ end }}{{ end }}{{ end }}
        {{ define "__telling" }}{{ template "__facts" . }}
        {{ range .Links }}{{ .Text }}: {{ .Href }}
        {{ end }}Type: {{ .Labels.alertname }}, severity: {{ .Severity }}
        Labels: {{ range $i, $pair := .Labels.SortedPairs }}{{ if $i }}, {{ end }}{{ $pair.Name }}={{ $pair.Value }}{{ end }}
        {{ end }}
        {{ define "slack.default.title" }}{{ template "__subject" . }}{{ end }}
        {{ define "slack.default.username" }}{{ template "__alertmanager" . }}{{ end }}
        {{ define "slack.default.fallback" }}{{ template "slack.default.title" . }}{{ end }}
        {{ define "slack.default.callbackid" }}{{ end }}
        {{ define "slack.default.pretext" }}{{ end }}
        {{ define "slack.default.titlelink" }}{{ template "__alertmanagerURL" . }}{{ end }}
        {{ define "slack.default.iconemoji" }}{{ end }}
        {{ define "slack.default.iconurl" }}{{ end }}
        {{ define "slack.default.text" }}{{ range .Tellings }}{{ template "__facts" . }}
        {{ end }}{{ template "__still_lines" . }}{{ template "__answering_lines" . }}{{ end }}
        {{ define "slack.default.footer" }}{{ template "__alertmanager" . }}{{ end }}
        {{ define "slack.default.color" }}{{ $severity := .CommonLabels.severity }}{{ if .Incidents }}{{ $severity = (index .Incidents 0).Severity }}{{ end }}{{ if and (eq .Status "resolved") (not .StillFiring) }}#2eb67d{{ else if eq $severity "critical" }}#d7263d{{ else if eq $severity "high" }}#f46036{{ else if eq $severity "low" }}#1b98e0{{ else }}#ecb22e{{ end }}{{ end }}
        {{ define "pagerduty.default.description" }}{{ template "__subject" . }}{{ end }}
        {{ define "pagerduty.default.client" }}{{ template "__alertmanager" . }}{{ end }}
        {{ define "pagerduty.default.clientURL" }}{{ template "__alertmanagerURL" . }}{{ end }}
        {{ define "pagerduty.default.instances" }}{{ template "__alert_lines" . }}{{ end }}
        {{ define "email.default.subject" }}{{ template "__subject" . }}{{ end }}
        {{ define "email.default.text" }}{{ template "__subject" . }}

        {{ range .Tellings }}{{ template "__telling" . }}
        {{ end }}{{ template "__still_lines" . }}{{ template "__answering_lines" . }}{{ with .Untold }}{{ . }} more not shown.
        {{ end }}{{ with .ExternalURL }}{{ . }}
        {{ end }}{{ end }}
        """#

    /// Inline styles for mail programs that strip the head; the head's rules switch to dark for readers that prefer it.
    /// Nothing is loaded from elsewhere, no text depends on a colour, and long words break rather than widen a phone's
    /// page.
    static let html = #"""
        {{ define "email.default.html" }}<!doctype html>
        <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">
        <title>{{ template "__subject" . }}</title>
        <style>:root{color-scheme:light dark}h1,h2,p,ul,ol{margin:0 0 8px}@media (prefers-color-scheme:dark){body{background:#14161a!important;color:#e8e8e8!important}.card{background:#1f2329!important;color:#e8e8e8!important;border-right-color:#333a44!important;border-bottom-color:#333a44!important;border-left-color:#333a44!important}.quiet{color:#a6b0bd!important}.cmd{background:#14161a!important;color:#e8e8e8!important}a{color:#7ab7ff!important}.btn{color:#e8e8e8!important;border-color:#6b7685!important}.go{background:#2b62c9!important;border-color:#2b62c9!important;color:#fff!important}}</style></head>
        <body style="margin:0;padding:12px;background:#f4f5f7;color:#1c1e21;font:16px/1.45 -apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;overflow-wrap:anywhere">
        <main style="max-width:600px;margin:0 auto">
        <div class="card" style="padding:14px 16px;background:#fff;border:1px solid #e2e4e8;border-top:6px solid {{ template "slack.default.color" . }}">
        <p class="quiet" style="color:#59626f;font-size:14px">{{ if eq .Status "resolved" }}Over{{ if .StillFiring }}, while others still fire{{ end }}{{ else }}{{ with .Tellings }}{{ (index . 0).Severity | title }}{{ with (index . 0).Owner }} · {{ . }} is on it{{ end }}{{ end }}{{ end }}</p>
        <h1 style="font-size:19px;line-height:1.3;margin:0">{{ .Title }}</h1></div>
        {{ range .Tellings }}<div class="card" style="padding:14px 16px;background:#fff;border:1px solid #e2e4e8;border-top:0">
        {{ if .Over }}<h2 style="font-size:17px">{{ if not $.StillFiring }}✓ {{ end }}{{ .Ending }}</h2><p>It said: {{ .What }}</p>{{ else }}{{ with .Impact }}<h2 style="font-size:17px">{{ . }}</h2>{{ end }}{{ if or .Impact (gt (len $.Tellings) 1) }}<p><b>{{ .What }}</b></p>{{ end }}{{ with .Because }}<p style="white-space:pre-wrap">{{ . }}</p>{{ end }}{{ end }}
        <p class="quiet" style="color:#59626f;font-size:14px">{{ .Since }}</p>{{ range .Changed }}<p><b>{{ . }}</b></p>{{ end }}
        {{ with .Steps }}<h2 style="font-size:16px">What to do:</h2><ol style="padding-left:24px">{{ range . }}<li style="margin:0 0 8px">{{ .Title }}{{ if .Commands }}:{{ end }}{{ range .Commands }}<div class="cmd" style="margin:4px 0 0;padding:8px;background:#eef0f3;color:#1c1e21;border-radius:4px;font:13px/1.4 ui-monospace,Menlo,Consolas,monospace;white-space:pre-wrap">{{ . }}</div>{{ end }}</li>{{ end }}</ol>{{ end }}
        {{ if .Consequences }}<h2 style="font-size:16px">{{ if .Over }}It led to:{{ else }}Therefore:{{ end }}</h2><ul style="padding-left:20px">{{ range .Consequences }}<li>{{ . }}</li>{{ end }}</ul>{{ end }}
        {{ if .Timeline }}<h2 style="font-size:16px">What was seen ({{ .Zone }}):</h2><p style="font-size:14px">{{ range .Timeline }}{{ . }}<br>{{ end }}</p>{{ end }}
        {{ range .Told }}<p style="font-size:14px">{{ . }}</p>{{ end }}
        <p style="margin:12px 0 4px">{{ range .Links }}<a class="btn{{ if .Primary }} go{{ end }}" href="{{ .Href }}" style="display:inline-block;margin:0 6px 8px 0;padding:11px 14px;border:1px solid {{ if .Primary }}#1a56c4;background:#1a56c4;color:#fff{{ else }}#8a93a1;color:#1c1e21{{ end }};border-radius:6px;text-decoration:none">{{ .Text }}</a>{{ end }}</p>
        <table role="presentation" class="quiet" style="color:#59626f;font-size:13px;border-spacing:0;table-layout:fixed;width:100%">{{ range .Labels.SortedPairs }}<tr><td style="padding:0 12px 0 0;width:28%;vertical-align:top">{{ .Name }}</td><td>{{ .Value }}</td></tr>{{ end }}</table>
        </div>
        {{ end }}{{ range .StillLines }}<div class="card" style="padding:14px 16px;background:#fff;border:1px solid #e2e4e8;border-top:0">Still firing: {{ . }}</div>
        {{ end }}{{ with .Answering }}<div class="card" style="padding:14px 16px;background:#fff;border:1px solid #e2e4e8;border-top:0">Responding, so not the cause: {{ . | join ", " }}</div>
        {{ end }}<p class="quiet" style="margin:8px 0;color:#59626f;font-size:13px">{{ with .Untold }}{{ . }} more not shown. {{ end }}Sent by <a href="{{ .ExternalURL }}" style="color:#1a56c4">vaultwatch</a> to {{ .Receiver }}.</p>
        </main></body></html>
        {{ end }}
        """#
}
