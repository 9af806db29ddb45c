// One process of `npm run -s sim`: runs its share and tells the parent.
import type { SimOptions } from "./options.ts";
import { work } from "./worker.ts";

const [options = "", part = "0"] = process.argv.slice(2);
// Without its parent nobody would hear the result.
process.once("disconnect", () => process.exit(1));
await work(JSON.parse(options) as SimOptions, Number(part), (progress) => process.send?.(progress));
process.disconnect();
