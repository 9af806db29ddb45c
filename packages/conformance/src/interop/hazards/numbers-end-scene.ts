import { type ConduitState, clientOn, DEFAULT_LIMITS } from "roam";
import { establish, messageFamily } from "roam/session";
import type { Message } from "roam/wire";
import { Testbed } from "../../../../../examples/testbed/testbed.ts";
import { Attachment } from "../../../../roam/src/conduit/stable/attachment.ts";
import { encodeClientHello } from "../../../../roam/src/conduit/stable/hello.ts";
import { StableConduit } from "../../../../roam/src/conduit/stable/stable-conduit.ts";
import { systemClock } from "../../../../roam/src/internal/clock.ts";
import { expectEqual } from "../../vectors/tally.ts";
import { ADDRESSES } from "../address.ts";
import { type Scene, within } from "../case.ts";
import { expectEnd } from "../meeting.ts";
import { RustPeer } from "../rust-peer.ts";

const LIMIT_MS = 10_000;
const LAST_SEQ = 0xffff_ffff;
/** Numbers that are left in the beginning. */
const LEFT = 40;

/** Our side of a session that is near the end of its numbers; the Rust peer takes any jump forward. */
async function oldConduit(address: string): Promise<StableConduit<Message>> {
  const sent = LAST_SEQ - LEFT;
  const conduit = new StableConduit<Message>({
    family: messageFamily,
    limits: DEFAULT_LIMITS,
    clock: systemClock,
    onDetached: () => {},
    onOver: () => {},
    past: { sent },
  });
  const attachment = new Attachment(await ADDRESSES.tcp.dial(address));
  attachment.send(encodeClientHello({ resumeKey: undefined, lastReceived: undefined }));
  const greeted = new Promise<void>((resolve, reject) => {
    attachment.receive(() => {
      attachment.hold();
      resolve();
    }, reject);
  });
  await within("the ServerHello", greeted, LIMIT_MS);
  conduit.attach(attachment, sent);
  return conduit;
}

/** A 7.3 peer would be deaf behind the wrap: the session ends at the last number instead. */
// r[verify stable.x.wrap]
export const NUMBERS_END_SCENE: Scene = {
  title: "hazard: the end of the numbers",
  async run(_stage, report) {
    const listen = ["listen", "--link", "tcp", "--addr", "127.0.0.1:0", "--conduit", "stable"];
    const conduit = await oldConduit(await new RustPeer(listen).listening());
    const states: ConduitState["kind"][] = [];
    conduit.watch(({ kind }) => states.push(kind));
    const session = await within("the session", establish(conduit, "initiator"), LIMIT_MS);
    const client = clientOn(session, session.root, Testbed);
    let answered = 0;
    await report.check("calls are answered until there is no number for one", async () => {
      for (;;) {
        const message = `${answered}`;
        const [outcome] = await Promise.allSettled([client.echo({ message }, { timeoutMs: LIMIT_MS })]);
        if (outcome.status === "rejected") break;
        expectEqual("answer", outcome.value, message);
        answered++;
      }
      // The Hello took one of them.
      expectEqual("answered", answered, LEFT - 1);
    });
    await report.check("the end of the session says so", async () => {
      const end = await within("the session's end", session.ended, LIMIT_MS);
      expectEnd(end, "session-lost", /sequence-exhausted/);
      expectEqual("states", states, ["lost"]);
    });
    return ` (calls ${answered})`;
  },
};
