import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { DEFAULT_LIMITS } from "roam";
import { type Link, memoryLinkPair } from "roam/link";
import { LinkPlaces } from "../../src/conduit/link-places.ts";

function linkFrom(address?: string): { link: Link; isDestroyed(): boolean } {
  const [near, far] = memoryLinkPair();
  let hasEnded = false;
  far.rx.start(
    () => {},
    () => {
      hasEnded = true;
    },
  );
  const link = { ...near, ...(address === undefined ? {} : { facts: { address } }) };
  return { link, isDestroyed: () => hasEnded };
}

/** Above the limit the link is refused and gone; with a place given back, the next one gets it. */
// r[verify session.x.limits]
suite("places for links", () => {
  const limits = { ...DEFAULT_LIMITS, maxLinks: 3, maxLinksPerAddress: 2, maxHandshakes: 3 };

  test("are bounded for each address, and given back once", () => {
    const places = new LinkPlaces(limits);
    const first = places.take(linkFrom("10.0.0.1").link);
    places.take(linkFrom("10.0.0.1").link);
    const third = linkFrom("10.0.0.1");
    assert.throws(() => places.take(third.link), { code: "handshake", message: /2 links from 10\.0\.0\.1/ });
    assert.equal(third.isDestroyed(), true);
    places.take(linkFrom("10.0.0.2").link);
    first.giveBack();
    first.giveBack();
    places.take(linkFrom("10.0.0.1").link);
    assert.throws(() => places.take(linkFrom("10.0.0.3").link), /3 links are open/);
  });

  test("are bounded in all, links without an address among them", () => {
    const places = new LinkPlaces(limits);
    const taken = [linkFrom(), linkFrom(), linkFrom()].map(({ link }) => places.take(link));
    for (const place of taken) place.isKnown();
    assert.throws(() => places.take(linkFrom().link), /3 links are open/);
    taken[0]?.giveBack();
    places.take(linkFrom().link);
  });

  test("are fewer for those that have not said who they are", () => {
    const places = new LinkPlaces({ ...limits, maxLinks: 100, maxHandshakes: 2 });
    const [first] = [places.take(linkFrom().link), places.take(linkFrom().link)];
    assert.throws(() => places.take(linkFrom().link), /2 links are at their handshake/);
    first?.isKnown();
    first?.isKnown();
    const third = places.take(linkFrom().link);
    assert.throws(() => places.take(linkFrom().link), /at their handshake/);
    third.giveBack();
    places.take(linkFrom().link);
  });
});
