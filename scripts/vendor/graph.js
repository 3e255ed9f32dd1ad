// The parts of its libraries that the network page uses: the whole content of the bundle.
export { EdgeCurvedArrowProgram } from "@sigma/edge-curve";
export { createNodeBorderProgram } from "@sigma/node-border";
export { DirectedGraph } from "graphology";
export { default as forceAtlas2 } from "graphology-layout-forceatlas2";
export { Sigma } from "sigma";
export { EdgeRectangleProgram, createEdgeArrowProgram } from "sigma/rendering";
