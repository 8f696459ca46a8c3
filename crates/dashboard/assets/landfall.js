// Landfall's pages, live: told what has changed, they fetch themselves anew and take over the parts that differ.
// Everything works without this file, too.
(() => {
  "use strict";

  const GATHER = 250; // ms between being told and fetching
  const RETRY = 3000; // ms until a stream that was refused is asked for again
  const WORDS = {
    live: "Live",
    lost: "Connection lost. What you see may be old; trying again.",
    paused: "Paused",
    still: "",
  };

  let source = null;
  let waiting = null;
  let told = new Set();
  let all = false;
  let fetching = false;
  let retry = null;

  const state = (name) => {
    const shown = document.getElementById("live-state");
    if (shown && shown.dataset.state !== name) {
      shown.dataset.state = name;
      shown.textContent = WORDS[name];
    }
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

  const rows = (part) =>
    new Map([...part.querySelectorAll("tbody tr")].map((row) => [row.cells[0]?.textContent, row.innerHTML]));

  const takeOver = (part, fresh) => {
    if (part.innerHTML === fresh.innerHTML || busy(part)) return;
    const before = rows(part);
    const at = part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    const scrolled = part.querySelector(".scroll")?.scrollLeft;
    const open = [...part.querySelectorAll("details[open][id]")].map((shown) => shown.id);
    part.innerHTML = fresh.innerHTML;
    for (const row of part.querySelectorAll("tbody tr")) {
      if (before.size && before.get(row.cells[0]?.textContent) !== row.innerHTML) row.classList.add("changed");
    }
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    if (scrolled) part.querySelector(".scroll").scrollLeft = scrolled;
    if (at) [...part.querySelectorAll("a[href]")].find((link) => link.getAttribute("href") === at)?.focus();
    window.htmx?.process(part);
  };

  const refresh = async () => {
    waiting = null;
    if (fetching || document.hidden) return;
    const wanted = parts().filter(concerns);
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
        location.reload();
        return;
      }
      if (!answer.ok || location.href !== address) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of wanted) {
        const fresh = page.getElementById(part.id);
        if (fresh && part.isConnected) takeOver(part, fresh);
      }
      document.dispatchEvent(new CustomEvent("landfall:fresh"));
    } catch {
      all = true; // the stream will say when it is worth trying
    } finally {
      fetching = false;
      if (told.size || (all && source?.readyState === EventSource.OPEN)) soon();
    }
  };

  const soon = () => {
    waiting ??= setTimeout(refresh, GATHER);
  };

  const everything = () => {
    all = true;
    soon();
  };

  const connect = () => {
    clearTimeout(retry);
    source?.close();
    let first = true;
    source = new EventSource("/live");
    source.addEventListener("hello", () => {
      state("live");
      // What happened while nobody listened.
      if (!first || lost) everything();
      first = false;
      lost = false;
    });
    source.addEventListener("message", (message) => {
      const { names, all: whole } = JSON.parse(message.data);
      if (whole) all = true;
      for (const name of names ?? []) told.add(name);
      soon();
    });
    source.addEventListener("error", () => {
      lost = true;
      state("lost");
      if (source.readyState === EventSource.CLOSED) retry = setTimeout(connect, RETRY);
    });
  };
  let lost = false;

  const pause = () => {
    clearTimeout(retry);
    source?.close();
    source = null;
    state("paused");
  };

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      pause();
    } else {
      lost = true;
      connect();
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
    if (event.detail.boosted && !document.querySelector("[autofocus]")) {
      document.getElementById("main")?.focus({ preventScroll: true });
    }
  });

  if (!document.hidden) connect();
})();
