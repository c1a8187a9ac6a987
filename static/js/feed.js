/**
 * The feed in a browser: which card is in sight, playing it, moving by keys, and telling the
 * server what was watched. Without this module the page is a list of links, forms and videos.
 */

import { EventQueue, uuid } from "./events.js";

const feed = document.querySelector("[data-feed]");
const say = document.querySelector("[data-say]");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const SOUND_KEY = "weft.sound";
const AHEAD = 3;

const queue = new EventQueue({ user: feed.dataset.user, address: feed.dataset.events, csrf: feed.dataset.csrf });

// ---- which card is in sight ---------------------------------------------------------------------

let active = null;
// Where the last key press leads while the scroll is still under way.
let heading = null;
let since = 0;
const prepared = new WeakSet();
const cards = () => [...feed.querySelectorAll(".feed-card")];
const stops = () => [...feed.querySelectorAll(".feed-card, .feed-end")];

const sight = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (entry.intersectionRatio >= 0.6) activate(entry.target);
    else if (entry.target === active) leave();
  }
}, { root: feed, threshold: [0.6] });

function activate(card) {
  if (card === active) return;
  leave();
  active = card;
  if (heading === card) heading = null;
  since = performance.now();
  if (!card.matches(".feed-card")) return;
  queue.add("view", card.dataset.item);
  play(card);
  const all = cards();
  const at = all.indexOf(card);
  all.forEach((other, index) => {
    const video = other.querySelector("video.media");
    if (video) video.preload = Math.abs(index - at) <= 1 ? "auto" : "none";
    if (index > at && index <= at + 2) other.querySelectorAll("img").forEach((image) => { image.loading = "eager"; });
  });
  const more = feed.querySelector("[data-more]");
  if (more && at >= all.length - AHEAD) window.htmx?.trigger(more, "near");
}

function leave() {
  if (!active) return;
  pauseClock();
  const video = active.querySelector("video.media");
  video?.pause();
  watched.delete(video);
  active = null;
}

function pauseClock() {
  if (!active?.matches(".feed-card") || !since) return;
  const seconds = (performance.now() - since) / 1000;
  since = 0;
  if (seconds > 0.25) queue.add("dwell", active.dataset.item, Math.round(seconds * 10) / 10);
  const share = watchedShare(active.querySelector("video.media"));
  if (share > 0.01) queue.add("complete", active.dataset.item, Math.round(share * 100) / 100);
}

// ---- video and sound ------------------------------------------------------------------------------

const soundOn = () => localStorage.getItem(SOUND_KEY) === "on";

function play(card, asked = false) {
  const video = card.querySelector("video.media");
  if (!video) return;
  keepWithin(video);
  video.muted = !soundOn();
  if (calm.matches && !asked) return showPlay(card, true);
  video.play().catch(() => {
    // Browsers refuse sound before the first gesture: go on without it.
    video.muted = true;
    video.play().catch(() => showPlay(card, true));
  });
}

// A long video plays as the viewer's clip, named by the fragment of its address: "#t=4.00,8.00".
// Browsers stop at the end of a fragment; ours begins again, as every other card does.
const clips = new WeakMap();

function takeClip(video) {
  const [address, fragment] = video.getAttribute("src").split("#t=");
  if (!fragment) return;
  const [start, end] = fragment.split(",").map(Number);
  clips.set(video, { start, end });
  video.loop = false;
  video.src = address;
  video.addEventListener("loadedmetadata", () => keepWithin(video));
  video.addEventListener("timeupdate", () => keepWithin(video));
  video.addEventListener("ended", () => {
    keepWithin(video);
    video.play().catch(() => {});
  });
  if (!video.requestVideoFrameCallback) return;
  // Every frame, where the browser tells: "timeupdate" comes a quarter of a second late.
  const watch = () => {
    keepWithin(video);
    video.requestVideoFrameCallback(watch);
  };
  video.requestVideoFrameCallback(watch);
}

function keepWithin(video) {
  const clip = clips.get(video);
  if (!clip || video.readyState < 1 || video.seeking) return;
  const past = video.currentTime >= Math.min(clip.end, video.duration) - 0.02;
  if (past || video.currentTime < clip.start - 0.3) video.currentTime = clip.start;
}

const span = (video) => clips.get(video) ?? { start: 0, end: video.duration };

/** How far what this card plays has been played, 0 to 1. */
function played(video) {
  const { start, end } = span(video);
  return end > start ? Math.min(Math.max((video.currentTime - start) / (end - start), 0), 1) : 0;
}

// Seconds that really ran since the card came into sight; jumps do not count, loops do.
const watched = new WeakMap();

function countWatched(video) {
  const before = watched.get(video) ?? { seconds: 0, at: video.currentTime };
  const step = video.currentTime - before.at;
  watched.set(video, { seconds: before.seconds + (step > 0 && step < 1.5 ? step : 0), at: video.currentTime });
}

/** How much of what this card plays was watched; above 1 when it was watched again. */
function watchedShare(video) {
  if (!video || !watched.has(video)) return 0;
  const { start, end } = span(video);
  const share = watched.get(video).seconds / (Math.min(end, video.duration) - start);
  return Number.isFinite(share) ? share : 0;
}

function showPlay(card, visible) {
  const button = card.querySelector("[data-play]");
  if (button) button.hidden = !visible;
}

function toggle(card) {
  const video = card.querySelector("video.media");
  if (!video) return;
  if (video.paused) play(card, true);
  else video.pause();
}

function applySound() {
  for (const button of feed.querySelectorAll("[data-sound]")) {
    button.hidden = false;
    button.setAttribute("aria-pressed", String(soundOn()));
  }
  for (const video of feed.querySelectorAll("video.media")) video.muted = !soundOn();
}

function toggleSound() {
  localStorage.setItem(SOUND_KEY, soundOn() ? "off" : "on");
  applySound();
  tell(soundOn() ? "Sound on" : "Sound off");
}

function prepare(card) {
  if (prepared.has(card)) return;
  prepared.add(card);
  sight.observe(card);
  markRejected(card);
  const video = card.querySelector("video.media");
  if (!video) return;
  video.controls = false;
  takeClip(video);
  video.addEventListener("play", () => showPlay(card, false));
  video.addEventListener("pause", () => card === active && !document.hidden && showPlay(card, true));
  const line = card.querySelector(".progress span");
  video.addEventListener("timeupdate", () => {
    countWatched(video);
    line?.style.setProperty("--played", video.duration ? played(video) : 0);
  });
}

function prepareAll() {
  stops().forEach((stop) => (stop.matches(".feed-card") ? prepare(stop) : sight.observe(stop)));
  applySound();
}

// ---- moving ---------------------------------------------------------------------------------------

function step(by) {
  const all = stops();
  const now = all.indexOf(heading ?? active ?? all[0]);
  const target = all[Math.min(Math.max(now + by, 0), all.length - 1)];
  if (!target) return;
  heading = target === active ? null : target;
  target.scrollIntoView({ behavior: calm.matches ? "auto" : "smooth", block: "start" });
  target.focus({ preventScroll: true });
}

const KEYS = {
  ArrowDown: () => step(1), j: () => step(1), PageDown: () => step(1), " ": () => step(1),
  ArrowUp: () => step(-1), k: () => step(-1), PageUp: () => step(-1),
  Home: () => step(-Infinity), End: () => step(Infinity),
  l: () => press("like"), d: () => press("dislike"), n: () => press("not_interested"),
  r: () => active?.querySelector("[data-opinion]")?.click(),
  m: toggleSound, p: () => active && toggle(active),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.target.closest("input, textarea, select, [contenteditable], .instructor, .site-header")) return;
  if (event.key === " " && event.target.closest("a, button, summary")) return;
  const action = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!action || (event.key === " " && event.shiftKey)) return;
  event.preventDefault();
  action();
});

// ---- reactions, sharing, why ----------------------------------------------------------------------

function press(kind) {
  const button = active?.querySelector(`[data-react="${kind}"]`);
  if (button) button.click();
  else active?.querySelector(`[data-invite="${kind}"]`)?.click();
}

function markRejected(card) {
  const pressed = card.querySelector('[data-reactions] [aria-pressed="true"]');
  card.classList.toggle("rejected", Boolean(pressed && pressed.dataset.react !== "like"));
}

const SPOKEN = { like: "Liked", dislike: "Disliked", not_interested: "You will see less of this", "": "Taken back" };

document.body.addEventListener("weft:reacted", (event) => reacted(event.detail));

function reacted({ item, reaction }) {
  tell(SPOKEN[reaction] ?? "");
  const card = document.getElementById(`item-${item}`);
  if (!card) return;
  markRejected(card);
  if (reaction === "like") burst(card);
  if (card === active && (reaction === "dislike" || reaction === "not_interested")) setTimeout(() => step(1), 350);
}

// A reaction carries its id from the press on. When the answer is lost it goes into the queue under
// the same id, so that it counts once, whether the server had it or not.
document.body.addEventListener("htmx:configRequest", (event) => {
  if (event.target.matches("[data-reactions]")) event.detail.parameters.event_id = uuid();
});
document.body.addEventListener("htmx:beforeRequest", (event) => {
  if (!event.target.matches("[data-reactions]")) return;
  const item = event.target.closest(".feed-card").dataset.item;
  if (!queue.holds(item)) return;
  // One is waiting already: in the queue they keep their order.
  event.preventDefault();
  keepReaction(event.target, event.detail.requestConfig.parameters);
  queue.flush();
});

const LABELS = {
  like: ["Like", "Liked"], dislike: ["Dislike", "Disliked"], not_interested: ["Not for me", "Hidden"],
};

/** Put a reaction into the queue and show it as made. */
function keepReaction(form, { kind, event_id: id }) {
  const { item } = form.closest(".feed-card").dataset;
  queue.add(kind, item, 1, id);
  const reaction = kind === "undo" ? "" : kind;
  for (const button of form.querySelectorAll("[data-react]")) {
    const on = button.dataset.react === reaction;
    button.value = on ? "undo" : button.dataset.react;
    button.setAttribute("aria-pressed", String(on));
    button.querySelector(".rail-label").textContent = LABELS[button.dataset.react][Number(on)];
  }
  reacted({ item, reaction });
}

// A refusal comes as a sentence, which htmx by itself would drop.
document.body.addEventListener("htmx:responseError", (event) => {
  if (!event.target.closest("[data-feed]")) return;
  const answer = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
  toast(answer.body.textContent.trim().slice(0, 300) || "That did not work. Please try again.");
});
document.body.addEventListener("htmx:sendError", (event) => {
  if (event.target.matches("[data-reactions]")) {
    keepReaction(event.target, event.detail.requestConfig.parameters);
    toast("You seem to be offline. This is kept and sent once you are back.");
  } else if (event.target.closest("[data-feed]")) toast("You seem to be offline. Please try again.");
});

let toastTimer = 0;

function toast(text) {
  const note = document.querySelector("[data-toast]");
  note.textContent = text;
  note.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { note.hidden = true; }, 7000);
}

function burst(card) {
  const heart = card.querySelector(".burst");
  heart.classList.remove("on");
  void heart.offsetWidth; // restarts the animation
  heart.classList.add("on");
}

async function share(link) {
  const url = new URL(link.dataset.share, location.href).href;
  const card = link.closest(".feed-card");
  try {
    if (navigator.share) await navigator.share({ url, title: card.querySelector(".title").textContent.trim() });
    else await navigator.clipboard.writeText(url);
  } catch (error) {
    if (error.name === "AbortError") return;
    location.assign(url);
    return;
  }
  if (!navigator.share) flash(link, "Copied");
  tell("Link copied");
  queue.add("share", card.dataset.item);
}

function flash(link, text) {
  const label = link.querySelector(".rail-label");
  const before = label.textContent;
  label.textContent = text;
  setTimeout(() => { label.textContent = before; }, 1600);
}

async function explain(link) {
  const dialog = document.querySelector("[data-why-dialog]");
  const response = await fetch(link.href, { headers: { "HX-Request": "true" } });
  if (!response.ok) return location.assign(link.href);
  dialog.querySelector("[data-why-body]").innerHTML = await response.text();
  dialog.showModal();
}

function tell(text) {
  say.textContent = "";
  requestAnimationFrame(() => { say.textContent = text; });
}

feed.addEventListener("click", (event) => {
  const link = event.target.closest("[data-share], [data-why], [data-invite], [data-sound], [data-play]");
  if (!link) {
    if (event.target.matches("video.media")) toggle(event.target.closest(".feed-card"));
    return;
  }
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (link.matches("[data-share]")) share(link);
  else if (link.matches("[data-why]")) explain(link).catch(() => location.assign(link.href));
  else if (link.matches("[data-invite]")) document.querySelector("[data-invite-dialog]").showModal();
  else if (link.matches("[data-sound]")) toggleSound();
  else toggle(link.closest(".feed-card"));
});

feed.addEventListener("dblclick", (event) => {
  if (!event.target.matches(".media")) return;
  const card = event.target.closest(".feed-card");
  const button = card.querySelector('[data-react="like"][aria-pressed="false"]');
  if (button) button.click();
  else card.querySelector('[data-invite="like"]')?.click();
});

// ---- the instructor's sheet on small screens -------------------------------------------------------

const panel = document.getElementById("instructor");
const opener = document.querySelector(".instructor-open");

function setPanel(open) {
  panel.classList.toggle("open", open);
  opener.setAttribute("aria-expanded", String(open));
  if (open) (panel.querySelector("textarea, input:not([type=hidden])") ?? panel).focus();
  else opener.focus();
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-instructor-open]")) {
    event.preventDefault();
    setPanel(true);
  } else if (event.target.closest("[data-instructor-close]")) {
    event.preventDefault();
    setPanel(false);
  }
});
panel.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && panel.classList.contains("open")) setPanel(false);
});

// ---- start -------------------------------------------------------------------------------------------

// A notice such as "signed in" has been read out; it must not stay over the first card.
setTimeout(() => document.querySelectorAll(".messages, .feed-note").forEach((note) => note.remove()), 5000);
const steps = document.querySelector("[data-steps]");
steps.hidden = false;
steps.addEventListener("click", (event) => {
  const button = event.target.closest("[data-step]");
  if (button) step(Number(button.dataset.step));
});
prepareAll();
new MutationObserver(prepareAll).observe(feed, { childList: true });
document.body.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.matches("[data-more]")) feed.setAttribute("aria-busy", "true");
});
document.body.addEventListener("htmx:afterSettle", () => feed.setAttribute("aria-busy", "false"));
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    pauseClock();
    active?.querySelector("video.media")?.pause();
    queue.beacon();
  } else if (active) {
    since = performance.now();
    if (active.matches(".feed-card")) play(active);
  }
});
addEventListener("pagehide", () => {
  pauseClock();
  queue.beacon();
});
for (const gesture of ["wheel", "touchstart"]) {
  feed.addEventListener(gesture, () => { heading = null; }, { passive: true });
}
queue.start();
