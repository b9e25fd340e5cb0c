// The first page, kept fresh.
import { drawCounts, drawLengths } from "./chart.js";
import { every } from "./live.js";
import { page } from "./pages.js";

const SECONDS = 3;
const DRAW = { throughput: drawCounts, latency: drawLengths };

function drawAll() {
  for (const svg of document.querySelectorAll("[data-chart]")) {
    DRAW[svg.dataset.chart](svg, JSON.parse(svg.dataset.lines));
  }
}

async function refresh() {
  const now = await page("/admin/").catch(() => null);
  if (now === null) return;
  for (const id of ["figures", "attention", "latest"]) {
    const place = document.getElementById(id);
    // A link that has the focus would lose it.
    if (!place.contains(document.activeElement)) place.replaceChildren(...now.getElementById(id).children);
  }
  for (const svg of document.querySelectorAll("[data-chart]")) {
    svg.dataset.lines = now.querySelector(`[data-chart="${svg.dataset.chart}"]`).dataset.lines;
  }
  drawAll();
}

new ResizeObserver(drawAll).observe(document.querySelector(".charts"));
every(SECONDS, refresh);
