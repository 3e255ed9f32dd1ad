// Pause all movements at once, such as for a holiday.
import { usePauses } from "../pausing.js";
import { today } from "../state.js";
import { t } from "../words.js";

export function PauseAll() {
  const movements = today.value?.movements.map(({ id }) => id) ?? [];
  const words = t("All your movements pause. Streaks stay as they are.");
  return usePauses("/app", t("Pause all"), words, movements);
}
