// What may be typed into the search box, while it is typed.
const QUALIFIERS = ["status:", "type:", "stage:", "error:", "worker:", "key:", "created:>", "finished:>", "meta."];
const VALUES = {
  status: ["new", "processing", "completed", "error"],
  error: ["failed", "timeout", "cancelled", "worker_lost", "no_handler"],
};

/** Offer how the last word of a search could go on. */
export function suggest(input, options) {
  if (!input || !options) return;
  const values = { ...VALUES, type: input.dataset.types.split(" ").filter(Boolean) };
  const offer = () => {
    const at = input.value.lastIndexOf(" ") + 1;
    const [before, word] = [input.value.slice(0, at), input.value.slice(at)];
    const [field, value] = word.split(/:(.*)/s);
    const found = value === undefined ? QUALIFIERS : (Object.hasOwn(values, field) ? values[field] : []).map((one) => `${field}:${one}`);
    options.replaceChildren(
      ...found
        .filter((one) => one.startsWith(word) && one !== word)
        .map((one) => Object.assign(document.createElement("option"), { value: before + one })),
    );
  };
  input.addEventListener("input", offer);
  input.addEventListener("focus", offer);
}
