// Keeps a page live and turns its buttons into operations. The server draws; this moves no focus and loses no filter.
"use strict";
const $ = (selector, root = document) => root.querySelector(selector);
const main = $("#main"), badge = $("#live"), toast = $("#toast");
const REFRESH_MS = 700, IDLE_MS = 5000, OLD_MS = 15000;
let tag = document.body.dataset.tag, seen = Date.now(), due = null, busy = false;

// --- what changed, and nothing else ---------------------------------------------------------------------------------
function morph(before, after) {
  if (before.nodeType !== after.nodeType || before.nodeName !== after.nodeName) return before.replaceWith(after.cloneNode(true));
  if (before.nodeType === Node.TEXT_NODE) { if (before.data !== after.data) before.data = after.data; return; }
  if (before === document.activeElement && before.matches("input,textarea,select")) return;
  if (before.dataset.own !== undefined || (before.dataset.load && before.dataset.load === after.dataset.load)) return;  // the page's own
  for (const { name, value } of after.attributes ?? []) if (before.getAttribute(name) !== value && !(name === "open")) before.setAttribute(name, value);
  for (const { name } of [...(before.attributes ?? [])]) if (!after.hasAttribute(name) && name !== "open" && name !== "data-loaded") before.removeAttribute(name);
  const byKey = new Map([...before.children].filter((one) => one.id).map((one) => [one.id, one]));
  const wanted = [...after.childNodes];
  wanted.forEach((next, place) => {
    const kept = next.id ? byKey.get(next.id) : null, here = before.childNodes[place];
    if (kept && kept !== here) before.insertBefore(kept, here ?? null);
    const old = before.childNodes[place];
    if (!old) before.append(next.cloneNode(true)); else morph(old, next);
  });
  while (before.childNodes.length > wanted.length) before.lastChild.remove();
}

// What never changes, such as the work of an ended attempt, is asked for once.
async function load() {
  for (const place of document.querySelectorAll("[data-load]")) {
    const from = place.dataset.load;
    if (place.dataset.loaded === from) continue;
    place.dataset.loaded = from;
    try {
      const answer = await fetch(from, { headers: { "X-Podium-Part": "1" } });
      if (place.dataset.load === from && place.isConnected) place.innerHTML = await answer.text();
    } catch { delete place.dataset.loaded; }
  }
}

async function refresh() {
  due = null;
  if (busy || document.hidden) return plan(REFRESH_MS);
  busy = true;
  try {
    const answer = await fetch(location.href, { headers: { "X-Podium-Part": "1", "If-None-Match": tag } });
    seen = Date.now();
    if (answer.status === 401) return location.reload();
    if (answer.headers.get("Content-Type")?.startsWith("text/html")) {
      const part = document.createElement("main");
      part.innerHTML = await answer.text();
      for (const name of ["id", "tabindex"]) part.setAttribute(name, main.getAttribute(name));
      const log = $(".log"), follows = log && log.scrollTop + log.clientHeight > log.scrollHeight - 40;
      morph(main, part);
      load();
      tag = answer.headers.get("ETag");
      if (follows) $(".log").scrollTop = $(".log").scrollHeight;
    }
  } catch { /* the badge says it */ } finally { busy = false; }
}
function plan(after) {
  if (!after) { clearTimeout(due); due = null; }
  due ??= setTimeout(refresh, after);
}

const stream = new EventSource(`/v1/events?after=${document.body.dataset.last}`);
stream.onmessage = () => plan(REFRESH_MS);
stream.addEventListener("reset", () => plan(REFRESH_MS));
setInterval(() => plan(0), IDLE_MS);
setInterval(() => {
  const age = Date.now() - seen, state = age > OLD_MS ? "old" : stream.readyState === EventSource.OPEN ? "live" : "reconnecting";
  badge.dataset.state = state;
  badge.textContent = state === "old" ? `data ${Math.round(age / 1000)} s old` : state;
}, 1000);

// --- operations -----------------------------------------------------------------------------------------------------
const form = $("#form");
async function open(operation, given) {
  const answer = await fetch(`/form/${operation}?given=${encodeURIComponent(given)}`);
  if (!answer.ok) return say((await answer.json()).detail);
  form.innerHTML = await answer.text();
  form.showModal();
  tell();
  ($("[autofocus]", form) ?? $("input:not([type=hidden]),textarea,button.main", form)).focus();
}
function filled() {
  const asked = {};
  for (const field of form.querySelectorAll("[data-kind]")) {
    const kind = field.dataset.kind, raw = field.type === "checkbox" ? field.checked : field.value.trim();
    if (raw === "" || (kind === "boolean" && !raw)) continue;
    asked[field.name] = kind === "integer" || kind === "number" ? Number(raw) : kind === "array" ? raw.split("\n").filter(Boolean) : field.dataset.fixed ? JSON.parse(raw) : raw;
  }
  return asked;
}
function tell() {
  const quoted = (value) => (/^[\w./:@-]+$/.test(value) ? value : `'${String(value).replaceAll("'", "'\\''")}'`);
  const parts = Object.entries(filled()).map(([name, value]) => {
    if (form.querySelector(`[name="${name}"]`).dataset.positional) return quoted(value);
    return value === true ? `--${name.replaceAll("_", "-")}` : `--${name.replaceAll("_", "-")} ${quoted(value)}`;
  });
  $(".cli", form).textContent = ["podium", $("form", form).dataset.operation, ...parts].join(" ");
}
async function send(event) {
  event.preventDefault();
  if ($("form", form).dataset.view) return keepView();
  const operation = $("form", form).dataset.operation;
  const answer = await fetch(`/v1/${operation.replaceAll(" ", "/")}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(filled()) });
  const said = await answer.json();
  if (!answer.ok) { $(".said", form).textContent = said.detail; return; }
  if ($("form", form).dataset.tells) tellAnswer(operation, said); else form.close();
  say(`${operation}: done`);
  plan(0);
}
// What an operation answered that is worth reading: a plan, or a token that is shown this once.
function made(name, ...inside) { const one = document.createElement(name); one.append(...inside); return one; }
function words(value) {
  if (Array.isArray(value)) return value.length ? made("ul", ...value.map((one) => made("li", words(one)))) : made("span", "none");
  if (value === null || value === "") return made("span", "–");
  if (typeof value !== "object") return made("span", value === true ? "yes" : value === false ? "no" : String(value));
  return made("dl", ...Object.entries(value).flatMap(([name, one]) => [made("dt", name.replaceAll("_", " ")), made("dd", words(one))]));
}
function tellAnswer(operation, answer) {
  const close = made("button", "Close");
  close.className = "main";
  close.dataset.close = "";
  const told = words(answer);
  told.className = "answer";
  form.replaceChildren(made("h2", operation), told, made("p", close));
  close.focus();
}
function say(words) { toast.textContent = words; clearTimeout(say.timer); say.timer = setTimeout(() => (toast.textContent = ""), 6000); }
document.addEventListener("click", (event) => {
  const act = event.target.closest("[data-act]");
  if (act) return open(act.dataset.act, act.dataset.given ?? "{}");
  if (event.target.closest("[data-keep]")) return askView();
  const gone = event.target.closest("[data-forget]");
  if (gone) return forgetView(gone.dataset.forget);
  if (event.target.closest("[data-close]")) event.target.closest("dialog").close();
  if (event.target.closest("#theme")) theme(true);
  if (event.target.closest("#find")) showPalette();
});
form.addEventListener("submit", send);
form.addEventListener("input", () => $(".cli", form) && tell());

// --- views of a list, by name, in this browser ----------------------------------------------------------------------
const VIEWS_MAX = 20;
function views() { try { return JSON.parse(localStorage.getItem("podium-views") ?? "{}"); } catch { return {}; } }
function showViews() {
  const place = $("#views");
  if (!place) return;
  const links = Object.entries(views()).map(([name, search]) => {
    const link = made("a", name), forget = made("button", "×");
    link.className = "button";
    link.href = search;
    if (search === location.search) link.setAttribute("aria-current", "true");
    forget.dataset.forget = name;
    forget.setAttribute("aria-label", `Forget the view ${name}`);
    const both = made("span", link, forget);
    both.className = "view";
    return both;
  });
  const keep = made("button", "Save this view");
  keep.dataset.keep = "";
  place.replaceChildren(...links, keep);
}
function askView() {
  const label = made("label", "name"), input = made("input"), save = made("button", "Save"), row = made("p", save), asked = made("form", made("h2", "Save this view"), label, input, row);
  label.htmlFor = input.id = "view-name";
  input.required = true;
  input.maxLength = 40;
  save.className = "main";
  row.className = "row";
  asked.dataset.view = "1";
  form.replaceChildren(asked);
  form.showModal();
  input.focus();
}
function keepView() {
  const name = $("#view-name").value.trim(), kept = Object.entries({ ...views(), [name]: location.search || "?" });
  if (name) localStorage.setItem("podium-views", JSON.stringify(Object.fromEntries(kept.slice(-VIEWS_MAX))));
  form.close();
  showViews();
}
function forgetView(name) { const left = views(); delete left[name]; localStorage.setItem("podium-views", JSON.stringify(left)); showViews(); }

// --- theme, palette, keys -------------------------------------------------------------------------------------------
function theme(turn) {
  const order = ["auto", "light", "dark"], now = localStorage.getItem("podium-theme") ?? "auto";
  const next = turn ? order[(order.indexOf(now) + 1) % 3] : now;
  localStorage.setItem("podium-theme", next);
  document.documentElement.dataset.theme = next;
  $("#theme").textContent = `Theme: ${next}`;
}
const palette = $("#palette"), query = $("#palette input"), choices = $("#palette ol");
function showPalette() { query.value = ""; list(); palette.showModal(); query.focus(); }
function list() {
  const words = query.value.toLowerCase();
  for (const one of choices.children) one.hidden = !one.textContent.toLowerCase().includes(words);
  pick([...choices.children].find((one) => !one.hidden));
}
function pick(one) {
  for (const other of choices.children) other.setAttribute("aria-selected", String(other === one));
  one?.scrollIntoView({ block: "nearest" });
}
function go(one) { if (!one) return; palette.close(); if (one.dataset.href) location.href = one.dataset.href; else open(one.dataset.verb, "{}"); }
query.addEventListener("input", list);
choices.addEventListener("click", (event) => go(event.target.closest("li")));
palette.addEventListener("keydown", (event) => {
  const shown = [...choices.children].filter((one) => !one.hidden), at = shown.findIndex((one) => one.getAttribute("aria-selected") === "true");
  if (event.key === "ArrowDown") pick(shown[Math.min(at + 1, shown.length - 1)]);
  else if (event.key === "ArrowUp") pick(shown[Math.max(at - 1, 0)]);
  else if (event.key === "Enter") go(shown[at]);
  else return;
  event.preventDefault();
});
let lead = "";
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") { event.preventDefault(); return showPalette(); }
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input,textarea,select,dialog")) return;
  const key = event.key, row = event.target.closest("[data-item]");
  if (lead === "g") { lead = ""; const to = $(`nav a[data-key="${key}"]`); if (to) location.href = to.href; return; }
  const items = [...document.querySelectorAll("[data-item]")];
  if (key === "g") lead = "g";
  else if (key === "?") $("#keys").showModal();
  else if (key === "n") open("submit", "{}");
  else if (key === "t") theme(true);
  else if (key === "j" || key === "k") step(items, row, key === "j" ? 1 : -1);
  else if (key === "o" && row) (row.matches("a") ? row : $("a", row))?.click();
  else $(`[data-key="${key}"]`, row ?? $("[data-shown]") ?? document.createElement("p"))?.click();
});
function step(items, row, by) {
  const at = row ? items.indexOf(row) : items.findIndex((one) => one.getAttribute("aria-current")) - (by > 0 ? 1 : 0);
  const to = items[Math.max(0, Math.min(items.length - 1, at + by))];
  to?.focus();
  if (to?.dataset.open && to.getAttribute("aria-current") !== "true") show(to);
}
function show(item) {  // beside the list, without leaving it
  history.replaceState(null, "", item.dataset.open);
  plan(0);
}
theme(false);
load();
showViews();
