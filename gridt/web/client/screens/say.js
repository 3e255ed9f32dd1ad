// Say more: a word for the followers, with an update that is saved already, or with a new one.
import { html } from "../library.js";
import { field, main } from "../parts/field.js";
import { frame } from "../parts/frame.js";
import { refusal } from "../parts/notice.js";
import { now } from "../outbox.js";
import { useForm } from "../forms.js";
import { useRead } from "../reading.js";
import { go } from "../router.js";
import { bar, changed, today } from "../state.js";
import { post, replace } from "../saying.js";
import { t } from "../words.js";

/** @param {Record<string, string>} props */
export function Say({ id = "" }) {
  const back = `/app/m/${id}`;
  const chosen = new URLSearchParams(location.search).get("update");
  const known = today.value?.movements.find((it) => String(it.id) === id);
  const about = useRead("/movements/{movement}", { movement: id });
  const name = known?.name ?? about.data?.name ?? "";
  // a movement that is done has one update, and the words belong to it
  const last = known?.standing.turn.done ? known.last_update : null;
  const update = chosen ?? (last && !known?.counts_every_update ? String(last.id) : null);
  const form = useForm({ message: last && String(last.id) === update ? (last.message ?? "") : "" }, send);

  /** @param {{message: string}} values */
  function send({ message }) {
    const words = message.trim() || null;
    // towards a goal, words are welcome on a day that counts already
    const at = known?.goal ? null : now();
    return (update ? replace(id, update, words) : post(id, at, words)).then(() => {
      changed();
      go(back, true);
      bar.value = { text: t("Saved") };
    });
  }
  return frame(
    { title: name || t("Say more"), back },
    html`<form onSubmit=${form.submit} noValidate>
      ${refusal(form.problem, ["message"])}
      ${field(form, "message", t("A word for your followers"), {
        lines: 4,
        hint: t("The members whom you lead here see it."),
      })}
      ${main(form, update ? t("Save") : t("Did it"))}
    </form>`,
  );
}
