import { type Infer, t } from "roam-postcard";
import { tx } from "../channel/channel-types.ts";
import { knownIds } from "../schema/known-identity.ts";
import { method } from "../schema/service.ts";
import { INTROSPECTION_NAME } from "./introspection-name.ts";

export const Health = t.enum("Health", {
  Serving: t.unit,
  /** Calls under way are finished, no others are taken. */
  Draining: t.unit,
  /** Nobody here has such a service. */
  NotServing: t.unit,
});
export type Health = Infer<typeof Health>;

export const ServedService = t.struct("ServedService", {
  name: t.string,
  /** On the root connection; others are on virtual connections opened with metadata `service`. */
  is_root: t.bool,
  health: Health,
});
export type ServedService = Infer<typeof ServedService>;

/** One channel alive. */
export const ChannelStats = t.struct("ChannelStats", {
  id: t.string,
  /** Items go out from here, or come in. */
  is_outgoing: t.bool,
  items: t.u64.asNumber,
  /** Units left to the sender, as known here. */
  credit: t.u32,
  /** Sends that wait, or items that nobody has taken. */
  waiting: t.u32,
  waiting_bytes: t.u64.asNumber,
});
export type ChannelStats = Infer<typeof ChannelStats>;

/** The calls of one method, since they are counted. */
export const MethodStats = t.struct("MethodStats", {
  method: t.string,
  /** They were made here; else they are served here. */
  is_caller: t.bool,
  calls: t.u64.asNumber,
  in_flight: t.u32,
  failed: t.u64.asNumber,
  /** Of arguments, answers and items. */
  bytes_in: t.u64.asNumber,
  bytes_out: t.u64.asNumber,
  /** Time from call to answer (ms), within 13 %; 0 before the first answer. */
  p50_ms: t.f64,
  p90_ms: t.f64,
  p99_ms: t.f64,
  max_ms: t.f64,
});
export type MethodStats = Infer<typeof MethodStats>;

/** Something waits, for whom or what `cause` says: as `WaitCause` of `roam/trace` has it. */
export const WaitStats = t.struct("WaitStats", {
  connection: t.string,
  /** `channel`, `call` or `session`. */
  what: t.string,
  channel: t.option(t.string),
  cause: t.string,
  count: t.u32,
});
export type WaitStats = Infer<typeof WaitStats>;

/** Counts of one connection, since it was opened where they only grow. */
export const ConnectionStats = t.struct("ConnectionStats", {
  id: t.string,
  /** What is served there. */
  service: t.option(t.string),
  /** Calls that came, those under way included. */
  received: t.u64.asNumber,
  /** Those of them that were answered with an error of any kind, or not at all. */
  failed: t.u64.asNumber,
  /** Those whose handlers have not settled. */
  running: t.u32,
  /** Those that wait for their turn. */
  queued: t.u32,
  /** Calls that were made from here. */
  made: t.u64.asNumber,
  /** Those of them without an answer. */
  unanswered: t.u32,
  /** Calls that wait for the counterpart's limit. */
  waiting: t.u32,
  /** Channels alive, those included that are not listed. */
  channel_count: t.u32,
  channels: t.list(ChannelStats),
  /** Counted since somebody first asked, unless the server counts them anyway. */
  methods: t.list(MethodStats),
});
export type ConnectionStats = Infer<typeof ConnectionStats>;

export const SessionStats = t.struct("SessionStats", {
  /** Tells sessions apart, and says no more. */
  id: t.u32,
  /** Address of the far side. */
  peer: t.string,
  /** What is with its links, as `ConduitState.kind` has it: `connected`, `detached`, `resumed`, … */
  state: t.string,
  is_stable: t.bool,
  round_trip_ms: t.option(t.f64),
  /** Items received and not taken (bytes). */
  buffered_bytes: t.u64.asNumber,
  /** Kept until they are acknowledged (items). */
  replay_items: t.u32,
  replay_bytes: t.u64.asNumber,
  /** How often its link was lost, and how long there was none in all. */
  detached_times: t.u32,
  detached_ms: t.f64,
  waits: t.list(WaitStats),
  connections: t.list(ConnectionStats),
});
export type SessionStats = Infer<typeof SessionStats>;

/** What a server takes of its limits. */
export const Totals = t.struct("Totals", {
  links: t.u32,
  /** Those of them whose handshake is not over. */
  handshakes: t.u32,
  /** Links for which there was no place, since serving began. */
  refused_links: t.u64.asNumber,
  /** Sessions that wait for their client to come back. */
  detached_sessions: t.u32,
  /** Handlers that have not settled. */
  running_calls: t.u32,
  /** Calls that wait until fewer run. */
  waiting_calls: t.u32,
  held_bytes: t.u64.asNumber,
});
export type Totals = Infer<typeof Totals>;

export const Stats = t.struct("Stats", {
  health: Health,
  /** Since serving began. */
  uptime_ms: t.u64.asNumber,
  /** Of all sessions; only for who may see all of them. */
  totals: t.option(Totals),
  /** Sessions alive, those included that are not listed. */
  session_count: t.u32,
  sessions: t.list(SessionStats),
});
export type Stats = Infer<typeof Stats>;

/** What a peer tells of itself, on a virtual connection of its own. */
export const Introspection = knownIds(
  INTROSPECTION_NAME,
  {
    /** Root first. */
    services: method({}, t.list(ServedService)),
    /** A SchemaDocument as JSON, of all services with a form in it. */
    schema: method({}, t.string),
    /** Of one service by its name, or of everything for an empty one. */
    health: method({ service: t.string }, Health),
    stats: method({}, Stats),
    /** At once and every `every_ms` (at least 100), for as long as it is read. */
    watch: method({ every_ms: t.u32, out: tx(Stats, 2) }),
    /**
     * A trace of the sessions whose statistics the one who asks may see, for as long as it is read:
     * each item is one or more lines of JSON, the head of `roam/trace` first.
     *
     * - `sample`: share of the calls that are told
     * - `sample_ms`: time between two looks at what waits (100 to 10,000)
     * - `payload_bytes`: payloads of up to so many bytes are told, if the server allows it
     */
    trace: method({ sample: t.f64, sample_ms: t.u32, payload_bytes: t.u32, out: tx(t.string, 16) }),
    /**
     * Does something to a session of a trace that is read on the same connection, by its number there:
     * `cut` its link, `pause` or `resume` its reading. False where that is not allowed, or it is gone.
     */
    act: method({ session: t.u32, act: t.string }, t.bool),
  },
  // Known, so that a server whose own ids are known needs no hash for this one.
  {
    services: 0x909f_ad0e_1690_3e02n,
    schema: 0xe03a_be0d_75de_eeafn,
    health: 0x16f3_74c0_d6aa_8398n,
    stats: 0x3043_988c_40f7_b774n,
    watch: 0x4406_ca48_57e1_e70cn,
    trace: 0xd5d3_96af_ccc8_403cn,
    act: 0x52b7_7046_3d43_e500n,
  },
);
