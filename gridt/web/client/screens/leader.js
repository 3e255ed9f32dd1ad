// A leader: what they did and said; another one instead; block, report.
import { h, html, useState } from "../library.js";
import { act } from "../acts.js";
import { facts } from "../parts/facts.js";
import { frame } from "../parts/frame.js";
import { unread } from "../parts/notice.js";
import { lastWords } from "../parts/people.js";
import { disc, stateOf } from "../parts/quad.js";
import { Report } from "../parts/report.js";
import { press, row, rows } from "../parts/rows.js";
import { Sheet, question } from "../parts/sheet.js";
import { refused } from "../forms.js";
import { useRead } from "../reading.js";
import { ago } from "../rhythms.js";
import { go } from "../router.js";
import { call } from "../service.js";
import { bar, changed, today } from "../state.js";
import { sentence, t, tn } from "../words.js";

/** @typedef {import("../types").Leader} Person */

/** @param {Record<string, string>} props */
export function Leader({ id = "", user = "" }) {
  const back = `/app/m/${id}`;
  const reading = useRead("/movements/{movement}/leader/{user}", { movement: id, user });
  const [sheet, setSheet] = useState("");
  const person = reading.data;
  const movement = today.value?.movements.find((it) => it.id === Number(id));
  const known = movement?.leaders.find((it) => String(it.id) === user);
  if (!person) return frame({ title: known?.username ?? t("Leader"), back }, unread(reading));
  const close = () => setSheet("");
  const said = person.message_history;
  return frame(
    { title: person.username, back, aside: disc(person, stateOf(person)) },
    html`<p class="quiet">
        ${facts([...lastWords(person, movement), person.streak > 0 && tn("{n} in a row", "{n} in a row", person.streak)])}
      </p>
      ${person.bio && html`<p>${person.bio}</p>`}
      <h2>${t("Said lately")}</h2>
      ${said.length
        ? rows(
            said.map((it) =>
              row({
                key: it.id,
                title: it.message,
                below: ago(it.time_stamp),
                act: reportButton(() => setSheet(`report ${it.id}`)),
              }),
            ),
          )
        : html`<p class="quiet">${t("Nothing yet.")}</p>`}
      <h2>${t("More")}</h2>
      ${rows([
        press("swap", t("Follow another member instead"), () => setSheet("swap")),
        press("block", t("Block {name}", { name: person.username }), () => setSheet("block")),
      ])}
      ${sheet === "swap" && swapping(id, person, close)}
      ${sheet === "block" && blocking(id, person, close)}
      ${sheet.startsWith("report") && reporting(id, sheet.split(" ")[1] ?? "", close)}`,
  );
}

/** @param {() => void} open */
function reportButton(open) {
  return html`<button type="button" class="small words" onClick=${open}>${t("Report")}</button>`;
}

/** @param {string} movement @param {Person} person @param {() => void} close */
function swapping(movement, person, close) {
  const name = person.username;
  const yes = () => {
    close();
    void call("post", "/movements/{movement}/leader/{user}", { movement, user: person.id }).then(
      (other) => {
        changed();
        go(`/app/m/${movement}/leader/${other.id}`, true);
        bar.value = { text: t("You follow {name} now.", { name: other.username }) };
      },
      refused((problem) => {
        const isAlone = problem.type === "/problems/nobody-eligible";
        bar.value = { text: isAlone ? t("No other member is free here yet.") : sentence(problem) };
      }),
    );
  };
  const words = t("You will follow another member here. {name} gets no message about it.", { name });
  const content = question({ words, yes: t("Follow another member"), act: yes, close });
  return h(Sheet, { title: t("Follow another member instead of {name}?", { name }), close, content });
}

/** @param {string} movement @param {Person} person @param {() => void} close */
function blocking(movement, person, close) {
  const name = person.username;
  const yes = () =>
    act(call("put", "/identity/blocks/{user}", { user: person.id }), t("You blocked {name}.", { name }), () =>
      go(`/app/m/${movement}`, true),
    );
  const words = t("You and {name} never lead each other again, in any movement. {name} gets no message about it. You can take it back under You.", { name });
  const content = question({ words, yes: t("Block"), act: yes, close });
  return h(Sheet, { title: t("Block {name}?", { name }), close, content });
}

/** @param {string} movement @param {string} update @param {() => void} close */
function reporting(movement, update, close) {
  /** @param {import("../types").Schemas["NewReport"]} report */
  const send = (report) =>
    call("post", "/movements/{movement}/updates/{update}/reports", { movement, update }, report).then(() => {
      close();
      bar.value = { text: t("Reported. Thank you.") };
    });
  return h(Report, { send, close });
}
