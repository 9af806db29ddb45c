import type { Act, TraceSource } from "./source.ts";

/** What the command's server says of itself in `/about`. */
interface About {
  readonly title: string;
  readonly isLive: boolean;
  readonly canAct: boolean;
}

/**
 * The trace that `roam inspect` serves.
 *
 * @param token what the address had behind its `#`
 * @throws Error if the server does not take the token, or is gone
 */
export async function httpSource(token: string): Promise<TraceSource> {
  const headers = { authorization: `Bearer ${token}` };
  // Both at once: a trace is large.
  const events = get("/events", { headers });
  events.catch(() => {});
  const about = (await (await get("/about", { headers })).json()) as About;
  return {
    title: about.title,
    isLive: about.isLive,
    chunks: chunksOf(events),
    ...(about.canAct && {
      async act(session: number, act: Act) {
        const body = JSON.stringify({ session, act });
        const response = await get("/act", { method: "POST", headers, body });
        return ((await response.json()) as { readonly isDone: boolean }).isDone;
      },
    }),
  };
}

async function* chunksOf(events: Promise<Response>): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = (await events).body?.getReader();
  if (reader === undefined) return;
  try {
    // The next piece is on its way while this one is read.
    let next = reader.read();
    for (;;) {
      const { done, value } = await next;
      if (done) return;
      next = reader.read();
      // Whoever stops here does not want to hear how that one failed.
      next.catch(() => {});
      yield value;
    }
  } finally {
    // Whoever reads no further must not be sent more.
    await reader.cancel().catch(() => {});
  }
}

async function get(path: string, init: RequestInit): Promise<Response> {
  const response = await fetch(path, init);
  if (response.ok) return response;
  throw new Error(`${path}: ${response.status} ${(await response.text()).slice(0, 200)}`);
}
