import { deepStrictEqual, match, ok } from "node:assert/strict";
import { Ajv } from "ajv";
import { sbom } from "../../packaging/sbom.ts";
import { shippedBundle } from "../support/bundled.ts";
import { tempFolder } from "../support/home.ts";
import { freshRelease, testRelease } from "./made.ts";

/** The schemas of CycloneDX, which its own library brings along. */
const SCHEMAS = new URL(
  "res/schema/",
  import.meta.resolve("@cyclonedx/cyclonedx-library/package.json"),
);

/** A schema, under the name that the others refer to it by. */
async function schema(name: string): Promise<Record<string, unknown>> {
  const file = `${name}.SNAPSHOT.schema.json`;
  const text = await Deno.readTextFile(new URL(file, SCHEMAS));
  return { ...JSON.parse(text), $id: `http://cyclonedx.org/schema/${file}` };
}

/** The packages that the page of the board is made of. */
const OF_THE_PAGE = [
  "@preact/signals-core",
  "@preact/signals",
  "preact",
  "uplot",
];

async function bill(release = testRelease()) {
  const { content } = await sbom(await release, "2.9.6");
  return JSON.parse(new TextDecoder().decode(content));
}

/** The packages that source maps of the program's bundle name. */
async function bundledPackages(): Promise<string[]> {
  await using folder = await tempFolder();
  await shippedBundle(`${folder.path}/bundle`);
  const names = new Set<string>();
  for await (const { name } of Deno.readDir(`${folder.path}/bundle`)) {
    if (!name.endsWith(".map")) continue;
    const map = await Deno.readTextFile(`${folder.path}/bundle/${name}`);
    for (const source of JSON.parse(map).sources) {
      const [, found] =
        source.match(/\/npm\/[^/]+\/((?:@[^/]+\/)?[^/]+)\/\d/) ?? [];
      if (found) names.add(found);
    }
  }
  return [...names].sort();
}

Deno.test("sbom: of the program -> valid against the schema of CycloneDX 1.6", async () => {
  const ajv = new Ajv({ strict: false, validateFormats: false });
  ajv.addSchema(await schema("spdx"));
  ajv.addSchema(await schema("jsf-0.82"));
  ajv.addSchema(await schema("cryptography-defs"));
  const validate = ajv.compile(await schema("bom-1.6"));
  ok(validate(await bill()), JSON.stringify(validate.errors));
});

Deno.test("sbom: components -> the runtime and the packages that are in the program, no others", async () => {
  const { components } = await bill();
  const purls = components.map(({ purl }: { purl: string }) => purl);
  match(purls[0], /^pkg:github\/denoland\/deno@v2\.9\.6$/);
  const names = purls.slice(1).map((purl: string) =>
    decodeURIComponent(purl).match(/^pkg:npm\/(.+)@\d/)?.[1]
  );
  deepStrictEqual(names, [
    ...OF_THE_PAGE.slice(0, 2),
    "ajv",
    "fast-deep-equal",
    "fast-uri",
    "jose",
    "js-yaml",
    "json-schema-traverse",
    "postgres",
    "preact",
    "smol-toml",
    "uplot",
  ]);
  // The page is bundled before the program is, so its packages are not seen there.
  deepStrictEqual(
    names.filter((name: string) => !OF_THE_PAGE.includes(name)),
    await bundledPackages(),
  );
});

Deno.test("sbom: every package -> a licence, and the hash of deno.lock", async () => {
  const lock = JSON.parse(
    await Deno.readTextFile(new URL("../../deno.lock", import.meta.url)),
  );
  const { components } = await bill();
  for (const { name, version, licenses, hashes } of components.slice(1)) {
    match(licenses[0].license.id, /^(MIT|ISC|BSD-3-Clause|Unlicense)$/);
    const id = `${name}@${version}`;
    // A package beside others that it needs is named with them.
    const key = Object.keys(lock.npm)
      .find((key) => key === id || key.startsWith(`${id}_`));
    const { integrity } = lock.npm[key!];
    const hex = Uint8Array.fromBase64(integrity.slice("sha512-".length));
    deepStrictEqual(hashes, [{ alg: "SHA-512", content: hex.toHex() }]);
  }
});

Deno.test("sbom: twice -> the same", async () => {
  deepStrictEqual(await bill(freshRelease()), await bill());
});
