import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { gridOf, SeriesReader } from "../src/series/series-reader.ts";
import { Activity } from "../src/store/activity.ts";

const LAST_MS = 10_000;

function makeSteady(): Activity {
  const activity = new Activity();
  for (let t = 0; t < LAST_MS; t += 5) {
    activity.messages.push(t);
    activity.messages.push(t);
    activity.noteCall(t, t % 1_000 === 0 ? 100 : 2);
  }
  activity.noteSample(1_000, 12, 500);
  activity.noteSample(5_000, undefined, 900);
  activity.noteSample(5_001, 3, 100);
  return activity;
}

suite("series", () => {
  const steady = makeSteady();

  test("tell rates, latencies and what was sampled", () => {
    const series = new SeriesReader().read(steady, [steady], 0, LAST_MS, LAST_MS);
    const at = (t: number) => series.times.findIndex((middle) => Math.abs(middle - t) <= series.widthMs / 2);
    assert.equal(series.widthMs, 50);
    assert.equal(series.calls[at(3_020)], 200);
    assert.equal(series.messages[at(3_020)], 400);
    const half = series.half[at(3_020)] ?? 0;
    const most = series.most[at(3_020)] ?? 0;
    assert(Math.abs(half / 2 - 1) < 0.15, `${half}`);
    assert(Math.abs(most / 100 - 1) < 0.15, `${most}`);
    // What was told last holds until more is told; within a bucket the worst.
    assert.deepEqual(
      [series.credit[at(500)], series.credit[at(3_000)], series.credit[at(9_000)]],
      [null, 12, 3],
    );
    assert.deepEqual([series.replayBytes[at(5_020)], series.replayBytes[at(9_000)]], [900, 100]);
  });

  test("tell the worst of several sessions, each as it was told last, until its end", () => {
    const [one, other] = [new Activity(), new Activity()];
    one.noteSample(100, 5, 1_000);
    other.noteSample(1_000, 3, 10);
    other.overMs = 5_000;
    const series = new SeriesReader().read(one, [one, other], 0, LAST_MS, LAST_MS);
    const at = (t: number) => series.times.findIndex((middle) => middle > t);
    assert.deepEqual([series.credit[at(500)], series.credit[at(3_000)], series.credit[at(6_000)]], [5, 3, 5]);
    assert.deepEqual([series.replayBytes[at(3_000)], series.roundTripMs[at(3_000)]], [1_000, null]);
  });

  test("are the same when they are kept from before", () => {
    const activity = makeSteady();
    const reader = new SeriesReader();
    reader.read(activity, [activity], 0, 5_000, LAST_MS);
    assert.deepEqual(
      reader.read(activity, [activity], 2_000, 7_000, LAST_MS),
      new SeriesReader().read(activity, [activity], 2_000, 7_000, LAST_MS),
    );
  });

  test("do not keep the bucket that is not full yet", () => {
    const activity = makeSteady();
    const reader = new SeriesReader();
    reader.read(activity, [activity], 9_000, 14_000, LAST_MS);
    for (let t = LAST_MS; t < 12_000; t += 1) activity.messages.push(t);
    const { messages, times } = reader.read(activity, [activity], 9_000, 14_000, 12_000);
    assert.equal(messages[times.findIndex((t) => t > LAST_MS)], 1_000);
  });
});

test("the grid has steps of 1, 2 and 5", () => {
  assert.deepEqual([0.03, 1, 1.1, 3, 7, 480].map(gridOf), [0.05, 1, 2, 5, 10, 500]);
});
