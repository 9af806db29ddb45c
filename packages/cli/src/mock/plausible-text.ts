import type { Random } from "./random.ts";

const NAMES = ["Ada", "Grace", "Alan", "Edsger", "Barbara", "Donald", "Frances", "Niklaus"];
const WORDS = ["tea", "lamp", "river", "paper", "stone", "garden", "window", "copper", "harbour", "maple"];
const CITIES = ["Lisbon", "Oslo", "Kyoto", "Quito", "Accra", "Bergen"];

/** Texts by what the field they stand in is called. */
const BY_NAME: readonly (readonly [name: RegExp, make: (random: Random) => string])[] = [
  [/e-?mail/i, (random) => `${random.pick(NAMES).toLowerCase()}@example.com`],
  [/ur[li]$|link|href/i, (random) => `https://example.com/${random.pick(WORDS)}`],
  [/uuid|guid/i, uuid],
  [/path|file/i, (random) => `/${random.pick(WORDS)}/${random.pick(WORDS)}.txt`],
  [/host|domain/i, (random) => `${random.pick(WORDS)}.example.com`],
  [/city|town|place/i, (random) => random.pick(CITIES)],
  [/country/i, (random) => random.pick(["NO", "PT", "JP", "EC", "GH"])],
  [/currency/i, (random) => random.pick(["EUR", "USD", "JPY"])],
  [/phone/i, (random) => `+1 555 01${random.whole(10, 99)}`],
  [
    /date|time|_at$|At$/,
    (random) => `2024-0${random.whole(1, 9)}-${random.whole(10, 28)}T0${random.whole(0, 9)}:00:00Z`,
  ],
  [/lang|locale/i, (random) => random.pick(["en", "pt", "ja", "nb"])],
  [/version/i, (random) => `${random.whole(0, 3)}.${random.whole(0, 9)}.${random.whole(0, 9)}`],
  [/title|subject|label|heading/i, (random) => `The ${random.pick(WORDS)} ${random.pick(WORDS)}`],
  [/text|body|message|comment|description|content|note/i, sentence],
  [/user|author|owner|person|^name$|first_?name|customer/i, (random) => random.pick(NAMES)],
  [/(^|_)id$|Id$|key|token|code|hash/, (random) => `${random.pick(WORDS)}-${random.whole(100, 999)}`],
];

export function plausibleText(name: string, random: Random): string {
  const make = BY_NAME.find(([pattern]) => pattern.test(name))?.[1];
  return make === undefined ? random.pick(WORDS) : make(random);
}

function sentence(random: Random): string {
  return `${random.pick(NAMES)} left the ${random.pick(WORDS)} by the ${random.pick(WORDS)}.`;
}

function uuid(random: Random): string {
  const digits = (count: number) =>
    Array.from({ length: count }, () => random.whole(0, 15).toString(16)).join("");
  return `${digits(8)}-${digits(4)}-4${digits(3)}-a${digits(3)}-${digits(12)}`;
}

/** Ranges of numbers by what the field is called; those of the type are narrower still. */
const RANGES: readonly (readonly [name: RegExp, least: number, most: number])[] = [
  [/age$/i, 18, 90],
  [/year/i, 1990, 2030],
  [/port$/i, 1024, 65_535],
  [/percent|progress|ratio/i, 0, 100],
  [/price|cost|total|amount|balance/i, 1, 999],
  [/count|size|len|num|quantity/i, 0, 20],
  [/_at$|At$|timestamp|_ms$|Ms$/, 1_700_000_000_000, 1_800_000_000_000],
  [/(^|_)id$|Id$/, 1, 9_999],
];

/** The range of a plausible number, before that of its type. */
export function plausibleRange(name: string): readonly [least: number, most: number] {
  const [, least = 0, most = 100] = RANGES.find(([pattern]) => pattern.test(name)) ?? [];
  return [least, most];
}
