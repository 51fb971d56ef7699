/**
 * The published package of the producer contract, with its schemas and its
 * fixtures. It does not belong to the checkout: tests that need it are left
 * out, aloud, where it is not to be had.
 */

import { ok } from "node:assert/strict";
import { isThere } from "./home.ts";
import { type Need, runTool } from "./needs.ts";

const PACKAGE = "spec-kitty-events==11.0.0";

/** Unpacks an archive; Python is there where its package index is of use. */
const UNPACK = "import sys, zipfile, glob\n" +
  "zipfile.ZipFile(glob.glob(sys.argv[1] + '/*.whl')[0]).extractall(sys.argv[1])";

/** What all processes of a run of tests have in common, where they are a part of one. */
const RUN = Deno.env.get("KITTY_EVENTS_RUN");

const folder = RUN
  ? `${RUN}/published`
  : await Deno.makeTempDir({ prefix: "published-" });
if (!RUN) {
  globalThis.addEventListener("unload", () => {
    Deno.removeSync(folder, { recursive: true });
  });
}

/** Fetches it, unless another process of this run has. */
async function fetchOnce(): Promise<boolean> {
  if (!RUN) return await fetchPackage();
  using lock = await Deno.open(`${folder}.lock`, { create: true, write: true });
  await lock.lock(true);
  const done = `${folder}.done`;
  if (await isThere(done)) return true;
  await Deno.mkdir(folder, { recursive: true });
  const isFetched = await fetchPackage();
  if (isFetched) await Deno.writeTextFile(done, "");
  return isFetched;
}

async function fetchPackage(): Promise<boolean> {
  const pip = ["-m", "pip", "download", "--quiet", "--no-deps"];
  const steps = [
    [...pip, "--disable-pip-version-check", "--dest", folder, PACKAGE],
    ["-c", UNPACK, folder],
  ];
  for (const args of steps) {
    const { success } = await runTool("python3", { args })
      .catch(() => ({ success: false }));
    if (!success) return false;
  }
  return true;
}

const CONTRACT = `${folder}/spec_kitty_events/producer_contract`;

/** That the package could be fetched. */
export const PUBLISHED: Need = {
  isMet: await fetchOnce(),
  reason: "the published package cannot be fetched",
};

/** A fixture, as it is published; what it holds depends on its kind. */
// deno-lint-ignore no-explicit-any
export type Fixture = any;

/** Fixtures by their names: `rows/valid`, `rows/invalid`, `rows/legacy_invalid`, `total_order`. */
export async function fixtures(
  kind: string,
): Promise<{ name: string; text: string; fixture: Fixture }[]> {
  const found = [];
  for await (const { name } of Deno.readDir(`${CONTRACT}/fixtures/${kind}`)) {
    const text = await Deno.readTextFile(
      `${CONTRACT}/fixtures/${kind}/${name}`,
    );
    found.push({ name, text, fixture: JSON.parse(text) });
  }
  ok(found.length > 0);
  return found.sort((a, b) => a.name < b.name ? -1 : 1);
}

/** The published schema of a type's whole row. */
export async function rowSchema(
  name: string,
): Promise<Record<string, unknown>> {
  const path = `${CONTRACT}/composed/rows/${name}.row.schema.json`;
  return JSON.parse(await Deno.readTextFile(path));
}

/** Copies the published contract, with types that begin with another prefix. */
export async function publishedFolder(
  into: string,
  prefix: string,
): Promise<void> {
  await Deno.mkdir(`${into}/data`);
  const registry = JSON.parse(
    await Deno.readTextFile(`${CONTRACT}/registry.json`),
  );
  for (const entry of registry.types) {
    entry.type = entry.type.replace(registry.type_prefix, prefix);
    await Deno.copyFile(
      `${CONTRACT}/${entry.schema}`,
      `${into}/${entry.schema}`,
    );
  }
  registry.type_prefix = prefix;
  registry.name = "kitty-elsewhere";
  await Deno.writeTextFile(`${into}/registry.json`, JSON.stringify(registry));
  const name = registry.envelope_schema;
  await Deno.copyFile(`${CONTRACT}/${name}`, `${into}/${name}`);
}
