import { Profiler } from "./profiler.ts";
import type { CommonRequest, Reply } from "./requests.ts";

const profiler = new Profiler();

async function answerCommon(request: CommonRequest): Promise<unknown> {
  switch (request.kind) {
    case "cpu": {
      const { user, system } = process.cpuUsage();
      return user + system;
    }
    case "start-profile":
      return profiler.start(request.of);
    case "stop-profile":
      return profiler.stop(request.path);
  }
}

function isCommon(request: { readonly kind: string }): request is CommonRequest {
  return ["cpu", "start-profile", "stop-profile"].includes(request.kind);
}

/** Makes this process answer its parent's requests, until the parent goes away, however it ends. */
export function answerRequests<R extends { readonly kind: string }>(
  answer: (request: R) => Promise<unknown>,
): void {
  const reply = (reply: Reply) => void process.send?.(reply);
  process.once("disconnect", () => process.exit());
  process.on("message", (request: R | CommonRequest) => {
    const answered = isCommon(request) ? answerCommon(request) : answer(request);
    answered.then(
      (value) => reply({ value }),
      (error) => reply({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
  });
}
