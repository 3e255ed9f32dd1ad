// What the page of a network uses of its libraries: all that ends up in the bundle.
export { EdgeCurvedArrowProgram } from "@sigma/edge-curve";
export { createNodeBorderProgram } from "@sigma/node-border";
export { DirectedGraph } from "graphology";
export { default as forceAtlas2 } from "graphology-layout-forceatlas2";
export { Sigma } from "sigma";
export { EdgeRectangleProgram, createEdgeArrowProgram } from "sigma/rendering";
