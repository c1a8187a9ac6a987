/**
 * Speech into the message field, where the browser can (Web Speech API). What it hears appears in the
 * field as it is heard; nothing is sent before the person presses Send. Elsewhere the button stays hidden.
 */

const Recognition = window.SpeechRecognition ?? window.webkitSpeechRecognition;
const PROBLEMS = {
  "not-allowed": "Your browser does not let this page use the microphone.",
  "service-not-allowed": "Your browser does not offer speech here.",
  "no-speech": "I heard nothing. Press the microphone and speak.",
  "audio-capture": "No microphone was found.",
  network: "Your browser could not reach its speech service.",
  "language-not-supported": "Your browser does not understand speech in this language.",
};
let heard = null;

/** Show the microphone and make it work. `field()`: the text field; `say(sentence)`: tells a problem. */
export function liven(panel, { field, say }) {
  show(panel);
  panel.addEventListener("click", (event) => {
    const button = event.target.closest("[data-mic]");
    if (!button || !Recognition) return;
    if (heard) heard.stop();
    else listen(panel, field, say);
  });
  panel.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && heard) heard.stop();
  });
}

/** htmx may have brought a new panel. */
export function show(panel) {
  const button = panel.querySelector("[data-mic]");
  if (button) button.hidden = !Recognition;
}

/** Stop listening, for instance because the message is on its way. */
export function stop() {
  heard?.abort();
}

function listen(panel, field, say) {
  const box = field();
  const before = box.value.trimEnd();
  const recognition = new Recognition();
  recognition.lang = navigator.language || document.documentElement.lang;
  recognition.interimResults = true;
  recognition.continuous = true;
  recognition.addEventListener("result", (event) => {
    const words = [...event.results].map((result) => result[0].transcript.trim()).join(" ");
    const text = before && words ? `${before} ${words}` : before || words;
    box.value = box.maxLength > 0 ? text.slice(0, box.maxLength) : text;
    box.dispatchEvent(new Event("input", { bubbles: true }));
  });
  recognition.addEventListener("error", (event) => {
    if (event.error !== "aborted") say(PROBLEMS[event.error] ?? "Speech did not work. Please type.");
  });
  recognition.addEventListener("end", () => {
    heard = null;
    mark(panel, false);
    box.focus();
  });
  try {
    recognition.start();
  } catch {
    say("Speech did not work. Please type.");
    return;
  }
  heard = recognition;
  say("");
  mark(panel, true);
}

function mark(panel, isListening) {
  const button = panel.querySelector("[data-mic]");
  if (!button) return;
  button.setAttribute("aria-pressed", String(isListening));
  button.classList.toggle("is-listening", isListening);
  panel.querySelector("[data-mic-label]").textContent = isListening ? "Stop listening" : "Speak your message";
  const status = panel.querySelector("[data-chat-say]");
  if (status) status.textContent = isListening ? "Listening" : "";
}
