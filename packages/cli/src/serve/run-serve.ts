import { readFileSync } from "node:fs";
import type { Handler, LogFields, Middleware, Server } from "roam";
import { type Docs, kebabCase, type Methods, type Service, servicesOf } from "roam/schema";
import { docsOf } from "../docs-of.ts";
import { documentFrom } from "../document-from.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { Failure, UsageFailure } from "../failure.ts";
import { tellFindings } from "../findings.ts";
import { importModule } from "../import-module.ts";
import type { Io } from "../io.ts";
import { mockHandler } from "../mock/mock-handler.ts";
import { typescriptReader } from "../parts.ts";
import { printable } from "../printable.ts";
import { type Runtime, runtimeOf } from "../runtime-of.ts";
import { isHere, schemeOf } from "../url.ts";
import { handlersOf } from "./handlers-of.ts";

export interface ServeCommandOptions {
  readonly on: string;
  readonly mock?: string;
  readonly schema?: string;
  readonly types?: string;
  readonly seed: number;
  readonly items: number;
  /** Milliseconds. */
  readonly every: number;
  readonly service?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly clientCa?: string;
  readonly introspection: "auto" | "on" | "off";
  readonly verbose: boolean;
}

/** Time that calls have to finish after Ctrl-C (ms); within the program's own grace. */
const DRAIN_MS = 1_500;

/** Serves until it is told to stop. */
export async function runServe(
  file: string | undefined,
  options: ServeCommandOptions,
  io: Io,
): Promise<ExitCode> {
  if ((file === undefined) === (options.mock === undefined)) {
    throw new UsageFailure(
      "a module or --mock SOURCE is to be served",
      "roam serve src/billing.ts, or roam serve --mock schema.json",
    );
  }
  if (schemeOf(options.on) === undefined)
    throw new UsageFailure(`--on ${options.on} is not a URL`, "tcp://127.0.0.1:0 takes a free port");
  const runtime = file === undefined ? undefined : await runtimeOf(file);
  const { handlers, docs } =
    file === undefined
      ? await mockHandlers(options, io)
      : await moduleHandlers(file, options, runtime as Runtime, io);
  const [root, ...others] = rootFirst(handlers, options.service);
  const { roam } = runtime ?? { roam: await import("roam") };
  const log = options.verbose ? [logTo(io)] : [];
  const middleware = [...(root?.middleware ?? []), ...log];
  const server = await roam.serve(options.on, root?.service as Service<Methods>, functionsOf(root) as never, {
    middleware,
    services: others.map((one) =>
      roam.implement(one.service as Service<Methods>, functionsOf(one) as never, {
        middleware: [...one.middleware, ...log],
      }),
    ),
    logger: loggerOf(io),
    ...transportOf(options),
    ...introspectionOf(options, docs),
  });
  try {
    await tell(server, handlers, options, io);
    await stopped(io.signal);
  } finally {
    await server.drain({ timeoutMs: DRAIN_MS });
  }
  return EXIT.ok;
}

interface Served {
  readonly handlers: readonly Handler[];
  /** For those who ask what is served. */
  readonly docs: Docs;
}

async function mockHandlers(
  { mock = "", types, seed, items, every }: ServeCommandOptions,
  io: Io,
): Promise<Served> {
  const { document, findings } = await documentFrom(mock, types === undefined ? {} : { types }, io);
  tellFindings(findings, io);
  const services = [...servicesOf(document).values()];
  if (services.length === 0) throw new Failure(`${mock} has no services`);
  return {
    handlers: services.map((service) => mockHandler(service, { seed, items, everyMs: every })),
    docs: docsOf(document),
  };
}

async function moduleHandlers(
  file: string,
  { schema, types }: ServeCommandOptions,
  runtime: Runtime,
  io: Io,
): Promise<Served> {
  const described =
    schema === undefined ? undefined : await documentFrom(schema, types === undefined ? {} : { types }, io);
  const stated = described === undefined ? [] : [...runtime.schema.servicesOf(described.document).values()];
  const handlers = handlersOf(file, await importModule(file), stated, runtime);
  return { handlers, docs: described === undefined ? await docsIn(file) : docsOf(described.document) };
}

/** The comments of a module's services; it is served without, where they cannot be read. */
async function docsIn(file: string): Promise<Docs> {
  try {
    const { describeTypescript } = await typescriptReader();
    return docsOf(await describeTypescript(file));
  } catch {
    return {};
  }
}

/** Comments are for those who may ask: by default on this machine. */
function introspectionOf({ introspection, on }: ServeCommandOptions, docs: Docs): object {
  if (introspection === "off") return { introspection: false };
  return introspection === "on" || isHere(on) ? { introspection: { docs } } : {};
}

/** The service of the root connection first; the others are on virtual connections under their names. */
function rootFirst(handlers: readonly Handler[], name: string | undefined): Handler[] {
  if (name === undefined) return [...handlers];
  const root = handlers.find(({ service }) => kebabCase(service.name) === kebabCase(name));
  if (root === undefined) {
    throw new UsageFailure(
      `there is no service ${name}`,
      `there are ${handlers.map(({ service }) => service.name).join(", ")}`,
    );
  }
  return [root, ...handlers.filter((handler) => handler !== root)];
}

/** The functions of a handler that is there, to be served with more middleware. */
function functionsOf(handler: Handler | undefined): Record<string, unknown> {
  const methods = [...(handler?.service.descriptors() ?? [])];
  return Object.fromEntries(methods.map(([name, { idLo, idHi }]) => [name, handler?.find(idLo, idHi)?.run]));
}

function transportOf({ cert, key, clientCa }: ServeCommandOptions): { transport?: object } {
  if (cert === undefined && key === undefined && clientCa === undefined) return {};
  if (cert === undefined || key === undefined) throw new UsageFailure("--cert and --key go together");
  const clients =
    clientCa === undefined ? {} : { ca: readFileSync(clientCa), requestCert: true, rejectUnauthorized: true };
  return { transport: { cert: readFileSync(cert), key: readFileSync(key), ...clients } };
}

/** One line for each call on standard error, without arguments: they may be anybody's. */
function logTo(io: Io): Middleware {
  return async ({ service, method }, next) => {
    const started = performance.now();
    const told = (how: string) =>
      io.note(
        io.notePaint.dim(`${service}.${method} ${how} after ${(performance.now() - started).toFixed(1)} ms`),
      );
    try {
      const value = await next();
      told("answered");
      return value;
    } catch (error) {
      told((error as Error).name === "UserFailure" ? "answered with its own error" : "failed");
      throw error;
    }
  };
}

function loggerOf(io: Io) {
  const note =
    (mark: string) =>
    ({ err }: LogFields, message: string) =>
      io.note(
        `${mark} ${printable(message)}${err instanceof Error ? ` ${printable(err.stack ?? err.message)}` : ""}`,
      );
  return { warn: note(io.notePaint.yellow("warning:")), error: note(io.notePaint.red("error:")) };
}

async function tell(
  { address }: Server,
  handlers: readonly Handler[],
  { on }: ServeCommandOptions,
  io: Io,
): Promise<void> {
  const services = handlers.map(({ service }) => service.name);
  // Standard output belongs to the link then.
  if (schemeOf(on) === "stdio") return;
  if (io.isJson) await io.jsonLine({ address, services });
  else await io.line(`serving ${io.paint.bold(services.join(", "))} on ${io.paint.cyan(address)}`);
}

function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
