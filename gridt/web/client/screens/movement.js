// A movement: for a member of it, or for others. Which of the two is known from Today, or is asked.
import { h } from "../library.js";
import { frame } from "../parts/frame.js";
import { waiting } from "../parts/notice.js";
import { problem, today } from "../state.js";
import { t } from "../words.js";
import { Member } from "./member.js";
import { Visitor } from "./visitor.js";

/** @param {Record<string, string>} props */
export function Movement({ id = "" }) {
  const movements = today.value?.movements;
  if (movements?.some((it) => String(it.id) === id)) return h(Member, { id });
  if (!movements && !problem.value) return frame({ title: t("Movement"), back: "/app" }, waiting());
  return h(Visitor, { id });
}
