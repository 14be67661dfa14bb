"""Acknowledges the incident of the overview, writes a note to it and releases it, with scripts off.

Usage: forms.py BASE_URL
"""

import sys

from playwright.sync_api import expect, sync_playwright

with sync_playwright() as playwright:
    browser = playwright.chromium.launch(
        executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    )
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(sys.argv[1] + "/")
    page.get_by_role("button", name="Acknowledge").first.click()
    page.get_by_role("textbox", name="Note").first.fill("looking at it <b>now</b>")
    page.get_by_role("button", name="Write it down").click()
    expect(page.get_by_text("looking at it <b>now</b>").first).to_be_visible()
    page.get_by_role("button", name="Release").first.click()
    expect(page.get_by_role("button", name="Acknowledge").first).to_be_visible()
    browser.close()
