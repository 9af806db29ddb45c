import { connect } from "roam";
import { Hello } from "./hello.ts";

await using hello = await connect(process.argv[2] ?? "tcp://127.0.0.1:4400", Hello);
console.log(await hello.greet({ name: "world" }));
for await (const number of hello.count({ from: 3 }).numbers) console.log(number);
const answer = await hello.greet.result({ name: "" });
if (!answer.ok) console.log(answer.error.detail);
