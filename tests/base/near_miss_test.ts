import {
  deepStrictEqual as deepEqual,
  strictEqual as equal,
} from "node:assert/strict";
import { nearMiss } from "../../lib/base/near_miss.ts";

const STATUSES = ["planned", "doing", "for_review", "done"];

const near: [word: string, meant: string][] = [
  ["for_reveiw", "for_review"],
  ["for-review", "for_review"],
  ["FOR REVIEW", "for_review"],
  ["forReview", "for_review"],
  ["review", "for_review"],
  ["Done", "done"],
  ["dnoe", "done"],
  ["don", "done"],
  ["plan", "planned"],
];
for (const [word, meant] of near) {
  Deno.test(`nearMiss: ${word} -> ${meant}`, () => {
    equal(nearMiss(word, STATUSES), meant);
  });
}

for (const word of ["", "-_", "d", "x", "blocked", "canceled", "in_progress"]) {
  Deno.test(`nearMiss: "${word}", near to nothing -> undefined`, () => {
    equal(nearMiss(word, STATUSES), undefined);
  });
}

Deno.test("nearMiss: equally near candidates -> the first", () => {
  equal(nearMiss("cat", ["car", "can"]), "car");
  equal(nearMiss("cat", ["can", "car"]), "can");
});

Deno.test("nearMiss: a later, nearer candidate -> the nearer", () => {
  equal(nearMiss("status", ["stats", "sattus", "status"]), "status");
});

Deno.test("nearMiss: a beginning that two candidates share -> undefined", () => {
  equal(
    nearMiss("feature", ["feature-completed", "feature-created"]),
    undefined,
  );
});

Deno.test("nearMiss: a beginning of two letters -> undefined", () => {
  equal(nearMiss("im", ["implementation"]), undefined);
  equal(nearMiss("imp", ["implementation"]), "implementation");
});

Deno.test("nearMiss: four edits in a long word -> undefined", () => {
  equal(nearMiss("abcdefghijklWXYZ", ["abcdefghijklmnop"]), undefined);
  equal(nearMiss("abcdefghijklmXYZ", ["abcdefghijklmnop"]), "abcdefghijklmnop");
});

Deno.test("nearMiss: an overlong word -> undefined, at once", () => {
  const word = "done".repeat(1 << 18);
  const started = performance.now();
  deepEqual([nearMiss(word, STATUSES), nearMiss(word, [word])], [
    undefined,
    undefined,
  ]);
  equal(performance.now() - started < 100, true);
});
