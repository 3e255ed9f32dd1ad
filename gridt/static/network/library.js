// written by scripts/vendor.sh
export * from "../vendor/graph-93a4188c46e5.js";
