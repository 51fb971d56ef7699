import {
  deepStrictEqual as deepEqual,
  ok,
  strictEqual as equal,
} from "node:assert/strict";
import fc from "fast-check";
import { generate } from "../../contracts/generate.ts";
import {
  AGGREGATE_TYPES,
  checkDraft,
  checkEnvelope,
  DRAFT_FIELDS,
  type Envelope,
  ENVELOPE_FIELDS,
  type EnvelopeDocument,
  EVENT_TYPES,
  isDateTime,
  isEventType,
  loadContractSchema,
  PAYLOADS,
  type Problem,
  type ValidDraft,
} from "../../lib/contract/contract.ts";
import { readDraft, readEnvelope } from "../../lib/contract/read.ts";
import { parseDocument } from "../../lib/base/json.ts";
import { PROBLEMS_MAX } from "../../lib/base/limits.ts";
import {
  brokenPaths,
  DRAFT_FORM,
  DRAFT_PAYLOAD_FORMS,
  ENVELOPE_FORM,
  type Form,
  isTime,
  PAYLOAD_FORMS,
} from "./contract_model.ts";
import { HISTORY, HISTORY_FILE, IS_FULL, needing } from "../support/needs.ts";

type JsonObject = Record<string, unknown>;

/** A line of a fixture; without problems the document is valid. */
interface Case {
  name: string;
  document: unknown;
  problems?: Problem[];
}

/** What chance makes up: documents of each form, and texts that look like times. */
const DOCUMENTS = IS_FULL ? 3_000 : 1_000;
const TIMES = IS_FULL ? 20_000 : 5_000;

const FIXTURES = new URL("../fixtures/contract/", import.meta.url);

function casesOf(name: string): Case[] {
  const text = Deno.readTextFileSync(new URL(`${name}.ndjson`, FIXTURES));
  const all = text.replaceAll("(all event types)", EVENT_TYPES.join(", "));
  return all.trimEnd().split("\n").map((line) => JSON.parse(line));
}

/** An envelope around a draft, with nothing wrong but what the draft has. */
function enveloped(draft: JsonObject): JsonObject {
  return {
    event_id: "01KGHZ3D6R7S8T9VAWBXCYDZEF",
    ...draft,
    aggregate_id: "WP01",
    aggregate_type: "WorkPackage",
    node_id: "9f86d081884c",
    lamport_clock: 42,
    timestamp: "2026-02-03T12:00:00Z",
    team_slug: "local",
  };
}

const titleOf = ({ name, problems }: Case) =>
  `${name} -> ${problems ? "invalid" : "valid"}`;

for (const fixture of casesOf("envelope")) {
  Deno.test(`checkEnvelope: ${titleOf(fixture)}`, () => {
    const { problems, envelope } = checkEnvelope(fixture.document);
    deepEqual(problems, fixture.problems);
    equal(envelope, problems ? undefined : fixture.document);
  });
}

for (const fixture of casesOf("draft")) {
  Deno.test(`checkDraft: ${titleOf(fixture)}`, () => {
    const { problems, draft } = checkDraft(fixture.document);
    deepEqual(problems, fixture.problems);
    equal(draft, problems ? undefined : fixture.document);
  });
}

for (const type of EVENT_TYPES) {
  for (const fixture of casesOf(type)) {
    Deno.test(`checkDraft, checkEnvelope: ${type}: ${titleOf(fixture)}`, () => {
      const draft = fixture.document as JsonObject;
      deepEqual(checkDraft(draft).problems, fixture.problems);
      deepEqual(checkEnvelope(enveloped(draft)).problems, fixture.problems);
    });
  }
}

Deno.test("fixtures: every field -> at least two valid cases and one invalid", () => {
  const uncovered: string[] = [];
  const count = (name: string, prefix: string, fields: string[]) => {
    const cases = casesOf(name);
    for (const field of fields) {
      const own = cases.filter((one) => one.name.startsWith(`${field} `));
      const invalid = own.filter(({ problems }) =>
        problems?.some(({ path }) => path.startsWith(prefix + field))
      );
      const takesAnything = field.startsWith("project_");
      if (
        own.length - invalid.length < (field === "event_type" ? 1 : 2) &&
        field !== "payload"
      ) uncovered.push(`${name} ${field} valid`);
      if (invalid.length < 1 && !takesAnything) {
        uncovered.push(`${name} ${field} invalid`);
      }
    }
  };
  count("envelope", "/", Object.keys(ENVELOPE_FORM));
  count("draft", "/", Object.keys(DRAFT_FORM));
  for (const [type, form] of Object.entries(PAYLOAD_FORMS)) {
    count(type, "/payload/", Object.keys(form));
  }
  deepEqual(uncovered, []);
});

Deno.test("ENVELOPE_FIELDS, DRAFT_FIELDS, PAYLOADS: the tables -> the contract's fields in order", () => {
  const names = (fields: readonly { name: string }[]) =>
    fields.map(({ name }) => name);
  deepEqual(names(ENVELOPE_FIELDS), Object.keys(ENVELOPE_FORM));
  deepEqual(names(DRAFT_FIELDS), Object.keys(DRAFT_FORM));
  deepEqual([...EVENT_TYPES], Object.keys(PAYLOAD_FORMS));
  for (const [type, form] of Object.entries(PAYLOAD_FORMS)) {
    ok(isEventType(type));
    deepEqual(names(PAYLOADS[type].fields), Object.keys(form));
    for (const field of PAYLOADS[type].fields) {
      equal(field.required, form[field.name]?.optional !== true, field.name);
    }
  }
  deepEqual(
    PAYLOADS.WPStatusChanged.fields.map((field) => field.default),
    [undefined, undefined, undefined, "user", undefined],
  );
  deepEqual(AGGREGATE_TYPES, ["WorkPackage", "Feature"]);
});

Deno.test("isEventType: anything but one of the eight, exactly -> false", () => {
  equal(isEventType("WPCreated"), true);
  for (const word of ["wpcreated", "constructor", "", undefined, null, 1]) {
    equal(isEventType(word), false);
  }
});

Deno.test("checkDraft: problems -> never any text of the document", () => {
  const secret = "s3cret-t0ken";
  const { problems } = checkDraft({
    event_type: `WPStatusChanged${secret}`,
    payload: secret,
    team_slug: [secret],
    event_id: secret,
  });
  equal(problems?.length, 4);
  equal(JSON.stringify(problems).includes(secret), false);
});

/** Drafts with so many bad items, and with so many unknown fields. */
function manyFlaws(count: number): [items: JsonObject, fields: JsonObject] {
  const unknown = Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`wpid${i}`, i]),
  );
  return [
    {
      event_type: "WPCreated",
      payload: { ...unknown, dependencies: Array(count).fill("x") },
    },
    { event_type: "WPCreated", payload: {}, ...unknown },
  ];
}

Deno.test("checkDraft, checkEnvelope: more bad items or unknown fields than are named -> about PROBLEMS_MAX", () => {
  // Of errors that tell the same of one place, all count, but one is named.
  const isCapped = (count = 0) =>
    count <= PROBLEMS_MAX && count > PROBLEMS_MAX - 10;
  const [items, fields] = manyFlaws(10_000);
  ok(isCapped(checkDraft(items).problems?.length));
  ok(isCapped(checkDraft(fields).problems?.length));
  ok(isCapped(checkEnvelope(enveloped(items)).problems?.length));
});

Deno.test("checkDraft: 100,000 bad items -> no more than a moment", () => {
  // Far more than a slow machine needs where the work grows with the items, not with their square.
  const started = performance.now();
  for (const draft of manyFlaws(100_000)) ok(checkDraft(draft).problems);
  ok(performance.now() - started < 10_000);
});

Deno.test("checkDraft: an empty slug of a completed feature beside more problems than are named -> it is the first", () => {
  const { problems } = checkDraft({
    event_type: "FeatureCompleted",
    payload: { feature_slug: "", total_wps: 7 },
    ...Object.fromEntries(
      Array.from({ length: 2_000 }, (_, i) => [`x${i}`, i]),
    ),
  });
  equal(problems?.length, PROBLEMS_MAX);
  equal(problems?.[0]?.path, "/payload/feature_slug");
});

const bytesOf = (text: string) => new TextEncoder().encode(text);
const readers = [
  ["readDraft", readDraft, (draft: JsonObject) => draft],
  ["readEnvelope", readEnvelope, enveloped],
] as const;
const changed = {
  event_type: "WPStatusChanged",
  payload: { wp_id: "WP01", previous_status: "planned", new_status: "doing" },
};

for (const [name, read, documentOf] of readers) {
  const good = documentOf(changed);
  const textOf = (changes: JsonObject) =>
    JSON.stringify({ ...good, ...changes });

  Deno.test(`${name}: a good document -> it, and no problems`, () => {
    const result = read(bytesOf(textOf({})));
    equal(result.problems, undefined);
    deepEqual("draft" in result ? result.draft : result.envelope, good);
  });

  Deno.test(`${name}: a byte order mark -> taken at the stream's start only`, () => {
    const bytes = bytesOf("\ufeff" + textOf({}));
    equal(read(bytes, { first: true }).problems, undefined);
    deepEqual(read(bytes).problems, [{
      path: "",
      expected: "JSON without a byte order mark",
      found: "invalid",
    }]);
  });

  Deno.test(`${name}: no JSON -> one problem, at the root`, () => {
    for (const text of ["", "{", '{"event_type":"WPCreated",}']) {
      const { problems } = read(bytesOf(text));
      deepEqual(problems?.map(({ path, found }) => [path, found]), [
        ["", "invalid"],
      ]);
    }
    deepEqual(read(bytesOf("[1e999]")).problems?.map(({ path }) => path), [
      "",
      "/0",
    ]);
  });

  Deno.test(`${name}: flaws of the text alone -> they are the problems`, () => {
    const text = textOf({
      payload: { ...changed.payload, extra: ["\ud800", 1] },
    }).replace(",1]", ",1e999]");
    deepEqual(read(bytesOf(text)).problems?.map(({ path }) => path), [
      "/payload/extra/0",
      "/payload/extra/1",
    ]);
  });

  Deno.test(`${name}: flaws of the text and of values -> values first, each path once`, () => {
    const text = textOf({
      payload: { ...changed.payload, wp_id: "\ud800", zz: "\udc00" },
      project_slug: "\ud800",
      team_slug: "",
    });
    const { problems } = read(bytesOf(text));
    deepEqual(problems?.map(({ path, expected }) => [path, expected]), [
      ["/payload/wp_id", PAYLOADS.WPStatusChanged.fields[0]!.expected],
      ["/team_slug", "a non-empty string"],
      ["/payload/zz", "text without halves of surrogate pairs"],
      ["/project_slug", "text without halves of surrogate pairs"],
    ]);
  });

  Deno.test(`${name}: more flaws than are named -> the first PROBLEMS_MAX`, () => {
    const text = textOf({
      payload: { ...changed.payload, extra: Array(3_000).fill("\ud800") },
      team_slug: "",
    });
    const { problems } = read(bytesOf(text));
    equal(problems?.length, PROBLEMS_MAX);
    equal(problems?.[0]?.path, "/team_slug");
  });

  Deno.test(`${name}: problems -> never any text of the document`, () => {
    const secret = "s3cret-t0ken";
    const text = textOf({
      event_type: secret,
      payload: { new_status: secret, extra: `${secret}\ud800` },
      team_slug: [secret],
    });
    const { problems } = read(bytesOf(text));
    ok(problems && problems.length >= 3);
    equal(JSON.stringify(problems).includes(secret), false);
  });
}

Deno.test("readDraft: a bad draft that names its type -> the type beside the problems", () => {
  const typeOf = (text: string) => readDraft(bytesOf(text)).eventType;
  equal(typeOf('{"event_type":"WPCreated"}'), "WPCreated");
  equal(
    typeOf('{"event_type":"WPCreated","payload":{"x":1e999}}'),
    "WPCreated",
  );
  equal(typeOf(JSON.stringify(changed)), "WPStatusChanged");
  for (
    const text of ['{"event_type":"wpcreated"}', '["WPCreated"]', "{}", "{"]
  ) {
    equal(typeOf(text), undefined);
  }
});

Deno.test("ValidDraft, Envelope: an unchecked value -> a type error", () => {
  const payload = { error_type: "auth", error_message: "x" } as const;
  const unchecked = { event_type: "ErrorLogged", payload } as const;
  // @ts-expect-error: only checkDraft makes a valid draft
  const draft: ValidDraft = unchecked;
  ok(draft);
  const document = enveloped(unchecked) as unknown as EnvelopeDocument;
  // @ts-expect-error: only checkEnvelope and event.ts make an envelope
  const envelope: Envelope = document;
  ok(envelope);

  const checked = checkDraft(unchecked).draft;
  ok(checked?.event_type === "ErrorLogged");
  // The union is discriminated: this compiles only for the one payload.
  equal(checked.payload.error_type, "auth");
});

// Values that some rule takes, and values near them that it does not.
const anyValue = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, 0, -1, 1, 1.5, 2.0, 2 ** 53 - 1),
  fc.constantFrom<unknown>("", "x", "user", [], {}, ["WP01"], ["WP1"], {
    a: 1,
  }),
  fc.constantFrom(
    "WP01",
    "WP99",
    "WP1",
    "wp01",
    "WP001",
    "WP01\n",
    "WP\u0661\u0661",
  ),
  fc.constantFrom(
    "planned",
    "doing",
    "for_review",
    "done",
    "Done",
    "for-review",
  ),
  fc.constantFrom("implementation", "review", "note", "error", "comment"),
  fc.constantFrom("validation", "runtime", "network", "auth", "unknown"),
  fc.constantFrom("completed", "skipped", "merged", "WorkPackage", "Feature"),
  fc.constantFrom("028", "28", "0280", "028-x", "028-", "028-X", "1234-x"),
  fc.constantFrom("2026-02-03T12:00:00Z", "2026-02-30T12:00:00Z", "2026-02-03"),
  fc.constantFrom("01KGHZ3D6R7S8T9VAWBXCYDZEF", "01KGHZ3D6R7S8T9VAWBXCYDZEI"),
  fc.stringMatching(/^WP\d{2}$/),
  fc.stringMatching(/^\d{3}-[a-z0-9-]{1,9}$/),
  fc.stringMatching(/^[0-9A-HJKMNP-TV-Z]{26}$/),
  fc.string(),
  fc.double(),
  fc.maxSafeInteger(),
);

/** Objects that keep a form, of values that its rules take, found among many. */
function validObject(
  form: Form,
  given: Record<string, fc.Arbitrary<unknown>> = {},
): fc.Arbitrary<JsonObject> {
  const fields: Record<string, fc.Arbitrary<unknown>> = {};
  const requiredKeys: string[] = [];
  for (const [name, rule] of Object.entries(form)) {
    fields[name] = given[name] ?? anyValue.filter(rule.takes);
    if (!rule.optional) requiredKeys.push(name);
  }
  return fc.record(fields, { requiredKeys });
}

function validDocuments(form: Form): fc.Arbitrary<JsonObject> {
  const payloads = form === DRAFT_FORM ? DRAFT_PAYLOAD_FORMS : PAYLOAD_FORMS;
  const validPayloads = new Map(
    Object.entries(payloads).map(([type, form]) => [type, validObject(form)]),
  );
  return fc.constantFrom(...EVENT_TYPES).chain((type) =>
    validObject(form, {
      event_type: fc.constant(type),
      payload: validPayloads.get(type)!,
    })
  );
}

/** Changes to a document: set a field to anything, or take it away. */
const mutations = fc.array(
  fc.record({
    inPayload: fc.boolean(),
    field: fc.nat(),
    value: fc.option(anyValue, { nil: undefined }),
    name: fc.option(fc.constantFrom("extra", "eventId", "a/b"), {
      nil: undefined,
      freq: 6,
    }),
  }),
  { maxLength: 4 },
);

const forms = [
  ["checkDraft", DRAFT_FORM, checkDraft],
  ["checkEnvelope", ENVELOPE_FORM, checkEnvelope],
] as const;
for (const [name, form, check] of forms) {
  Deno.test(`${name}: any document, mutated -> exactly the paths that a model names, in order`, () => {
    let valid = 0;
    let invalid = 0;
    const property = fc.property(
      validDocuments(form),
      mutations,
      (original, changes) => {
        equal(check(original).problems, undefined);
        const document = structuredClone(original);
        for (const change of changes) {
          const payload = document.payload;
          const target = change.inPayload && typeof payload === "object" &&
              payload !== null
            ? payload as JsonObject
            : document;
          const fields = Object.keys(target);
          const field = change.name ?? fields[change.field % fields.length];
          if (field === undefined) continue;
          if (change.value === undefined) delete target[field];
          // A copy: the next change may be to the inside of this value.
          else target[field] = structuredClone(change.value);
        }
        const paths = check(document).problems?.map(({ path }) =>
          path.replace(/(?<=\/dependencies)\/\d+$/, "").replaceAll("~1", "/")
        );
        const expected = brokenPaths(document, form);
        deepEqual([...new Set(paths)], expected);
        if (expected.length > 0) invalid++;
        else valid++;
      },
    );
    fc.assert(property, { numRuns: DOCUMENTS });
    const few = DOCUMENTS / 10;
    ok(valid > few && invalid > few, `one-sided: ${valid} to ${invalid}`);
  });
}

Deno.test("isDateTime: texts like times -> what a model by Date says", () => {
  const part = (max: number, digits: number) =>
    fc.oneof({ weight: 20, arbitrary: fc.nat(max) }, {
      weight: 1,
      arbitrary: fc.nat(10 ** digits - 1),
    }).map((value) => String(value).padStart(digits, "0"));
  const word = (usual: string, ...others: string[]) =>
    fc.oneof({ weight: 40, arbitrary: fc.constant(usual) }, {
      weight: 1,
      arbitrary: fc.constantFrom(...others),
    });
  const like = fc.tuple(
    part(9999, 4),
    word("-", "/", ""),
    part(13, 2),
    word("-", ":"),
    part(32, 2),
    word("T", "t", " ", "\t", "\n"),
    fc.oneof(part(24, 2), fc.constant("23")),
    word(":", ""),
    fc.oneof(part(60, 2), fc.constant("59")),
    word(":", "."),
    fc.oneof(part(61, 2), fc.constant("60")),
    fc.constantFrom("", "", ".5", ".123456789123", ".", ".\u0661", ",5"),
    fc.oneof(
      fc.constantFrom("Z", "Z", "z", "", "+00:00", "-00:00", "+01:00", "Z\n"),
      fc.tuple(
        fc.constantFrom("+", "-"),
        part(24, 2),
        word(":", ""),
        part(60, 2),
      )
        .map((parts) => parts.join("")),
    ),
  ).map((parts) => parts.join(""));
  let valid = 0;
  fc.assert(
    fc.property(like, (text) => {
      equal(isDateTime(text), isTime(text), text);
      if (isTime(text)) valid++;
    }),
    { numRuns: TIMES },
  );
  ok(valid > 0.1 * TIMES && valid < 0.9 * TIMES, `one-sided: ${valid} valid`);
});

Deno.test("contracts/generated: what the generator makes now -> the committed files", async () => {
  const directory = new URL("../../contracts/generated/", import.meta.url);
  const stale: string[] = [];
  const made = await generate();
  for (const [name, text] of made) {
    const committed = await Deno.readTextFile(new URL(name, directory))
      .catch(() => undefined);
    if (committed !== text) stale.push(name);
  }
  for (const folder of ["", "producer/"]) {
    for await (const entry of Deno.readDir(new URL(folder, directory))) {
      const name = folder + entry.name;
      if (entry.isFile && !made.has(name)) stale.push(name);
    }
  }
  deepEqual(
    stale,
    [],
    `stale: ${stale.join(", ")}; run \`deno task contracts\``,
  );
});

Deno.test("contracts/generated: the validators -> import nothing but the rule of times and each other", async () => {
  const scripts = [...await generate()]
    .filter(([name]) => name.endsWith(".js"));
  const RULES: Readonly<Record<string, [string, RegExp]>> = {
    "validators.js": ["validateDraft", /^"\.\.\/date_time\.ts"$/],
    "producer.js": [
      "validateAttributes",
      /^"(\.\.\/row_time\.ts|\.\/producer\/[a-z.\d]+\.js)"$/,
    ],
    "producer_lines.js": ["validateMembers", /^"\.\.\/row_time\.ts"$/],
  };
  const OF_A_TYPE: [string, RegExp] = [
    "validateData",
    /^"\.\.\/\.\.\/row_time\.ts"$/,
  ];
  const types = scripts.filter(([name]) => name.startsWith("producer/"));
  equal(types.length, 27);
  equal(scripts.length, types.length + Object.keys(RULES).length);
  for (const [name, code] of scripts) {
    const [exported, allowed] = RULES[name] ?? OF_A_TYPE;
    ok(code.includes(`export const ${exported} =`), name);
    equal(/\brequire\s*\(/.test(code), false);
    // Without the member's name nobody could say where the mistake is.
    const unnamed = /"(?:required|additionalProperties|propertyNames)"\)/;
    equal(unnamed.test(code), false, name);
    const imported = [
      ...code.matchAll(/\bfrom\s+("[^"]*")|\bimport\s*\(([^)]*)/g),
    ];
    ok(imported.length > 0, name);
    for (const [text, fixed, late] of imported) {
      ok(allowed.test(fixed ?? late!), text);
    }
  }
});

Deno.test("loadContractSchema: -> the contract, with an id, a version and a description for each field", async () => {
  const schema = await loadContractSchema();
  equal(schema.$id, "urn:kitty-events:contract:1.0.0");
  equal(schema["x-version"], "1.0.0");
  const undescribed: string[] = [];
  const visit = (node: unknown, place: string) => {
    const { properties, $defs } = node as Record<string, JsonObject>;
    for (const [name, field] of Object.entries(properties ?? {})) {
      if (!(field as JsonObject).description) undescribed.push(place + name);
    }
    for (const [name, inner] of Object.entries($defs ?? {})) {
      visit(inner, `${place}${name}/`);
    }
  };
  visit(schema, "/");
  deepEqual(undescribed, []);
});

Deno.test(needing(
  [HISTORY],
  "checkDraft: a real project's history -> 20,588 valid, 330 invalid",
  async () => {
    const encoder = new TextEncoder();
    const text = await Deno.readTextFile(HISTORY_FILE);
    let valid = 0;
    const invalid = new Map<string, number>();
    for (const line of text.trimEnd().split("\n")) {
      const document = parseDocument(encoder.encode(line));
      equal(document.problems, undefined);
      const { problems } = checkDraft(document.value);
      if (problems === undefined) valid++;
      else {
        const type = document.value?.event_type;
        const kind = [type, ...problems.map(({ path }) => path)].join(" ");
        invalid.set(kind, (invalid.get(kind) ?? 0) + 1);
      }
    }
    equal(valid, 20_588);
    deepEqual([...invalid], [
      ["FeatureCreated /payload/feature_slug /payload/feature_number", 330],
    ]);
  },
));
