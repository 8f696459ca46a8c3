// Landfall's pages, live: told what has changed, they fetch themselves anew and take over the parts that differ.
// Everything works without this file, too.
(() => {
  "use strict";

  const GATHER = 250; // ms between being told and fetching
  const RETRY = 3000; // ms until a stream that was refused is asked for again
  const WORDS = {
    live: "Live",
    lost: "Connection lost. What you see may be old; trying again.",
    full: "Too many pages are live: this one may be old; trying again.",
    paused: "Paused",
    still: "",
  };
  // Of all windows of this browser one holds the stream and tells the others: a browser opens six connections to one
  // host at the most, and each stream takes one for itself.
  const TURN = "landfall-live";
  const others = navigator.locks && window.BroadcastChannel ? new BroadcastChannel(TURN) : null;

  let source = null;
  let waiting = null;
  let told = new Set();
  let all = false;
  let fetching = false;
  let retry = null;
  let leaving = null; // ends our turn at the stream, or our waiting for it
  let lost = false; // something may have happened that we were not told
  let at = null; // how far in the log the stream is

  const state = (name) => {
    const shown = document.getElementById("live-state");
    if (shown && shown.dataset.state !== name) {
      shown.dataset.state = name;
      shown.textContent = WORDS[name];
    }
  };

  // Back to this page, once somebody has said who they are.
  const signIn = () => {
    const next = encodeURIComponent(location.pathname + location.search);
    location.replace(`/sign-in?next=${next}&why=ended`);
  };

  // What did not go through stays told until it is put away, or something has gone through and there is another page.
  const unsent = () => {
    const shown = document.getElementById("unsent");
    if (!shown || shown.firstChild) return;
    const away = document.createElement("button");
    away.type = "button";
    away.className = "quiet";
    away.textContent = "Put away";
    away.addEventListener("click", () => shown.replaceChildren());
    shown.append("What you asked for did not go through: the connection was lost. ", away);
  };

  const parts = () => [...document.querySelectorAll("[data-live][id]")];

  const concerns = (part) =>
    part.dataset.live !== "" &&
    (all || part.dataset.live === "*" || part.dataset.live.split(" ").some((name) => told.has(name)));

  // Somebody is writing here: their words are not taken from under their hands.
  const busy = (part) => {
    const at = document.activeElement;
    return at && part.contains(at) && at.matches("input, select, textarea, button");
  };

  const key = (row) => `${row.cells[0]?.textContent}\n${row.cells[1]?.textContent}`;

  const rows = (part) => new Map([...part.querySelectorAll("tbody tr")].map((row) => [key(row), row.innerHTML]));

  const FOCUS = "a[href], button, summary, input, select, textarea, [tabindex]";

  // Where the focus is in a part: in which row, and at what of it.
  const spot = (part) => {
    const focus = document.activeElement;
    if (!focus || focus === part || !part.contains(focus)) return null;
    const row = focus.closest("tbody tr");
    const place = [...(row ?? part).querySelectorAll(FOCUS)].indexOf(focus);
    return { row: row && key(row), place, href: focus.getAttribute("href") };
  };

  const focusAgain = (part, { row, place, href }) => {
    const within = row === null ? part : [...part.querySelectorAll("tbody tr")].find((fresh) => key(fresh) === row);
    const all = [...(within ?? part).querySelectorAll(FOCUS)];
    const same = (found) => found.getAttribute("href") === href;
    const found = all[place] && same(all[place]) ? all[place] : all.find(same);
    // What had the focus is gone: the keyboard goes on from where it was.
    (found ?? part.querySelector(FOCUS) ?? document.getElementById("main"))?.focus({ preventScroll: true });
  };

  // Whether somebody is asked here for something else than the fresh page would ask: that is not changed under their
  // hands. They are told, and ask anew.
  const asksOther = (part, page) => {
    const asks = part.closest("[data-asks]");
    const now = asks && page.getElementById(asks.id)?.dataset.asks;
    const other = Boolean(now) && now !== asks.dataset.asks;
    if (other) asks.querySelector(".changed").hidden = false;
    return other;
  };

  // What the fresh page does not have any more is emptied: it keeps its place, and may come back.
  const takeOver = (part, page) => {
    const fresh = page.getElementById(part.id);
    if (asksOther(part, page)) return;
    if (fresh) part.dataset.live = fresh.dataset.live; // what it shows may come from elsewhere now
    const html = fresh?.innerHTML ?? "";
    if (part.innerHTML === html || busy(part)) return;
    const before = rows(part);
    const focus = spot(part);
    const scrolled = [...part.querySelectorAll(".scroll")].map((box) => [box.scrollLeft, box.scrollTop]);
    const open = [...part.querySelectorAll("details[open][id]")].map((shown) => shown.id);
    part.innerHTML = html;
    for (const row of part.querySelectorAll("tbody tr")) {
      if (before.size && before.get(key(row)) !== row.innerHTML) row.classList.add("changed");
    }
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    part.querySelectorAll(".scroll").forEach((box, at) => box.scrollTo(...(scrolled[at] ?? [0, 0])));
    if (focus) focusAgain(part, focus);
    window.htmx?.process(part);
  };

  const refresh = async () => {
    waiting = null;
    if (fetching || document.hidden) return;
    const wanted = parts().filter(concerns);
    const whole = all;
    told = new Set();
    all = false;
    if (!wanted.length) return;
    // Parts that cause no fetch of their own, and go along with others'.
    wanted.push(...parts().filter((part) => part.dataset.live === ""));
    fetching = true;
    const address = location.href;
    try {
      const answer = await fetch(address, { headers: { accept: "text/html" }, cache: "no-store" });
      if (answer.redirected) {
        if (new URL(answer.url).pathname === "/sign-in") signIn();
        else location.reload();
        return;
      }
      if (!answer.ok || location.href !== address) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const main = document.getElementById("main");
      if (main && whole) main.dataset.log = page.getElementById("main")?.dataset.log ?? "";
      for (const part of wanted) {
        if (part.isConnected) takeOver(part, page);
      }
      document.dispatchEvent(new CustomEvent("landfall:fresh"));
      again();
    } catch {
      all = true; // the stream will say when it is worth trying
    } finally {
      fetching = false;
      if (told.size || (all && !lost)) soon();
    }
  };

  const soon = () => {
    waiting ??= setTimeout(refresh, GATHER);
  };

  const everything = () => {
    all = true;
    soon();
  };

  // What the server is still at is asked for again.
  let later = null;
  const again = () => {
    const at = document.querySelector("[data-again]");
    if (at) later ??= setTimeout(() => ((later = null), everything()), at.dataset.again * 1000);
  };

  // Whether the page is as new as what has been told. Where it is newer it will be told so, too.
  const compare = () => {
    if (at !== null && document.getElementById("main")?.dataset.log !== at) everything();
  };

  // What the stream has said, to us or to the window that holds it.
  const heard = (said) => {
    at = said.log ?? at;
    switch (said.kind) {
      case "hello":
        state("live");
        if (lost) everything();
        else compare();
        lost = false;
        break;
      case "changed":
        if (said.all) all = true;
        for (const name of said.names ?? []) told.add(name);
        soon();
        break;
      case "lost":
      case "full":
        lost = true;
        state(said.kind);
        break;
      case "out":
        signIn();
    }
  };

  const tell = (said) => {
    others?.postMessage(said);
    heard(said);
  };

  // Why there is no stream: EventSource does not say.
  const ask = async () => {
    const enough = new AbortController();
    try {
      const answer = await fetch("/live", { signal: enough.signal, cache: "no-store" });
      enough.abort();
      if (answer.status === 401) tell({ kind: "out" });
      else if (answer.status === 503) tell({ kind: "full" });
    } catch {
      // It is lost, as was told.
    }
  };

  const connect = () => {
    clearTimeout(retry);
    source?.close();
    const stream = new EventSource("/live");
    source = stream;
    stream.addEventListener("hello", (message) => tell({ kind: "hello", ...JSON.parse(message.data) }));
    stream.addEventListener("message", (message) => tell({ kind: "changed", ...JSON.parse(message.data) }));
    stream.addEventListener("error", () => {
      if (source !== stream) return;
      tell({ kind: "lost" });
      if (stream.readyState !== EventSource.CLOSED) return;
      ask();
      retry = setTimeout(connect, RETRY);
    });
  };

  others?.addEventListener("message", ({ data }) => {
    if (document.hidden) return;
    if (data.kind !== "ask") heard(data);
    else if (source?.readyState === EventSource.OPEN && at !== null) others.postMessage({ kind: "hello", log: at });
  });

  const follow = () => {
    if (!others) {
      connect();
      return;
    }
    const turn = new AbortController();
    leaving = turn;
    const ours = () =>
      new Promise((end) => {
        if (turn.signal.aborted) {
          end();
          return;
        }
        turn.signal.addEventListener("abort", end);
        connect();
      });
    navigator.locks.request(TURN, { signal: turn.signal }, ours).catch(() => {});
    others.postMessage({ kind: "ask" });
  };

  const pause = () => {
    clearTimeout(retry);
    source?.close();
    source = null;
    leaving?.abort();
    state("paused");
  };

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      pause();
    } else {
      lost = true;
      follow();
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, select, textarea, [contenteditable]")) return;
    event.preventDefault();
    const search = document.getElementById("q");
    search?.focus();
    search?.select();
  });

  // What was done is said once: a page that is loaded again, or kept as a bookmark, does not say it any more.
  const forget = () => {
    const address = new URL(location.href);
    if (!address.searchParams.has("done")) return;
    address.searchParams.delete("done");
    history.replaceState(history.state, "", address);
  };
  forget();

  // A page that was put together anew begins at its heading, for those who hear it.
  document.addEventListener("htmx:afterSettle", (event) => {
    forget();
    if (!event.detail.boosted) return;
    // It was put together before it came here, and what was told meanwhile was told to the page before.
    compare();
    again();
    const wrong = document.querySelector("main [aria-invalid=true]");
    if (wrong) wrong.focus();
    else if (!document.querySelector("[autofocus]")) document.getElementById("main")?.focus({ preventScroll: true });
  });
  document.addEventListener("htmx:sendError", unsent);

  if (!document.hidden) follow();
  again();
})();
