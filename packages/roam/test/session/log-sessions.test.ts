import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type LogFields, type Logger, logSessions, RoamError } from "roam";
import { settled } from "roam/testing";
import { TracedDesks } from "../trace/traced-desks.ts";

/** Keeps lines as `level message {fields}`. */
function kept(): { logger: Logger; lines: string[] } {
  const lines: string[] = [];
  const keep = (level: string) => (fields: LogFields, message: string) =>
    void lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
  return { lines, logger: { info: keep("info"), warn: keep("warn"), error: keep("error") } };
}

suite("logSessions", () => {
  test("a line for each event of a session, over a lost link and the next one", async () => {
    const server = kept();
    const client = kept();
    const metadata = { token: { value: "hunter2", sensitive: true } };
    const desks = await TracedDesks.start(
      {},
      {
        connect: { conduit: "stable", metadata },
        serve: { onSession: logSessions(server.logger) },
      },
    );
    logSessions(client.logger)(desks.client.$.session);
    await desks.client.add({ a: 1, b: 2 });
    await assert.rejects(desks.client.lookup({ id: 0 }));
    desks.links[0]?.destroy();
    await settled();
    const call = desks.client.add({ a: 1, b: 2 });
    await Promise.all([desks.clock.pass(500), call]);
    await desks.end();
    assert.deepEqual(server.lines, [
      'info session is there {"session":1,"role":"acceptor","peer":"memory","conduit":"stable","service":"Desk"}',
      'warn link is lost {"session":1,"peer":"memory","reason":"the link was destroyed"}',
      'info session goes on with another link {"session":1,"peer":"memory","replayed":0,"ms":0}',
      'info session is over {"session":1,"peer":"memory","ms":500,"received":3,"failed":1,"made":0}',
    ]);
    assert.deepEqual(client.lines, [
      'info session is there {"session":1,"role":"initiator","peer":"memory","conduit":"stable"}',
      'warn link is lost {"session":1,"peer":"memory","reason":"the link was destroyed"}',
      'info session goes on with another link {"session":1,"peer":"memory","replayed":0,"ms":0}',
      'info session is over {"session":1,"peer":"memory","ms":500,"received":0,"failed":0,"made":3}',
    ]);
  });

  test("a session that is lost says why", async () => {
    const { lines, logger } = kept();
    const desks = await TracedDesks.start({}, { serve: { onSession: logSessions(logger) } });
    desks.links[0]?.destroy(new RoamError("io", "the cable was pulled"));
    await settled();
    assert.deepEqual(lines.slice(1), [
      'warn session was lost {"session":1,"peer":"memory","ms":0,"received":0,"failed":0,"made":0,"code":"io","reason":"the cable was pulled"}',
    ]);
    await desks.end();
  });

  test("a logger without info hears of what went wrong alone", async () => {
    const { lines, logger } = kept();
    const { warn, error } = logger;
    const desks = await TracedDesks.start({}, { serve: { onSession: logSessions({ warn, error }) } });
    await desks.end();
    assert.deepEqual(lines, []);
  });
});
