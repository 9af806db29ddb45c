import { after, before } from "node:test";
import type { Link, Listener } from "roam/link";
import type { MakeLinkPair } from "roam/testing";
import { Inbox } from "../../src/internal/inbox.ts";

/** Pairs of a dialled and an accepted link, over one listener for the suite this is called in. */
export function listening(
  listen: (onLink: (link: Link) => void) => Promise<Listener>,
  dial: (address: string) => Promise<Link>,
): MakeLinkPair {
  const accepted = new Inbox<Link>();
  let listener: Listener;
  before(async () => {
    listener = await listen((link) => accepted.push(link));
  });
  after(() => listener.close());
  return async () => {
    const [dialled, taken] = await Promise.all([dial(listener.address), accepted.take()]);
    return [dialled, taken as Link];
  };
}

/** The same pair with the accepted end first: what it sends is looked at instead. */
export function swapped(makePair: MakeLinkPair): MakeLinkPair {
  return async () => {
    const [here, there] = await makePair();
    return [there, here];
  };
}

export function portOf(address: string): number {
  return Number(new URL(address).port);
}
