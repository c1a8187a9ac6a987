/**
 * The editor's tools: a brush for the part that may change, words for sliders, "here" buttons for
 * clips. Without it the same forms work on whole pictures and with typed times.
 */

const SIDE = 480;

liven();
document.body.addEventListener("htmx:afterSettle", liven);

/** Fit out what the page shows now; forms come anew when another tool is opened. */
function liven() {
  document.querySelectorAll("[data-percent]:not([data-live])").forEach(nameShare);
  document.querySelectorAll("[data-clip-take]:not([data-live])").forEach(takeTime);
  const brush = document.querySelector("[data-brush]:not([data-live])");
  // Without a picture yet (it is still being prepared) the next swap tries again.
  if (brush && document.querySelector("#preview img")) new Brush(brush);
}

function nameShare(slider) {
  slider.dataset.live = "";
  const word = slider.form.querySelector("[data-percent-word]");
  const say = () => {
    word.textContent = `${Math.round(100 * slider.value)} %`;
    slider.setAttribute("aria-valuetext", word.textContent);
  };
  slider.addEventListener("input", say);
  say();
}

/** Take the time at which the video stands into the field beside the button. */
function takeTime(button) {
  button.dataset.live = "";
  const video = document.querySelector("#preview video");
  button.hidden = !video;
  button.addEventListener("click", () => {
    const field = button.form.querySelector(`[data-clip="${button.dataset.clipTake}"]`);
    field.value = video.currentTime.toFixed(1);
  });
}

/** Painting over the preview; what is painted goes with the form as a small PNG. */
class Brush {
  constructor(panel) {
    this.panel = panel;
    this.form = panel.closest("form");
    this.field = this.form.querySelector("[data-mask]");
    panel.dataset.live = "";
    panel.hidden = false;
    document.querySelectorAll(".brush-canvas").forEach((old) => old.remove());
    this.field.value = "";
    this.erasing = false;
    this.spot = { x: 0.5, y: 0.5 };
    this.toggle = panel.querySelector("[data-brush-toggle]");
    this.toggle.addEventListener("click", () => this.open(!this.canvas));
    panel.querySelector("[data-brush-erase]").addEventListener("click", (event) => {
      this.erasing = !this.erasing;
      event.currentTarget.setAttribute("aria-pressed", String(this.erasing));
    });
    panel.querySelector("[data-brush-clear]").addEventListener("click", () => this.clear());
    this.form.addEventListener("htmx:afterRequest", () => this.open(false));
  }

  /** The picture as the page shows it now: it may have been swapped for a newer one. */
  get image() {
    return document.querySelector("#preview img");
  }

  open(wanted) {
    this.toggle.setAttribute("aria-pressed", String(wanted));
    this.panel.querySelector("[data-brush-tools]").hidden = !wanted;
    this.panel.querySelector("[data-brush-hint]").hidden = !wanted;
    if (!wanted) {
      this.canvas?.remove();
      this.canvas = null;
      this.field.value = "";
      return;
    }
    this.canvas = this.makeCanvas();
    this.image.parentElement.append(this.canvas);
    this.canvas.focus({ preventScroll: true });
    // On a phone the picture is above what can be seen.
    this.canvas.scrollIntoView({ block: "center" });
  }

  makeCanvas() {
    const { naturalWidth: width, naturalHeight: height } = this.image;
    const scale = Math.min(1, SIDE / Math.max(width, height));
    const canvas = document.createElement("canvas");
    canvas.className = "brush-canvas";
    canvas.width = Math.max(1, Math.round(width * scale));
    canvas.height = Math.max(1, Math.round(height * scale));
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "application");
    canvas.setAttribute("aria-label", "Paint the part that may change. Arrow keys move, space paints.");
    this.paint = canvas.getContext("2d");
    this.paint.lineCap = this.paint.lineJoin = "round";
    canvas.addEventListener("pointerdown", (event) => this.start(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", () => this.keep());
    canvas.addEventListener("pointercancel", () => this.keep());
    canvas.addEventListener("keydown", (event) => this.key(event));
    return canvas;
  }

  get radius() {
    const share = Number(this.panel.querySelector("[data-brush-size]").value) / 100;
    return share * Math.min(this.canvas.width, this.canvas.height);
  }

  /** Where a pointer is in the canvas's own pixels; the picture is letterboxed like the canvas. */
  placeOf(event) {
    const box = this.canvas.getBoundingClientRect();
    const scale = Math.min(box.width / this.canvas.width, box.height / this.canvas.height);
    const left = box.left + (box.width - scale * this.canvas.width) / 2;
    const top = box.top + (box.height - scale * this.canvas.height) / 2;
    return { x: (event.clientX - left) / scale, y: (event.clientY - top) / scale };
  }

  start(event) {
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    this.last = this.placeOf(event);
    this.stroke(this.last);
  }

  move(event) {
    if (!this.last) return;
    for (const one of event.getCoalescedEvents?.() ?? [event]) this.stroke(this.placeOf(one));
  }

  stroke(to) {
    const from = this.last ?? to;
    this.paint.globalCompositeOperation = this.erasing ? "destination-out" : "source-over";
    this.paint.strokeStyle = "#fff";
    this.paint.lineWidth = 2 * this.radius;
    this.paint.beginPath();
    this.paint.moveTo(from.x, from.y);
    this.paint.lineTo(to.x + 0.01, to.y);
    this.paint.stroke();
    this.last = to;
  }

  key(event) {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const by = step[event.key];
    if (!by && event.key !== " ") return;
    event.preventDefault();
    if (by) {
      this.spot.x = Math.min(1, Math.max(0, this.spot.x + 0.03 * by[0]));
      this.spot.y = Math.min(1, Math.max(0, this.spot.y + 0.03 * by[1]));
      return;
    }
    this.last = null;
    this.stroke({ x: this.spot.x * this.canvas.width, y: this.spot.y * this.canvas.height });
    this.keep();
  }

  /** Put what is painted into the form, white on nothing. */
  keep() {
    this.last = null;
    if (this.canvas) this.field.value = this.canvas.toDataURL("image/png").split(",")[1];
  }

  clear() {
    this.paint?.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.field.value = "";
  }
}
