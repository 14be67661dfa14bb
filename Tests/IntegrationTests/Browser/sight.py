"""Looks at pages: what each must have in every width and colour scheme, and during every fault."""

import asyncio
import importlib.resources

AXE = (importlib.resources.files("axe_playwright_python") / "axe.min.js").read_text()
VARIANTS = [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]
HEIGHT = 900
# A window that is higher than this takes the browser long.
HIGHEST = 8000
# As many points as a window of 1280 has at a zoom of 200 %.
ZOOMED = 640
# Of templates, numbers and optionals that were shown as they are.
TRACES = ("{{", "}}", "NaN", "<no value>", "Optional(")


def listen(page, base, faults):
    """Notes what a page must never do: errors of its script, and requests to anyone but the agent."""
    page.on("console", lambda m: faults.append(f"console: {m.text}") if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: faults.append(f"script: {e}"))
    page.on("request", lambda r: None if r.url.startswith(base + "/") else faults.append(f"asks {r.url}"))


# What reaches farthest to the right of the window, an element or a text that leaves its own, unless what it is in
# scrolls by itself.
WIDEST = """() => {
  const width = innerWidth;
  if (document.documentElement.scrollWidth <= width) return null;
  let far = width + 0.5, what = "something";
  const take = (right, parent, text) => { if (right > far && !parent.closest(".scroll, pre")) [far, what] = [right, text] };
  for (const e of document.querySelectorAll("body *")) take(e.getBoundingClientRect().right, e, e.outerHTML.slice(0, 160));
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), range = document.createRange();
  for (let text; text = texts.nextNode();) {
    range.selectNodeContents(text);
    take(range.getBoundingClientRect().right, text.parentElement, "the text " + JSON.stringify(text.data.slice(0, 160)));
  }
  return what;
}"""


async def sideways(page):
    """Nothing, or what makes the page wider than the window."""
    widest = await page.evaluate(WIDEST)
    return [f"scrolls sideways: {widest}"] if widest else []


async def show(page, width, scheme):
    """The whole page in a window of this width, so high that nothing is to be scrolled, where that can be."""
    await page.set_viewport_size({"width": width, "height": HEIGHT})
    await page.emulate_media(color_scheme=scheme)
    height = await page.evaluate("document.documentElement.scrollHeight")
    await page.set_viewport_size({"width": width, "height": max(HEIGHT, min(height, HIGHEST))})


async def axe(page):
    """What axe finds serious or critical."""
    await page.evaluate(AXE)
    found = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"axe: {violation['id']}: {violation['nodes'][0]['html'][:200]}"
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
    ]


async def look(context, base, path, pictures, name, turn, thorough):
    """Looks at one page in each variant. What takes long is done in each where it is to be thorough, and else by turns.

    Returns one line for each fault.
    """
    page = await context.new_page()
    general, faults = [], []
    listen(page, base, general)
    file = path.strip("/").split("?")[0].replace("/", "-") or "overview"
    try:
        response = await page.goto(base + path)
        if response.status != 200:
            general.append(f"status {response.status}")
        await page.wait_for_selector("h1")
        for number, (width, scheme) in enumerate(VARIANTS):
            await show(page, width, scheme)
            found = await sideways(page)
            is_turn = number == turn % len(VARIANTS)
            if thorough or is_turn:
                found += await axe(page)
            if thorough:
                await page.screenshot(path=f"{pictures}/{name}-{file}-{width}-{scheme}.png")
            elif is_turn:
                await page.screenshot(path=f"{pictures}/{name}-{file}-{width}-{scheme}.jpg", type="jpeg", quality=70)
            faults += [f"at {width}, {scheme}: {fault}" for fault in found]
        text = await page.inner_text("body")
        general += [f"shows {trace}" for trace in TRACES if trace in text]
        if thorough:
            await show(page, ZOOMED, "light")
            faults += [f"at a zoom of 200 %: {fault}" for fault in await sideways(page)]
            await page.emulate_media(media="print")
            faults += [f"printed: {fault}" for fault in await sideways(page)]
    except Exception as error:
        general.append(f"{type(error).__name__}: {str(error).splitlines()[0]}")
    finally:
        await page.close()
    return [f"{name}: {path}: {fault}" for fault in general + faults]


async def walk(context, base, paths, pictures, name, turn, thorough=False):
    """Looks at all pages, two at a time: the machine that this must be quick enough on has two cores."""
    lines, waiting = [], list(enumerate(paths))

    async def work():
        while waiting:
            number, path = waiting.pop(0)
            lines.extend(await look(context, base, path, pictures, name, turn + number, thorough))

    await asyncio.gather(work(), work())
    return lines
