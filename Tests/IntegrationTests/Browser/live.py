"""Pages that stay open: the stream of events keeps them true, and they say so when it ends."""

import os
import signal
import time

from playwright.async_api import expect

# Without the script's plain refresh, so that whatever is new has come by the stream of events.
BY_EVENTS_ALONE = """
const every = window.setInterval;
window.setInterval = (body, span) => span < 5000 ? every(body, span) : 0;
window.heard = [];
window.EventSource = class extends EventSource {
  constructor(...a) {
    super(...a);
    for (const kind of ["message", "beat"]) this.addEventListener(kind, () => heard.push(Date.now()));
  }
};
"""

# What a page says, without times and numbers, which go on by themselves.
WORDS = """() => [...document.querySelectorAll("main [data-part]")].map(part => {
  const copy = part.cloneNode(true);
  for (const e of copy.querySelectorAll("time,[data-since],[data-until],.new,.cmd button")) e.remove();
  return part.id + ": " + copy.textContent.replace(/[0-9][0-9.,:]*( (min|s|h|d|ms))?/g, "#").replace(/\\s+/g, " ");
}).join("\\n")"""

# Resolves with the time at which the page first says that a node is sealed.
SEALED = """() => new Promise(done => {
  const look = () => document.querySelector("#map .box.crit") && (done(Date.now()), true);
  const watch = new MutationObserver(() => look() && watch.disconnect());
  look() || watch.observe(document.body, {childList: true, subtree: true});
})"""


class Watcher:
    """A page that is open during all faults, beside one that is loaded anew."""

    def __init__(self, context, base):
        self.context, self.base = context, base

    async def open(self):
        self.page = await self.context.new_page()
        await self.page.add_init_script(BY_EVENTS_ALONE)
        await self.page.goto(self.base + "/")
        self.fresh = await self.context.new_page()

    async def said(self):
        return await self.page.evaluate(WORDS)

    async def follows(self, before):
        """Whether the open page comes to say what a fresh one does, which is not what it said before."""
        end = time.monotonic() + 10
        shown = new = ""
        while time.monotonic() < end:
            await self.fresh.goto(self.base + "/")
            new = await self.fresh.evaluate(WORDS)
            await self.page.wait_for_timeout(300)
            shown = await self.said()
            if shown == new != before:
                return []
        if new == before:
            return ["the overview shows nothing of it"]
        differs = [f"{a!r} instead of {b!r}" for a, b in zip(shown.split("\n"), new.split("\n")) if a != b]
        return [f"the open page does not follow by its events: {line[:300]}" for line in differs[:2] or ["parts differ"]]


async def goes_stale(browser, base, agent):
    """A page says within 10 s that it has lost the agent, and takes it back when the agent is there again."""
    context = await browser.new_context()
    page = await context.new_page()
    await page.add_init_script(BY_EVENTS_ALONE)
    await page.clock.install()
    await page.goto(base + "/")
    bar = page.locator("#stale")
    count = await page.evaluate("heard.length")
    await page.wait_for_function("count => heard.length > count", arg=count)
    os.kill(agent, signal.SIGSTOP)
    try:
        await page.clock.run_for(10_000)
        await expect(bar).to_be_visible(timeout=1_000)
        await expect(bar).to_contain_text("No contact; this is how it stood at")
    finally:
        os.kill(agent, signal.SIGCONT)
    await expect(bar).to_be_hidden()
    await context.close()
