/**
 * The studio: drag and drop with real upload progress, and words for the strength slider. Without it
 * the plain forms do the same, one page at a time.
 */

const upload = document.querySelector("[data-upload]");
if (upload) liven(upload);
document.querySelectorAll("[data-strength]").forEach(nameStrength);
// Another tool of the editor brings its own slider.
document.body.addEventListener("htmx:afterSettle", () => {
  document.querySelectorAll("[data-strength]:not([data-live])").forEach(nameStrength);
});

// --- upload -----------------------------------------------------------------------------------

/** Send files as soon as they are chosen or dropped, one after the other. */
function liven(form) {
  const input = form.querySelector('input[type="file"]');
  form.classList.add("is-live");
  input.addEventListener("change", () => {
    take(form, [...input.files]);
    input.value = "";
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  let depth = 0;
  form.addEventListener("dragenter", () => form.classList.toggle("is-over", ++depth > 0));
  form.addEventListener("dragleave", () => form.classList.toggle("is-over", --depth > 0));
  form.addEventListener("dragover", (event) => event.preventDefault());
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    depth = 0;
    form.classList.remove("is-over");
    take(form, [...event.dataTransfer.files]);
  });
  // A file dropped beside the zone must not replace the page.
  for (const name of ["dragover", "drop"]) {
    window.addEventListener(name, (event) => event.preventDefault());
  }
}

let queue = Promise.resolve();

function take(form, files) {
  const most = Number(form.dataset.maxFiles);
  for (const file of files.slice(0, most)) {
    const row = addRow(form, file);
    const problem = problemOf(file, Number(form.dataset.maxBytes));
    if (problem) refuse(row, problem);
    else queue = queue.then(() => send(form, file, row));
  }
  queue = queue.then(refreshList);
  if (files.length > most) {
    const row = addRow(form, { name: `${files.length - most} more`, type: "" });
    refuse(row, `At most ${most} files at a time. Add the others when these are done.`);
  }
}

/** A courtesy before the bytes travel; the server judges for itself. */
function problemOf(file, maxBytes) {
  if (file.size === 0) return "This file is empty.";
  if (file.size > maxBytes) {
    return `This file is too large. The most is ${Math.floor(maxBytes / 1048576)} MB.`;
  }
  const known = /^(image|video)\//.test(file.type) || /\.(heic|heif|mkv|mov)$/i.test(file.name);
  return known ? "" : "This is neither a picture nor a video that Weft can read.";
}

function addRow(form, file) {
  const row = document.createElement("li");
  const thumb = document.createElement(file.type.startsWith("image/") ? "img" : "span");
  thumb.className = "file-thumb";
  if (thumb.tagName === "IMG") {
    thumb.alt = "";
    thumb.src = URL.createObjectURL(file);
    thumb.addEventListener("load", () => URL.revokeObjectURL(thumb.src), { once: true });
  }
  const name = document.createElement("span");
  name.className = "file-name";
  name.textContent = file.name;
  const note = document.createElement("span");
  note.className = "file-note";
  note.textContent = "Waiting";
  const bar = document.createElement("progress");
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", `Upload of ${file.name}`);
  row.append(thumb, name, note, bar);
  form.querySelector("[data-upload-files]").append(row);
  return row;
}

function refuse(row, problem) {
  row.classList.add("refused");
  row.querySelector("progress")?.remove();
  row.querySelector(".file-note").textContent = problem;
}

/** Resolves when the file is there or refused; never rejects, so that the next one goes on. */
function send(form, file, row) {
  return new Promise((resolve) => {
    const body = new FormData();
    body.append("csrfmiddlewaretoken", form.querySelector('[name="csrfmiddlewaretoken"]').value);
    body.append("licence", form.querySelector('[name="licence"]')?.value || "own");
    body.append("files", file);
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    const bar = row.querySelector("progress");
    const note = row.querySelector(".file-note");
    request.upload.addEventListener("progress", (event) => {
      if (!event.lengthComputable) return;
      bar.value = event.loaded / event.total;
      note.textContent = `${Math.round(100 * bar.value)} %`;
    });
    request.addEventListener("load", () => {
      finish(row, request);
      resolve();
    });
    request.addEventListener("error", () => {
      refuse(row, "The connection broke. Please add the file again.");
      resolve();
    });
    request.send(body);
  });
}

function finish(row, request) {
  let answer = {};
  try {
    answer = JSON.parse(request.responseText);
  } catch {
    // Not ours: a proxy's page, for example; the sentence below covers it.
  }
  const file = answer.files?.[0];
  if (file?.name) row.querySelector(".file-name").textContent = file.name;
  if (file?.note) row.querySelector(".file-name").title = file.note;
  if (!file?.url) {
    refuse(row, file?.problem || answer.detail || "The server did not take this file.");
    return;
  }
  row.querySelector("progress").value = 1;
  const link = document.createElement("a");
  link.className = "button small";
  link.href = file.url;
  link.textContent = "Open";
  row.querySelector(".file-note").replaceWith(link);
}

/** Bring the list below up to date with what has arrived. */
async function refreshList() {
  const list = document.querySelector("[data-studio-list]");
  const response = await fetch(location.href).catch(() => null);
  if (!list || !response?.ok) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const fresh = page.querySelector("[data-studio-list]");
  if (fresh) list.replaceWith(document.adoptNode(fresh));
}

// --- edits ------------------------------------------------------------------------------------

/** Say in words how much the slider lets AI change. */
function nameStrength(slider) {
  slider.dataset.live = "";
  const word = slider.form.querySelector("[data-strength-word]");
  const say = () => {
    const value = Number(slider.value);
    if (value < 0.4) word.textContent = "a touch: shape and folds stay";
    else if (value < 0.6) word.textContent = "some: colours and pattern may change";
    else if (value < 0.8) word.textContent = "a lot: cut and details may change";
    else word.textContent = "almost new: only the idea stays";
    slider.setAttribute("aria-valuetext", word.textContent);
  };
  slider.addEventListener("input", say);
  say();
}
