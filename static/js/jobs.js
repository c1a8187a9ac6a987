/**
 * Keeps job cards up to date: server-sent events while they last, polling when the stream is cut.
 *
 * One stream serves all cards of a page, as browsers open only six connections to a site. Every card
 * made by templates/generation/_job.html, and every card that htmx brings in, is watched without
 * further calls. When a job has settled its card is fetched once more and a `job:settled` event tells
 * the page its progress; `job:changed` says that a card got another shape before that.
 */

const POLL_MS = 2000;
/** So many failures in a row and the stream is given up. */
const MOST_FAILURES = 3;
const watched = new Map();
const refreshes = new Map();
let stream = null;
let opening = 0;
let failures = 0;

export function watchJobs(root = document) {
  const found = root.matches?.("[data-job-events]") ? [root] : [];
  for (const card of [...found, ...root.querySelectorAll("[data-job-events]")]) watchJob(card);
}

export function watchJob(card) {
  const id = card.dataset.job;
  if (!card.dataset.jobEvents || watched.get(id) === card) return;
  const isNew = !watched.has(id);
  watched.set(id, card);
  if (!("EventSource" in window)) poll(id);
  else if (isNew) openStream();
}

/** Open one stream for all cards there are, once the page has stopped adding some. */
function openStream() {
  clearTimeout(opening);
  opening = setTimeout(() => {
    stream?.close();
    forgetGone();
    if (!watched.size) return;
    const [card] = watched.values();
    stream = new EventSource(`${card.dataset.jobEvents}?jobs=${[...watched.keys()].join(",")}`);
    stream.addEventListener("progress", (event) => receive(JSON.parse(event.data)));
    stream.addEventListener("error", onError);
  });
}

function onError() {
  forgetGone();
  if (!watched.size) {
    stream.close();
    return;
  }
  failures += 1;
  // The browser opens a stream that ended again by itself.
  if (failures < MOST_FAILURES && stream.readyState !== EventSource.CLOSED) return;
  stream.close();
  for (const id of watched.keys()) setTimeout(() => poll(id), POLL_MS);
}

function receive(progress) {
  failures = 0;
  const id = String(progress.job_id);
  const card = watched.get(id);
  if (!card?.isConnected) {
    watched.delete(id);
    if (!watched.size) stream.close();
    return;
  }
  show(card, progress);
  if (progress.settled || changedShape(card, progress)) {
    if (progress.settled) watched.delete(id);
    if (!watched.size) stream.close();
    refresh(card, progress);
  }
}

function forgetGone() {
  for (const [id, card] of watched) if (!card.isConnected) watched.delete(id);
}

const isActive = (state) => state === "queued" || state === "running";

/** Whether the card needs other parts than it has: it ended, while its item is still screened. */
function changedShape(card, progress) {
  return isActive(card.dataset.jobState) && !isActive(progress.state);
}

function show(card, progress) {
  if (isActive(progress.state)) card.dataset.jobState = progress.state;
  const stage = card.querySelector("[data-job-stage]");
  if (stage && stage.textContent !== progress.stage_text) stage.textContent = progress.stage_text;
  const bar = card.querySelector("[data-job-bar]");
  if (bar) bar.value = progress.share;
  const estimate = card.querySelector("[data-job-estimate]");
  if (estimate) estimate.textContent = timeLeft(progress.estimate_s);
}

function timeLeft(seconds) {
  if (!seconds) return "";
  if (seconds < 90) return `About ${Math.max(1, Math.round(seconds))} s left`;
  return `About ${Math.round(seconds / 60)} min left`;
}

/** Replace the card by a fresh one from the server; the new card is watched if it goes on. */
async function refresh(card, progress) {
  // Until the new card is there, the old one must not ask for it again.
  card.dataset.jobState = progress.state;
  const turn = (refreshes.get(card.id) ?? 0) + 1;
  refreshes.set(card.id, turn);
  const fresh = await fetchCard(card);
  const current = document.getElementById(card.id);
  // A later refresh brings newer news.
  if (!fresh || !current || refreshes.get(card.id) !== turn) return;
  place(current, fresh);
  const name = progress.settled ? "job:settled" : "job:changed";
  fresh.dispatchEvent(new CustomEvent(name, { bubbles: true, detail: progress }));
}

function place(card, fresh) {
  const hadFocus = card.contains(document.activeElement);
  card.replaceWith(fresh);
  window.htmx?.process(fresh);
  rest(fresh);
  if (hadFocus) fresh.querySelector("a, button")?.focus();
  if (watched.has(fresh.dataset.job)) watched.set(fresh.dataset.job, fresh);
  watchJobs(fresh);
}

async function fetchCard(card) {
  try {
    const response = await fetch(card.dataset.jobUrl, { headers: { "HX-Request": "true" } });
    if (!response.ok) return null;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    return document.adoptNode(page.querySelector("[data-job]"));
  } catch {
    return null;
  }
}

async function poll(id) {
  const card = watched.get(id);
  if (!card?.isConnected) {
    watched.delete(id);
    return;
  }
  const fresh = await fetchCard(card);
  if (!fresh || !card.isConnected) {
    setTimeout(() => poll(id), POLL_MS);
    return;
  }
  const settled = !fresh.dataset.jobEvents;
  if (settled) watched.delete(id);
  place(card, fresh);
  if (settled) {
    fresh.dispatchEvent(new CustomEvent("job:settled", { bubbles: true, detail: { settled } }));
  } else {
    setTimeout(() => poll(id), POLL_MS);
  }
}

/** Whoever asked for less motion gets the poster, and plays the video by opening it. */
function rest(root) {
  if (!matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  for (const video of root.querySelectorAll("[data-job-video]")) {
    video.removeAttribute("autoplay");
    video.pause();
  }
}

document.addEventListener("htmx:load", (event) => {
  watchJobs(event.detail.elt);
  rest(event.detail.elt);
});
watchJobs();
rest(document);
