"""The order in which the tabulator key goes through a page."""

import asyncio

# The page stays as it is while it is gone through: a part that was replaced would be focused again.
STILL = """
window.EventSource = class { readyState = 0; close() {} addEventListener() {} };
const every = window.setInterval;
window.setInterval = (body, span) => span < 5000 ? every(body, span) : 0;
"""

# Notes each element that gets the focus, with its place on the page and what shows that it has the focus.
WATCH = """() => {
  window.gone = [];
  const name = e => e.tagName.toLowerCase() + (e.id ? "#" + e.id : "") + " " +
    JSON.stringify((e.getAttribute("aria-label") || e.textContent || e.name || "").trim().slice(0, 40));
  const isFixed = e => {
    for (; e; e = e.parentElement) if (["fixed", "sticky"].includes(getComputedStyle(e).position)) return true;
    return false;
  };
  const reach = "a[href],button,input:not([type=hidden]),select,textarea,summary,[tabindex='0']";
  const all = [...document.querySelectorAll(reach)];
  // A group of radio buttons is one stop: the one that is chosen.
  const isStop = e =>
    !e.disabled && e.checkVisibility({visibilityProperty: true}) && !(e.type === "radio" && !e.checked);
  window.stops = all.filter(isStop).map(name);
  window.extra = 8 * document.querySelectorAll("input[type=datetime-local]").length;
  const known = new Map(all.filter(isStop).map((e, i) => [e, i]));
  addEventListener("focusin", event => {
    const e = event.target, r = e.getBoundingClientRect(), s = getComputedStyle(e);
    gone.push({name: name(e), stop: known.has(e) ? known.get(e) : -1, fixed: isFixed(e), skip: e.matches(".skip"),
      left: r.left + scrollX, right: r.right + scrollX, top: r.top + scrollY, bottom: r.bottom + scrollY,
      shown: s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2});
  }, true);
}"""


async def check(context, base, path, width):
    """Returns one line for each fault: of the order, of what can't be reached, of what does not show the focus."""
    page = await context.new_page()
    try:
        await page.add_init_script(STILL)
        await page.set_viewport_size({"width": width, "height": 900})
        await page.goto(base + path)
        await page.wait_for_selector("h1")
        await page.evaluate(WATCH)
        stops = await page.evaluate("stops")
        # One more than there are, and some for the parts of a field and for what the browser makes a stop by itself.
        left = len(stops) + await page.evaluate("extra") + 20
        while left > 0 and not await page.evaluate("gone.slice(1).some(g => g.skip)"):
            # Keys arrive in the order in which they are sent.
            await asyncio.gather(*[page.keyboard.press("Tab") for _ in range(min(left, 50))])
            left -= 50
        gone = await page.evaluate("gone")
    finally:
        await page.close()
    return [f"tab order of {path} at {width}: {fault}" for fault in faults(stops, gone)]


def faults(stops, gone):
    if not gone or not gone[0]["skip"]:
        return ["it does not begin with the link to the content"]
    again = next((i for i, stop in enumerate(gone) if i > 0 and stop["skip"]), len(gone))
    gone = gone[:again]
    found = []
    missed = sorted(set(range(len(stops))) - {stop["stop"] for stop in gone})
    found += [f"{stops[number]} is not reached" for number in missed[:5]]
    found += [f"{stop['name']} does not show the focus" for stop in gone if not stop["shown"]][:5]
    placed = [stop for stop in gone if not stop["fixed"] and not stop["skip"]]
    for stop, after in zip(placed, placed[1:]):
        # From the end of a column to the top of the next one, to its right, is forward.
        if after["bottom"] <= stop["top"] and after["left"] < stop["right"]:
            found.append(f"{after['name']} comes after {stop['name']}, which is below it")
    return found
