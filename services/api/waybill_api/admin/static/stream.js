// What happens, as it happens: the events of a stream, or asking again and again where there is none.
import { at } from "./root.js";

const SOON = 400;
const LATER = 5_000;

/**
 * Follow a stream of events while the page is seen. `take(events, isAll)` gets them in handfuls, one call at a time;
 * with `isAll`, something may have been missed, and everything is to be looked at anew. Returns what pauses it.
 */
export function follow(path, take) {
  let source = null;
  let timer = 0;
  let isTaking = false;
  let isPaused = false;
  let events = [];
  let isAll = false;

  const hand = async () => {
    timer = 0;
    if (isTaking || isPaused) return;
    const handful = [events, isAll];
    [events, isAll] = [[], false];
    isTaking = true;
    try {
      await take(...handful);
    } catch {
      isAll = true;
    }
    isTaking = false;
    if (events.length || isAll) soon(isAll ? LATER : SOON);
  };
  const soon = (wait) => {
    timer ||= setTimeout(hand, wait);
  };
  const close = () => {
    source?.close();
    source = null;
  };
  const open = () => {
    close();
    source = new EventSource(at(path));
    source.onopen = () => {
      isAll = true;
      soon(0);
    };
    source.onmessage = (message) => {
      events.push(JSON.parse(message.data));
      soon(SOON);
    };
    // It has no event of the history; so `kind` is what that event would have had.
    source.addEventListener("deleted", (message) => {
      events.push({ ...JSON.parse(message.data), kind: "deleted" });
      soon(SOON);
    });
    source.onerror = () => {
      // A refusal closes it for good; a lost connection it takes up by itself.
      if (source?.readyState === EventSource.CLOSED) setTimeout(watch, LATER);
    };
  };
  const watch = () => {
    if (document.hidden || isPaused) close();
    else if (!source || source.readyState === EventSource.CLOSED) open();
  };

  document.addEventListener("visibilitychange", watch);
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", watch);
  // Where the stream does not come through, lost or held up by a proxy, one has to ask.
  setInterval(() => {
    if (!source || source.readyState === EventSource.OPEN) return;
    isAll = true;
    soon(0);
  }, LATER);
  watch();
  return (paused) => {
    isPaused = paused;
    watch();
  };
}
