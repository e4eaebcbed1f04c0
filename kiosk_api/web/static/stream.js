// An event stream that comes back by itself, whatever breaks it.

const SILENCE_MS = 12000; // heartbeats come every 5 seconds
const RETRY_MS = [500, 1000, 2000, 4000];

/**
 * Follow a stream of the kiosk for as long as the page lives.
 *
 * @param {string} url of the stream
 * @param {string} name of its events
 * @param {{event: (data: object) => void, lost: () => void}} handlers
 */
export function follow(url, name, handlers) {
  let source = null;
  let watchdog = 0;
  let failures = 0;

  function heard() {
    failures = 0;
    clearTimeout(watchdog);
    watchdog = setTimeout(broken, SILENCE_MS);
  }

  function open() {
    source = new EventSource(url);
    source.addEventListener("open", heard);
    source.addEventListener("beat", heard);
    source.addEventListener(name, (message) => {
      heard();
      handlers.event(JSON.parse(message.data));
    });
    source.addEventListener("signed_out", toLogin);
    source.addEventListener("error", broken);
    clearTimeout(watchdog);
    watchdog = setTimeout(broken, SILENCE_MS);
  }

  function broken() {
    if (source === null) return;
    source.close();
    source = null;
    clearTimeout(watchdog);
    handlers.lost();
    const wait = RETRY_MS[Math.min(failures, RETRY_MS.length - 1)];
    failures += 1;
    setTimeout(again, wait);
  }

  // A stream does not tell why it was refused: asking for the page does.
  async function again() {
    try {
      const answer = await fetch(location.href, {
        cache: "no-store",
        redirect: "manual",
        headers: { accept: "text/html" },
        signal: AbortSignal.timeout(5000),
      });
      if (answer.type === "opaqueredirect") {
        toLogin();
        return;
      }
    } catch {
      // Not there at all; the stream will not be, either, and tries again.
    }
    open();
  }

  function toLogin() {
    location.assign("/login?next=" + encodeURIComponent(location.pathname));
  }

  open();
}
