// Pause a movement.
import { usePauses } from "../pausing.js";
import { today } from "../state.js";
import { t } from "../words.js";

/** @param {Record<string, string>} props */
export function Pause({ id = "" }) {
  const name = today.value?.movements.find((it) => String(it.id) === id)?.name ?? "";
  const words = t("A pause keeps your streak as it is. Your leaders stay, and your followers see that you pause.");
  return usePauses(`/app/m/${id}`, name ? t("Pause {name}", { name }) : t("Pause"), words, () => Promise.resolve([Number(id)]));
}
