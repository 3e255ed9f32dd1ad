// The network as a picture to move in, by pointer and by keys.
import { DirectedGraph, EdgeArrowProgram, Sigma, createNodeBorderProgram } from "./library.js";
import { layOut, start } from "./layout.js";

/** how far a key moves the picture, and a member, as a part of what is seen */
const STEP = 0.08;
/** with as many members a name beside each would cover the others */
const MOST_NAMED = 40;

/** Rings from the outside: what somebody is to you, a gap, and who is silent is hollow. */
const Member = createNodeBorderProgram({
  borders: [
    { size: { attribute: "ring", defaultValue: 0 }, color: { attribute: "ringColor" } },
    { size: { attribute: "gap", defaultValue: 0 }, color: { attribute: "ground" } },
    { size: { attribute: "outline", defaultValue: 0 }, color: { attribute: "color" } },
    { size: { fill: true }, color: { attribute: "inside" } },
  ],
});

export function canDraw() {
  return document.createElement("canvas").getContext("webgl2") !== null;
}

export class Picture {
  /** @param onSelect told what there is to say of the member who is selected, or "" */
  constructor(container, network, onSelect) {
    Object.assign(this, { container, network, onSelect, selected: null });
    this.order = network.inOrder().map((member) => member.id);
    this.graph = graphOf(network);
    this.colors = colorsOf(container);
    this.stopped = new AbortController();
    this.sigma = new Sigma(this.graph, container, this.settings());
    this.listen();
    this.ready = this.settle();
  }

  settings() {
    return {
      defaultEdgeType: "arrow",
      edgeProgramClasses: { arrow: EdgeArrowProgram },
      defaultNodeType: "member",
      nodeProgramClasses: { member: Member },
      nodeReducer: (node, data) => this.memberLook(node, data),
      edgeReducer: (edge, data) => this.arrowLook(edge, data),
      defaultDrawNodeLabel: (context, data, settings) => drawLabel(context, data, settings, this.colors),
      defaultDrawNodeHover: (context, data, settings) => drawLabel(context, data, settings, this.colors),
      labelFont: "system-ui, sans-serif",
      labelSize: 13,
      labelRenderedSizeThreshold: this.graph.order <= MOST_NAMED ? 0 : 12,
      minCameraRatio: 0.02,
      maxCameraRatio: 4,
      stagePadding: 40,
      zIndex: true,
    };
  }

  /** Lay the members out, seen while it goes on unless the reader wants less motion. */
  async settle() {
    const { container } = this;
    container.setAttribute("aria-busy", "true");
    this.sigma.once("afterRender", () => performance.mark("network-first-picture"));
    const animated = !matchMedia("(prefers-reduced-motion: reduce)").matches;
    await layOut(this.graph, { animated, signal: this.stopped.signal });
    performance.mark("network-settled");
    container.setAttribute("aria-busy", "false");
  }

  // -- looks ----------------------------------------------------------------------------------

  memberLook(node, { id, live, size, x, y }) {
    const { colors, network, selected } = this;
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
      outline: 0.35,
      ring: near || id === selected ? 0.18 : 0,
      gap: near || id === selected ? 0.14 : 0,
      ringColor: this.ringColor(id),
      size: near ? Math.max(size * 1.7, 9) : id === selected ? Math.max(size * 1.7, 8) : size,
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
    if (!named) return relation;
    const name = this.network.shortName(id);
    return relation ? `${name} (${relation})` : name;
  }

  arrowLook(edge, { from, to }) {
    const { colors, network, selected } = this;
    if (from === selected || to === selected) {
      return { color: from === selected ? colors.mine : colors.toMe, size: 2.2, zIndex: 3 };
    }
    if (from === network.you) return { color: colors.mine, size: 3, zIndex: 2 };
    if (to === network.you) return { color: colors.toMe, size: 1.8, zIndex: 2 };
    return { color: selected === null ? colors.arrow : colors.faded, size: this.thin, zIndex: 0 };
  }

  get thin() {
    return this.graph.order > 1000 ? 0.4 : 1;
  }

  touches(id) {
    const chosen = this.network.members.get(this.selected);
    return chosen.leaders.includes(id) || chosen.followers.includes(id);
  }

  // -- what the reader does -------------------------------------------------------------------

  listen() {
    const { signal } = this.stopped;
    this.sigma.on("clickNode", ({ node }) => this.select(this.graph.getNodeAttribute(node, "id")));
    this.sigma.on("clickStage", () => this.select(null));
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

  recolor() {
    this.colors = colorsOf(this.container);
    this.sigma.refresh();
  }

  /** Point a member out, or nobody. */
  select(id, { show = false } = {}) {
    this.selected = id;
    this.onSelect(id === null ? "" : this.network.describe(id));
    this.sigma.refresh({ skipIndexation: true });
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
    // or the picture would shrink and grow with the one who is moved
    if (!this.sigma.getCustomBBox()) this.sigma.setCustomBBox(this.sigma.getBBox());
  }

  place(node, { x, y }) {
    this.moved = true;
    this.graph.mergeNodeAttributes(node, { x, y, fixed: true });
  }

  letGo() {
    if (this.moved) this.tellMoved(this.grasped);
    this.grasped = undefined;
    this.moved = false;
  }

  tellMoved(node) {
    this.onSelect(`${this.network.describe(this.graph.getNodeAttribute(node, "id"))}, moved`);
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

  /** Select the next member: first those who have to do with you. */
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
  }

  move(state) {
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.sigma.getCamera().animate(state, { duration: still ? 0 : 150 });
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
    // four followers are what everybody would have if all had the same
    const own = size * Math.min(1.7, Math.sqrt((followers.length + 2) / 6));
    graph.addNode(String(id), { ...start(number++), id, live, size: own });
  }
  for (const { id, leaders } of network.members.values()) {
    for (const leader of leaders) graph.addEdge(String(id), String(leader), { from: id, to: leader });
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

/** A name beside a member, readable on whatever is below it. */
function drawLabel(context, { label, x, y, size }, { labelSize, labelFont }, colors) {
  if (!label) return;
  context.font = `600 ${labelSize}px ${labelFont}`;
  const at = [x + size + 4, y + labelSize / 3];
  context.lineJoin = "round";
  context.lineWidth = 4;
  context.strokeStyle = colors.ground;
  context.strokeText(label, ...at);
  context.fillStyle = colors.text;
  context.fillText(label, ...at);
}
