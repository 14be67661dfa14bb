/// The page of the inbox. Received data is inserted as text nodes only; the HTML of mails is shown in a sandboxed frame
/// without scripts.
enum InboxPage {
    private static let policy = [
        "Content-Security-Policy":
            "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src data:; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
    ]

    static let html = LabReply.response(LabResponse(200, type: "text/html; charset=utf-8", markup, headers: policy))
    static let script = LabReply.response(
        LabResponse(200, type: "text/javascript; charset=utf-8", program, headers: policy))
    static let style = LabReply.response(LabResponse(200, type: "text/css; charset=utf-8", sheet, headers: policy))

    private static let markup = """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Inbox · vaultwatch demo</title>
        <link rel="icon" href="data:,">
        <link rel="stylesheet" href="/inbox.css">
        </head>
        <body>
        <header>
          <h1>On-call inbox</h1>
          <p>What the pager, the channel and the mailbox got, newest first.</p>
          <nav aria-label="Show">
            <button data-show="all" aria-pressed="true">All <b id="n-all">0</b></button>
            <button data-show="pagerduty" aria-pressed="false">PagerDuty <b id="n-pagerduty">0</b></button>
            <button data-show="slack" aria-pressed="false">Slack <b id="n-slack">0</b></button>
            <button data-show="mail" aria-pressed="false">Mail <b id="n-mail">0</b></button>
            <button data-show="webhook" aria-pressed="false">Webhook <b id="n-webhook">0</b></button>
          </nav>
        </header>
        <div class="columns">
          <aside aria-label="The estate">
            <h2>Vault</h2>
            <div id="nodes"></div>
            <h2>PostgreSQL</h2>
            <p id="database"></p>
            <div class="buttons" id="database-buttons"></div>
            <h2>Backups</h2>
            <p id="backups"></p>
            <div class="buttons" id="backup-buttons"></div>
            <h2>Services</h2>
            <div class="buttons" id="service-buttons"></div>
            <h2>Receivers</h2>
            <p id="receivers"></p>
            <div class="buttons" id="receiver-buttons"></div>
            <p id="outcome" role="status"></p>
          </aside>
          <main>
            <p id="empty">Nothing yet. Seal a node and wait for its messages.</p>
            <ol id="messages" reversed></ol>
          </main>
        </div>
        <script src="/inbox.js"></script>
        </body>
        </html>
        """

    private static let sheet = """
        :root { color-scheme: light dark; --back: #f4f5f7; --card: #fff; --ink: #16181d; --soft: #5b6270; --line: #d9dce3; --accent: #2457d6; }
        @media (prefers-color-scheme: dark) { :root { --back: #14161a; --card: #1e2127; --ink: #e8eaee; --soft: #9aa2b1; --line: #343943; --accent: #8fb0ff; } }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--back); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; }
        header { padding: 1rem 1.5rem; border-bottom: 1px solid var(--line); background: var(--card); }
        h1 { margin: 0; font-size: 1.3rem; } header p { margin: 0 0 .6rem; color: var(--soft); }
        h2 { font-size: .8rem; text-transform: uppercase; letter-spacing: .06em; color: var(--soft); margin: 1.2rem 0 .4rem; }
        .columns { display: grid; grid-template-columns: minmax(15rem, 19rem) minmax(0, 1fr); gap: 1.5rem; padding: 0 1.5rem 2rem; max-width: 78rem; }
        @media (max-width: 50rem) { .columns { grid-template-columns: minmax(0, 1fr); } }
        main { padding-top: 1.2rem; }
        button { font: inherit; font-size: .85rem; padding: .25rem .6rem; border: 1px solid var(--line); border-radius: .4rem; background: var(--card); color: var(--ink); cursor: pointer; }
        button:hover { border-color: var(--accent); } button:focus-visible { outline: 2px solid var(--accent); }
        button[aria-pressed=true] { background: var(--accent); color: var(--card); border-color: var(--accent); }
        [hidden] { display: none !important; }
        .buttons { display: flex; flex-wrap: wrap; gap: .3rem; }
        aside p { margin: .2rem 0 .4rem; color: var(--soft); overflow-wrap: anywhere; }
        .node { border: 1px solid var(--line); border-radius: .5rem; background: var(--card); padding: .5rem .6rem; margin-bottom: .5rem; }
        .node > div:first-child { display: flex; justify-content: space-between; margin-bottom: .4rem; }
        .badge { border-radius: 1rem; padding: 0 .6rem; font-size: .8rem; font-weight: 600; background: var(--line); }
        .active, .resolved, .resolve { background: #1a7f37; color: #fff; } .standby { background: #3b6fb6; color: #fff; }
        .sealed, .dead, .hung, .storageError, .firing, .trigger { background: #c0262d; color: #fff; } .acknowledge { background: #9a6700; color: #fff; }
        ol { list-style: none; margin: 0; padding: 0; }
        li { background: var(--card); border: 1px solid var(--line); border-left: 5px solid var(--line); border-radius: .5rem; padding: .8rem 1rem; margin-bottom: .9rem; overflow-wrap: anywhere; }
        li.pagerduty { border-left-color: #06ac38; } li.slack { border-left-color: #611f69; } li.mail { border-left-color: var(--accent); }
        .top { display: flex; gap: .6rem; align-items: baseline; color: var(--soft); font-size: .85rem; margin-bottom: .3rem; flex-wrap: wrap; }
        .top time { margin-left: auto; } .kind { font-weight: 700; }
        .title { font-weight: 600; font-size: 1.05rem; margin: 0 0 .3rem; }
        .pre { white-space: pre-wrap; margin: .2rem 0; } .context { color: var(--soft); font-size: .85rem; }
        .attachment { border-left: 4px solid var(--line); padding-left: .8rem; margin: .4rem 0; }
        .fields { display: grid; grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr)); gap: .3rem 1rem; margin: .3rem 0; }
        table { border-collapse: collapse; width: 100%; } th { text-align: left; font-weight: 600; color: var(--soft); padding-right: 1rem; white-space: nowrap; vertical-align: top; } td { white-space: pre-wrap; overflow-wrap: anywhere; }
        iframe { width: 100%; border: 1px solid var(--line); border-radius: .4rem; background: #fff; min-height: 8rem; }
        code { font-family: ui-monospace, monospace; font-size: .9em; } a { color: var(--accent); }
        summary { cursor: pointer; color: var(--soft); font-size: .85rem; }
        """

    private static let program = #"""
        "use strict";
        const get = id => document.getElementById(id);
        const counts = { all: 0, pagerduty: 0, slack: 0, mail: 0, webhook: 0 };
        let newest = 0;
        let shown = "all";

        function make(tag, properties, ...children) {
          const element = document.createElement(tag);
          Object.assign(element, properties);
          element.append(...children.filter(child => child !== null && child !== undefined));
          return element;
        }
        const text = value => value === null || value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value, null, 1);

        function link(url, label) {
          return /^https?:\/\//i.test(url) ? make("a", { href: url, textContent: label, target: "_blank", rel: "noopener noreferrer" }) : label;
        }

        // Slack's mrkdwn, the parts that alerts use. https://api.slack.com/reference/surfaces/formatting
        function markdown(source, element) {
          const unescape = part => part.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
          const pattern = /<([^|>\s]+)(?:\|([^>]*))?>|\*([^*\n]+)\*|`([^`\n]+)`|_([^_\n]+)_/g;
          let last = 0;
          for (const match of source.matchAll(pattern)) {
            element.append(unescape(source.slice(last, match.index)));
            if (match[1] !== undefined) element.append(link(unescape(match[1]), unescape(match[2] || match[1])));
            else if (match[3] !== undefined) element.append(make("b", { textContent: unescape(match[3]) }));
            else if (match[4] !== undefined) element.append(make("code", { textContent: unescape(match[4]) }));
            else element.append(make("i", { textContent: unescape(match[5]) }));
            last = match.index + match[0].length;
          }
          element.append(unescape(source.slice(last)));
          return element;
        }
        function slackText(object, properties) {
          if (!object) return null;
          const element = make("div", properties || { className: "pre" });
          if (object.type === "plain_text") element.append(text(object.text)); else markdown(text(object.text), element);
          return element;
        }
        function block(b) {
          switch (b.type) {
            case "header": return slackText(b.text, { className: "title" });
            case "section": return make("div", {}, slackText(b.text), b.fields ? make("div", { className: "fields" }, ...b.fields.map(f => slackText(f))) : null);
            case "context": return make("div", { className: "context" }, ...(b.elements || []).map(e => slackText(e)));
            case "divider": return make("hr", {});
            case "actions": return make("div", { className: "buttons" }, ...(b.elements || []).map(e => make("span", {}, link(text(e.url), text(e.text && e.text.text)))));
            default: return make("div", { className: "pre", textContent: text(b) });
          }
        }
        function slack(message) {
          const payload = message.payload;
          const parts = [];
          if (payload.text) parts.push(markdown(text(payload.text), make("div", { className: "pre" })));
          for (const b of payload.blocks || []) parts.push(block(b));
          for (const a of payload.attachments || []) {
            const box = make("div", { className: "attachment" });
            if (/^#[0-9a-f]{3,8}$/i.test(text(a.color))) box.style.borderLeftColor = a.color;
            if (a.title) box.append(make("div", { className: "title" }, a.title_link ? link(text(a.title_link), text(a.title)) : text(a.title)));
            if (a.text) box.append(markdown(text(a.text), make("div", { className: "pre" })));
            for (const b of a.blocks || []) box.append(block(b));
            for (const f of a.fields || []) box.append(make("div", {}, make("b", { textContent: text(f.title) + ": " }), text(f.value)));
            parts.push(box);
          }
          return parts;
        }

        function table(object) {
          return make("table", {}, make("tbody", {}, ...Object.entries(object).map(([key, value]) =>
            make("tr", {}, make("th", { scope: "row", textContent: key }), make("td", { textContent: text(value) })))));
        }
        function pagerduty(message) {
          const event = message.payload;
          const details = event.payload || {};
          const parts = [make("p", { className: "title", textContent: details.summary || `${event.event_action} of incident ${message.incident}` })];
          const facts = {};
          for (const name of ["severity", "source", "component", "group", "class"]) if (details[name]) facts[name] = details[name];
          facts.dedup_key = event.dedup_key;
          parts.push(table(facts));
          for (const l of event.links || []) parts.push(make("div", {}, link(text(l.href), text(l.text || l.href))));
          if (details.custom_details) parts.push(make("details", {}, make("summary", { textContent: "Details" }), table(details.custom_details)));
          return parts;
        }

        function mail(message) {
          const m = message.mail;
          const parts = [make("p", { className: "title", textContent: m.subject }),
            make("div", { className: "context", textContent: `${m.sender} → ${m.recipients.join(", ")}` })];
          if (m.html) {
            const frame = make("iframe", { title: "Mail: " + m.subject });
            // Same origin only to measure its height; scripts stay off.
            frame.setAttribute("sandbox", "allow-same-origin");
            frame.srcdoc = m.html;
            frame.addEventListener("load", () => { frame.style.height = Math.min(900, frame.contentDocument.documentElement.scrollHeight + 4) + "px"; });
            parts.push(frame);
            if (m.text) parts.push(make("details", {}, make("summary", { textContent: "Plain text" }), make("pre", { className: "pre", textContent: m.text })));
          } else {
            parts.push(make("pre", { className: "pre", textContent: m.text }));
          }
          parts.push(make("details", {}, make("summary", { textContent: "Headers" }), table(Object.fromEntries(m.headers.map(h => [h[0], h[1]])))));
          return parts;
        }

        const names = { pagerduty: "PagerDuty", slack: "Slack", mail: "Mail", webhook: "Webhook" };
        function show(message) {
          let state = "";
          if (message.kind === "pagerduty") state = text(message.payload.event_action);
          if (message.kind === "webhook") state = text(message.payload.status);
          const body = message.kind === "mail" ? mail(message) : message.kind === "slack" ? slack(message)
            : message.kind === "pagerduty" ? pagerduty(message) : [make("pre", { className: "pre", textContent: JSON.stringify(message.payload, null, 2) })];
          const item = make("li", { className: message.kind },
            make("div", { className: "top" },
              make("span", { className: "kind", textContent: names[message.kind] }),
              message.incident ? make("span", { textContent: `Incident #${message.incident}` }) : null,
              state ? make("span", { className: "badge " + (/^[a-z]+$/.test(state) ? state : ""), textContent: state }) : null,
              make("time", { dateTime: message.received, textContent: message.received.replace("T", " ").replace("Z", " UTC") })),
            ...body);
          item.hidden = shown !== "all" && shown !== message.kind;
          get("messages").prepend(item);
          counts.all += 1;
          counts[message.kind] += 1;
        }

        async function act(action) {
          const outcome = get("outcome");
          outcome.textContent = action + " …";
          try {
            const response = await fetch("/api/control", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ action }) });
            const answer = await response.json();
            outcome.textContent = response.ok ? action + ": done" : action + ": " + answer.error;
          } catch (error) { outcome.textContent = action + ": " + error; }
          refreshEstate();
        }
        const button = (label, action) => make("button", { textContent: label, onclick: () => act(action) });
        get("database-buttons").append(button("Cut replication", "cut-replication"), button("Restore", "restore-replication"),
          button("Stop primary", "stop-database"), button("Freeze primary", "freeze-database"), button("Start primary", "start-database"));
        get("backup-buttons").append(button("Skip one", "skip-backup"), button("Corrupt newest", "corrupt-backup"),
          button("Strip metadata", "strip-backup"), button("Restore all", "restore-backups"));
        get("service-buttons").append(button("Stop mail", "stop-mail"), button("Start mail", "start-mail"),
          button("Break website", "break-website"), button("Heal website", "heal-website"),
          button("Break names", "break-names"), button("Heal names", "heal-names"));
        get("receiver-buttons").append(button("Fail mail", "fail mail"), button("Rate-limit Slack", "rate-limit slack"),
          button("Hang PagerDuty", "hang-receiver pagerduty"), button("Heal all", "heal-receivers"));

        let drawn = "";
        async function refreshEstate() {
          const estate = await (await fetch("/api/estate")).json();
          const key = JSON.stringify(estate);
          // Redrawn only on change, so that a button keeps its focus.
          if (key === drawn) return;
          drawn = key;
          get("nodes").replaceChildren(...estate.nodes.map(node => make("div", { className: "node" },
            make("div", {}, make("b", { textContent: node.name }),
              make("span", { className: "badge " + node.role, textContent: node.role + (node.progress ? ` ${node.progress}/${node.threshold}` : "") })),
            make("div", { className: "buttons" }, ...(node.role === "sealed"
              ? [button("Unseal", "unseal " + node.name), button("One key", "key " + node.name), button("Kill", "kill " + node.name)]
              : ["dead", "hung", "storageError"].includes(node.role) ? [button("Start", "start " + node.name)]
              : [button("Seal", "seal " + node.name), ...(node.role === "active" ? [button("Step down", "step-down " + node.name)] : []),
                button("Kill", "kill " + node.name), button("Hang", "hang " + node.name), button("Storage error", "storage-error " + node.name)])))));
          get("database").textContent = estate.database === "none" ? "None in this estate." : `Primary ${estate.database}, replication ${estate.replication}.`;
          get("database-buttons").hidden = estate.database === "none";
          get("backups").textContent = `${estate.backups} objects, newest ${estate.newestBackup}` + (estate.skippedBackups ? `, ${estate.skippedBackups} skipped.` : ".");
          get("receivers").textContent = estate.failingReceivers.length ? "Failing: " + estate.failingReceivers.join(", ") + "." : "All accept.";
        }
        async function refreshMessages() {
          const messages = await (await fetch("/api/messages?after=" + newest)).json();
          for (const message of messages) { newest = message.id; show(message); }
          for (const kind of Object.keys(counts)) get("n-" + kind).textContent = counts[kind];
          get("empty").hidden = counts.all > 0;
        }
        for (const tab of document.querySelectorAll("[data-show]")) tab.onclick = () => {
          shown = tab.dataset.show;
          for (const other of document.querySelectorAll("[data-show]")) other.setAttribute("aria-pressed", String(other === tab));
          for (const item of get("messages").children) item.hidden = shown !== "all" && !item.classList.contains(shown);
        };
        async function turn() {
          try { await Promise.all([refreshMessages(), refreshEstate()]); } catch { get("outcome").textContent = "The estate does not answer."; }
          setTimeout(turn, 1000);
        }
        turn();
        """#
}
