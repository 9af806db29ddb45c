import { SeededRandom } from "roam/testing";
import { decodeValue, encodeValue } from "../../coded.ts";
import { BYTES } from "../../fuzz/dictionary.ts";
import { Mutator } from "../../fuzz/mutator.ts";
import { fromHex, toHex } from "../../hex.ts";
import { type Neutral, neutral } from "../../neutral.ts";
import type { NeutralType } from "../../neutral-type.ts";
import { sameValue } from "../../same-value.ts";
import { type Report, type Scene, within } from "../case.ts";
import { Child } from "../child.ts";
import { RUST_PEER } from "../rust-peer.ts";
import { type Disagreement, KNOWN_DIFFERENCES } from "./known-differences.ts";
import { randomBytes } from "./random-bytes.ts";
import { TYPES } from "./types.ts";

/** Inputs of each type. */
const INPUTS = 2_500;
/** Inputs asked about at a time. */
const BATCH = 5_000;
const BATCH_LIMIT_MS = 60_000;
/** Longest input (bytes). Nesting takes its levels from the Rust peer's stack. */
const MOST_BYTES = 256;
/** Failures named one by one, for each type. */
const SHOWN = 3;

interface Question {
  readonly name: string;
  readonly type: NeutralType;
  readonly bytes: Uint8Array;
}

/** Valid values, values with something changed, and anything at all. */
function questionsOf(name: string, type: NeutralType, seed: number): Question[] {
  const random = new SeededRandom(seed, name);
  const mutator = new Mutator(random, { maxBytes: MOST_BYTES, dictionary: BYTES });
  return Array.from({ length: INPUTS }, () => {
    const valid = randomBytes(type, random).slice(0, MOST_BYTES);
    const kind = random.integer(0, 9);
    if (kind < 4) return { name, type, bytes: valid };
    if (kind < 9) return { name, type, bytes: mutator.mutated(valid, randomBytes(type, random)) };
    return { name, type, bytes: random.bytes(random.spread(0, 24)) };
  });
}

/** The published codec, in a process of its own. */
class PublishedCodec extends Child {
  #rest = "";
  #lines: string[] = [];
  #onLine: () => void = () => {};

  constructor() {
    super(RUST_PEER, ["decode"], { isLink: true });
    this.pipes.stdout.setEncoding("utf8").on("data", (text: string) => {
      const lines = `${this.#rest}${text}`.split("\n");
      this.#rest = lines.pop() ?? "";
      this.#lines.push(...lines);
      this.#onLine();
    });
  }

  /** Its answers, in order. It tells them when there is nothing more to read. */
  answers(questions: readonly Question[]): Promise<string[]> {
    this.pipes.stdin.end(questions.map(({ name, bytes }) => `${name} ${toHex(bytes)}\n`).join(""));
    const all = new Promise<string[]>((resolve, reject) => {
      this.#onLine = () => {
        if (this.#lines.length === questions.length) resolve(this.#lines);
      };
      void this.exited(BATCH_LIMIT_MS).then(
        (status) => reject(new Error(`it ended with ${status} after ${this.#lines.length} answers`)),
        reject,
      );
    });
    return within(`${questions.length} answers`, all, BATCH_LIMIT_MS);
  }
}

interface Ours {
  readonly value?: unknown;
  readonly refusal?: string;
}

function decoded({ schema }: Neutral, bytes: Uint8Array): Ours {
  try {
    return { value: decodeValue(schema, bytes, { isStrict: false }) };
  } catch (error) {
    return { refusal: (error as Error).message };
  }
}

/** Compares what both sides made of many inputs. */
class Comparison {
  /** By known difference. */
  readonly known = new Map<string, number>();
  accepted = 0;

  /** @returns what is wrong, if anything is */
  difference(own: Neutral, question: Question, answer: string): string | undefined {
    const [word, hex = ""] = answer.split(" ");
    const ours = decoded(own, question.bytes);
    const theirs = word === "accepted" ? undefined : answer;
    const { refusal } = ours;
    if (refusal === undefined) this.accepted++;
    if (theirs === undefined && refusal === undefined)
      return this.#valueDifference(own, question, hex, ours.value);
    if (theirs !== undefined && refusal !== undefined) return undefined;
    if (this.#isKnown({ ...question, ours: refusal, theirs })) return undefined;
    return `here: ${refusal ?? "accepted"}; the published codec: ${answer}`;
  }

  /**
   * The published codec sorts maps and sets: its bytes are compared as the value that they are, and
   * by what bytes they are, for our decoder alone might take both for the same.
   */
  #valueDifference(own: Neutral, question: Question, hex: string, value: unknown): string | undefined {
    const theirs = decoded(own, fromHex(hex));
    if (theirs.refusal !== undefined) return `we refuse what it encodes: ${theirs.refusal}, ${hex}`;
    if (!sameValue(theirs.value, value)) {
      const values = { ours: value, theirs: theirs.value };
      if (this.#isKnown({ ...question, ours: undefined, theirs: undefined, values })) return undefined;
      return `it took another value: ${hex}`;
    }
    const again = toHex(encodeValue(own.schema, value));
    return inAnyOrder(again) === inAnyOrder(hex) ? undefined : `we encode ${again}, it encodes ${hex}`;
  }

  #isKnown(disagreement: Disagreement): boolean {
    const known = KNOWN_DIFFERENCES.find((one) => one.covers(disagreement));
    if (known !== undefined) this.known.set(known.name, (this.known.get(known.name) ?? 0) + 1);
    return known !== undefined;
  }
}

function inAnyOrder(hex: string): string {
  return toHex(fromHex(hex).sort());
}

async function compare(seed: number, report: Report): Promise<string> {
  const owns = new Map(Object.entries(TYPES).map(([name, type]) => [name, neutral(type)]));
  const questions = Object.entries(TYPES).flatMap(([name, type]) => questionsOf(name, type, seed));
  const comparison = new Comparison();
  const failures = new Map<string, number>();
  for (let at = 0; at < questions.length; at += BATCH) {
    const batch = questions.slice(at, at + BATCH);
    const answers = await new PublishedCodec().answers(batch);
    for (const [index, question] of batch.entries()) {
      const { name, bytes } = question;
      const difference = comparison.difference(owns.get(name) as Neutral, question, answers[index] ?? "");
      if (difference === undefined) {
        report.passed++;
        continue;
      }
      const count = (failures.get(name) ?? 0) + 1;
      failures.set(name, count);
      if (count <= SHOWN) report.fail(`${name} ${toHex(bytes)}`, new Error(difference));
    }
  }
  const others = [...failures.values()].reduce((sum, count) => sum + count, 0);
  const known = [...comparison.known].map(([name, count]) => `${count} by ${name}`).join(", ");
  const { accepted } = comparison;
  return `: ${questions.length} inputs compared, ${accepted} of them accepted here; disagreements in the list: ${known || "none"}; others: ${others}`;
}

/** Random bytes of many types, decoded and encoded again here and by the published codec. */
export const DIFFERENTIAL: Scene = {
  title: "differential",
  run: ({ seed }, report) => compare(seed, report),
};
