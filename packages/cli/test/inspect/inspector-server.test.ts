import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { after, suite, test } from "node:test";
import { startInspectorServer } from "../../src/inspect/inspector-server.ts";

const HTML = "<!doctype html><title>page</title>";
const acts: [number, string][] = [];
const server = await startInspectorServer({
  port: 0,
  page: { html: Buffer.from(HTML), policy: "default-src 'none'" },
  input: {
    title: "here",
    isLive: true,
    async *open() {
      yield '{"roamTrace":1}\n';
      yield '{"t":1}\n';
    },
    async act(session, act) {
      if (session === 9) throw new Error("gone");
      acts.push([session, act]);
      return act === "cut";
    },
  },
});
after(() => server.close());
const { port, hash } = new URL(server.address);
const token = hash.slice(1);

async function ask(
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
) {
  const { body, ...rest } = options;
  const asked = request({ host: "127.0.0.1", port, path, agent: false, ...rest });
  asked.end(body);
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  let text = "";
  for await (const part of response.setEncoding("utf8")) text += part;
  return { status: response.statusCode, headers: response.headers, text };
}
const bearer = { authorization: `Bearer ${token}` };
const act = (body: string) => ask("/act", { method: "POST", headers: bearer, body });

suite("the inspector's server", () => {
  test("is on loopback, with a token that is not sent", () => {
    assert.match(server.address, /^http:\/\/127\.0\.0\.1:\d+\/#[\da-f]{32}$/);
  });

  test("gives the page to everybody here, under its policy", async () => {
    const { status, headers, text } = await ask("/");
    assert.deepEqual([status, text], [200, HTML]);
    assert.equal(headers["content-security-policy"], "default-src 'none'");
    assert.equal(headers["cache-control"], "no-store");
  });

  test("gives nothing else without the token, or with another", async () => {
    const wrong = { authorization: `Bearer ${token.replace(/^./, (first) => (first === "0" ? "1" : "0"))}` };
    for (const headers of [{}, wrong, { authorization: token }]) {
      for (const path of ["/events", "/about", "/else"])
        assert.equal((await ask(path, { headers })).status, 401);
      assert.equal((await ask("/act", { method: "POST", headers, body: "{}" })).status, 401);
    }
    // A token in the address would be in logs and histories.
    assert.equal((await ask(`/events?token=${token}`)).status, 401);
  });

  test("refuses requests under the name of another host", async () => {
    for (const host of ["evil.example", `evil.example:${port}`, "127.0.0.1.evil.example"]) {
      for (const path of ["/", "/events"]) {
        assert.equal((await ask(path, { headers: { ...bearer, host } })).status, 403);
      }
    }
    assert.equal((await ask("/", { headers: { host: `localhost:${port}` } })).status, 200);
  });

  test("streams the trace, and says what it is", async () => {
    assert.equal((await ask("/events", { headers: bearer })).text, '{"roamTrace":1}\n{"t":1}\n');
    assert.deepEqual(JSON.parse((await ask("/about", { headers: bearer })).text), {
      title: "here",
      isLive: true,
      canAct: true,
    });
    assert.equal((await ask("/etc/passwd", { headers: bearer })).status, 404);
    assert.equal((await ask("/events", { method: "POST", headers: bearer })).status, 404);
  });

  test("passes acts on, and nothing that is none", async () => {
    assert.equal((await act('{"session":2,"act":"cut"}')).text, '{"isDone":true}');
    assert.equal((await act('{"session":2,"act":"pause"}')).text, '{"isDone":false}');
    assert.deepEqual(acts, [
      [2, "cut"],
      [2, "pause"],
    ]);
    for (const body of [
      "",
      "{}",
      '{"session":0,"act":"cut"}',
      '{"session":1,"act":"format"}',
      `{"a":"${"x".repeat(2_000)}"}`,
    ]) {
      assert.equal((await act(body)).status, 400, body.slice(0, 40));
    }
    assert.equal((await act('{"session":9,"act":"cut"}')).status, 502);
    assert.equal(acts.length, 2);
  });
});
