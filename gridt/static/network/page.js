// The page of a network. It asks for a token, fetches, and shows a picture and a table.
import { fetchJson, fetchText, Refused } from "./service.js";
import { Network, counted } from "./network.js";
import { Picture, canDraw } from "./picture.js";
import { Table } from "./table.js";
import * as token from "./token.js";

const MOST = Number(document.body.dataset.most);
const at = (id) => document.getElementById(id);
let picture = null;
/** The number of requests so far: an answer to an earlier one is dropped. */
let asked = 0;

async function show() {
  const mine = ++asked;
  say("Fetching the network …");
  complain("");
  at("ask").hidden = true;
  try {
    const movement = await fetchJson(".", token.get());
    const tooMany = movement.member_count > MOST;
    const exported = tooMany ? null : await fetchJson("network?format=json", token.get());
    if (mine !== asked) return;
    at("shown").hidden = false;
    introduce(movement, exported);
    if (exported) draw(new Network(exported, namesIn(movement, exported)));
    for (const id of ["drawn", "listed"]) at(id).hidden = tooMany;
    say(tooMany ? tooManyMembers(movement) : "");
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (mine !== asked) return;
    if (error.status === 401) token.forget();
    say("");
    complain(error.message);
    ask();
  }
}

function introduce(movement, exported) {
  document.title = `Leader network of ${movement.name}`;
  at("title").textContent = document.title;
  at("summary").textContent = counted(movement.member_count, "member");
  if (exported?.you === null) at("summary").textContent += "; you are none of them";
}

function tooManyMembers(movement) {
  return (
    `This movement has ${counted(movement.member_count, "member")}, and a picture of more than ` +
    `${MOST.toLocaleString("en")} would be a cloud. A file of it knows no limit.`
  );
}

/** Usernames of leaders, if the export has ids of users and no pseudonyms. */
function namesIn(movement, exported) {
  const named = typeof exported.members[0]?.id === "number";
  return new Map(named ? (movement.leaders ?? []).map((one) => [one.id, one.username]) : []);
}

function draw(network) {
  at("summary").textContent =
    `${at("summary").textContent}, ${network.live.toLocaleString("en")} of them live` +
    (network.members.has(network.you)
      ? `; you follow ${network.leaders.size} and are followed by ${network.followers.size}`
      : "");
  at("drawn").hidden = false;
  picture?.stop();
  picture = null;
  const drawable = canDraw();
  at("picture").hidden = at("controls").hidden = at("keys").hidden = !drawable;
  if (drawable) picture = new Picture(at("picture"), network, (text) => { at("selected").textContent = text; });
  else at("selected").textContent = "This browser cannot draw it (it has no WebGL). The table has the same data.";
  const choose = drawable ? (id) => { picture.select(id, { show: true }); at("picture").focus(); } : null;
  new Table(at("rows"), at("more"), network, choose);
}

function ask() {
  picture?.stop();
  picture = null;
  at("shown").hidden = true;
  at("ask").hidden = false;
  at("token").value = "";
  at("token").focus();
}

function forget() {
  asked++;
  say("");
  token.forget();
  document.title = at("title").textContent = "Leader network";
  at("summary").textContent = "";
  at("rows").replaceChildren();
  ask();
}

async function save(format) {
  say("Fetching the file …");
  try {
    const file = await fetchText(`network?format=${format}`, token.get());
    const link = document.createElement("a");
    link.href = URL.createObjectURL(file);
    link.download = `network.${format}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    say("");
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    say("");
    complain(error.message);
  }
}

function say(text) {
  at("status").textContent = text;
}

function complain(text) {
  at("problem").textContent = text;
  at("problem").hidden = !text;
}

at("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  token.keep(at("token").value);
  show();
});
at("controls").addEventListener("click", (event) => picture?.do(event.target.dataset.do));
at("files").addEventListener("click", (event) => {
  if (event.target.dataset.format) save(event.target.dataset.format);
});
at("forget").addEventListener("click", forget);
addEventListener("hashchange", () => token.takeFromAddress() && show());

token.takeFromAddress();
if (token.get()) show();
else ask();
