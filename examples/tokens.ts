/**
 * Sessions by token: who has one that is valid is let in, until it runs out; a live session goes on with a
 * new one. A token is a name and an end, signed; use a library for yours.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { CallError, connect, fail, type Middleware, method, serve, service, t } from "roam";

export const Refused = t.enum("Refused", { Expired: t.unit });
export const Account = service("Account", {
  greeting: method({}, t.string, Refused),
  /** Goes on with another token of the same holder. */
  renew: method({ token: t.string }, t.unit, Refused),
});

const secret = randomBytes(32);
const sign = (text: string) => createHmac("sha256", secret).update(text).digest();

export function issue(name: string, lifetimeMs: number): string {
  const text = `${name}.${Date.now() + lifetimeMs}`;
  return `${text}.${sign(text).toString("base64url")}`;
}

/** Who a session belongs to. The same object for as long as it lives, so that a resume finds it again. */
interface Holder {
  readonly name: string;
  expiresAtMs: number;
}

/** @throws Error for a token that was not issued here, or has run out */
function holderOf(token: unknown): Holder {
  const [name = "", expiresAt = "", signature = ""] = typeof token === "string" ? token.split(".") : [];
  const [shown, own] = [Buffer.from(signature, "base64url"), sign(`${name}.${expiresAt}`)];
  if (shown.length !== own.length || !timingSafeEqual(shown, own)) throw new Error("not a token of ours");
  const holder = { name, expiresAtMs: Number(expiresAt) };
  if (hasExpired(holder)) throw new Error(`the token of ${name} has run out`);
  return holder;
}

const hasExpired = ({ expiresAtMs }: Holder) => expiresAtMs <= Date.now();

const unlessExpired: Middleware = (call, next) => {
  if (call.method !== "renew" && hasExpired(call.principal as Holder)) fail("Expired");
  return next();
};

export function serveAccounts(url: string) {
  return serve(
    url,
    Account,
    {
      greeting: (_args, call) => `Hello, ${(call.principal as Holder).name}!`,
      renew({ token }, call) {
        const holder = call.principal as Holder;
        const { name, expiresAtMs } = holderOf(token);
        if (name !== holder.name) throw new Error(`a token of ${name} for a session of ${holder.name}`);
        holder.expiresAtMs = expiresAtMs;
      },
    },
    {
      authenticate({ kind, metadata, principal }) {
        if (kind === "session") return holderOf(metadata.get("token"));
        // A session that lost its link comes back with its key, and only while its token is good.
        if (hasExpired(principal as Holder)) throw new Error("the token has run out");
        return principal;
      },
      middleware: [unlessExpired],
    },
  );
}

/** @param newToken gets a token for whoever uses this program */
export async function connectAccount(url: string, newToken: () => string) {
  const renewing: Middleware = async (call, next) => {
    try {
      return await next();
    } catch (error) {
      const isExpired = error instanceof CallError && error.detail === "Expired" && call.method !== "renew";
      if (!isExpired) throw error;
      await account.renew({ token: newToken() });
      return next();
    }
  };
  const token = { value: newToken(), sensitive: true };
  const account = await connect(url, Account, { metadata: { token }, middleware: [renewing] });
  return account;
}

if (process.argv[1]?.endsWith("tokens.ts")) {
  await using server = await serveAccounts("tcp://127.0.0.1:0");
  let tokens = 0;
  await using account = await connectAccount(server.address, () => {
    console.log(`token ${++tokens}`);
    return issue("Ada", 300);
  });
  console.log(await account.greeting());
  await new Promise((resolve) => setTimeout(resolve, 400));
  console.log(await account.greeting());
  await connectAccount(server.address, () => "guessed").catch((error: Error) => console.log(error.message));
}
