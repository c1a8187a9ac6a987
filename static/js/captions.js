/**
 * Captions on the feed: above title and tags, where the browser would draw them behind these.
 * Without this module the browser shows them in its own place.
 */

const LINE = "feed-cue";

// Events of media do not bubble, so they are caught on their way down; cards come and go.
document.addEventListener("loadedmetadata", (event) => take(event.target), true);
document.addEventListener("play", (event) => take(event.target), true);

/** Show the video's captions in a line of ours from now on; once for each video. */
function take(video) {
  const about = video.closest?.(".feed-card")?.querySelector(".caption");
  const track = video.textTracks?.[0];
  if (!about || !track || about.querySelector(`.${LINE}`)) return;
  const line = document.createElement("p");
  line.className = LINE;
  line.hidden = true;
  about.prepend(line);
  // Hidden tracks still tell when their cues come and go.
  track.mode = "hidden";
  track.addEventListener("cuechange", () => show(line, track.activeCues ?? []));
}

/** Write the cues that are on now; the browser's parser lets nothing through but text. */
function show(line, cues) {
  const parts = [...cues].flatMap((cue, index) => (index ? ["\n", cue.getCueAsHTML()] : [cue.getCueAsHTML()]));
  line.replaceChildren(...parts);
  line.hidden = parts.length === 0;
}
