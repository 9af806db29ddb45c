import { type Client, type ConnectOptions, connect } from "../connect.ts";
import { RoamError } from "../errors.ts";
import type { Methods, Service } from "../schema/service.ts";
import { type JoinOptions, joinHost } from "./guest.ts";

export interface ConnectLocalOptions extends ConnectOptions, Pick<JoinOptions, "spinMicros" | "sid"> {
  /** Where the host hands out places (default: the name with `.shm` behind it). */
  readonly control?: string;
}

/**
 * A client of what is served on this machine: by shared memory where a host hands out places, else by the local
 * socket. That is decided once, here; a session does not change its link afterwards.
 *
 * @param name path of the local socket
 * @throws what `connect` throws
 */
export async function connectLocal<M extends Methods>(
  name: string,
  service: Service<M>,
  options: ConnectLocalOptions = {},
): Promise<Client<M>> {
  const { control = `${name}.shm`, sid, spinMicros, ...rest } = options;
  const joining = {
    ...(sid === undefined ? {} : { sid }),
    ...(spinMicros === undefined ? {} : { spinMicros }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  };
  try {
    const link = await joinHost(control, joining);
    return await connect(link, service, rest);
  } catch (error) {
    // Nobody there, no place left, or none of it here: that is what the socket is for.
    const isToTry = error instanceof RoamError && ["shm-unavailable", "io", "rejected"].includes(error.code);
    if (!isToTry) throw error;
    return connect(`unix:${name}`, service, rest);
  }
}
