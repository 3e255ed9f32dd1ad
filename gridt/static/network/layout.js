// The layout: members stand near their leaders, and apart from all others.
import { forceAtlas2 } from "./library.js";

const GOLDEN_ANGLE = Math.PI * (3 - Math.sqrt(5));
/** rounds after which no member moves visibly */
const ROUNDS = 300;
/** up to this many members, the layout is exact and each frame shows it */
const FEW = 500;
/** in milliseconds: the longest computation between two answers of the page; the time between two
 *  drawings of a large network; and the time after which the layout is good enough */
const AT_ONCE = 12;
const BETWEEN = 600;
const ENOUGH = 5000;

/** The first place, the same in each run: on a spiral without overlap. */
export function start(number) {
  const radius = 10 * Math.sqrt(number + 0.5);
  return { x: radius * Math.cos(number * GOLDEN_ANGLE), y: radius * Math.sin(number * GOLDEN_ANGLE) };
}

/**
 * Lay out a graph in small steps, so that the page answers in between.
 *
 * @param animated whether to show the steps, and not only the end
 */
export async function layOut(graph, { animated, signal }) {
  if (graph.order < 2) return;
  // on a copy, because the picture would draw the graph after each step
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

/** Copy places, except those of members that the reader has moved. */
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
