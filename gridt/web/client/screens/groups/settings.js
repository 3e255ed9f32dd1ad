// The settings of an organisation, for its admins.
import { h, html } from "../../library.js";
import { toggle } from "../../parts/choice.js";
import { field, main } from "../../parts/field.js";
import { frame } from "../../parts/frame.js";
import { refusal, unread } from "../../parts/notice.js";
import { useForm } from "../../forms.js";
import { useRead } from "../../reading.js";
import { call } from "../../service.js";
import { bar, changed } from "../../state.js";
import { t } from "../../words.js";

/** @param {Record<string, string>} props */
export function GroupSettings({ id = "" }) {
  const reading = useRead("/organisations/{group}/settings", { group: id });
  const head = { title: t("Settings"), back: `/app/g/${id}` };
  if (!reading.data) return frame(head, unread(reading));
  return frame(head, h(Form, { id, settings: reading.data }));
}

/** @param {{id: string, settings: import("../../types").Schemas["OrganisationSettings"]}} props */
function Form({ id, settings }) {
  const { listed, member_can_leave, location } = settings;
  const form = useForm({ listed, member_can_leave, location }, (values) =>
    call("patch", "/organisations/{group}/settings", { group: id }, values).then(() => {
      changed();
      bar.value = { text: t("Saved.") };
    }),
  );
  return html`<form onSubmit=${form.submit} noValidate>
    ${refusal(form.problem, ["listed", "member_can_leave", "location"])}
    ${toggle(form, "listed", t("Listed"), t("Everybody sees that the organisation exists."))}
    ${toggle(form, "member_can_leave", t("Members can leave"), t("Members with an account of their own always can."))}
    ${field(form, "location", t("Location"), { autocomplete: "off" })} ${main(form, t("Save"))}
  </form>`;
}
