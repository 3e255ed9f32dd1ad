// Where members stand: near those whom they follow, apart from all others.
import { forceAtlas2 } from "./library.js";

const GOLDEN_ANGLE = Math.PI * (3 - Math.sqrt(5));
/** rounds after which nothing is seen to move any more */
const ROUNDS = 300;
/** how long the page may stand still for the layout, in milliseconds: less than a frame */
const AT_ONCE = 12;

/** The place to start from, the same each time: a spiral without order or overlap. */
export function start(number) {
  const radius = 10 * Math.sqrt(number + 0.5);
  return { x: radius * Math.cos(number * GOLDEN_ANGLE), y: radius * Math.sin(number * GOLDEN_ANGLE) };
}

/**
 * Lay a graph out little by little, so that the page answers in between.
 *
 * @param animated whether each step is to be seen
 * @returns a promise that is kept when it is done, with whether it was not stopped
 */
export function layOut(graph, { animated, signal }) {
  const settings = {
    ...forceAtlas2.inferSettings(graph),
    barnesHutOptimize: graph.order > 500,
    barnesHutTheta: 0.8,
    gravity: 0.6,
    scalingRatio: 12,
  };
  let left = ROUNDS;
  let iterations = 1;
  return new Promise((keep) => {
    function step() {
      if (signal.aborted || left <= 0 || graph.order < 2) return keep(!signal.aborted);
      const began = performance.now();
      iterations = Math.min(iterations, left);
      forceAtlas2.assign(graph, { iterations, settings });
      left -= iterations;
      const each = (performance.now() - began) / iterations;
      iterations = Math.max(1, Math.min(ROUNDS, Math.round(AT_ONCE / Math.max(each, 0.01))));
      return animated ? requestAnimationFrame(step) : setTimeout(step);
    }
    step();
  });
}
