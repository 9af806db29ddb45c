// The serving process: every transport at once, until the measuring process goes away.
import { rmSync } from "node:fs";
import { serve } from "roam";
import { type ProfileKind, Profiler } from "./profiler.ts";
import { type RawAddress, serveRawNet, serveRawWs } from "./raw/raw-transports.ts";
import { Bench, benchHandlers, sessionOptions } from "./roam-service.ts";

/** Where everything listens, by the name of the lane. */
export interface Addresses {
  readonly tcp: string;
  readonly unix: string;
  readonly ws: string;
  readonly "tcp-raw": RawAddress;
  readonly "unix-raw": RawAddress;
  readonly "ws-raw": RawAddress;
}

export type ServerRequest =
  | { readonly kind: "start-profile"; readonly of: ProfileKind }
  | { readonly kind: "stop-profile"; readonly path: string };

/** @param directory for the Unix sockets */
async function serveAll(directory: string, isAdaptive: boolean): Promise<Addresses> {
  const roam = async (url: string) =>
    (await serve(url, Bench, benchHandlers, sessionOptions(isAdaptive))).address;
  return {
    tcp: await roam("tcp://127.0.0.1:0"),
    unix: await roam(`unix:${directory}/roam.sock`),
    ws: await roam("ws://127.0.0.1:0/"),
    "tcp-raw": (await serveRawNet()).address,
    "unix-raw": (await serveRawNet(`${directory}/raw.sock`)).address,
    "ws-raw": await serveRawWs(),
  };
}

const [directory = ".", credit] = process.argv.slice(2);
// The channel closes when the parent ends, however it ends.
process.once("disconnect", () => {
  rmSync(directory, { recursive: true, force: true });
  process.exit(0);
});
const profiler = new Profiler();
process.on("message", (request: ServerRequest) => {
  const done = request.kind === "start-profile" ? profiler.start(request.of) : profiler.stop(request.path);
  void done.then(() => process.send?.("done"));
});
process.send?.(await serveAll(directory, credit === "adaptive"));
