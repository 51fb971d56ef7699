/** What ARCHITECTURE.md says of the code, read off the code. */

import { deepStrictEqual, ok } from "node:assert/strict";

const ROOT = new URL("../", import.meta.url);

interface Import {
  readonly from: string;
  readonly to: string;
  readonly kind: "value" | "type" | "dynamic";
}

/** All source files of the program, by their path from the root. */
async function sources(folder = "lib"): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const entry of Deno.readDir(new URL(folder, ROOT))) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) {
      for (const [name, text] of await sources(path)) found.set(name, text);
    } else if (/\.tsx?$/.test(path)) {
      found.set(path, await Deno.readTextFile(new URL(path, ROOT)));
    }
  }
  return found;
}

/** The imports of a file, with paths from the root; packages as they are. */
function importsOf(from: string, text: string): Import[] {
  const resolve = (target: string) =>
    target.startsWith(".")
      ? new URL(target, `file:///${from}`).pathname.slice(1)
      : target;
  const fixed = text.matchAll(
    /^(?:import|export) (type )?(?:[\w*{][^;"=]*? from )?"([^"]+)"/gm,
  );
  const late = text.matchAll(/\bimport\(\s*"([^"]+)"/g);
  return [
    ...[...fixed].map(([statement, type, target]): Import => ({
      from,
      to: resolve(target!),
      kind: type || onlyTypes(statement) ? "type" : "value",
    })),
    ...[...late].map(([, target]): Import => ({
      from,
      to: resolve(target!),
      kind: "dynamic",
    })),
  ];
}

/** Whether a statement imports nothing but names marked as types. */
function onlyTypes(statement: string): boolean {
  const names = statement.match(/\{([^}]*)\}/)?.[1]?.split(",")
    .map((name) => name.trim()).filter(Boolean);
  return names !== undefined && names.length > 0 &&
    names.every((name) => name.startsWith("type "));
}

async function allImports(): Promise<Import[]> {
  const files = await sources();
  files.set("main.ts", await Deno.readTextFile(new URL("main.ts", ROOT)));
  return [...files].flatMap(([path, text]) => importsOf(path, text));
}

/** Circles among files, each as a path; and all files that were looked at. */
function circlesOf(
  imports: readonly Import[],
): { circles: string[]; done: ReadonlySet<string> } {
  const next = Map.groupBy(imports, ({ from }) => from);
  const circles: string[] = [], done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) circles.push([...path, file].join(" -> "));
    if (path.includes(file) || done.has(file)) return;
    for (const { to } of next.get(file) ?? []) visit(to, [...path, file]);
    done.add(file);
  };
  for (const file of next.keys()) visit(file, []);
  return { circles, done };
}

/** The source files in which a pattern is found, in their order. */
async function filesWith(pattern: RegExp): Promise<string[]> {
  return [...await sources()].filter(([, text]) => pattern.test(text))
    .map(([path]) => path).sort();
}

Deno.test("imports: values -> flow one way, without a cycle", async () => {
  const imports = (await allImports()).filter(({ kind }) => kind === "value");
  const { circles, done } = circlesOf(imports);
  deepStrictEqual(circles, []);
  ok(done.size > 40, "most files were not looked at");
});

Deno.test("imports: of the layers -> none reaches up", async () => {
  const rank = (path: string) =>
    [
      (p: string) => !p.includes("/"),
      (p: string) => p.startsWith("lib/cli/"),
      (p: string) => p === "lib/mod.ts",
      (p: string) => p === "lib/emit/setup.ts",
      (p: string) => p === "lib/emit/emitter.ts",
      () => true,
    ].findIndex((matches) => matches(path));
  const upward = (await allImports()).filter(({ from, to, kind }) =>
    kind !== "type" && to.endsWith(".ts") && rank(to) < rank(from)
  );
  deepStrictEqual(upward, []);
});

/** What is loaded with some files, all that is loaded later left out. */
async function loadedWith(...files: string[]): Promise<Set<string>> {
  const next = Map.groupBy(
    (await allImports()).filter(({ kind }) => kind === "value"),
    ({ from }) => from,
  );
  const loaded = new Set<string>();
  const load = (file: string): void => {
    if (loaded.has(file)) return;
    loaded.add(file);
    for (const { to } of next.get(file) ?? []) load(to);
  };
  files.forEach(load);
  return loaded;
}

Deno.test("imports: of an emit of the first contract -> not a byte of others, nor of what follows logs", async () => {
  const loaded = await loadedWith("main.ts", "lib/cli/cli.ts");
  ok(loaded.has("lib/cli/commands/emit.ts"));
  ok(loaded.has("contracts/generated/validators.js"));
  const others =
    /^lib\/(contract\/rows|follow|api)\/|^contracts\/.*(row_|producer)|ajv/;
  deepStrictEqual([...loaded].filter((path) => others.test(path)), []);
  const rows = await loadedWith("lib/cli/commands/emit_row.ts");
  ok([...rows].filter((path) => others.test(path)).length > 4);
});

Deno.test("imports: of the emitter -> never the network", async () => {
  const loaded = await loadedWith("lib/emit/emitter.ts", "lib/emit/setup.ts");
  const network =
    /\/(session|http|http_client|socket|connection|drain|sync)\.ts$/;
  ok([...loaded].some((path) => path.endsWith("/route.ts")));
  deepStrictEqual([...loaded].filter((path) => network.test(path)), []);
});

Deno.test("imports: between client and collector -> none: they meet on the wire", async () => {
  const across = (await allImports()).filter(({ from, to }) =>
    from.startsWith("lib/collector/") && to.startsWith("lib/delivery/") ||
    from.startsWith("lib/delivery/") && to.startsWith("lib/collector/")
  );
  deepStrictEqual(across, []);
});

/** The rooms of `lib`, from the ground up: none knows of one above it. */
const ROOMS: readonly string[] = [
  ...[
    "base",
    "contract",
    "event",
    "board",
    "home",
    "login",
    "route",
    "handover",
    "delivery",
  ],
  ...["emit", "follow", "agent", "collector", "doctor", "api", "cli"],
];

Deno.test("imports: between rooms -> only downwards", async () => {
  const roomOf = (path: string) => path.match(/^lib\/(\w+)\//)?.[1];
  const imports = (await allImports()).map(({ from, to }) => ({
    arrow: `${from} -> ${to}`,
    above: roomOf(from),
    below: roomOf(to),
  }));
  const rooms = new Set(imports.flatMap(({ above }) => above ?? []));
  deepStrictEqual([...rooms].filter((room) => !ROOMS.includes(room)), []);
  const upward = imports.filter(({ above, below }) =>
    above && below && ROOMS.indexOf(below) > ROOMS.indexOf(above)
  );
  deepStrictEqual(upward.map(({ arrow }) => arrow), []);
});

Deno.test("ARCHITECTURE.md: tables -> whole, with nothing between their rows", async () => {
  const text = await Deno.readTextFile(new URL("ARCHITECTURE.md", ROOT));
  const [, ...blocks] = text.split(/\n\n(?=\|)/);
  ok(blocks.length > 3);
  for (const block of blocks) {
    ok(/^\|.*\n\| ---/.test(block), block.slice(0, 80));
  }
});

Deno.test("imports: of the page -> types of the board's answers, and nothing else of the program", async () => {
  const imports = [...await sources("web")]
    .flatMap(([path, text]) => importsOf(path, text))
    .filter(({ to }) => /^(lib|contracts|main)\b/.test(to));
  ok(imports.length > 10);
  deepStrictEqual(
    imports.filter(({ to, kind }) =>
      to !== "lib/board/answers.ts" || kind !== "type"
    ),
    [],
  );
});

Deno.test("imports: of contracts/ -> only in lib/contract", async () => {
  const users = (await allImports())
    .filter(({ to }) => to.startsWith("contracts/")).map(({ from }) => from);
  ok(users.length > 0);
  deepStrictEqual(
    users.filter((path) => !path.startsWith("lib/contract/")),
    [],
  );
});

Deno.test("Deno KV -> opened only where the lock is held, or the file is at rest", async () => {
  deepStrictEqual(await filesWith(/Deno\.openKv\(/), [
    // The server's own file, which only one process opens.
    "lib/collector/events/kv_store.ts",
    "lib/home/compact.ts",
    "lib/home/holding.ts",
    "lib/home/queue_file.ts",
  ]);
});

Deno.test("the client's queue -> known as Deno KV in its own room only", async () => {
  const users = await filesWith(/\bDeno\.(Kv|AtomicOperation)\b/);
  // The collector's store is another one, with a file of its own.
  const others = users.filter((path) =>
    !path.startsWith("lib/home/") && !path.startsWith("lib/collector/")
  );
  deepStrictEqual(others, []);
  ok(users.length > others.length);
});

Deno.test("the collector's engine -> named by one file only", async () => {
  const engine =
    /^lib\/collector\/(events\/(kv_|layout)|(records|audit)\/(kv_|file_))/;
  const users = (await allImports())
    .filter(({ from, to }) => engine.test(to) && !engine.test(from))
    .map(({ from }) => from);
  deepStrictEqual([...new Set(users)].sort(), [
    "lib/collector/engine.ts",
  ]);
});

Deno.test("PostgreSQL -> loaded by one file, and only where a store is named", async () => {
  const imports = await allImports();
  const into = imports.filter(({ from, to, kind }) =>
    to.startsWith("lib/collector/sql/") && kind !== "type" &&
    !from.startsWith("lib/collector/sql/")
  );
  deepStrictEqual(
    [...new Set(into.map(({ from, kind }) => `${kind} ${from}`))],
    ["dynamic lib/collector/place.ts"],
  );
  const clients = imports.filter(({ to }) => to === "postgres");
  deepStrictEqual(clients.map(({ from }) => from), [
    "lib/collector/sql/connection.ts",
  ]);
  const loaded = await loadedBy(
    ...["lib/cli/commands/emit.ts", "lib/cli/commands/collector.ts"],
    ...["lib/mod.ts", "lib/cli/commands/board.ts"],
  );
  ok(loaded.has("lib/collector/collector.ts"));
  const ofStores = /^postgres$|lib\/collector\/sql\//;
  deepStrictEqual([...loaded].filter((path) => ofStores.test(path)), []);
});

Deno.test("transports -> made in one place", async () => {
  const made =
    /\bnew (HttpBatch|Connection|EventSocket)\(|\bEventSocket\.open\(/;
  const users = await filesWith(made);
  ok(users.length > 0);
  for (const path of users) {
    ok(path.startsWith("lib/delivery/transport/"), path);
  }
});

Deno.test("time and randomness -> come from the World", async () => {
  const direct =
    /\bDate\.now\(\)|\bperformance\.now\(\)|\bnew Date\(\)|\bMath\.random\b|\bgetRandomValues\b/;
  deepStrictEqual(await filesWith(direct), [
    // Timers of the machine.
    "lib/base/deadline.ts",
    "lib/base/world.ts",
    // Bytes that no file system stores in no room; what they are matters to no one.
    "lib/home/reserve.ts",
  ]);
});

Deno.test("SQLite below Deno KV -> known to one file", async () => {
  deepStrictEqual(await filesWith(/"node:sqlite"/), ["lib/home/sqlite.ts"]);
});

Deno.test("whether something is at a path -> asked in one way", async () => {
  deepStrictEqual(
    await filesWith(/stat\([^()]*\)\s*\.then\(\(\) => true, \(\) => false\)/),
    ["lib/base/files.ts"],
  );
});

/** What is loaded before anything late is: files and all that they import. */
async function loadedBy(...files: readonly string[]): Promise<Set<string>> {
  const next = Map.groupBy(await allImports(), ({ from }) => from);
  const loaded = new Set<string>();
  const load = (file: string): void => {
    if (loaded.has(file)) return;
    loaded.add(file);
    for (const { to, kind } of next.get(file) ?? []) {
      if (kind === "value") load(to);
    }
  };
  files.forEach(load);
  return loaded;
}

Deno.test("emit of the first contract -> loads nothing of rows but their form in the queue", async () => {
  const loaded = await loadedBy(
    ...["main.ts", "lib/mod.ts"],
    ...["lib/cli/commands/emit.ts", "lib/cli/commands/emit_stream.ts"],
    "lib/emit/own_queue.ts",
  );
  const ofRows = /rows|producer|row_|follow/;
  deepStrictEqual([...loaded].filter((file) => ofRows.test(file)).sort(), [
    // What was recorded once is noted in the commit.
    "lib/event/row_event.ts",
    "lib/home/known_rows.ts",
  ]);
});

Deno.test("emit of a row -> loads no type but its own", async () => {
  const ofOne = await loadedBy("lib/cli/commands/emit_row.ts");
  ok(ofOne.has("contracts/generated/producer.js"));
  ok(!ofOne.has("lib/contract/rows/producer.ts"));
});

Deno.test("one-shot emit -> loads no node: module and no package up front", async () => {
  const loaded = await loadedBy(
    ...["main.ts", "lib/cli/commands/emit.ts", "lib/emit/own_queue.ts"],
  );
  ok(loaded.has("lib/home/offline_queue.ts"));
  deepStrictEqual([...loaded].filter((name) => !name.includes("/")), [
    "main.ts",
  ]);
  deepStrictEqual([...loaded].filter((name) => name.startsWith("node:")), []);
});

Deno.test("emit to an agent elsewhere -> loads the spool, and nothing of the queue", async () => {
  const ofHome = async (...files: string[]) =>
    [...await loadedBy("main.ts", "lib/cli/commands/emit.ts", ...files)]
      .filter((file) => file.startsWith("lib/home/")).sort();
  deepStrictEqual(await ofHome("lib/handover/hand_over.ts"), [
    "lib/home/home.ts",
    "lib/home/spool.ts",
    "lib/home/tally.ts",
  ]);
  ok((await ofHome("lib/emit/own_queue.ts")).length > 10);
});

Deno.test("sources -> no Node timer on the way of an emit", async () => {
  const users = await filesWith(/\bset(Timeout|Interval)\(/);
  // Only Windows, and only while another program holds the file.
  deepStrictEqual(users, ["lib/base/files.ts"]);
});

Deno.test("lib -> nothing but the library's surface lies beside the rooms", async () => {
  const beside = [...(await sources()).keys()]
    .filter((path) => path.split("/").length === 2);
  deepStrictEqual(beside, ["lib/mod.ts"]);
});

/** Circles among files of a room, whatever kind of import ties them. */
function circlesIn(imports: readonly Import[], room: string): string[] {
  return circlesOf(
    imports.filter(({ from, to }) =>
      from.startsWith(`lib/${room}/`) && to.startsWith(`lib/${room}/`)
    ),
  ).circles;
}

Deno.test("imports: within a room, types and late ones too -> no circle", async () => {
  const imports = await allImports();
  // The help lists all commands, and is one of them.
  const rooms = ROOMS.filter((room) => room !== "cli");
  const circles = rooms.flatMap((room) => circlesIn(imports, room));
  deepStrictEqual(circles, []);
  ok(circlesIn(imports, "cli").length > 0, "no circle would be seen");
});

Deno.test("sources -> each says at its top what it is for", async () => {
  const silent = [...await sources()]
    .filter(([, text]) =>
      !/^\/\*\*\n \* \S.{15,}\n[\s\S]*?\n \* @module\n/.test(text)
    )
    .map(([path]) => path);
  deepStrictEqual(silent, []);
});

/** The sources of the program, and those of the page that lies in it. */
async function allSources(): Promise<[string, string][]> {
  return [...await sources(), ...await sources("web")];
}

Deno.test("sources -> no file is longer than 350 lines", async () => {
  const long = (await allSources())
    .map(([path, text]) => [path, text.split("\n").length - 1] as const)
    .filter(([, lines]) => lines > 350);
  deepStrictEqual(long, []);
});

/** Functions at the top of a file, and methods of its classes, with their lines. */
function functionsIn(text: string): { name: string; lines: number }[] {
  const lines = text.split("\n");
  return lines.flatMap((line, start) => {
    const [, indent, name] = line.match(
      /^(| {2})(?:export )?(?:static |override |readonly )*(?:async )?(?:function\*? |\*)?(#?\w+)(?:<.*>)?\(/,
    ) ?? [];
    const isOther = /^(if|for|while|switch|catch|return|await|super)$/.test(
      name ?? "return",
    ) || line.endsWith("=> {");
    // The line on which its body begins: none for a call, or a signature alone.
    const opening = /[{};]$/.test(line)
      ? start
      : lines.findIndex((other, i) =>
        i > start && other.startsWith(`${indent})`)
      );
    if (isOther || !lines[opening]?.endsWith("{")) return [];
    const end = lines.findIndex((other, i) =>
      i > opening && other === `${indent}}`
    );
    return end < 0 ? [] : [{ name: name!, lines: end - start + 1 }];
  });
}

Deno.test("sources -> no function is longer than 60 lines", async () => {
  const all = (await allSources()).flatMap(([path, text]) =>
    functionsIn(text).map(({ name, lines }) => ({ path, name, lines }))
  );
  ok(all.length > 800, `${all.length} functions`);
  deepStrictEqual(all.filter(({ lines }) => lines > 60), []);
});

Deno.test("ARCHITECTURE.md: rooms -> all of them, and only real files", async () => {
  const text = await Deno.readTextFile(new URL("ARCHITECTURE.md", ROOT));
  for (const room of ROOMS) ok(text.includes(`| \`lib/${room}/\` |`), room);
  const named = new Set(
    [...text.matchAll(
      /\b((?:lib|contracts|tests)\/[\w/.]+?\.(?:ts|json))\b|\bmain\.ts\b/g,
    )]
      .map(([path]) => path),
  );
  ok(named.size > 40, `${named.size} files`);
  for (const path of named) {
    const { isFile } = await Deno.stat(new URL(path, ROOT));
    ok(isFile, path);
  }
});
