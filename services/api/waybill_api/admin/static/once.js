// What a form makes is made once: pressed again after an answer that was lost, it is the same request.
const BYTES = 16;

/** Return `headers(text)`, with the key of this very request, and `done()`, after which the same is another request. */
export function onceOnly() {
  let sent = null;
  let key = "";
  return {
    headers(text) {
      if (text !== sent) key = randomKey();
      sent = text;
      return { "Idempotency-Key": key };
    },
    done() {
      sent = null;
    },
  };
}

/** Return whether the server may have done what it was asked for without our hearing of it. */
export function isUnanswered(error) {
  return error.status === 0 || error.status >= 500;
}

function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(BYTES));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
