"""Looks at mails in Chromium at 390 points, in light and in dark. Prints one line for each fault.

Usage: mails.py MAILS_FOLDER PICTURES_FOLDER
"""

import importlib.resources
import pathlib
import sys

from playwright.sync_api import sync_playwright

folder, pictures = pathlib.Path(sys.argv[1]), sys.argv[2]
axe = (importlib.resources.files("axe_playwright_python") / "axe.min.js").read_text()


def look(context, mail, scheme):
    page = context.new_page()
    faults = []
    page.on("console", lambda m: faults.append(f"console: {m.text}") if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: faults.append(f"script: {e}"))
    page.on("request", lambda r: None if r.url == mail.as_uri() else faults.append(f"asks {r.url}"))
    page.goto(mail.as_uri())
    page.wait_for_selector("h1")
    if page.evaluate("document.documentElement.scrollWidth - innerWidth") > 0:
        faults.append("scrolls sideways")
    luminance = page.evaluate(
        "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).reduce((a, b) => a + +b, 0)"
    )
    if (luminance < 384) != (scheme == "dark"):
        faults.append(f"is not {scheme}")
    for trace in ("{{", "}}", "<no value>", "Optional(", "#ZgotmplZ"):
        if trace in page.inner_text("body"):
            faults.append(f"shows {trace}")
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    for violation in found["violations"]:
        if violation["impact"] in ("serious", "critical"):
            faults.append(f"axe: {violation['id']}: {violation['nodes'][0]['html'][:200]}")
    page.screenshot(path=f"{pictures}/mail-{mail.stem}-390-{scheme}.png", full_page=True)
    page.close()
    for fault in faults:
        print(f"{mail.stem}, {scheme}: {fault}")


with sync_playwright() as playwright:
    browser = playwright.chromium.launch(
        executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    )
    for scheme in ("light", "dark"):
        context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme)
        for mail in sorted(folder.glob("*.html")):
            look(context, mail, scheme)
        context.close()
    browser.close()
