/**
 * The moderator's pages: keys for everything. Without it the plain buttons do the same, and how
 * pictures are shown follows the moderator's settings either way.
 */

document.querySelectorAll("select[data-fills]").forEach(fillNote);
document.addEventListener("keydown", pressKey);
document.querySelector("[data-result]")?.focus({ preventScroll: false });

const SWITCHES = { b: "[data-blur]", g: "[data-grey]" };

/** Offer the reason's usual sentence, unless the moderator wrote one. */
function fillNote(select) {
  const note = document.getElementById(select.dataset.fills);
  let offered = "";
  select.addEventListener("change", () => {
    if (note.value && note.value !== offered) return;
    offered = select.selectedOptions[0]?.dataset.sentence ?? "";
    note.value = offered;
  });
}

/** One letter presses the button that names it, except while typing. Tab is never caught. */
function pressKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.key === "Escape") return leave(event);
  if (event.target.closest("input:not([type=checkbox]), select, textarea")) return;
  const key = event.key.toLowerCase();
  if (SWITCHES[key]) return document.querySelector(SWITCHES[key])?.click();
  if (key === "m") return switchSound();
  if (key === "j" || key === "k") return step(key === "j" ? 1 : -1);
  if (key === "x") return choose();
  const field = document.querySelector(`[data-focus="${CSS.escape(key)}"]`);
  const button = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (!field && !button) return;
  event.preventDefault();
  if (field) field.focus();
  else if (button.matches("summary")) openForm(button.parentElement);
  else button.click();
}

function switchSound() {
  const video = document.querySelector("[data-video]");
  if (video) video.muted = !video.muted;
}

/** Move to the next or previous case of the list; Enter then opens it, as on any link. */
function step(by) {
  const links = [...document.querySelectorAll("[data-case]")];
  if (!links.length) return;
  const now = links.findIndex((link) => link.closest("li").contains(document.activeElement));
  const next = now < 0 ? (by > 0 ? 0 : links.length - 1) : now + by;
  links[Math.max(0, Math.min(next, links.length - 1))].focus();
}

function choose() {
  document.activeElement.closest(".case-row")?.querySelector("[name=cases]:not(:disabled)")?.click();
}

function openForm(details) {
  details.open = true;
  details.querySelector("select, textarea").focus();
}

/** Escape closes an open form, or leaves the field one types in. */
function leave(event) {
  const details = document.querySelector("[data-reject][open]");
  if (details) {
    details.open = false;
    details.querySelector("summary").focus();
  } else if (event.target.matches("textarea, input, select")) {
    event.target.blur();
  }
}
