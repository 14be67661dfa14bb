"""The keys of the console."""

from playwright.async_api import expect

PLACES = {
    "o": "/", "i": "/incidents", "e": "/estate", "b": "/backups", "s": "/silences", "h": "/history",
    "r": "/runbooks", "q": "/query",
}


async def check(context, base):
    """The keys of every page."""
    page = await context.new_page()
    await page.goto(base + "/")
    await page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keys")
    await expect(sheet).to_be_visible()
    # While it is open no key goes anywhere.
    await page.keyboard.press("g")
    await page.keyboard.press("i")
    await page.keyboard.press("Escape")
    await expect(sheet).to_be_hidden()
    assert page.url == base + "/", page.url
    # From a page that none of them leads to, so that each is seen to lead somewhere.
    await page.goto(base + "/agent")
    for key, path in PLACES.items():
        await page.keyboard.press("g")
        await page.keyboard.press(key)
        await page.wait_for_url(base + path)
        await page.wait_for_load_state()

    await page.goto(base + "/estate")
    boxes = page.locator("main .box")
    await page.keyboard.press("j")
    await expect(boxes.nth(0)).to_be_focused()
    await page.keyboard.press("j")
    await expect(boxes.nth(1)).to_be_focused()
    await page.keyboard.press("k")
    await expect(boxes.nth(0)).to_be_focused()

    await page.goto(base + "/history")
    await page.keyboard.press("/")
    search = page.get_by_role("searchbox")
    await expect(search).to_be_focused()
    # In a field a key is a letter.
    await page.keyboard.type("gi?")
    await expect(search).to_have_value("gi?")
    assert page.url == base + "/history", page.url

    await page.goto(base + "/targets")
    await page.keyboard.press("t")
    await page.wait_for_url("**/targets?tz=*")
    await page.close()


async def check_incident(context, base, path):
    """The keys of an open incident."""
    page = await context.new_page()
    await page.goto(base + path)
    await page.keyboard.press("n")
    await expect(page.get_by_role("textbox", name="Note").first).to_be_focused()
    await page.goto(base + path)
    await page.keyboard.press("s")
    await page.wait_for_url("**/silences/new?*")
    await page.close()
