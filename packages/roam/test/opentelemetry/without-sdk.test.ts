import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type Middleware, type MiddlewareCall, method, service, t } from "roam";
import { telemetry } from "roam/opentelemetry";
import { pairOf } from "../call/harness.ts";

const Desk = service("Desk", { copy: method({ id: t.u32, out: t.tx(t.u32) }, t.u32) });
const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

suite("telemetry without an SDK", () => {
  test("hands on the context that there is, makes none, and looks at nothing else", async () => {
    const { middleware, observe } = telemetry();
    const seen: (string | undefined)[] = [];
    // What would cost something if it were asked for.
    const spied: Middleware = (call, next) => {
      const guarded = new Proxy(call, {
        get(target, key) {
          assert(key !== "signal" && key !== "descriptor", `${String(key)} was asked for`);
          return Reflect.get(target, key, target) as unknown;
        },
        set: (target, key, value) => Reflect.set(target, key, value, target),
      });
      return middleware(guarded as MiddlewareCall, next);
    };
    await using pair = await pairOf(
      Desk,
      {
        copy: ({ id }, call) => {
          seen.push(call.trace?.traceparent);
          return id;
        },
      },
      { client: { middleware: [spied] }, server: { middleware: [spied] } },
    );
    observe(pair.server);
    observe(pair.client.$.session);
    assert.equal(await pair.client.copy({ id: 1 }), 1);
    assert.equal(await pair.client.copy({ id: 2 }, { trace: { traceparent } }), 2);
    assert.deepEqual(seen, [undefined, traceparent]);
  });
});
