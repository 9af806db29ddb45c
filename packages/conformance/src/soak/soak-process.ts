// One of our processes of `npm run -s soak`: an end of a stream, as told by its argument.
import { SoakEnd } from "./soak-end.ts";
import type { SoakJob, SoakNews } from "./soak-job.ts";

const STATUS_MS = 1000;

const tell = (news: SoakNews) => void process.send?.(news);
const job = JSON.parse(process.argv[2] ?? "") as SoakJob;
const end = new SoakEnd(job);
// Without its parent nobody would hear the result.
process.once("disconnect", () => process.exit(1));
const status = setInterval(() => tell({ kind: "status", status: end.status }), STATUS_MS);
if (job.address === undefined) {
  const server = await end.serve((outcome) => tell({ kind: "done", outcome }));
  tell({ kind: "listening", address: server.address });
  // The parent says when the other end has gone.
  await new Promise((resolve) => process.once("message", resolve));
  await server.close();
} else {
  const outcome = await end.call(job.address);
  tell({ kind: "done", outcome });
}
clearInterval(status);
process.removeAllListeners("disconnect");
process.disconnect();
