import { helloFlood, slowHandshakes } from "./flood-cases.ts";
import { mutatedFrames, senselessFrame } from "./frame-cases.ts";
import { badFirstPayload, lostFirstAnswer, lostLaterAnswer } from "./hello-cases.ts";
import {
  closedKey,
  expiredKey,
  guessedKeys,
  numberWithoutKey,
  otherPrincipal,
  unknownKey,
} from "./key-cases.ts";
import { racingLinks } from "./race-cases.ts";
import { tooManyDetached, tooMuchDetached } from "./retention-cases.ts";
import type { AttackCase } from "./scene.ts";
import { futureAck, gap, inconsistentNumber, staleLink, unwrittenAck } from "./state-cases.ts";
import { stolenAfterProof, stolenAfterTime, stolenBeforeProof } from "./stolen-cases.ts";
import { timingOfLookUp, timingOverTcp } from "./timing-cases.ts";

/** All of them, in the order in which they run. */
export const ATTACKS: readonly AttackCase[] = [
  unknownKey,
  expiredKey,
  closedKey,
  guessedKeys,
  timingOverTcp,
  timingOfLookUp,
  numberWithoutKey,
  inconsistentNumber,
  otherPrincipal,
  stolenAfterProof,
  stolenAfterTime,
  stolenBeforeProof,
  racingLinks,
  staleLink,
  futureAck,
  unwrittenAck,
  gap,
  senselessFrame,
  mutatedFrames,
  badFirstPayload,
  lostFirstAnswer,
  lostLaterAnswer,
  tooManyDetached,
  tooMuchDetached,
  helloFlood,
  slowHandshakes,
];
