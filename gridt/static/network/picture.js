// The network as a picture that pointer and keys move.
import {
  DirectedGraph,
  EdgeCurvedArrowProgram,
  EdgeRectangleProgram,
  Sigma,
  createEdgeArrowProgram,
  createNodeBorderProgram,
} from "./library.js";
import { layOut, start } from "./layout.js";

/** the step by which a key moves the picture or a member, as a part of the view */
const STEP = 0.08;
/** with this many members, names beside members would cover other members */
const MOST_NAMED = 40;
/** with more members, arrows are thin, faint and without heads, or they would hide the members */
const FEW = 200;
/** a picture of this size shows members at full size */
const ROOMY = 480;
/** a picture of this width shows relations beside the names of your leaders and followers */
const WIDE = 700;

/** Rings from the outside: the relation to you, then a gap. A silent member is hollow. */
const Member = createNodeBorderProgram({
  borders: [
    { size: { attribute: "ring", defaultValue: 0 }, color: { attribute: "ringColor" } },
    { size: { attribute: "gap", defaultValue: 0 }, color: { attribute: "ground" } },
    { size: { attribute: "outline", defaultValue: 0 }, color: { attribute: "color" } },
    { size: { fill: true }, color: { attribute: "inside" } },
  ],
});

const Arrow = createEdgeArrowProgram({ lengthToThicknessRatio: 4, widenessToThicknessRatio: 3 });

export function canDraw() {
  return document.createElement("canvas").getContext("webgl2") !== null;
}

export class Picture {
  /** @param onSelect gets the description of the selected member, or "" */
  constructor(container, network, onSelect) {
    Object.assign(this, { container, network, onSelect, selected: null });
    this.order = network.inOrder().map((member) => member.id);
    this.graph = graphOf(network);
    const room = Math.min(container.clientWidth, container.clientHeight);
    this.scale = Math.max(0.8, Math.min(1, room / ROOMY));
    this.colors = this.paints();
    this.stopped = new AbortController();
    this.sigma = new Sigma(this.graph, container, this.settings());
    performance.mark("network-first-picture"); // Sigma has drawn it once
    this.listen();
    this.ready = this.settle();
  }

  settings() {
    return {
      defaultEdgeType: "arrow",
      // drawn in this order, so that arrows of the reader are on top
      edgeProgramClasses: {
        line: EdgeRectangleProgram,
        arrow: Arrow,
        bent: EdgeCurvedArrowProgram,
        mine: Arrow,
        mineBent: EdgeCurvedArrowProgram,
      },
      defaultNodeType: "member",
      nodeProgramClasses: { member: Member },
      nodeReducer: (node, data) => this.memberLook(node, data),
      edgeReducer: (edge, data) => this.arrowLook(edge, data),
      defaultDrawNodeLabel: (context, data, settings) => drawLabel(context, data, settings, this.colors),
      defaultDrawNodeHover: (context, data, settings) => drawLabel(context, data, settings, this.colors),
      labelFont: "system-ui, sans-serif",
      labelSize: 13,
      labelRenderedSizeThreshold: this.graph.order <= MOST_NAMED ? 0 : 15,
      minCameraRatio: 0.02,
      maxCameraRatio: 4,
      stagePadding: 40 * this.scale,
      zIndex: true,
      minEdgeThickness: 1,
    };
  }

  /** Lay the members out, and show the steps unless the reader wants less motion. */
  async settle() {
    const { container } = this;
    container.setAttribute("aria-busy", "true");
    const animated = !matchMedia("(prefers-reduced-motion: reduce)").matches;
    await layOut(this.graph, { animated, signal: this.stopped.signal });
    performance.mark("network-settled");
    container.setAttribute("aria-busy", "false");
  }

  // -- looks ----------------------------------------------------------------------------------

  memberLook(node, { id, live, size, x, y }) {
    const { colors, network, selected, scale } = this;
    const mine = id === network.you;
    const near = mine || network.leaders.has(id) || network.followers.has(id);
    const lit = selected === null ? near : id === selected || this.touches(id);
    const faded = selected !== null && !lit && !near;
    const color = faded ? colors.faded : live ? colors.live : colors.silent;
    return {
      x,
      y,
      color,
      inside: live ? color : colors.ground,
      ground: colors.ground,
      outline: 0.42,
      ring: near || id === selected ? 0.18 : 0,
      gap: near || id === selected ? 0.14 : 0,
      ringColor: this.ringColor(id),
      size: scale * (mine ? Math.max(size * 2, 11) : near || id === selected ? Math.max(size * 1.7, 9) : size),
      label: this.label(id),
      forceLabel: near || id === selected,
      zIndex: mine ? 3 : near || lit ? 2 : 1,
    };
  }

  ringColor(id) {
    const { colors, network, selected } = this;
    if (id === network.you || (id === selected && !network.relation(id))) return colors.text;
    return network.leaders.has(id) ? colors.mine : colors.toMe;
  }

  label(id) {
    const relation = this.network.relation(id);
    const named = !relation || id === this.selected || this.network.known.has(id);
    if (!named) return this.scale < 1 && id !== this.network.you ? null : relation;
    const name = this.network.shortName(id);
    // a narrow picture has no room for relations, which colours show as well
    const isWide = this.container.clientWidth >= WIDE;
    return relation && (isWide || id === this.selected) ? `${name} (${relation})` : name;
  }

  arrowLook(edge, { from, to, mutual }) {
    const { colors, network, selected } = this;
    const middle = [selected, network.you].find((one) => one !== null && (one === from || one === to));
    if (middle !== undefined) {
      const type = mutual ? "mineBent" : "mine"; // or the two would lie on each other
      return from === middle
        ? { type, color: colors.mine, size: 3.5, zIndex: 1 }
        : { type, color: colors.toMe, size: 2, zIndex: 1 };
    }
    const color = selected === null ? colors.arrow : colors.faded;
    if (this.graph.order > FEW) return { type: "line", color, size: 1, zIndex: 0 };
    return { type: mutual ? "bent" : "arrow", color, size: 1.2, zIndex: 0 };
  }

  touches(id) {
    const chosen = this.network.members.get(this.selected);
    return chosen.leaders.includes(id) || chosen.followers.includes(id);
  }

  // -- acts of the reader ---------------------------------------------------------------------

  listen() {
    const { signal } = this.stopped;
    this.sigma.on("clickNode", ({ node }) => this.click(this.graph.getNodeAttribute(node, "id")));
    this.sigma.on("clickStage", () => this.click(null));
    this.sigma.on("downNode", ({ node }) => this.grasp(node));
    this.sigma.on("moveBody", ({ event, preventSigmaDefault }) => {
      if (this.grasped === undefined) return;
      this.place(this.grasped, this.sigma.viewportToGraph(event));
      preventSigmaDefault();
      event.original.preventDefault();
    });
    for (const ending of ["upNode", "upStage"]) this.sigma.on(ending, () => this.letGo());
    this.container.addEventListener("keydown", (event) => this.key(event), { signal });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.recolor(), { signal });
  }

  paints() {
    const colors = colorsOf(this.container);
    const part = Math.max(0.35, Math.min(1, FEW / this.graph.order));
    return { ...colors, arrow: mixed(colors.arrow, colors.ground, part) };
  }

  recolor() {
    this.colors = this.paints();
    this.sigma.refresh();
  }

  /** Highlight a member, or none. */
  select(id, { show = false } = {}) {
    this.selected = id;
    this.onSelect(id === null ? "" : this.network.describe(id));
    this.sigma.refresh();
    if (id !== null && show) this.show(id);
  }

  show(id) {
    const { x, y } = this.sigma.getNodeDisplayData(String(id));
    const camera = this.sigma.getCamera();
    this.move({ x, y, ratio: Math.min(camera.ratio, this.graph.order > MOST_NAMED ? 0.35 : 1) });
  }

  grasp(node) {
    this.grasped = node;
    this.moved = false;
    // else the picture would shrink and grow with the moved member
    if (!this.sigma.getCustomBBox()) this.sigma.setCustomBBox(this.sigma.getBBox());
  }

  place(node, { x, y }) {
    this.moved = true;
    this.graph.mergeNodeAttributes(node, { x, y, fixed: true });
  }

  letGo() {
    if (this.moved) this.tellMoved(this.grasped);
    this.grasped = undefined;
  }

  /** Select, unless this click ends the move of a member. */
  click(id) {
    if (!this.moved) this.select(id);
    this.moved = false;
  }

  tellMoved(node) {
    const { network } = this;
    this.onSelect(`${network.describe(this.graph.getNodeAttribute(node, "id"))}, ${network.words.moved()}`);
  }

  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const directions = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const doings = { "+": "closer", "=": "closer", "-": "farther", 0: "whole", m: "me", n: "next", p: "previous", Escape: "nobody" };
    if (event.key in directions) {
      const [x, y] = directions[event.key];
      if (event.shiftKey) this.push(x, y);
      else this.pan(x, y);
    } else {
      const doing = doings[event.key.length === 1 ? event.key.toLowerCase() : event.key];
      if (doing === undefined) return;
      this.do(doing);
    }
    event.preventDefault();
  }

  do(what) {
    const { ratio } = this.sigma.getCamera();
    if (what === "closer") this.move({ ratio: ratio / 1.5 });
    if (what === "farther") this.move({ ratio: ratio * 1.5 });
    if (what === "whole") this.whole();
    if (what === "me" && this.network.members.has(this.network.you)) this.select(this.network.you, { show: true });
    if (what === "nobody") this.select(null);
    if (what === "next") this.walk(1);
    if (what === "previous") this.walk(-1);
  }

  whole() {
    this.sigma.setCustomBBox(null);
    this.sigma.refresh();
    this.move({ x: 0.5, y: 0.5, ratio: 1 });
  }

  /** Select the next member: first your leaders and followers. */
  walk(by) {
    if (this.order.length === 0) return;
    const at = this.selected === null ? (by > 0 ? -1 : 0) : this.order.indexOf(this.selected);
    this.select(this.order.at((at + by) % this.order.length), { show: true });
  }

  pan(x, y) {
    const camera = this.sigma.getCamera();
    this.move({ x: camera.x + x * STEP * camera.ratio, y: camera.y + y * STEP * camera.ratio });
  }

  /** Move the selected member. */
  push(x, y) {
    if (this.selected === null) return;
    const node = String(this.selected);
    const { width, height } = this.sigma.getDimensions();
    const at = this.sigma.graphToViewport(this.graph.getNodeAttributes(node));
    const step = STEP * Math.min(width, height);
    this.grasp(node);
    this.place(node, this.sigma.viewportToGraph({ x: at.x + x * step, y: at.y - y * step }));
    this.letGo();
    this.moved = false;
  }

  move(state) {
    const camera = this.sigma.getCamera();
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) camera.setState(state);
    else camera.animate(state, { duration: 150 });
  }

  stop() {
    this.stopped.abort();
    this.sigma.kill();
  }
}

function graphOf(network) {
  const graph = new DirectedGraph();
  const size = Math.min(12, Math.max(2.5, 90 / Math.sqrt(network.members.size || 1)));
  let number = 0;
  for (const { id, live, followers } of network.members.values()) {
    // each member would have four followers if all had the same number
    const own = size * Math.min(1.7, Math.sqrt((followers.length + 2) / 6));
    graph.addNode(String(id), { ...start(number++), id, live, size: own });
  }
  for (const { id, leaders } of network.members.values()) {
    for (const leader of leaders) {
      const mutual = network.members.get(leader).leaders.includes(id);
      graph.addEdge(String(id), String(leader), { from: id, to: leader, mutual });
    }
  }
  return graph;
}

function colorsOf(element) {
  const styles = getComputedStyle(element);
  const color = (name) => styles.getPropertyValue(name).trim();
  return {
    ground: color("--ground"),
    text: color("--text"),
    arrow: color("--arrow"),
    faded: color("--faded"),
    live: color("--live"),
    silent: color("--silent"),
    mine: color("--mine"),
    toMe: color("--to-me"),
  };
}

/** A colour between two of `#rrggbb`, with a share of the first. */
function mixed(color, other, part) {
  const at = (one, place) => parseInt(one.slice(place, place + 2), 16);
  const parts = [1, 3, 5].map((place) => Math.round(part * at(color, place) + (1 - part) * at(other, place)));
  return `rgb(${parts.join(", ")})`;
}

/** A name beside a member, readable on every background. */
function drawLabel(context, { label, x, y, size }, { labelSize, labelFont }, colors) {
  if (!label) return;
  context.font = `600 ${labelSize}px ${labelFont}`;
  const right = x + size + 4;
  const width = context.measureText(label).width;
  // at the right edge of the picture it would be cut
  const room = context.canvas.clientWidth;
  const left = right + width <= room ? right : Math.max(2, Math.min(x - size - 4, room - 2) - width);
  const at = [left, y + labelSize / 3];
  context.lineJoin = "round";
  context.lineWidth = 4;
  context.strokeStyle = colors.ground;
  context.strokeText(label, ...at);
  context.fillStyle = colors.text;
  context.fillText(label, ...at);
}
