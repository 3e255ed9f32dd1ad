// Where members stand: near those whom they follow, apart from all others.
import { forceAtlas2 } from "./library.js";

const GOLDEN_ANGLE = Math.PI * (3 - Math.sqrt(5));
/** rounds after which nothing is seen to move any more */
const ROUNDS = 300;
/** up to this many members the layout is exact, and seen in every frame */
const FEW = 500;
/** in milliseconds: what may be computed before the page answers again; how often a large network
 *  is drawn meanwhile; and after how long it is good enough */
const AT_ONCE = 12;
const BETWEEN = 600;
const ENOUGH = 5000;

/** The place to start from, the same each time: a spiral without order or overlap. */
export function start(number) {
  const radius = 10 * Math.sqrt(number + 0.5);
  return { x: radius * Math.cos(number * GOLDEN_ANGLE), y: radius * Math.sin(number * GOLDEN_ANGLE) };
}

/**
 * Lay a graph out little by little, so that the page answers in between.
 *
 * @param animated whether the steps are to be seen, and not the end alone
 */
export async function layOut(graph, { animated, signal }) {
  if (graph.order < 2) return;
  // on a copy: whoever draws the graph would draw it after each step
  const copy = graph.copy();
  const settings = {
    ...forceAtlas2.inferSettings(copy),
    barnesHutOptimize: copy.order > FEW,
    barnesHutTheta: 1.2,
    gravity: 0.6,
    scalingRatio: 12,
  };
  const pause = copy.order > FEW ? later : nextFrame;
  const began = performance.now();
  let shown = began;
  let iterations = 1;
  for (let done = 0; done < ROUNDS && performance.now() - began < ENOUGH; done += iterations) {
    iterations = Math.min(iterations, ROUNDS - done);
    const each = timed(() => forceAtlas2.assign(copy, { iterations, settings })) / iterations;
    iterations = Math.max(1, Math.round(AT_ONCE / Math.max(each, 0.02)));
    if (animated && (copy.order <= FEW || performance.now() - shown > BETWEEN)) {
      show(copy, graph);
      shown = performance.now();
    }
    await pause();
    if (signal.aborted) return;
  }
  show(copy, graph);
}

/** Take places over, except of those whom the reader has put somewhere. */
function show(copy, graph) {
  graph.updateEachNodeAttributes(
    (node, attributes) => {
      const { x, y, fixed } = attributes;
      if (fixed) copy.mergeNodeAttributes(node, { x, y, fixed });
      else Object.assign(attributes, place(copy.getNodeAttributes(node)));
      return attributes;
    },
    { attributes: ["x", "y"] },
  );
}

const place = ({ x, y }) => ({ x, y });
const nextFrame = () => new Promise(requestAnimationFrame);
const later = () => new Promise((keep) => setTimeout(keep));

function timed(what) {
  const began = performance.now();
  what();
  return performance.now() - began;
}
