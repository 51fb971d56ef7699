/**
 * The licences of what is in the program, which have to go along with it.
 *
 * @module
 */

import type { Component } from "./components.ts";

/** The text of `NOTICES`. */
export function noticesOf(components: readonly Component[]): string {
  const packages = components.map(({ name, version, license, licenseText }) =>
    section(`${name} ${version} (${license})`, licenseText.trim())
  );
  return [
    "kitty-events is under the MIT License; see LICENSE. The program contains:\n",
    section(
      "The Deno runtime (MIT)",
      "Copyright 2018-2026 the Deno authors. The text of the MIT License is that of LICENSE.\n" +
        "The runtime contains V8 (BSD-3-Clause), SQLite (public domain) and Rust crates under their own permissive licences.",
    ),
    section(
      "The producer contract of Spec Kitty (MIT)",
      "Copyright (c) 2026 Spec Kitty, Inc. and contributors. The text of the MIT License is that of LICENSE.\n" +
        "contracts/producer.json states the facts of the contract that is published with the Python package spec-kitty-events 11.0.0.",
    ),
    ...packages,
  ].join("\n");
}

function section(title: string, text: string): string {
  return `${"-".repeat(72)}\n${title}\n\n${text}\n`;
}
