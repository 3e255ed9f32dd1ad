// How @hey-api/openapi-ts generates functions: with the endings that Node wants of imports.
export default {
  input: "openapi.json",
  output: { path: "functions", module: { extension: ".js" } },
  plugins: ["@hey-api/client-fetch", "@hey-api/sdk", "@hey-api/typescript"],
};
