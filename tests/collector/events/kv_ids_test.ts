/** Ids of events in pages of a real Deno KV. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { byCodePoint } from "../../../lib/base/code_points.ts";
import {
  allIds,
  idBytes,
  IdPages,
  type PlacedId,
} from "../../../lib/collector/events/kv_ids.ts";
import { ID_PAGE_BYTES } from "../../../lib/collector/limits.ts";
import { toBytes } from "../../../lib/home/queue_layout.ts";
import { idOf } from "../../support/events.ts";

const TEAM = "alpha";

/** Adds ids as a commit does. */
async function add(kv: Deno.Kv, ids: readonly string[], first: number) {
  const pages = await IdPages.around(kv, TEAM, ids);
  const placed = ids.map((id, i): PlacedId => [id, first, i]);
  const changed = pages.add(placed);
  const commit = kv.atomic();
  for (const [key, page] of changed) commit.set(key, toBytes(page));
  await commit.commit();
  return { changed, pages };
}

/** The pages as they are stored: their bounds and ids. */
async function stored(kv: Deno.Kv) {
  const pages: { bound: string; ids: string[]; bytes: number }[] = [];
  for await (const { key, value } of kv.list<Uint8Array>({ prefix: ["ids"] })) {
    const flat = JSON.parse(new TextDecoder().decode(value)) as unknown[];
    pages.push({
      bound: String(key.at(-1)),
      ids: flat.filter((_, i) => i % 3 === 0) as string[],
      bytes: value.length,
    });
  }
  return pages;
}

/** Ids as nodes make them, rows of other sources, and what sorts in another way by code units. */
const anyId = fc.oneof(
  fc.nat({ max: 400 }).map(idOf),
  fc.nat({ max: 60 }).map((n) => `${idOf(n)}@s:/builds/${n % 7}`),
  fc.constantFrom("", "\uff5e", "\u{1f600}", "\u{1f600}a", "é".repeat(250)),
  fc.string({ unit: "binary", maxLength: 4 }),
);

Deno.test("IdPages: any ids in any order and any groups, with any number of pages between -> each is found where it was put, and none that was not", async () => {
  const groups = fc.array(fc.array(anyId, { maxLength: 60 }), {
    maxLength: 12,
  });
  await fc.assert(
    fc.asyncProperty(groups, fc.array(anyId), async (groups, others) => {
      const kv = await Deno.openKv(":memory:");
      try {
        const known = new Map<string, readonly [number, number]>();
        for (const [n, group] of groups.entries()) {
          const fresh = [...new Set(group)].filter((id) => !known.has(id));
          const { pages } = await add(kv, fresh, n);
          fresh.forEach((id, i) => known.set(id, [n, i]));
          // What was added is known to those who have the pages, too.
          for (const id of fresh) {
            deepStrictEqual(pages.placeOf(id), known.get(id));
          }
        }
        const asked = new Set([...known.keys(), ...others]);
        const pages = await IdPages.around(kv, TEAM, asked);
        for (const id of asked) {
          deepStrictEqual(pages.placeOf(id), known.get(id), id);
        }
        const all = await Array.fromAsync(allIds(kv, TEAM));
        deepStrictEqual(
          all.map(([id]) => id),
          [...known.keys()].sort(byCodePoint),
        );
      } finally {
        kv.close();
      }
    }),
    { numRuns: 60 },
  );
});

Deno.test("IdPages: ids far apart among very many -> found, although not all pages between are read", async () => {
  const kv = await Deno.openKv(":memory:");
  try {
    const COUNT = 20_000;
    for (let n = 0; n < COUNT; n += 2_000) {
      const ids = Array.from({ length: 2_000 }, (_, i) => idOf(2 * (n + i)));
      await add(kv, ids, n);
    }
    const asked = Array.from({ length: 40 }, (_, i) => [
      idOf(2 * 499 * i),
      idOf(2 * 499 * i + 1),
    ]).flat();
    const pages = await IdPages.around(kv, TEAM, asked);
    asked.forEach((id, i) => {
      const n = 499 * Math.floor(i / 2);
      const place = i % 2 === 0 ? [n - n % 2_000, n % 2_000] : undefined;
      deepStrictEqual(pages.placeOf(id), place, `${i}`);
    });
  } finally {
    kv.close();
  }
});

Deno.test("IdPages: a thousand ids one after another -> some ten values, of full pages; one more changes one of them", async () => {
  const kv = await Deno.openKv(":memory:");
  try {
    for (let n = 0; n < 5; n++) {
      const ids = Array.from({ length: 1_000 }, (_, i) => idOf(n * 1_000 + i));
      const { changed } = await add(kv, ids, n * 1_000);
      ok(changed.length < 15, `${changed.length} values`);
    }
    const pages = await stored(kv);
    ok(pages.length < 5 * 15, `${pages.length} pages`);
    for (const { bytes } of pages.slice(0, -1)) {
      ok(bytes > 0.75 * ID_PAGE_BYTES, `${bytes} bytes`);
    }
    for (const n of [5_000, 5_001]) {
      const { changed } = await add(kv, [idOf(n)], n);
      ok(changed.length <= 2, `${changed.length} values`);
    }
  } finally {
    kv.close();
  }
});

Deno.test("IdPages: ids in any order -> no page is larger than its share and one id; bounds part them; few are nearly empty", async () => {
  const kv = await Deno.openKv(":memory:");
  try {
    // Every 617th of 4,096, around and around: each comes between two others.
    const ids = Array.from({ length: 4_096 }, (_, i) => idOf(i * 617 % 4_096));
    for (let n = 0; n < ids.length; n += 64) {
      await add(kv, ids.slice(n, n + 64), n);
    }
    const pages = await stored(kv);
    strictEqual(pages[0]!.bound, "");
    for (const [i, { bound, ids, bytes }] of pages.entries()) {
      ok(bytes <= ID_PAGE_BYTES + idBytes(ids[0]!), `${bytes} bytes`);
      ok(i === 0 || bound === ids[0], `${bound} ${ids[0]}`);
    }
    const full = ids.length * idBytes(ids[0]!) / ID_PAGE_BYTES;
    ok(pages.length < 2 * full, `${pages.length} pages in place of ${full}`);
  } finally {
    kv.close();
  }
});
