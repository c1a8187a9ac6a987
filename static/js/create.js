/**
 * The create page: sliders say their value in words, examples fill the words in, and what is typed is
 * shown as it will be understood. Without this file all of it works as a plain form.
 */

const WAIT_MS = 350;
const form = document.querySelector("[data-create]");
const words = form.elements.instruction;

for (const output of form.querySelectorAll("output[data-words]")) {
  const slider = form.querySelector(`#${output.htmlFor}`);
  const steps = output.dataset.words.split("|");
  const say = () => {
    const share = (slider.value - slider.min) / (slider.max - slider.min);
    output.textContent = steps[Math.round(share * (steps.length - 1))];
  };
  slider.addEventListener("input", say);
  say();
}

for (const example of form.querySelectorAll("[data-example]")) {
  example.addEventListener("click", (event) => {
    event.preventDefault();
    words.value = example.textContent;
    words.focus();
    understand();
  });
}

let waiting = 0;
let asked = 0;
form.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(understand, WAIT_MS);
});

async function understand() {
  const turn = (asked += 1);
  const data = new FormData(form);
  data.delete("csrfmiddlewaretoken");
  try {
    const answer = await fetch(`${form.dataset.understood}?${new URLSearchParams(data)}`);
    if (!answer.ok || turn !== asked) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    form.querySelector("[data-heard]").replaceWith(page.querySelector("[data-heard]"));
  } catch {
    // It is only a hint; the next key asks again.
  }
}

// A button pressed twice sends one wish; the key in the form holds even where this does not run.
form.addEventListener("submit", () => {
  form.querySelector(".create-button").setAttribute("aria-disabled", "true");
});
window.addEventListener("pageshow", () => {
  form.querySelector(".create-button").removeAttribute("aria-disabled");
});
if (words.value.trim()) understand();
