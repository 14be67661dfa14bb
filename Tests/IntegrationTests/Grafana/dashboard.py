"""Judges the Grafana dashboard without a Grafana. Prints one line for each fault.

Usage: dashboard.py CHECKOUT
           reads it into the model of grafana-foundation-sdk and writes it back, and looks at its panels and links
       dashboard.py CHECKOUT BASE_URL
           makes its queries at an agent, and follows its links with the labels of what they give
"""

import json
import pathlib
import re
import sys
import urllib.error
import urllib.parse
import urllib.request

root = pathlib.Path(sys.argv[1])
dashboard = json.loads((root / "dashboards/vaultwatch.json").read_text())

# Options of annotations that belong to the Prometheus data source: the SDK's AnnotationQuery has no place for them.
LOST_BY_THE_SDK = {"step", "titleFormat", "textFormat", "tagKeys", "useValueForTime"}
# `graph`, `singlestat`, `table-old` and Angular plugins are gone from Grafana 12.
PANEL_TYPES = {"row", "stat", "timeseries", "gauge", "table"}
BUILT_IN_VARIABLES = {"__all", "__rate_interval", "__field", "__value"}
# What the simulated estate has none of: records, telemetry of newer versions, failures other than those of the test.
MAY_BE_EMPTY = {
    "restore_test_last_success_timestamp_seconds",
    "drill_last_success_timestamp_seconds",
    "vault_telemetry_responses_total",
    "vault_telemetry_kv_secrets",
    "vaultwatch_notifications_failed_total",
    "vaultwatch_probe_failures_total",
}


def all_panels():
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", [])


def data_panels():
    return [panel for panel in all_panels() if panel["type"] != "row"]


def links(panel):
    config = panel["fieldConfig"]
    yield from panel.get("links", [])
    yield from config["defaults"].get("links", [])
    for override in config.get("overrides", []):
        for item in override["properties"]:
            if item["id"] == "links":
                yield from item["value"]


def annotation_links(annotation):
    found = re.findall(r'href="\{\{console\}\}([^"]*)"', annotation.get("textFormat", ""))
    return [path.replace("&amp;", "&") for path in found]


def lost(before, after, path=""):
    """What is in the one and not in the other; what the SDK adds are defaults."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            if key not in after:
                yield f"{path}.{key}"
            else:
                yield from lost(value, after[key], f"{path}.{key}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (one, other) in enumerate(zip(before, after)):
            yield from lost(one, other, f"{path}[{index}]")
    elif before != after or isinstance(before, bool) != isinstance(after, bool):
        yield f"{path}: {before!r} became {after!r}"


def round_trip():
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.cog.plugins import register_default_plugins
    from grafana_foundation_sdk.models.dashboard import Dashboard

    register_default_plugins()

    def through(value):
        return json.loads(JSONEncoder(sort_keys=True).encode(Dashboard.from_json(value)))

    once = through(dashboard)
    known = re.compile(r"\.annotations\.list\[\d+\]\.(\w+)")
    for fault in lost(dashboard, once):
        place = known.fullmatch(fault)
        if not place or place[1] not in LOST_BY_THE_SDK:
            yield f"the SDK loses {fault}"
    if through(once) != once:
        yield "a second way through the SDK changes it again"
    for annotation in once["annotations"]["list"]:
        for key in LOST_BY_THE_SDK & set(annotation):
            yield f"the SDK keeps {key} of annotations now: take it from LOST_BY_THE_SDK and from dashboards/README.md"


def layout():
    ids = [panel["id"] for panel in all_panels()]
    for number in {number for number in ids if ids.count(number) > 1}:
        yield f"the id {number} is used twice"
    taken = {}
    for panel in all_panels():
        place = panel["gridPos"]
        if place["x"] + place["w"] > 24:
            yield f"{panel['title']} is wider than the dashboard"
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                other = taken.setdefault((x, y), panel["title"])
                if other != panel["title"]:
                    yield f"{panel['title']} lies on {other}"
                    return
    if [panel["title"] for panel in all_panels() if panel.get("repeat") == "cluster"] != ["Vault cluster $cluster"]:
        yield "there is no row for each cluster"


def panels():
    for panel in all_panels():
        name = panel["title"]
        if panel["type"] not in PANEL_TYPES:
            yield f"{name} is of the type {panel['type']}"
        if panel["type"] == "row":
            continue
        defaults = panel["fieldConfig"]["defaults"]
        if not panel.get("description", "").endswith("."):
            yield f"{name} has no description"
        if not defaults.get("unit"):
            yield f"{name} has no unit"
        steps = [step["value"] for step in defaults["thresholds"]["steps"]]
        if steps[0] is not None or steps[1:] != sorted(steps[1:]):
            yield f"{name} has thresholds out of order"
        if not list(links(panel)):
            yield f"{name} leads nowhere"
        for target in panel["targets"]:
            if target.get("format") != "table" and not target.get("legendFormat"):
                yield f"{name} has a query without a legend"
    defined = {variable["name"] for variable in dashboard["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(dashboard, ensure_ascii=False)))
    for name in used - defined - BUILT_IN_VARIABLES:
        yield f"the variable {name} is not defined"
    for name in defined - used:
        yield f"the variable {name} is not used"


def expressions():
    for panel in data_panels():
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    for annotation in dashboard["annotations"]["list"]:
        yield annotation["name"], annotation["expr"]


def own_metrics():
    """The agent's own metrics: the catalogue, which `check rules` asks, has those of the probes alone."""
    sources = "".join(path.read_text() for path in sorted((root / "Sources").rglob("*.swift")))
    for name, expression in expressions():
        for metric in re.findall(r"\bvaultwatch_\w+", expression):
            if f'"{metric}"' not in sources and f'"{re.sub("_(bucket|sum|count)$", "", metric)}"' not in sources:
                yield f"{name}: there is no metric {metric}"


def paths():
    """Each link's path is one that the console serves, and its parameters are ones that a page reads."""
    console = "".join(path.read_text() for path in sorted((root / "Sources/Console").glob("*.swift")))
    routes = []
    for route, kind in re.findall(r'PageRoute\(\s*"([^"]+)"(?:,\s*(\w+):|\))', console):
        if kind != "form":
            pattern = re.sub(r"\\\*\w+", ".+", re.sub(r":\w+", "[^/]+", re.escape(route)))
            routes.append(re.compile(pattern))
    found = [(link["title"], link["url"]) for link in dashboard["links"]]
    found += [(panel["title"], link["url"]) for panel in data_panels() for link in links(panel)]
    for name, url in found:
        if not url.startswith("${console}/"):
            yield f"{name}: {url} does not lead to the console"
    found = [(name, url.removeprefix("${console}")) for name, url in found]
    for annotation in dashboard["annotations"]["list"]:
        if not annotation.get("titleFormat") or not annotation_links(annotation):
            yield f"the annotation {annotation['name']} has no title, or no link"
        found += [(annotation["name"], path) for path in annotation_links(annotation)]
    for name, url in found:
        path, _, query = re.sub(r"\$\{[^}]*\}|\{\{\w+\}\}", "1", url).partition("?")
        if not any(route.fullmatch(path) for route in routes):
            yield f"{name}: the console has no page {path}"
        for key in urllib.parse.parse_qs(query, strict_parsing=True) if query else []:
            if f'field("{key}")' not in console:
                yield f"{name}: no page reads {key}"


def ask(base, path, parameters=()):
    url = base + path
    if parameters:
        url += "?" + urllib.parse.urlencode(parameters)
    with urllib.request.urlopen(url, timeout=20) as response:
        return response.read()


def live(base):
    """Queries as Grafana would send them, and links with the labels of their first answer."""

    def query(expression):
        for name, value in (("$__rate_interval", "5m"), ("$cluster", ".*"), ("${console:raw}", base)):
            expression = expression.replace(name, value)
        return json.loads(ask(base, "/api/v1/query", {"query": expression}))["data"]["result"]

    def follow(name, url, labels, value=""):
        path = url.replace("${__value.raw}", value).removeprefix("${console}")
        for place, label in re.findall(r"(\$\{__field\.labels\.(\w+)\})", path) + re.findall(r"(\{\{(\w+)\}\})", path):
            if label not in labels:
                yield f"{name}: {url} names {label}, which is not among {sorted(labels)}"
                return
            path = path.replace(place, urllib.parse.quote(labels[label]))
        try:
            ask(base, path)
        except urllib.error.HTTPError as error:
            yield f"{name}: {path} gives {error.code}"

    variable = next(v for v in dashboard["templating"]["list"] if v["type"] == "query")
    metric, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["query"]).groups()
    if not json.loads(ask(base, f"/api/v1/label/{label}/values", {"match[]": metric}))["data"]:
        yield f"{variable['query']} gives nothing"
    for panel in data_panels():
        name = panel["title"]
        for target in panel["targets"]:
            result = query(target["expr"])
            if not result:
                if not any(metric in target["expr"] for metric in MAY_BE_EMPTY):
                    yield f"{name}: {target['expr']} gives nothing"
                continue
            for legend in re.findall(r"\{\{(\w+)\}\}", target.get("legendFormat", "")):
                # Vault without namespaces has no such label, and Grafana leaves it out of the legend.
                if legend not in result[0]["metric"] and legend != "namespace":
                    yield f"{name}: the legend names {legend}, which {target['expr']} has not"
            labels = result[0]["metric"]
            for link in links(panel):
                yield from follow(name, link["url"], labels, labels.get("incident", ""))
    for annotation in dashboard["annotations"]["list"]:
        result = query(annotation["expr"])
        if not result:
            yield f"the annotation {annotation['name']} gives nothing"
            continue
        labels = result[0]["metric"]
        if annotation["name"] == "Incidents" and labels["console"] != base:
            yield f"the annotations have {labels['console']} for the console"
        for name in re.findall(r"\{\{(\w+)\}\}", annotation["titleFormat"] + annotation["textFormat"]):
            if not labels.get(name):
                yield f"the annotation {annotation['name']} names {name}, which it has not"
        for path in annotation_links(annotation):
            yield from follow(annotation["name"], path, labels)
    for link in dashboard["links"]:
        yield from follow(link["title"], link["url"], {})


if len(sys.argv) > 2:
    faults = live(sys.argv[2])
else:
    faults = (fault for check in (round_trip, layout, panels, own_metrics, paths) for fault in check())
for fault in faults:
    print(fault)
