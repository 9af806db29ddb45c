import type { CommandDefinition } from "../command.ts";
import { bench } from "./bench.ts";
import { call } from "./call.ts";
import { capture } from "./capture.ts";
import { complete } from "./complete.ts";
import { completion } from "./completion.ts";
import { diff } from "./diff.ts";
import { generate } from "./generate.ts";
import { health } from "./health.ts";
import { help } from "./help.ts";
import { ids } from "./ids.ts";
import { inspect } from "./inspect.ts";
import { ls } from "./ls.ts";
import { proxy } from "./proxy.ts";
import { replay } from "./replay.ts";
import { serve } from "./serve.ts";

/** Every command, in the order of `roam --help`: each declares its own help beside what it does. */
export const COMMANDS: readonly CommandDefinition[] = [
  generate,
  ids,
  diff,
  ls,
  call,
  serve,
  bench,
  proxy,
  capture,
  replay,
  inspect,
  health,
  completion,
  help,
  complete,
];
