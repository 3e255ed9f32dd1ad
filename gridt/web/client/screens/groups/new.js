// Make a group in another, or an organisation.
import { h, html } from "../../library.js";
import { choice } from "../../parts/choice.js";
import { field, main } from "../../parts/field.js";
import { frame } from "../../parts/frame.js";
import { below, groupWords, kindName } from "../../parts/groups.js";
import { refusal, unread } from "../../parts/notice.js";
import { useForm } from "../../forms.js";
import { useRead } from "../../reading.js";
import { go } from "../../router.js";
import { call } from "../../service.js";
import { changed, today } from "../../state.js";
import { t } from "../../words.js";

/** @typedef {import("../../types").Schemas["GroupDetail"]} Group */

/** @param {Record<string, string>} props */
export function New({ id = "" }) {
  if (!id) return h(NewOrganisation, {});
  return h(NewPart, { id });
}

/** @param {{id: string}} props */
function NewPart({ id }) {
  const reading = useRead("/groups/{group}", { group: id });
  const head = { title: t("Make a group"), back: `/app/g/${id}` };
  const group = reading.data;
  if (!group) return frame(head, unread(reading));
  return frame(head, html`<p>${t("In {name}", { name: group.name })}</p>`, h(Part, { group }));
}

/** @param {{group: Group}} props */
function Part({ group }) {
  const kinds = below(group.kind);
  const start = { kind: kinds[0] ?? "team", name: "", description: "" };
  /** @param {any} values */
  const send = async (values) => made(await call("post", "/groups/{group}/groups", { group: group.id }, values));
  const form = useForm(start, send);
  const options = kinds.map((it) => /** @type {[string, string]} */ ([it, kindName(it)]));
  return html`<form onSubmit=${form.submit} noValidate>
    ${refusal(form.problem, Object.keys(start))}
    ${kinds.length > 1 && choice(form, "kind", t("Which kind"), options)} ${groupWords(form)}
    ${main(form, t("Make it"))}
  </form>`;
}

function NewOrganisation() {
  const admin = today.value?.identity.id ?? null;
  const form = useForm({ name: "" }, async ({ name }) => made(await call("post", "/organisations", {}, { name, admin })));
  return frame(
    { title: t("Make an organisation"), back: "/app/groups" },
    html`<form onSubmit=${form.submit} noValidate>
      ${refusal(form.problem, ["name"])} ${field(form, "name", t("Name"), { autocomplete: "off" })}
      <p class="quiet">${t("You become its first admin. You can make others admins, and give up the role.")}</p>
      ${main(form, t("Make it"))}
    </form>`,
  );
}

/** @param {{id: number}} group */
function made({ id }) {
  changed();
  go(`/app/g/${id}`, true);
}
