import {
  deepStrictEqual as deepEqual,
  ok,
  strictEqual as equal,
} from "node:assert/strict";
import fc from "fast-check";
import {
  type ParsedDocument,
  parseDocument,
  sameJson,
} from "../../lib/base/json.ts";

const encoder = new TextEncoder();
const parse = (text: string): ParsedDocument =>
  parseDocument(encoder.encode(text));
const invalid = (expected: string) => [
  { path: "", expected, found: "invalid" },
];
const NUMBER = "a number that JSON parsing keeps as it is";
const TEXT = "text without halves of surrogate pairs";
const NAMES = "field names without halves of surrogate pairs";
const DEPTH = "nesting at most 64 deep";

for (
  const text of ["", " ", "{", "{}x", "{}{}", "{'a':1}", '{"a":01}', "nul"]
    .concat('{"a":1,}', '{"a":NaN}', '{"a":"\t"}', '{"a":"\\x"}', "\u00a0{}")
) {
  Deno.test(`parseDocument: ${JSON.stringify(text)}, no JSON -> invalid`, () => {
    deepEqual(parse(text), { problems: invalid("a JSON object") });
  });
}

const nonObjects: [text: string, found: string][] = [
  ["[]", "array"],
  ["[{}]", "array"],
  ["null", "null"],
  ["1", "number"],
  ["true", "boolean"],
  ['"x"', "string"],
];
for (const [text, found] of nonObjects) {
  Deno.test(`parseDocument: ${text}, no object -> a problem at the root`, () => {
    deepEqual(parse(text), {
      problems: [{ path: "", expected: "a JSON object", found }],
    });
  });
}

Deno.test("parseDocument: no object, and flaws inside -> both", () => {
  deepEqual(parse("[1e999]").problems, [
    { path: "", expected: "a JSON object", found: "array" },
    { path: "/0", expected: NUMBER, found: "number" },
  ]);
  deepEqual(parse("1e999").problems, [
    { path: "", expected: "a JSON object", found: "number" },
  ]);
});

const notUtf8 = {
  "a stray continuation byte": [0x80],
  "an overlong form": [0xc0, 0xaf],
  "an encoded surrogate": [0xed, 0xa0, 0x80],
  "beyond U+10FFFF": [0xf4, 0x90, 0x80, 0x80],
  "cut off": [0xe2, 0x82],
};
for (const [name, bytes] of Object.entries(notUtf8)) {
  Deno.test(`parseDocument: ${name} -> invalid UTF-8`, () => {
    const document = [...encoder.encode('{"a":"'), ...bytes]
      .concat(...encoder.encode('"}'));
    deepEqual(parseDocument(new Uint8Array(document)), {
      problems: invalid("text in UTF-8"),
    });
    // The decoder is shared: it must have kept nothing.
    deepEqual(parse('{"a":1}'), { value: { a: 1 } });
  });
}

Deno.test("parseDocument: a raw NUL byte -> invalid, an escaped one -> fine", () => {
  const problems = invalid("JSON without NUL bytes");
  deepEqual(parse('{"a":"\0"}'), { problems });
  deepEqual(parse('{"a":1}\0'), { problems });
  deepEqual(parse('{"a":"\\u0000"}'), { value: { a: "\0" } });
});

Deno.test("parseDocument: a byte order mark -> only in the first document", () => {
  const bytes = encoder.encode('\ufeff{"a":1}');
  deepEqual(parseDocument(bytes, { first: true }), { value: { a: 1 } });
  deepEqual(parseDocument(bytes), {
    problems: invalid("JSON without a byte order mark"),
  });
  const twice = encoder.encode('\ufeff\ufeff{"a":1}');
  deepEqual(parseDocument(twice, { first: true }), {
    problems: invalid("JSON without a byte order mark"),
  });
});

Deno.test("parseDocument: a byte order mark inside a string -> kept", () => {
  deepEqual(parse('{"a":"\ufeff"}'), { value: { a: "\ufeff" } });
});

Deno.test("parseDocument: white space and CR around it -> fine", () => {
  deepEqual(parse(' \t{ "a" : [ 1 , 2 ] }\r\n'), { value: { a: [1, 2] } });
});

const changed = ["1e999", "-1e999", "9007199254740992", "-9007199254740992"]
  .concat("12345678901234567890", "1e20", "9007199254740993.0", "1E400")
  .concat("1e-400", "-1e-400", `0.${"0".repeat(400)}1`, "1".repeat(400));
for (const literal of changed) {
  const name = literal.length > 30 ? `${literal.slice(0, 5)}...` : literal;
  Deno.test(`parseDocument: ${name}, changed by parsing -> a problem`, () => {
    const problem = { expected: NUMBER, found: "number" };
    deepEqual(parse(`{"a":{"b":[0,${literal}]}}`).problems, [
      { path: "/a/b/1", ...problem },
    ]);
  });
}

const kept = [
  "0",
  "-0",
  "0.0",
  "0e5",
  "-0e-999",
  "0.000000000000000000",
  "1e15",
]
  .concat(
    "9007199254740991",
    "-9007199254740991",
    "9007199254740991.0",
    "5e-324",
  )
  .concat("0.1234567890123456789", "1.5e3", "1E+2", `1.${"0".repeat(400)}`)
  .concat(`0.${"0".repeat(400)}`);
for (const literal of kept) {
  const name = literal.length > 30 ? `${literal.slice(0, 5)}...` : literal;
  Deno.test(`parseDocument: ${name}, kept by parsing -> fine`, () => {
    deepEqual(parse(`{"a":${literal}}`), { value: { a: Number(literal) } });
  });
}

Deno.test("parseDocument: what only looks like a bad number, in a string -> fine", () => {
  deepEqual(parse('{"1e999":"1e999 \\" 1e999 \\\\"}'), {
    value: { "1e999": '1e999 " 1e999 \\' },
  });
});

const halves = ["\\ud800", "\\uDBFF", "\\udc00", "\\uDFFF", "\\ud83d\\ud83d"]
  .concat("\\ude00\\ud83d", "\\ud83dx", "\\ud83d\\n", "x\\ud83d\\u0061");
for (const text of halves) {
  Deno.test(`parseDocument: "${text}", half a pair -> a problem`, () => {
    deepEqual(parse(`{"a":["${text}"]}`).problems, [
      { path: "/a/0", expected: TEXT, found: "string" },
    ]);
  });
}

Deno.test("parseDocument: half a pair in a key -> its object is named", () => {
  deepEqual(parse('{"a":{"x\\ud800":1,"\\udc00":2}}').problems, [
    { path: "/a", expected: NAMES, found: "object" },
  ]);
});

Deno.test("parseDocument: whole pairs and their neighbours -> fine", () => {
  const text = '{"\\ud83d\\ude00":"\\uD83D\\uDE00\\ud7ff\\ue000\\\\ud800"}';
  deepEqual(parse(text), {
    value: { "\u{1f600}": "\u{1f600}\ud7ff\ue000\\ud800" },
  });
});

Deno.test("parseDocument: depth 64 -> fine, depth 65 -> a problem", () => {
  const nested = (depth: number) =>
    `{"a":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`;
  equal(parse(nested(64)).problems, undefined);
  deepEqual(parse(nested(65)).problems, [
    { path: "/a" + "/0".repeat(63), expected: DEPTH, found: "array" },
  ]);
  const objects = '{"a":'.repeat(65) + "1" + "}".repeat(65);
  deepEqual(parse(objects).problems, [
    { path: "/a".repeat(64), expected: DEPTH, found: "object" },
  ]);
});

Deno.test("parseDocument: many brackets side by side or in strings -> fine", () => {
  const text = `{"a":[${"[],".repeat(100)}"${"[".repeat(100)}"]}`;
  equal(parse(text).problems, undefined);
});

Deno.test("parseDocument: what follows something too deep -> still looked at", () => {
  const deep = "[".repeat(70) + "1e999" + "]".repeat(70);
  deepEqual(parse(`{"a":${deep},"b":1e999}`).problems?.map((p) => p.path), [
    "/a" + "/0".repeat(63),
    "/b",
  ]);
});

Deno.test("parseDocument: 1 MiB of open brackets -> a problem, no crash", () => {
  const half = 1 << 19;
  deepEqual(parse("[".repeat(1 << 20)).problems, invalid("a JSON object"));
  deepEqual(parse('{"a":'.repeat(half)).problems, invalid("a JSON object"));
  const closed = parse(`{"a":${"[".repeat(half)}${"]".repeat(half)}}`);
  deepEqual(closed.problems?.map((p) => p.expected), [DEPTH]);
});

Deno.test("parseDocument: a flaw behind a very long string -> found", () => {
  const long = 'x\\"\\n'.repeat(1 << 18);
  deepEqual(parse(`{"a":"${long}","b":1e999}`).problems?.map((p) => p.path), [
    "/b",
  ]);
});

Deno.test("parseDocument: duplicate keys -> the last wins, flaws in each count", () => {
  deepEqual(parse('{"a":1,"a":{"b":2}}'), { value: { a: { b: 2 } } });
  deepEqual(parse('{"a":1e999,"a":1}').problems, [
    { path: "/a", expected: NUMBER, found: "number" },
  ]);
  deepEqual(parse('{"a":1e999,"a":"\\ud800"}').problems, [
    { path: "/a", expected: NUMBER, found: "number" },
  ]);
});

Deno.test("parseDocument: several flaws -> all, in order, with escaped pointers", () => {
  const { problems, value } = parse(
    '{"a/b":[{"~":1e999}],"":1e20,"c":"\\ud800","d":2}',
  );
  deepEqual(problems?.map((p) => p.path), ["/a~1b/0/~0", "/", "/c"]);
  equal(value?.d, 2);
});

Deno.test("parseDocument: __proto__ and constructor -> plain own data", () => {
  const { value } = parse(
    '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
  );
  ok(value !== undefined);
  deepEqual(Object.keys(value), ["__proto__", "constructor"]);
  equal(Object.getPrototypeOf(value), Object.prototype);
  equal(({} as Record<string, unknown>).polluted, undefined);
  equal(
    JSON.stringify(value),
    '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
  );
  deepEqual(parse('{"__proto__":{"x":1e999}}').problems?.map((p) => p.path), [
    "/__proto__/x",
  ]);
});

Deno.test("parseDocument: any JSON object as text -> the same value, or a problem where a simple walk sees one", () => {
  /** The rules again, over the value instead of the text. */
  const isSound = (value: unknown): boolean => {
    if (typeof value === "string") return value.isWellFormed();
    if (typeof value === "number") {
      return Math.abs(value) <= Number.MAX_SAFE_INTEGER;
    }
    if (typeof value !== "object" || value === null) return true;
    return Object.entries(value).every((entry) => entry.every(isSound));
  };
  const text = fc.string({ unit: "binary" });
  const half = fc.constantFrom("\ud800", "\udfff");
  const anyJson = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      text,
      fc.tuple(text, half, text).map((parts) => parts.join("")),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.maxSafeInteger(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(fc.oneof(text, fc.constant("__proto__")), tie("value"), {
        maxKeys: 4,
      }),
    ),
  })).value;
  const anyObject = fc.dictionary(text, anyJson, { maxKeys: 5 });
  let flawed = 0;
  fc.assert(
    fc.property(anyObject, fc.boolean(), (object, indented) => {
      const json = JSON.stringify(object, null, indented ? 2 : 0);
      const parsed = parse(json);
      equal(parsed.problems === undefined, isSound(object), json);
      equal(JSON.stringify(parsed.value), JSON.stringify(object));
      if (parsed.problems) flawed++;
    }),
    { numRuns: 2000 },
  );
  ok(flawed > 100 && flawed < 1900, `one-sided sample: ${flawed} flawed`);
});

Deno.test("parseDocument: any bytes -> never throws, never more than JSON.parse takes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const { value } = parseDocument(bytes);
      if (value !== undefined) {
        deepEqual(value, JSON.parse(new TextDecoder().decode(bytes)));
      }
    }),
    { numRuns: 2000 },
  );
});

const same: [a: string, b: string][] = [
  ["{}", "{}"],
  ['{"a":1,"b":[2,{"c":null}]}', '{"b":[2,{"c":null}],"a":1.0}'],
  ['{"__proto__":1}', '{"__proto__":1}'],
  ["0", "-0"],
];
for (const [a, b] of same) {
  Deno.test(`sameJson: ${a} and ${b} -> true`, () => {
    equal(sameJson(JSON.parse(a), JSON.parse(b)), true);
  });
}

const different: [a: string, b: string][] = [
  ["{}", "[]"],
  ["{}", "null"],
  ["null", "0"],
  ["1", '"1"'],
  ["0", "false"],
  ["[1,2]", "[2,1]"],
  ["[1]", "[1,1]"],
  ['["a"]', '{"0":"a"}'],
  ['{"a":1}', '{"a":2}'],
  ['{"a":1}', '{"b":1}'],
  ['{"a":1}', '{"a":1,"b":2}'],
  ['{"toString":1}', '{"a":1}'],
  ['{"__proto__":{}}', '{"a":{}}'],
  ['{"a":{"b":[1,{"c":2}]}}', '{"a":{"b":[1,{"c":3}]}}'],
];
for (const [a, b] of different) {
  Deno.test(`sameJson: ${a} and ${b} -> false, either way round`, () => {
    equal(sameJson(JSON.parse(a), JSON.parse(b)), false);
    equal(sameJson(JSON.parse(b), JSON.parse(a)), false);
  });
}

Deno.test("sameJson: 100,000 levels -> an answer, no crash", () => {
  const deep = (inner: string) =>
    JSON.parse("[".repeat(100_000) + inner + "]".repeat(100_000));
  equal(sameJson(deep("1"), deep("1")), true);
  equal(sameJson(deep("1"), deep("2")), false);
});
