// A host or a guest of shared memory to be killed: `child.ts host|guest CONTROL`. It serves Testbed.
import { connect, serveHandler } from "roam";
import { createHost, joinHost } from "roam/shm";
import { Testbed } from "../../../../../examples/testbed/testbed.ts";
import { testbedHandler } from "../services.ts";

const [role, control = ""] = process.argv.slice(2);
if (role === "host") {
  const host = await createHost({ path: `${control}.segment` });
  await serveHandler((onLink) => host.listen(control, onLink), testbedHandler);
} else {
  const client = await connect(await joinHost(control), Testbed, { handler: testbedHandler });
  await client.echo({ message: "here" });
}
console.log(`listening ${control}`);
