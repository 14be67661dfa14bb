"""Looks at the console in Chromium while all is well, makes each fault of the simulated estate in turn, and looks again.

Usage: run.py PLAN, a file of JSON that BrowserTests writes. Prints one line for each fault of the console; what was
measured is in measured.txt beside the pictures.
"""

import asyncio
import json
import sys
import time
import traceback
from datetime import datetime

import forms
import keys
import live
import sight
import tabs
from playwright.async_api import async_playwright

# However many faults there are, this is the end.
LIMIT_SECONDS = 1500
# The node that a fault is made on is the active one, which others have to take over from; this is for the other.
ON_A_STANDBY = ("seal",)


class Run:
    def __init__(self, plan, browser, context):
        self.base, self.estate, self.pictures = plan["base"], plan["estate"], plan["pictures"]
        self.plan, self.browser, self.context = plan, browser, context
        self.lines, self.measured = [], []
        self.began = time.monotonic()

    def note(self, text):
        self.measured.append(f"{time.monotonic() - self.began:6.1f} s  {text}")
        with open(self.pictures + "/measured.txt", "w") as file:
            file.write("\n".join(self.measured) + "\n")

    async def get(self, path):
        answer = await self.context.request.get(self.base + path)
        return await answer.json()

    # The estate

    async def perform(self, actions):
        """Makes a fault, or ends one. A node that was chosen stays chosen until the fault has ended."""
        for action in actions:
            if "NODE" in action and self.node is None:
                nodes = (await (await self.context.request.get(self.estate + "/api/estate")).json())["nodes"]
                wanted = "standby" if action.split()[0] in ON_A_STANDBY else "active"
                self.node = next((n["name"] for n in nodes if n["role"] == wanted), nodes[0]["name"])
            data = {"action": action.replace("NODE", self.node or "")}
            answer = await self.context.request.post(self.estate + "/api/control", data=data, timeout=60_000)
            if not answer.ok:
                self.lines.append(f"{data['action']}: {await answer.text()}")

    async def health(self):
        """What the agent says of each target, and of its receivers and alerts."""
        status = await self.get("/api/v1/vaultwatch/status")
        targets = {
            f"{t.get('kind')} {t.get('target')}": (t["health"], t["state"], tuple(t["warnings"]))
            for section in status["sections"]
            for t in section["targets"]
        }
        receivers = {(r["name"], r["integration"], r["health"]) for r in status["receivers"]}
        return targets, receivers | {(a["name"], a["state"]) for a in status["alerts"]}

    async def until(self, what, limit, condition):
        end = time.monotonic() + limit
        while time.monotonic() < end:
            if await condition():
                return True
            await asyncio.sleep(0.2)
        self.lines.append(f"{what}: not within {limit} s")
        return False

    # Pages

    async def paths(self):
        """The pages of the plan; for a `*` the first link of the page above, for an incident the last."""
        found = []
        for path in self.plan["pages"]:
            if not path.endswith("*"):
                found.append(path)
                continue
            above = path[:-2]
            page = await self.context.new_page()
            await page.goto(self.base + above)
            links = await page.eval_on_selector_all("main a", "all => all.map(a => a.getAttribute('href'))")
            await page.close()
            links = [a for a in links if a and a.startswith(above + "/") and "#" not in a]
            if above == "/incidents":
                links.sort(key=lambda a: -int(a.rsplit("/", 1)[1]) if a.rsplit("/", 1)[1].isdigit() else 0)
            found += links[:1]
        return found

    async def menu(self):
        """Each page that the menu leads to is among those that are looked at."""
        page = await self.context.new_page()
        await page.goto(self.base + "/")
        links = await page.eval_on_selector_all("header nav a", "all => all.map(a => a.getAttribute('href'))")
        await page.close()
        known = {path.split("?")[0] for path in self.plan["pages"]}
        self.lines += [f"the menu leads to {link}, which is not looked at" for link in sorted(set(links) - known)]

    async def walk(self, name, turn, thorough=False):
        paths = await self.paths()
        self.lines += await sight.walk(self.context, self.base, paths, self.pictures, name, turn, thorough)
        return paths

    async def tabs(self, paths, width):
        for path in paths:
            self.lines += await tabs.check(self.context, self.base, path, width)

    async def attempt(self, what, work):
        try:
            await work
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            ours = [f for f in traceback.extract_tb(error.__traceback__) if "/Browser/" in f.filename] or [place]
            said = " ".join(str(error).split())[:400]
            self.lines.append(f"{what}: {ours[-1].filename.rsplit('/', 1)[-1]}:{ours[-1].lineno}: {said}")

    # The course

    async def calm(self):
        """Waits until every target has answered, then looks at all."""
        async def is_known():
            targets, _ = await self.health()
            return targets and all(health != "unknown" for health, *_ in targets.values())

        await self.until("calm: every target is known", 40, is_known)
        self.baseline = {name: health for name, (health, *_) in (await self.health())[0].items()}
        await self.menu()
        self.note("every target is known")
        paths = await self.walk("calm", 0, thorough=True)
        self.note("looked at all while calm")
        await self.tabs(paths, 1280)
        await self.tabs(paths[:1], 390)
        self.note("went through all by the tabulator key")
        await self.attempt("keys", keys.check(self.context, self.base))
        self.note("tried the keys")

    async def fault(self, stage, turn, is_first):
        self.node = None
        before = await self.health()
        said = await self.watcher.said()
        sealed = asyncio.create_task(self.watcher.page.evaluate(live.SEALED)) if is_first else None
        try:
            await self.perform(stage["actions"])

            async def is_seen():
                return await self.health() != before

            await self.until(f"{stage['name']}: is seen", 20, is_seen)
            if sealed:
                await self.latency(sealed)
            self.lines += [f"{stage['name']}: {line}" for line in await self.watcher.follows(said)]
            self.note(f"{stage['name']}: the open page shows it")
            paths = await self.walk(stage["name"], turn, thorough=is_first)
            self.note(f"{stage['name']}: looked at all")
            if is_first:
                await self.work_in_an_incident(paths)
        finally:
            await self.perform(stage["cures"])

        async def is_over():
            targets, _ = await self.health()
            return all(targets.get(name, ("",))[0] == "ok" for name, health in self.baseline.items() if health == "ok")

        await self.until(f"{stage['name']}: is over", 80, is_over)
        self.note(f"{stage['name']}: is over")

    async def work_in_an_incident(self, paths):
        await self.tabs(paths, 390)
        self.note("went through all by the tabulator key")
        incident = next(path for path in paths if path.startswith("/incidents/"))
        await self.attempt("keys of an incident", keys.check_incident(self.context, self.base, incident))
        await self.attempt("forms without script", forms.check(self.browser, self.base))
        self.note("tried the forms")

    async def latency(self, sealed):
        """How long after the agent has seen it an open page shows a sealed node: less than the plain refresh takes."""
        try:
            shown = await asyncio.wait_for(sealed, 10)
        except asyncio.TimeoutError:
            self.lines.append("events: an open page does not show the sealed node")
            return
        states = await self.get("/api/v1/vaultwatch/states")
        runs = [s["runs"][-1] for s in states["data"] if s["target"].startswith("vault_node ")]
        times = [r["from"].replace("Z", "+00:00") for r in runs if r["state"] == "sealed"]
        begun = max(datetime.fromisoformat(text).timestamp() for text in times)
        took = shown / 1000 - begun
        self.note(f"events: an open page shows a sealed node {took * 1000:.0f} ms after the agent has seen it")
        if took > 4:
            self.lines.append(f"events: an open page shows a sealed node only after {took:.1f} s")

    async def all(self):
        await self.calm()
        self.watcher = live.Watcher(self.context, self.base)
        await self.watcher.open()
        for turn, stage in enumerate(self.plan["stages"]):
            await self.attempt(stage["name"], self.fault(stage, turn, turn == 0))
        await self.attempt("a lost agent", live.goes_stale(self.browser, self.base, self.plan["agent"]))
        self.note("lost the agent, and found it again")


async def main():
    with open(sys.argv[1]) as file:
        plan = json.load(file)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        context = await browser.new_context(viewport={"width": 1280, "height": sight.HEIGHT})
        context.set_default_timeout(15_000)
        run = Run(plan, browser, context)
        try:
            await asyncio.wait_for(run.all(), LIMIT_SECONDS)
        except asyncio.TimeoutError:
            run.lines.append(f"not done within {LIMIT_SECONDS} s; see measured.txt")
        for line in run.lines[:200]:
            print(line)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
