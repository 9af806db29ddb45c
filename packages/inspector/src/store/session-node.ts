import type { EndEvent, SessionEvent, StallEvent } from "roam/trace";
import { Activity } from "./activity.ts";
import { CallTrack } from "./call-track.ts";
import { ChannelTrack } from "./channel-track.ts";

/** Something waited for long: from its first `stall` to the last, or it still does. */
export interface Stall {
  readonly session: number;
  readonly number: number;
  readonly event: StallEvent;
  readonly beginMs: number;
  endMs: number | undefined;
}

/** One connection of a session. */
export class ConnectionNode {
  readonly id: number;
  readonly calls = new Map<number, CallTrack>();
  readonly channels = new Map<number, ChannelTrack>();

  constructor(id: number) {
    this.id = id;
  }

  /** @param method its number among the names */
  callTrack(method: number, isHandler: boolean): CallTrack | undefined {
    return this.calls.get(method * 2 + (isHandler ? 1 : 0));
  }

  addCallTrack(method: number, isHandler: boolean, name: string): CallTrack {
    const track = new CallTrack(name, isHandler);
    this.calls.set(method * 2 + (isHandler ? 1 : 0), track);
    return track;
  }

  channel(id: number): ChannelTrack {
    let track = this.channels.get(id);
    if (track === undefined) {
      track = new ChannelTrack(id);
      this.channels.set(id, track);
    }
    return track;
  }
}

/** One session of a trace, with all that was told of it. */
export class SessionNode {
  readonly number: number;
  readonly activity = new Activity();
  readonly connections = new Map<number, ConnectionNode>();
  readonly stalls: Stall[] = [];
  /** Missing where its beginning was not told. */
  event: SessionEvent | undefined;
  end: EndEvent | undefined;
  firstMs: number;

  constructor(number: number, firstMs: number) {
    this.number = number;
    this.firstMs = firstMs;
  }

  /** Of its link, as far as that was told. */
  get linkState(): string {
    return this.end === undefined ? (this.activity.marks.at(-1)?.state ?? "connected") : "closed";
  }

  connection(id: number): ConnectionNode {
    let connection = this.connections.get(id);
    if (connection === undefined) {
      connection = new ConnectionNode(id);
      this.connections.set(id, connection);
    }
    return connection;
  }

  noteStall(event: StallEvent, number: number): void {
    const open = this.stalls.findLast(
      (stall) => stall.endMs === undefined && isOfTheSame(stall.event, event),
    );
    if (open === undefined) {
      const endMs = event.isOver ? event.t : undefined;
      this.stalls.push({ session: this.number, number, event, beginMs: event.t - event.ms, endMs });
    } else if (event.isOver) open.endMs = event.t;
  }

  /** Forgets what was told by events before this number, at this time. */
  dropBefore(number: number, t: number): void {
    this.activity.dropBefore(number, t);
    for (const connection of this.connections.values()) {
      for (const track of connection.calls.values()) track.dropBefore(number);
      for (const [id, channel] of connection.channels) {
        channel.dropBefore(number, t);
        if (channel.times.length === 0 && channel.isOver) connection.channels.delete(id);
      }
    }
    for (let i = this.stalls.length - 1; i >= 0; i--) {
      const end = this.stalls[i]?.endMs;
      if (end !== undefined && end < t) this.stalls.splice(i, 1);
    }
  }
}

function isOfTheSame(a: StallEvent, b: StallEvent): boolean {
  return a.what === b.what && a.connection === b.connection && a.id === b.id && a.cause === b.cause;
}
