// written by scripts/vendor.sh
export * from "../vendor/graph-4d446bcf1e1a.js";
