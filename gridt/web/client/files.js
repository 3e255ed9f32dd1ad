// Files that a member takes along, and brings.
import { transfer } from "./service.js";

/**
 * Let the browser save an answer as a file.
 * @param {string} address
 * @param {string} name
 */
export async function save(address, name) {
  const answer = await transfer("get", address);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/**
 * Send a file of updates, to be saved or only to be looked at.
 * @param {string} movement
 * @param {File} file
 * @param {Record<string, string>} query
 * @returns {Promise<import("./types").Schemas["ImportResult"]>}
 */
export async function bring(movement, file, query) {
  const json = file.name.endsWith(".json");
  const type = json ? "application/json" : "text/csv";
  const address = `/movements/${movement}/updates/import?${new URLSearchParams(query)}`;
  return (await transfer("post", address, await file.text(), type)).json();
}
