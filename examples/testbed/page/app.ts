import { find } from "./dom.ts";
import { LinkRow } from "./link-row.ts";
import { LoadPlot } from "./load-plot.ts";
import { startStreamCards } from "./stream-calls.ts";
import { type Services, Uplink, type UplinkState } from "./uplink.ts";
import { startValueCards } from "./value-calls.ts";

const INTERVAL_MS = 100;
const GIB = 1024 ** 3;

const link = find(document, "#link", HTMLElement);
const linkText = find(document, "#link-text", HTMLElement);
const redial = find(document, "#redial", HTMLButtonElement);
const pause = find(document, "#pause", HTMLButtonElement);
const plot = new LoadPlot(find(document, "#plot", HTMLElement));
let samples = 0;
let pausing: AbortController | undefined;

const uplink: Uplink = new Uplink(`ws://${location.host}/`, onState, (state) => links.show(state));
const links: LinkRow = new LinkRow(uplink);
startValueCards(uplink);
startStreamCards(uplink);
redial.addEventListener("click", () => uplink.redial());
pause.addEventListener("click", () => {
  if (pausing === undefined) void watch(uplink.services);
  else pausing.abort();
});

function onState(state: UplinkState): void {
  link.dataset.state = state.kind;
  redial.hidden = state.kind !== "lost";
  if (state.kind === "connecting") linkText.textContent = "Connecting";
  else if (state.kind === "lost")
    linkText.textContent = `Connection lost, next try in ${state.retryMs / 1000} s`;
  else {
    linkText.textContent = `Connected to ${location.host}`;
    void watch(state.services);
  }
}

/** Draws the server's load until paused, or until the session is over. */
async function watch({ monitor }: Services): Promise<void> {
  const controller = new AbortController();
  pausing = controller;
  pause.disabled = false;
  pause.textContent = "Pause";
  try {
    const machine = await monitor.machine();
    const memory = `${(machine.memory_bytes / GIB).toFixed(1)} GiB`;
    setText(
      "#machine",
      `${machine.cores} cores, ${machine.platform}: ${1000 / INTERVAL_MS} samples a second`,
    );
    const call = monitor.watch({ interval_ms: INTERVAL_MS }, { signal: controller.signal });
    for await (const { cpu, memory_used_bytes } of call.samples) {
      plot.add(cpu, memory_used_bytes / machine.memory_bytes);
      setText("#cpu", `${(cpu * 100).toFixed(0)} %`);
      setText("#memory", `${(memory_used_bytes / GIB).toFixed(1)} of ${memory}`);
      setText("#samples", String(++samples));
    }
  } catch {
    // Paused, or the session is over: both show elsewhere.
  }
  if (pausing !== controller) return;
  pausing = undefined;
  pause.textContent = "Resume";
  pause.disabled = !controller.signal.aborted;
}

function setText(selector: string, text: string): void {
  find(document, selector, HTMLElement).textContent = text;
}
