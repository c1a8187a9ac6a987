/**
 * What was done in a browser, kept until the server has it: through a lost connection, a closed
 * page, a restart. One queue for each person, so that what one did is never sent as another's; the
 * server refuses it as well. Every event has an id of its own, so sending twice changes nothing.
 */

const PREFIX = "weft.events.";
const KEEP = 500;
const MAX_AGE_MS = 30 * 24 * 3600 * 1000;
const BATCH = 60;
const FLUSH_AT = 12;
const FLUSH_MS = 8000;
const QUICK_TRIES = 4;
const LONGEST_WAIT_MS = 5 * 60 * 1000;
const PASSIVE = new Set(["view", "dwell", "complete"]);

export function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  // Plain HTTP on another machine has no randomUUID.
  return "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (digit) =>
    (+digit ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (+digit / 4)))).toString(16));
}

export class EventQueue {
  constructor({ user, address, csrf }) {
    this.user = user;
    this.address = address;
    this.csrf = csrf;
    this.key = PREFIX + user;
    this.busy = false;
    // Whether to send again at once when the request under way is done.
    this.wanted = false;
    this.size = BATCH;
    this.failures = 0;
    this.timer = 0;
  }

  /** Begin sending, with what earlier visits left behind. */
  start() {
    if (!this.user) return;
    forgetOld();
    addEventListener("online", () => {
      // The first tries of a connection that is just back often fail: the next follow soon.
      this.failures = -QUICK_TRIES;
      this.wanted = this.busy;
      this.flush();
    });
    this.flush();
    this.wait();
  }

  add(kind, item, value = 1, id = uuid()) {
    if (!this.user) return;
    const event = { event_id: id, item_id: Number(item), kind, value, at: new Date().toISOString() };
    const events = [...this.read(), event];
    this.write(events);
    if (events.length >= FLUSH_AT && this.failures <= 0) this.flush();
  }

  /** Whether something other than watching waits for this item: what follows must wait behind it. */
  holds(item) {
    return this.read().some((event) => event.item_id === Number(item) && !PASSIVE.has(event.kind));
  }

  read() {
    return stored(this.key);
  }

  write(events) {
    try {
      if (events.length) localStorage.setItem(this.key, JSON.stringify(bounded(events)));
      else localStorage.removeItem(this.key);
    } catch {
      // Storage is full or forbidden: feedback is lost, the feed goes on.
    }
  }

  drop(sent) {
    const ids = new Set(sent.map((event) => event.event_id));
    this.write(this.read().filter((event) => !ids.has(event.event_id)));
  }

  body(events) {
    return JSON.stringify({ user: Number(this.user), sent_at: new Date().toISOString(), events });
  }

  async flush() {
    const events = this.read().slice(0, this.size);
    if (this.busy || !events.length || !this.user) return;
    this.busy = true;
    let again = false;
    try {
      const response = await fetch(this.address, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": this.csrf },
        body: this.body(events),
      });
      again = this.settle(response.status, events);
    } catch {
      // Offline: the events stay for the next time.
      this.failures += 1;
    } finally {
      this.busy = false;
    }
    again ||= this.wanted;
    this.wanted = false;
    if (again) this.flush();
    else this.wait();
  }

  /** Keep or drop what was sent, by the answer; returns whether there is more to send at once. */
  settle(status, events) {
    if (status >= 200 && status < 300) {
      // Events that were refused one by one would be refused again.
      this.drop(events);
      this.failures = 0;
      this.size = BATCH;
      return this.read().length >= FLUSH_AT;
    }
    if (status === 400 || status === 413) {
      // The batch cannot be used as a whole: look for the event that spoils it.
      if (events.length === 1) this.drop(events);
      this.size = Math.max(1, Math.floor(events.length / 2));
      return true;
    }
    // Somebody else has signed in on this browser: this page sends nothing more, their own does.
    if (status === 409) this.user = "";
    // Otherwise signed out, too many requests, or a server in trouble: later.
    this.failures += 1;
    return false;
  }

  /** Ask again after a while, twice as long after every failure. */
  wait() {
    clearTimeout(this.timer);
    const delay = Math.min(FLUSH_MS * 2 ** Math.min(this.failures, 10), LONGEST_WAIT_MS);
    // Not all browsers at once when a server comes back.
    const spread = this.failures > 0 ? delay * Math.random() * 0.3 : 0;
    this.timer = setTimeout(() => (this.read().length ? this.flush() : this.wait()), delay + spread);
  }

  /** The page goes away. No answer comes, so the events stay; the server knows them by their ids. */
  beacon() {
    const events = this.read().slice(0, BATCH);
    if (!events.length || !this.user) return;
    const form = new FormData();
    form.set("csrfmiddlewaretoken", this.csrf);
    form.set("events", this.body(events));
    if (navigator.sendBeacon?.(this.address, form)) return;
    fetch(this.address, { method: "POST", body: form, keepalive: true }).catch(() => {});
  }
}

function stored(key) {
  try {
    const events = JSON.parse(localStorage.getItem(key));
    return Array.isArray(events) ? events : [];
  } catch {
    return [];
  }
}

/** The newest events; when there are too many, what was merely watched goes first. */
function bounded(events) {
  let spare = events.length - KEEP;
  if (spare <= 0) return events;
  const kept = events.filter((event) => !(spare > 0 && PASSIVE.has(event.kind) && spare--));
  return kept.slice(-KEEP);
}

/** Nobody's events lie on a shared browser for longer than the server would take them. */
function forgetOld() {
  try {
    for (const key of Object.keys(localStorage).filter((name) => name.startsWith(PREFIX))) {
      const fresh = stored(key).filter((event) => Date.now() - Date.parse(event?.at) < MAX_AGE_MS);
      if (fresh.length) localStorage.setItem(key, JSON.stringify(fresh));
      else localStorage.removeItem(key);
    }
  } catch {
    // No storage: nothing to forget.
  }
}
