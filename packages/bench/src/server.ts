// The serving process of one contender, named on the command line.
import { answerRequests } from "./child.ts";
import { contenderNamed } from "./contenders.ts";
import type { ServeRequest } from "./requests.ts";

const contender = await contenderNamed(process.argv[2] ?? "");
answerRequests<ServeRequest>(({ directory }) => contender.serve(directory));
