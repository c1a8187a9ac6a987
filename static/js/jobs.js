/**
 * Keeps job cards up to date: server-sent events while they last, polling when the stream is cut.
 *
 * `watchJob(element)` follows one card made by templates/generation/_job.html. Every card on the
 * page, and every card that htmx brings in, is watched without further calls. When a job has
 * settled the card is fetched once more and a `job:settled` event tells the page its progress.
 */

const POLL_MS = 2000;
const watched = new WeakSet();

export function watchJob(element) {
  if (!element.dataset.jobEvents || watched.has(element)) return;
  watched.add(element);
  if (!("EventSource" in window)) {
    poll(element);
    return;
  }
  const source = new EventSource(element.dataset.jobEvents);
  source.addEventListener("progress", (event) => {
    if (!element.isConnected) {
      source.close();
      return;
    }
    const progress = JSON.parse(event.data);
    show(element, progress);
    if (progress.settled || changedShape(element, progress)) {
      source.close();
      refresh(element, progress);
    }
  });
  source.addEventListener("error", () => {
    source.close();
    if (element.isConnected) setTimeout(() => poll(element), POLL_MS);
  });
}

export function watchJobs(root = document) {
  if (root.matches?.("[data-job-events]")) watchJob(root);
  root.querySelectorAll("[data-job-events]").forEach(watchJob);
}

const isActive = (state) => state === "queued" || state === "running";

/** Whether the card needs other parts than it has: it ended, while its item is still screened. */
function changedShape(element, progress) {
  return isActive(element.dataset.jobState) && !isActive(progress.state);
}

function show(element, progress) {
  if (isActive(progress.state)) element.dataset.jobState = progress.state;
  const stage = element.querySelector("[data-job-stage]");
  if (stage && stage.textContent !== progress.stage_text) stage.textContent = progress.stage_text;
  const bar = element.querySelector("[data-job-bar]");
  if (bar) bar.value = progress.share;
  const estimate = element.querySelector("[data-job-estimate]");
  if (estimate) {
    const left = progress.estimate_s === null ? 0 : Math.max(1, Math.round(progress.estimate_s));
    estimate.textContent = left ? `About ${left} s left` : "";
  }
}

/** Replace the card by a fresh one from the server; the new card is watched if it goes on. */
async function refresh(element, progress) {
  const fresh = await fetchCard(element);
  if (!fresh || !element.isConnected) return;
  const hadFocus = element.contains(document.activeElement);
  element.replaceWith(fresh);
  window.htmx?.process(fresh);
  if (hadFocus) fresh.querySelector("a, button")?.focus();
  watchJob(fresh);
  const name = progress?.settled ? "job:settled" : "job:changed";
  fresh.dispatchEvent(new CustomEvent(name, { bubbles: true, detail: progress ?? {} }));
}

async function fetchCard(element) {
  try {
    const response = await fetch(element.dataset.jobUrl, { headers: { "HX-Request": "true" } });
    if (!response.ok) return null;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    return document.adoptNode(page.querySelector("[data-job]"));
  } catch {
    return null;
  }
}

async function poll(element) {
  if (!element.isConnected) return;
  const fresh = await fetchCard(element);
  if (!fresh) {
    setTimeout(() => poll(element), POLL_MS);
    return;
  }
  const settled = !fresh.dataset.jobEvents;
  element.replaceWith(fresh);
  window.htmx?.process(fresh);
  if (settled) {
    fresh.dispatchEvent(new CustomEvent("job:settled", { bubbles: true, detail: { settled } }));
  } else {
    watched.add(fresh);
    setTimeout(() => poll(fresh), POLL_MS);
  }
}

document.addEventListener("htmx:load", (event) => watchJobs(event.detail.elt));
watchJobs();
