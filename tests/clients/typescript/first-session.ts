// The README's first session by generated types; `tsc` fails here when a name or a shape is wrong.
import createClient from "openapi-fetch";
import type { components, paths } from "./gridt.js";

declare const process: { argv: string[] };

type Movement = components["schemas"]["SubscribedMovementChanged"];
type Problem = components["schemas"]["Problem"];

const password = "correct horse";
const client = createClient<paths>({ baseUrl: process.argv[2] });

function orThrow<T>(answer: { data?: T; error?: Problem }): T {
  if (answer.data === undefined) throw new Error(answer.error?.message);
  return answer.data;
}

async function logIn(username: string): Promise<{ headers: { Authorization: string } }> {
  const email = `${username}@example.org`;
  orThrow(await client.POST("/register", { body: { username, email, password } }));
  const tokens = orThrow(await client.POST("/auth", { body: { username, password } }));
  return { headers: { Authorization: `Bearer ${tokens.access_token}` } };
}

const robin = await logIn("robin");
const pieter = await logIn("pieter");
const started: Movement = orThrow(
  await client.POST("/movements", {
    ...robin,
    body: {
      name: "Stretching",
      short_description: "Ten minutes before breakfast",
      interval: "daily",
    },
  }),
);
const path = { movement: started.name };
orThrow(await client.PUT("/movements/{movement}/subscriber", { ...pieter, params: { path } }));
const message = "Touched my toes!";
orThrow(
  await client.POST("/movements/{movement}/updates", { ...pieter, params: { path }, body: { message } }),
);
const listed = orThrow(await client.GET("/movements/subscriptions", { ...robin, params: {} }));
for (const movement of listed) {
  for (const leader of movement.leaders ?? []) {
    console.log(`${movement.name}: ${leader.username}: ${leader.last_update?.message}`);
  }
}
const { error, response } = await client.POST("/movements/{movement}/leader/{user}", {
  ...robin,
  params: { path: { ...path, user: listed[0].leaders![0].id } },
});
console.log(`${response.status}: ${error?.message}`);
