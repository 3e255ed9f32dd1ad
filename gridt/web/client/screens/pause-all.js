// Pause all movements at once, such as for a holiday.
import { allMovements, usePauses } from "../pausing.js";
import { t } from "../words.js";

export function PauseAll() {
  const words = t("All your movements pause. Streaks stay as they are.");
  return usePauses("/app", t("Pause all"), words, allMovements);
}
