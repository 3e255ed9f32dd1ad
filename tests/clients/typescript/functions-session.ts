// The README's first session by generated functions; `tsc` fails here when a name or a shape is wrong.
import { createClient } from "./functions/client/index.js";
import {
  joinMovement,
  listMyMovements,
  logIn,
  postUpdate,
  registerUser,
  startMovement,
  swapLeader,
} from "./functions/sdk.gen.js";

declare const process: { argv: string[] };

const password = "correct horse";
const baseUrl = process.argv[2];

async function openAccount(username: string) {
  const client = createClient({ baseUrl });
  const email = `${username}@example.org`;
  await registerUser({ client, body: { username, email, password }, throwOnError: true });
  const { data } = await logIn({ client, body: { username, password }, throwOnError: true });
  return createClient({ baseUrl, auth: data.access_token });
}

const robin = await openAccount("robin");
const pieter = await openAccount("pieter");
const { data: started } = await startMovement({
  client: robin,
  body: {
    name: "Stretching",
    short_description: "Ten minutes before breakfast",
    interval: "daily",
  },
  throwOnError: true,
});
const path = { movement: started.name };
await joinMovement({ client: pieter, path, throwOnError: true });
const message = "Touched my toes!";
await postUpdate({ client: pieter, path, body: { message }, throwOnError: true });
const { data: listed } = await listMyMovements({ client: robin, throwOnError: true });
for (const movement of listed) {
  for (const leader of movement.leaders) {
    console.log(`${movement.name}: ${leader.username}: ${leader.last_update?.message}`);
  }
}
const { error, response } = await swapLeader({
  client: robin,
  path: { ...path, user: listed[0].leaders[0].id },
});
console.log(`${response?.status}: ${error?.message}`);
