/**
 * The bill of materials, in CycloneDX 1.6: the npm packages that are in the
 * program, and the runtime that carries them.
 *
 * @module
 */

import type { Component } from "./components.ts";
import { type Artefact, type Release, sha256 } from "./release.ts";

/** The reference of a package in this document. */
function purlOf({ name, version }: Pick<Component, "name" | "version">) {
  return `pkg:npm/${name.replace("@", "%40")}@${version}`;
}

/**
 * Makes the bill.
 *
 * @param runtime version of the Deno that the programs were compiled with
 */
export async function sbom(
  release: Release,
  runtime: string,
): Promise<Artefact> {
  const { version, components, time } = release;
  const program = `pkg:generic/kitty-events@${version}`;
  const deno = `pkg:github/denoland/deno@v${runtime}`;
  const packages = components.map(purlOf);
  const content = {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: await serialNumber([program, deno, ...packages]),
    version: 1,
    metadata: {
      timestamp: time.toISOString(),
      component: {
        type: "application",
        "bom-ref": program,
        name: "kitty-events",
        version,
        purl: program,
        licenses: [{ license: { id: "MIT" } }],
      },
    },
    components: [
      {
        type: "platform",
        "bom-ref": deno,
        name: "deno",
        version: runtime,
        purl: deno,
        licenses: [{ license: { id: "MIT" } }],
      },
      ...components.map(componentEntry),
    ],
    dependencies: [
      { ref: program, dependsOn: [deno, ...packages] },
      ...[deno, ...packages].map((ref) => ({ ref })),
    ],
    compositions: [
      { aggregate: "complete", dependencies: [program] },
      // Its V8 and its crates are listed by the Deno project.
      { aggregate: "incomplete", assemblies: [deno] },
    ],
  };
  return {
    name: `kitty-events-${version}.cdx.json`,
    content: new TextEncoder().encode(`${JSON.stringify(content, null, 2)}\n`),
  };
}

function componentEntry(component: Component) {
  const { name, version, license, sha512 } = component;
  const isOne = /^[\w.-]+$/.test(license);
  return {
    type: "library",
    "bom-ref": purlOf(component),
    name,
    version,
    purl: purlOf(component),
    licenses: isOne
      ? [{ license: { id: license } }]
      : [{ expression: license }],
    hashes: [{
      alg: "SHA-512",
      content: Uint8Array.fromBase64(sha512).toHex(),
    }],
  };
}

/** The same for the same materials; in the form of a UUID of version 8. */
async function serialNumber(materials: readonly string[]): Promise<string> {
  const hex = (await sha256(materials.join("\n"))).toHex();
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ];
  return `urn:uuid:${parts.join("-")}`;
}
