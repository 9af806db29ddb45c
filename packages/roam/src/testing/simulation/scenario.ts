import type { Handlers } from "../../call/call-types.ts";
import type { Client, ConnectOptions } from "../../connect.ts";
import type { Methods } from "../../schema/service.ts";
import type { ServeOptions } from "../../serve.ts";
import type { Simulation } from "./simulation.ts";

/** What a simulation brings itself. */
type Given = "clock" | "random" | "randomBytes" | "signal";

/** What serves a service, and what a client does with it while the network fails. */
export interface Scenario<M extends Methods = Methods> {
  /** A function is called once for each server: one that is restarted begins with nothing. */
  readonly handlers: Handlers<M> | (() => Handlers<M>);
  /** The client's part: the run is good if it ends, and nothing is left behind. */
  client(client: Client<M>, sim: Simulation): Promise<void> | void;
  /** What must hold when all is over: nobody is connected any more, and no server runs. */
  after?(sim: Simulation): void;
  readonly connect?: Omit<ConnectOptions, Given>;
  readonly serve?: Omit<ServeOptions, Given>;
}

/** A scenario, or what makes it for one run: state is not to be carried from run to run. */
export type ScenarioSource<M extends Methods = Methods> = Scenario<M> | ((sim: Simulation) => Scenario<M>);
