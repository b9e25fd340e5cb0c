// The list of task types: how their tasks stand, live; pause and resume without leaving it.
import { api } from "./api.js";
import { language, t } from "./i18n.js";
import { every } from "./live.js";
import { spark } from "./spark.js";
import { duration } from "./time.js";
import { complain, tellThere } from "./toast.js";

const SECONDS = 5;

const percent = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 });

function draw(cell, completed, failed) {
  const sum = (counts) => counts.reduce((total, count) => total + count, 0);
  const label = t("In the last hour {completed} completed, {failed} failed", {
    completed: sum(completed),
    failed: sum(failed),
  });
  cell.replaceChildren(spark(completed, failed, label));
}

function show(row, counted) {
  for (const link of row.querySelectorAll("[data-count]")) {
    const count = counted.counts[link.dataset.count];
    link.textContent = count.toLocaleString(language);
    link.toggleAttribute("data-none", count === 0);
  }
  row.querySelector("[data-rate]").textContent = counted.error_rate === null ? "–" : percent.format(counted.error_rate);
  for (const cell of row.querySelectorAll("[data-quantile]")) {
    const seconds = counted.run[cell.dataset.quantile];
    cell.textContent = seconds === null ? "–" : duration(seconds);
    if (seconds === null) delete cell.dataset.seconds;
    else cell.dataset.seconds = seconds;
  }
  draw(row.querySelector("[data-spark]"), counted.completed, counted.error);
}

for (const cell of document.querySelectorAll("[data-spark]")) draw(cell, ...JSON.parse(cell.dataset.spark));

every(SECONDS, async () => {
  try {
    const { types } = await api("GET", `/statistics?${document.getElementById("types")?.dataset.query ?? "limit=0"}`);
    const counted = new Map(types.map((one) => [one.type, one]));
    for (const row of document.querySelectorAll("#types tr[data-name]")) {
      if (counted.has(row.dataset.name)) show(row, counted.get(row.dataset.name));
    }
  } catch {
    // What was shown stays, and the next turn may succeed.
  }
});

document.getElementById("types")?.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-action]");
  if (!button) return;
  const name = button.closest("tr").dataset.name;
  const action = button.dataset.action;
  button.disabled = true;
  try {
    await api("POST", `/task-types/${encodeURIComponent(name)}/${action}`);
    tellThere(action === "pause" ? t("{name} is paused: its tasks wait.", { name }) : t("{name} goes on.", { name }));
    window.location.reload();
  } catch (error) {
    complain(error);
    button.disabled = false;
  }
});
