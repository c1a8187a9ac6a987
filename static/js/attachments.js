/**
 * The tray of pictures and videos that go with the next message: chosen, dropped or pasted, uploaded
 * at once with progress, looked at by a worker, shown as thumbnails, removable. Without this script the
 * form sends the files itself.
 */

const POLL_MS = 700;
const MOST_POLLS = 130;
/** element of the tray -> { id, state, discardUrl, request } */
const held = new Map();
let parts = null;
/** What to do once nothing is on its way any more. */
let act = null;

/** Bring the tray to life. `panel`: the element that holds it, which htmx may fill anew. */
export function liven(panel, say) {
  parts = { panel, say };
  panel.addEventListener("change", (event) => {
    if (!event.target.matches("[data-attach]")) return;
    take([...event.target.files]);
    event.target.value = "";
  });
  panel.addEventListener("click", (event) => {
    const button = event.target.closest("[data-tray-remove]");
    if (button) remove(button.closest("[data-tray-item]"));
  });
  panel.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length || !input()) return;
    event.preventDefault();
    take(files);
  });
  for (const name of ["dragover", "drop"]) {
    panel.addEventListener(name, (event) => {
      if (!input() || ![...event.dataTransfer.types].includes("Files")) return;
      event.preventDefault();
      panel.classList.toggle("is-over", name === "dragover");
      if (name === "drop") take([...event.dataTransfer.files]);
    });
  }
  panel.addEventListener("dragleave", () => panel.classList.remove("is-over"));
}

/** What goes with the message: ids, whether some are still on their way, pictures to show at once. */
export function attached() {
  const rows = [...held.values()];
  return {
    ids: rows.filter((row) => row.id && row.state !== "failed").map((row) => row.id),
    isUploading: rows.some((row) => !row.id && row.state !== "failed"),
    count: rows.filter((row) => row.state !== "failed").length,
  };
}

/** Do this when the last upload has ended, well or not. */
export function onceUploaded(action) {
  act = action;
}

function checkUploads() {
  if (!act || attached().isUploading) return;
  const action = act;
  act = null;
  action();
}

/** The message has arrived: the tray is empty again; what failed goes with it. */
export function empty() {
  held.clear();
  tray()?.replaceChildren();
  showTray();
}

const input = () => parts.panel.querySelector("[data-attach]");
const tray = () => parts.panel.querySelector("[data-tray]");

function showTray() {
  if (tray()) tray().hidden = !tray().children.length;
}

function take(files) {
  const most = Number(input().dataset.maxFiles);
  for (const file of files) {
    if (attached().count >= most) {
      parts.say(`At most ${most} pictures or videos go with one message.`);
      break;
    }
    const item = addItem(file);
    const problem = problemOf(file);
    if (problem) fail(item, problem);
    else send(item, file);
  }
}

/** A courtesy before the bytes travel; the server judges for itself. */
function problemOf(file) {
  const most = Number(input().dataset.maxBytes);
  if (!file.size) return "This file is empty.";
  if (file.size > most) return `This file is too large. The most is ${Math.floor(most / 1048576)} MB.`;
  const known = /^(image|video)\//.test(file.type) || /\.(heic|heif|mkv|mov)$/i.test(file.name);
  return known ? "" : "This is neither a picture nor a video that Weft can read.";
}

function addItem(file) {
  const item = document.createElement("li");
  item.className = "tray-item";
  item.dataset.trayItem = "";
  const picture = document.createElement("span");
  picture.className = "tray-picture";
  if (file.type.startsWith("image/")) {
    const img = document.createElement("img");
    img.alt = "";
    img.src = URL.createObjectURL(file);
    const free = () => URL.revokeObjectURL(img.src);
    img.addEventListener("load", free, { once: true });
    img.addEventListener("error", () => { free(); img.remove(); }, { once: true });
    picture.append(img);
  } else {
    picture.classList.add("is-video");
  }
  const bar = document.createElement("progress");
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", `Upload of ${file.name}`);
  const note = document.createElement("span");
  note.className = "tray-note small";
  note.textContent = file.name;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "tray-remove";
  button.dataset.trayRemove = "";
  button.setAttribute("aria-label", `Remove ${file.name}`);
  button.textContent = "×";
  item.append(picture, bar, note, button);
  tray().append(item);
  held.set(item, { id: null, state: "uploading" });
  showTray();
  return item;
}

function send(item, file) {
  const body = new FormData();
  const form = input().form;
  body.append("csrfmiddlewaretoken", form.querySelector('[name="csrfmiddlewaretoken"]').value);
  body.append("file", file);
  const request = new XMLHttpRequest();
  held.get(item).request = request;
  request.open("POST", input().dataset.attach);
  request.setRequestHeader("Accept", "application/json");
  request.upload.addEventListener("progress", (event) => {
    if (event.lengthComputable) item.querySelector("progress").value = event.loaded / event.total;
  });
  request.addEventListener("load", () => {
    const answer = parse(request.responseText);
    if (request.status !== 201 || !answer?.id) {
      fail(item, answer?.detail ?? "This file could not be taken in. Please try again.");
      return;
    }
    if (!held.has(item)) {
      discard(answer.discard_url);
      return;
    }
    update(item, answer);
    checkUploads();
    if (answer.state === "waiting") follow(item, answer.url);
  });
  request.addEventListener("error", () => fail(item, "The connection broke. Please attach it again."));
  request.send(body);
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Ask until the worker has looked at it; the message may be sent before that. */
async function follow(item, url, polls = 0) {
  if (polls > MOST_POLLS || !held.has(item)) return;
  await new Promise((resolve) => { setTimeout(resolve, POLL_MS); });
  if (!held.has(item)) return;
  let answer = null;
  try {
    const response = await fetch(url, { headers: { Accept: "application/json" } });
    answer = response.ok ? await response.json() : null;
  } catch {
    // The next try may get through.
  }
  if (answer && held.has(item)) update(item, answer);
  if (!answer || answer.state === "waiting") follow(item, url, polls + 1);
}

function update(item, answer) {
  Object.assign(held.get(item), { id: answer.id, state: answer.state, discardUrl: answer.discard_url });
  if (answer.state === "failed") {
    fail(item, answer.problem);
    return;
  }
  const bar = item.querySelector("progress");
  if (answer.state === "ready") bar?.remove();
  else bar?.removeAttribute("value");
  if (answer.thumb_url && !item.querySelector("img")) {
    const img = document.createElement("img");
    img.alt = "";
    img.src = answer.thumb_url;
    item.querySelector(".tray-picture").replaceChildren(img);
  }
}

function fail(item, problem) {
  if (!held.has(item)) return;
  held.get(item).state = "failed";
  item.classList.add("refused");
  item.querySelector("progress")?.remove();
  const note = item.querySelector(".tray-note");
  note.textContent = problem;
  note.setAttribute("role", "alert");
  // What failed is looked at first; nothing is sent without it.
  act = null;
}

function remove(item) {
  const row = held.get(item);
  held.delete(item);
  item.remove();
  showTray();
  if (row?.id) discard(row.discardUrl);
  else row?.request?.abort();
  checkUploads();
  input()?.focus();
}

function discard(url) {
  const token = input()?.form.querySelector('[name="csrfmiddlewaretoken"]').value;
  fetch(url, { method: "POST", headers: { "X-CSRFToken": token } }).catch(() => {});
}
