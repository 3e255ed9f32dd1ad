// A group's name and description, and the end of it.
import { h, html, useState } from "../../library.js";
import { Ask } from "../../parts/ask.js";
import { main } from "../../parts/field.js";
import { frame } from "../../parts/frame.js";
import { groupWords, isSiteAdmin } from "../../parts/groups.js";
import { refusal, unread } from "../../parts/notice.js";
import { useForm } from "../../forms.js";
import { useRead } from "../../reading.js";
import { go } from "../../router.js";
import { call } from "../../service.js";
import { bar, changed } from "../../state.js";
import { t } from "../../words.js";

/** @typedef {import("../../types").Schemas["GroupDetail"]} Group */

/** @param {Record<string, string>} props */
export function EditGroup({ id = "" }) {
  const reading = useRead("/groups/{group}", { group: id });
  const head = { title: t("Edit"), back: `/app/g/${id}` };
  const group = reading.data;
  if (!group) return frame(head, unread(reading));
  return frame(head, h(Form, { group }), (group.parent_id !== null || isSiteAdmin()) && h(Ending, { group }));
}

/** @param {{group: Group}} props */
function Form({ group: { id, name, description } }) {
  const send = async (/** @type {{name: string, description: string}} */ values) => {
    await call("patch", "/groups/{group}", { group: id }, values);
    changed();
    go(`/app/g/${id}`, true);
    bar.value = { text: t("Saved.") };
  };
  const form = useForm({ name, description }, send);
  return html`<form onSubmit=${form.submit} noValidate>
    ${refusal(form.problem, ["name", "description"])} ${groupWords(form)} ${main(form, t("Save"))}
  </form>`;
}

/** @param {{group: Group}} props */
function Ending({ group: { id, name, parent_id } }) {
  const [asked, setAsked] = useState(false);
  const about = t("The groups in it end, too, with all memberships and roles. Accounts stay. This cannot be undone.");
  return html`<h2>${t("Delete the group")}</h2>
    <p class="quiet">${about}</p>
    <p class="actions">
      <button type="button" class="button danger" onClick=${() => setAsked(true)}>${t("Delete")} …</button>
    </p>
    ${asked &&
    h(Ask, {
      title: t("Delete {name}?", { name }),
      words: about,
      yes: t("Delete for good"),
      ends: true,
      send: () => call("delete", "/groups/{group}", { group: id }),
      done: t("{name} is deleted.", { name }),
      close: () => setAsked(false),
      then: () => go(parent_id === null ? "/app/groups" : `/app/g/${parent_id}`, true),
    })}`;
}
