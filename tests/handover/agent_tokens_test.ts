import { deepStrictEqual } from "node:assert/strict";
import { isShown } from "../../lib/handover/agent_tokens.ts";

Deno.test("isShown: a token of several, nearly one, one twice, none -> only what is one", () => {
  const tokens = ["first-token-of-all", "second"];
  const shown = [
    "Bearer first-token-of-all",
    "Bearer second",
    "Bearer secon",
    "Bearer seconds",
    "Bearer secomd",
    "bearer second",
    "Bearer secondBearer second",
    "second",
    "",
    null,
  ];
  deepStrictEqual(shown.filter((header) => isShown(tokens, header)), [
    "Bearer first-token-of-all",
    "Bearer second",
  ]);
  deepStrictEqual(isShown([], "Bearer second"), false);
});
