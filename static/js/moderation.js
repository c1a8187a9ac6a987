/**
 * The moderator's pages: keys for every decision, and pictures blurred or grey as last chosen.
 * Without it the plain buttons do the same.
 */

remember("[data-blur]", "weft.review.blur", true);
remember("[data-grey]", "weft.review.grey", false);
document.querySelectorAll("select[data-fills]").forEach(fillNote);
document.addEventListener("keydown", pressKey);
document.querySelector("[data-result]")?.focus({ preventScroll: false });

/** Keep a checkbox as the moderator left it, on this machine. */
function remember(selector, key, first) {
  const box = document.querySelector(selector);
  if (!box) return;
  box.checked = read(key, first);
  box.addEventListener("change", () => write(key, box.checked));
}

function read(key, first) {
  try {
    const kept = localStorage.getItem(key);
    return kept === null ? first : kept === "1";
  } catch {
    return first;
  }
}

function write(key, value) {
  try {
    localStorage.setItem(key, value ? "1" : "0");
  } catch {
    // Private windows may refuse; the choice then holds for this page alone.
  }
}

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

/** One letter presses the button that names it, except while typing. */
function pressKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.key === "Escape") return closeReject();
  if (event.target.closest("input:not([type=checkbox]), select, textarea")) return;
  const key = event.key.toLowerCase();
  if (key === "b") return document.querySelector("[data-blur]")?.click();
  const button = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (!button) return;
  event.preventDefault();
  if (button.matches("summary")) openReject(button.parentElement);
  else button.click();
}

function openReject(details) {
  details.open = true;
  details.querySelector("select").focus();
}

function closeReject() {
  const details = document.querySelector("[data-reject][open]");
  if (!details) return;
  details.open = false;
  details.querySelector("summary").focus();
}
