"""What people do, with scripts off."""

import re

from playwright.async_api import expect


async def check(browser, base):
    context = await browser.new_context(java_script_enabled=False)
    context.set_default_timeout(15_000)
    page = await context.new_page()
    await incident(page, base)
    await silence(page, base)
    await context.close()


async def incident(page, base):
    """Acknowledges the incident of the overview, writes a note to it and releases it."""
    await page.goto(base + "/")
    await page.get_by_role("button", name="Acknowledge").first.click()
    await page.get_by_role("textbox", name="Note").first.fill("looking at it <b>now</b>")
    await page.get_by_role("button", name="Write it down").click()
    await expect(page.get_by_text("looking at it <b>now</b>").first).to_be_visible()
    await page.get_by_role("button", name="Release").first.click()
    await expect(page.get_by_role("button", name="Acknowledge").first).to_be_visible()


async def silence(page, base):
    """Previews a silence, is told what is wrong, makes it, sees what it mutes, and ends it."""
    await page.goto(base + "/silences")
    await page.get_by_role("link", name="New silence").click()
    matchers = page.get_by_role("textbox", name="Matchers")
    wrong = 'alertname="VaultSealed", node=~"("'
    await matchers.fill(wrong)
    await page.get_by_role("button", name="Preview").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await expect(matchers).to_have_value(wrong)
    await matchers.fill('alertname="VaultSealed"')
    await page.get_by_role("button", name="Preview").click()
    await expect(page.locator("#preview")).to_contain_text("1 alert now")
    await page.get_by_role("button", name="Silence", exact=True).click()
    await expect(page.get_by_role("alert")).to_contain_text("say why")
    await page.get_by_role("textbox", name="Why").fill("a <i>drill</i>")
    await page.get_by_role("radio", name="30 min").check()
    await page.get_by_role("button", name="Silence", exact=True).click()
    await page.wait_for_url(re.compile(r"/silences/[0-9a-f-]{36}$"))
    await expect(page.get_by_text("a <i>drill</i>")).to_be_visible()
    # The page may be older than the silence by a tenth of a second.
    for _ in range(20):
        if await page.get_by_role("heading", name="Mutes 1 alert").is_visible():
            break
        await page.reload()
    await expect(page.get_by_role("heading", name="Mutes 1 alert")).to_be_visible()
    await page.get_by_role("button", name="End it now").click()
    await expect(page.get_by_role("heading", name="Ended")).to_be_visible()
    await expect(page.get_by_role("button", name="End it now")).to_have_count(0)
