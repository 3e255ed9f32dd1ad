// Writes the contents of a bundle to files beside it: versions, licences, and the bundle's hash.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";

const [bundle, metafile, name, folder, fixedName] = process.argv.slice(2);
const { inputs } = Object.values(JSON.parse(readFileSync(metafile)).outputs)[0];
const homes = new Set(
  Object.keys(inputs)
    .map((path) => path.match(/^node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0])
    .filter(Boolean),
);

const packages = {};
const texts = [];
for (const home of [...homes].sort()) {
  const { name: called, version, license } = JSON.parse(readFileSync(`${home}/package.json`));
  const file = readdirSync(home).find((one) => /^licen[cs]e/i.test(one));
  if (!file) throw new Error(`${called} comes without the text of its licence`);
  packages[called] = { version, license };
  const text = readFileSync(`${home}/${file}`, "utf8").trim();
  texts.push(`${called} ${version} (${license})\n\n${text}\n`);
}

const code = readFileSync(bundle);
const sha256 = createHash("sha256").update(code).digest("hex");
// the app's whole tree has a version in its path, so its library keeps one name
const file = fixedName ?? `${name}-${sha256.slice(0, 12)}.js`;
writeFileSync(`${folder}/${file}`, code);
writeFileSync(`${folder}/${name}.LICENSES.txt`, texts.join(`\n${"-".repeat(80)}\n\n`));
writeFileSync(`${folder}/${name}.json`, `${JSON.stringify({ file, sha256, packages }, null, 2)}\n`);
console.log(file);
