/** Stars and words about an item in a sheet over the page; without this module they have a page. */

const sheet = document.querySelector("[data-opinion-dialog]");

async function open(link) {
  const response = await fetch(link.href, { headers: { "HX-Request": "true" } });
  if (!response.ok || response.redirected) return location.assign(link.href);
  const body = sheet.querySelector("[data-opinion-body]");
  body.innerHTML = await response.text();
  window.htmx?.process(body);
  sheet.showModal();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-opinion]");
  if (!link || !sheet || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  open(link).catch(() => location.assign(link.href));
});

// A refusal comes as a sentence, which htmx by itself would drop.
sheet?.addEventListener("htmx:responseError", (event) => {
  const answer = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
  warn(answer.body.textContent.trim().slice(0, 300) || "That did not work. Please try again.");
});
sheet?.addEventListener("htmx:sendError", () => {
  warn("You seem to be offline. What you wrote is still here: please send it again later.");
});

function warn(text) {
  const note = sheet.querySelector("[data-opinion-problem]");
  note.textContent = text;
  note.hidden = false;
}
