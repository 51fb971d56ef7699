/** Who gives his place, where there are more connections than places. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { Places } from "../../../lib/base/net/places.ts";

interface Guest {
  readonly owner: string | undefined;
  readonly isShared: boolean;
  isWaiting: boolean;
  isKnown: boolean;
  activeMs: number;
}

let clock = 0;

function guest(owner: string, traits: Partial<Guest> = {}): Guest {
  return {
    owner,
    isShared: false,
    isWaiting: true,
    isKnown: false,
    activeMs: ++clock,
    ...traits,
  };
}

/** Lets one in, after another has gone where one has to. */
function come(places: Places<Guest>, coming: Guest): Guest | false | undefined {
  const before = places.before(coming, clock);
  if (before === false) return false;
  if (before) places.remove(before);
  places.add(coming);
  return before;
}

Deno.test("before: one address with many that show nothing -> its own oldest goes, long before all is taken", () => {
  const places = new Places<Guest>(100);
  const many = Array.from({ length: 25 }, () => guest("a"));
  for (const one of many) strictEqual(come(places, one), undefined);
  strictEqual(come(places, guest("b")), undefined);
  for (const one of many) strictEqual(come(places, guest("a")), one);
  strictEqual(places.size, 26);
});

Deno.test("before: those who were vouched for, proxies, this machine -> no share", () => {
  const places = new Places<Guest>(100);
  for (const traits of [{ isKnown: true }, { isShared: true }]) {
    for (let i = 0; i < 40; i++) {
      const one = guest(`owner of ${JSON.stringify(traits)}`, traits);
      strictEqual(come(places, one), undefined);
    }
  }
  strictEqual(places.size, 80);
});

Deno.test("before: all taken -> whoever has most strangers gives one, first without a request, then silent for longest", () => {
  const places = new Places<Guest>(20);
  const traits = { isShared: true };
  const asked = Array.from(
    { length: 5 },
    () => guest("many", { ...traits, isWaiting: false }),
  );
  const waiting = Array.from({ length: 10 }, () => guest("many", traits));
  const few = Array.from({ length: 5 }, () => guest("few", traits));
  for (const one of [...asked, ...waiting, ...few]) come(places, one);
  asked[0]!.activeMs = ++clock;
  const gone: unknown[] = [];
  for (let i = 0; i < 10; i++) gone.push(come(places, guest(`new ${i}`)));
  deepStrictEqual(gone, waiting);
  // They have as many as the few now: either may give.
  places.remove(few[0]!);
  come(places, guest("new"));
  strictEqual(come(places, guest("last")), asked[1]);
});

Deno.test("before: all taken by those who were vouched for -> the one silent for long goes, and else the next may not come", () => {
  const places = new Places<Guest>(4);
  const known = Array.from(
    { length: 4 },
    () => guest("a", { isKnown: true, isWaiting: false }),
  );
  for (const one of known) come(places, one);
  strictEqual(come(places, guest("b")), false);
  clock += 11 * 60_000;
  for (const one of known.slice(1)) one.activeMs = clock;
  strictEqual(come(places, guest("b")), known[0]);
});

Deno.test("remove: one that is not there -> nothing", () => {
  const places = new Places<Guest>(4);
  const one = guest("a");
  places.add(one);
  places.remove(one);
  places.remove(one);
  places.remove(guest("a"));
  strictEqual(places.size, 0);
});
