"""Looks at pages in Chromium, at 1280 points in light and at 390 in dark. Prints one line for each fault.

Usage: pages.py BASE_URL PICTURES_FOLDER NAME PATH…
"""

import importlib.resources
import sys

from playwright.sync_api import sync_playwright

base, pictures, name, paths = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
axe = (importlib.resources.files("axe_playwright_python") / "axe.min.js").read_text()


def look(context, path, width, scheme):
    page = context.new_page()
    faults = []
    page.on("console", lambda m: faults.append(f"console: {m.text}") if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: faults.append(f"script: {e}"))
    page.on("request", lambda r: None if r.url.startswith(base) else faults.append(f"asks {r.url}"))
    response = page.goto(base + path)
    if response.status != 200:
        faults.append(f"status {response.status}")
    page.wait_for_selector("h1")
    if page.evaluate("document.documentElement.scrollWidth - innerWidth") > 0:
        faults.append("scrolls sideways")
    for trace in ("{{", "}}", "NaN", "<no value>", "Optional("):
        if trace in page.inner_text("body"):
            faults.append(f"shows {trace}")
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    for violation in found["violations"]:
        if violation["impact"] in ("serious", "critical"):
            faults.append(f"axe: {violation['id']}: {violation['nodes'][0]['html'][:200]}")
    file = path.strip("/").split("?")[0].replace("/", "-") or "overview"
    page.screenshot(path=f"{pictures}/{name}-{file}-{width}-{scheme}.png", full_page=True)
    page.close()
    for fault in faults:
        print(f"{path} at {width}, {scheme}: {fault}")


with sync_playwright() as playwright:
    browser = playwright.chromium.launch(
        executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    )
    for scheme, width in (("light", 1280), ("dark", 390)):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        for path in paths:
            look(context, path, width, scheme)
        context.close()
    browser.close()
