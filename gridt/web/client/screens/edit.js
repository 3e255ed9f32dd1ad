// Edit a movement, or delete it: for its creator and admins.
import { h, html, useState } from "../library.js";
import { Ask } from "../parts/ask.js";
import { main } from "../parts/field.js";
import { frame } from "../parts/frame.js";
import { empty, refusal, unread } from "../parts/notice.js";
import { isAdmin, isOwn } from "../parts/owning.js";
import { further, rhythmOf, texts } from "../parts/shaping.js";
import { useForm } from "../forms.js";
import { useRead } from "../reading.js";
import { go } from "../router.js";
import { call } from "../service.js";
import { ELSEWHERE, FIELDS, changesOf, shapeOf } from "../shape.js";
import { bar, changed } from "../state.js";
import { t, tn } from "../words.js";

/** @typedef {import("../types").AnyMovement} Edited */

/** @param {Record<string, string>} props */
export function Edit({ id = "" }) {
  const reading = useRead("/movements/{movement}", { movement: id });
  const head = { title: t("Edit"), back: `/app/m/${id}` };
  const movement = reading.data;
  if (!movement) return frame(head, unread(reading));
  if (!isOwn(movement) && !isAdmin()) {
    return frame(head, empty(t("Only the person who started this movement, and admins, can edit it.")));
  }
  return frame(head, h(Form, { movement }), h(Ending, { movement }));
}

/** @param {{movement: Edited}} props */
function Form({ movement }) {
  const { id, name } = movement;
  const [before] = useState(() => shapeOf(movement));
  /** @param {typeof before} values */
  const send = async (values) => {
    await call("patch", "/movements/{movement}", { movement: id }, changesOf(before, values));
    changed();
    go(`/app/m/${id}`, true);
    bar.value = { text: t("Saved.") };
  };
  const form = useForm(before, send, ELSEWHERE);
  return html`<form onSubmit=${form.submit} noValidate>
    ${refusal(form.problem, FIELDS)}
    ${!isOwn(movement) && html`<p class="notice">${t("You edit {name} as an admin. The log of this service keeps it.", { name })}</p>`}
    ${texts(form)} ${rhythmOf(form)}
    <p class="quiet">
      ${t("Members keep what they did. A new goal counts from the next turn on.")}
      ${" "}${!isAdmin() && t("You can change the rhythm and the goal once a day.")}
    </p>
    ${further(form)} ${main(form, t("Save"))}
  </form>`;
}

/** @param {{movement: Edited}} props */
function Ending({ movement }) {
  const { id, name } = movement;
  const [asked, setAsked] = useState(false);
  const others = movement.member_count - (movement.subscribed ? 1 : 0);
  const possible = isAdmin() || others === 0;
  const words = possible
    ? t("The movement is gone for every member, with all that they did in it. This cannot be undone.")
    : tn(
        "{n} other member is in it, so you cannot delete it. You can leave: you stay the person who started it, and can edit it.",
        "{n} other members are in it, so you cannot delete it. You can leave: you stay the person who started it, and can edit it.",
        others,
      );
  return html`<h2>${t("Delete the movement")}</h2>
    <p class="quiet">${words}</p>
    ${possible &&
    html`<p class="actions">
      <button type="button" class="button danger" onClick=${() => setAsked(true)}>${t("Delete")} …</button>
    </p>`}
    ${asked &&
    h(Ask, {
      title: t("Delete {name}?", { name }),
      words: html`<p>${words}</p>
        ${others > 0 && html`<p>${tn("{n} other member loses it.", "{n} other members lose it.", others)}</p>`}`,
      yes: t("Delete for good"),
      ends: true,
      send: () => call("delete", "/movements/{movement}", { movement: id }),
      done: t("{name} is deleted.", { name }),
      close: () => setAsked(false),
      then: () => go("/app", true),
    })}`;
}
