// The page of a network. It logs in, fetches, and shows a picture and a table.
import { fetchJson, fetchText, logIn, logOut, Refused } from "./service.js";
import { Form } from "./form.js";
import { Network, counted } from "./network.js";
import { Picture, canDraw } from "./picture.js";
import { Table } from "./table.js";
import * as session from "./session.js";

const MOST = Number(document.body.dataset.most);
const at = (id) => document.getElementById(id);
let picture = null;
/** The number of requests so far: an answer to an earlier one is dropped. */
let asked = 0;

async function show() {
  const mine = ++asked;
  say("Fetching the network …");
  complain("");
  form.hide();
  try {
    const movement = await fetchJson(".", session.get());
    const tooMany = movement.member_count > MOST;
    const exported = tooMany ? null : await fetchJson("network?format=json", session.get());
    if (mine !== asked) return;
    at("shown").hidden = false;
    at("leave").textContent = session.isOwn() ? "Log out" : "Forget my token";
    introduce(movement, exported);
    if (exported) draw(new Network(exported));
    for (const id of ["drawn", "listed"]) at(id).hidden = tooMany;
    say(tooMany ? tooManyMembers(movement) : "");
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (mine !== asked) return;
    if (error.status === 401) session.forget();
    say("");
    ask();
    complain(error.message);
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

/** Log in, and show the network. */
async function enter(username, password) {
  const mine = ++asked;
  say("Logging in …");
  complain("");
  try {
    const token = await logIn(username, password);
    if (mine !== asked) return logOut(token);
    session.keep(token, { own: true });
    await show();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (mine !== asked) return;
    say("");
    if (error.status === 401) form.complain("password", error.message);
    else complain(error.message);
    at("password").focus();
  }
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
  form.show();
}

/** Log out, or forget the token of an app whose session it is. */
function leave() {
  asked++;
  say("");
  complain("");
  if (session.isOwn()) logOut(session.get());
  session.forget();
  document.title = at("title").textContent = "Leader network";
  at("summary").textContent = "";
  at("rows").replaceChildren();
  ask();
}

async function save(format) {
  say("Fetching the file …");
  try {
    const file = await fetchText(`network?format=${format}`, session.get());
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

const form = new Form(at("ask"), enter);
at("controls").addEventListener("click", (event) => picture?.do(event.target.dataset.do));
at("files").addEventListener("click", (event) => {
  if (event.target.dataset.format) save(event.target.dataset.format);
});
at("leave").addEventListener("click", leave);
addEventListener("hashchange", () => session.takeFromAddress() && show());

session.takeFromAddress();
if (session.get()) show();
else ask();
