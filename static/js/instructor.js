/**
 * The conversation with the instructor: Enter sends, quick replies, what is in sight, results that
 * arrive later. htmx posts the form and appends the turns; jobs.js follows creations. Without this
 * script the same forms post and come back to the open panel.
 */

import * as attachments from "./attachments.js";
import * as voice from "./voice.js";

const panel = document.getElementById("instructor");
const query = (selector) => panel.querySelector(selector);
const log = () => query("[data-chat-log]");
const form = () => query("[data-chat-form]");
const field = () => query("#chat-text");
const NEAR_LIMIT = 80;

// ---- sending ---------------------------------------------------------------------------------------

panel.addEventListener("keydown", (event) => {
  if (event.target !== field() || event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  if (field().value.trim() || attachments.attached().count) form().requestSubmit(query(".chat-send"));
});

panel.addEventListener("input", (event) => {
  if (event.target !== field()) return;
  say("");
  const left = field().maxLength - field().value.length;
  query("[data-chat-count]").textContent = left <= NEAR_LIMIT ? `${left} characters left. ` : "";
});

// Quick replies stand outside the form, where htmx does not notice which button was pressed.
let pressed = null;
panel.addEventListener("submit", (event) => {
  pressed = event.submitter;
}, true);

panel.addEventListener("htmx:configRequest", (event) => {
  if (event.target !== form()) return;
  const { parameters } = event.detail;
  if (pressed?.name === "suggestion") parameters.suggestion = pressed.value;
  const text = String(parameters.suggestion || parameters.text || "").trim();
  const tray = attachments.attached();
  if (tray.isUploading) {
    event.preventDefault();
    const button = pressed;
    say("Sending as soon as what you attached has arrived.", true);
    attachments.onceUploaded(() => form().requestSubmit(button?.isConnected ? button : undefined));
    return;
  }
  if (!text && !tray.ids.length) {
    event.preventDefault();
    field().focus();
    return;
  }
  parameters.attachments = tray.ids.join(",");
  const inSight = whatIsInSight();
  parameters.shown_ids = inSight.shown.join(",");
  parameters.focus_id = inSight.focus ?? "";
});

panel.addEventListener("htmx:beforeSend", (event) => {
  if (event.target !== form()) return;
  const { requestConfig } = event.detail;
  const text = requestConfig.parameters.suggestion || requestConfig.parameters.text;
  query("[data-chat-empty]")?.remove();
  query("[data-chat-clear]").hidden = false;
  panel.querySelectorAll("[data-chips]").forEach((chips) => chips.remove());
  voice.stop();
  log().append(bubble("person", text || "…"), waiting());
  if (!requestConfig.parameters.suggestion) field().value = "";
  setBusy(true);
  say("");
  scrollToEnd();
});

panel.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target === log() && !event.detail.isError) dropPending();
});

panel.addEventListener("htmx:afterRequest", (event) => {
  if (event.target !== form()) return;
  setBusy(false);
  if (event.detail.successful) {
    form().elements.request_key.value = newKey();
    attachments.empty();
    query("[data-chat-count]").textContent = "";
  } else {
    giveBack(event.detail);
  }
  scrollToEnd();
  if (matchMedia("(pointer: fine)").matches) field().focus();
});

/** The message did not arrive: put it back into the field and say why. */
function giveBack(detail) {
  const text = query("[data-pending].from-person .bubble")?.textContent ?? "";
  dropPending();
  if (!field().value && text !== "…") field().value = text;
  say(sentenceOf(detail.xhr));
}

function sentenceOf(xhr) {
  if (!xhr?.status) return "The connection is gone. Your message is still here: try again.";
  if (xhr.status === 403) return "You are no longer signed in. Reload the page and sign in again.";
  const page = new DOMParser().parseFromString(xhr.responseText, "text/html");
  const sentence = page.querySelector(".notice, [role=alert], main p")?.textContent.trim();
  return xhr.status < 500 && sentence ? sentence : "Something went wrong here. Please try again.";
}

/** Tell a problem beside the field, or with `isNote` something that is none. */
function say(sentence, isNote = false) {
  const problem = query("[data-chat-problem]");
  if (!problem) return;
  problem.textContent = sentence;
  problem.hidden = !sentence;
  problem.classList.toggle("is-note", isNote);
}

function setBusy(busy) {
  query(".chat-send").disabled = busy;
  log().setAttribute("aria-busy", String(busy));
}

function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

// ---- what is in sight --------------------------------------------------------------------------------

/** The last results of the talk, in order, and the card of the feed that is in view beside it. */
function whatIsInSight() {
  const results = [...panel.querySelectorAll(".found")].pop();
  const found = [...(results?.querySelectorAll("[data-found]") ?? [])];
  return { shown: found.map((one) => one.dataset.found), focus: activeCard()?.dataset.item };
}

function activeCard() {
  const middle = innerHeight / 2;
  return [...document.querySelectorAll("[data-feed] [data-item]")].find((card) => {
    const box = card.getBoundingClientRect();
    return box.top <= middle && box.bottom >= middle;
  });
}

// ---- the log -----------------------------------------------------------------------------------------

function bubble(speaker, text) {
  const turn = document.createElement("article");
  turn.className = `turn from-${speaker}`;
  turn.dataset.pending = "";
  // The server's turns, which follow at once, are the ones to be read out.
  turn.setAttribute("aria-hidden", "true");
  const words = document.createElement("p");
  words.className = "bubble";
  words.textContent = text;
  turn.append(words);
  return turn;
}

function waiting() {
  const turn = bubble("instructor", "");
  turn.classList.add("waiting");
  turn.firstChild.append(...Array.from({ length: 3 }, () => document.createElement("i")));
  return turn;
}

function dropPending() {
  panel.querySelectorAll("[data-pending]").forEach((turn) => turn.remove());
}

function scrollToEnd() {
  const box = log();
  if (box) box.scrollTop = box.scrollHeight;
}

// Pictures have no height until they have loaded.
panel.addEventListener("load", (event) => {
  const turns = panel.querySelectorAll("[data-turn]");
  if (event.target.matches?.("img") && turns[turns.length - 1]?.contains(event.target)) scrollToEnd();
}, true);

panel.addEventListener("htmx:afterSettle", () => {
  prepare();
  scrollToEnd();
});

// ---- what was made -------------------------------------------------------------------------------------

/** A creation has settled: show the turn as it stands now, with its picture or what became of it. */
panel.addEventListener("job:settled", async (event) => {
  const turn = event.target.closest("[data-turn]");
  const fresh = turn && (await fetchPart(turn.dataset.turnUrl, "[data-turn]"));
  if (!fresh || !turn.isConnected) return;
  const isLast = !turn.nextElementSibling;
  turn.replaceWith(fresh);
  window.htmx?.process(fresh);
  prepare();
  if (isLast) scrollToEnd();
});

async function fetchPart(url, selector) {
  const page = await fetchPage(url);
  const part = page?.querySelector(selector);
  return part ? document.adoptNode(part) : null;
}

async function fetchPage(url) {
  try {
    const response = await fetch(url, { headers: { "HX-Request": "true" } });
    return response.ok ? new DOMParser().parseFromString(await response.text(), "text/html") : null;
  } catch {
    return null;
  }
}

panel.addEventListener("click", (event) => {
  const change = event.target.closest("[data-prefill]");
  if (change) {
    event.preventDefault();
    field().value = change.dataset.prefill;
    field().focus();
    field().setSelectionRange(field().value.length, field().value.length);
    return;
  }
  const show = event.target.closest("[data-show-in-feed]");
  if (show) {
    event.preventDefault();
    showInFeed(show);
  }
});

/** Put what was found next into the feed, and go there. */
async function showInFeed(link) {
  const feed = document.querySelector("[data-feed]");
  const page = await fetchPage(link.dataset.showInFeed);
  if (!page || !feed) return;
  const cards = [...page.querySelectorAll("[data-item]")].map((card) => document.adoptNode(card));
  const ids = new Set(cards.map((card) => card.id));
  const active = activeCard();
  feed.querySelectorAll("[data-item]").forEach((card) => ids.has(card.id) && card !== active && card.remove());
  const fresh = cards.filter((card) => card.id !== active?.id);
  if (active) active.after(...fresh);
  else feed.prepend(...fresh);
  fresh.forEach((card) => window.htmx?.process(card));
  if (panel.classList.contains("open")) query("[data-instructor-close]")?.click();
  (fresh[0] ?? active)?.scrollIntoView();
  (fresh[0] ?? active)?.focus({ preventScroll: true });
}

function prepare() {
  panel.querySelectorAll("[data-show-in-feed]").forEach((link) => {
    link.hidden = false;
  });
  voice.show(panel);
}

prepare();
attachments.liven(panel, say);
voice.liven(panel, { field, say });
scrollToEnd();
if (location.hash === "#instructor" || location.hash === "#chat-text") panel.classList.add("open");
