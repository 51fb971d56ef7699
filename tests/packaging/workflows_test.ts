/** What runs elsewhere, as far as it can be checked here. */

import { deepStrictEqual, match, ok } from "node:assert/strict";
import { CORE_SCHEMA, load, mergeTag } from "js-yaml";
import { TARGETS } from "../../packaging/targets.ts";
import { namesIn } from "../support/home.ts";

const ROOT = new URL("../../", import.meta.url);
const WORKFLOWS = ".github/workflows/";

/** A workflow, as far as it is looked at. */
interface Workflow {
  readonly permissions: Record<string, string>;
  readonly jobs: Record<string, Job>;
}

interface Job {
  readonly needs?: string;
  readonly if?: string;
  readonly strategy?: { matrix: { include?: { target: string }[] } };
  readonly steps: readonly { uses?: string; run?: string }[];
}

function read(path: string): Promise<string> {
  return Deno.readTextFile(new URL(path, ROOT));
}

/** Reads YAML strictly: doubled keys are errors. */
async function readYaml<T>(path: string): Promise<T> {
  const schema = CORE_SCHEMA.withTags(mergeTag);
  return load(await read(path), { schema }) as T;
}

Deno.test("workflows: all -> valid YAML, read-only by default, every action at a version", async () => {
  const names = await namesIn(new URL(WORKFLOWS, ROOT).pathname);
  deepStrictEqual(names, ["ci.yml", "release.yml"]);
  for (const name of names) {
    const { permissions, jobs } = await readYaml<Workflow>(WORKFLOWS + name);
    deepStrictEqual(permissions, { contents: "read" });
    for (const [id, { needs, steps }] of Object.entries(jobs)) {
      ok(needs === undefined || needs in jobs, `${name}: ${id}`);
      for (const { uses, run } of steps) {
        ok((uses === undefined) !== (run === undefined), `${name}: ${id}`);
        if (uses) match(uses, /^[\w-]+\/[\w-]+@v\d+$/);
      }
    }
  }
});

Deno.test("release.yml: programs -> for all targets; publishing -> only where it is switched on", async () => {
  const { jobs } = await readYaml<Workflow>(`${WORKFLOWS}release.yml`);
  deepStrictEqual(
    jobs.program!.strategy!.matrix.include!.map(({ target }) => target),
    TARGETS.map(({ name }) => name),
  );
  for (const index of ["npm", "pypi", "jsr"]) {
    deepStrictEqual(
      jobs[index]!.if,
      `vars.PUBLISH_${index.toUpperCase()} == 'true'`,
    );
  }
});

Deno.test("release.yml: Deno -> the version of the gate", async () => {
  const [, gate] = (await read(".ci/run")).match(/deno@([\d.]+)/)!;
  const { env } = await readYaml<{ env: { DENO_VERSION: string } }>(
    `${WORKFLOWS}release.yml`,
  );
  deepStrictEqual(env.DENO_VERSION, `v${gate}`);
});

Deno.test("Dockerfile: its last stage -> not root, data in a volume, the program without a shell", async () => {
  const text = await read("packaging/docker/Dockerfile");
  const last = text.slice(text.lastIndexOf("\nFROM ")).split("\n")
    .filter((line) => line && !line.startsWith("#"));
  deepStrictEqual(last.filter((line) => !line.startsWith("COPY")), [
    "FROM gcr.io/distroless/cc-debian12:nonroot",
    "ENV SPEC_KITTY_HOME=/data",
    "USER nonroot:nonroot",
    "VOLUME /data",
    'ENTRYPOINT ["/usr/bin/kitty-events"]',
    'CMD ["help"]',
  ]);
});

/** A service of `compose.yaml`. */
interface Service {
  readonly read_only: boolean;
  readonly cap_drop: string[];
  readonly command: string[];
  readonly volumes: string[];
  readonly network_mode?: string;
  readonly depends_on?: string[];
}

Deno.test("compose.yaml: services -> read-only, without rights, and only volumes that are declared", async () => {
  const { services, volumes } = await readYaml<{
    services: Record<string, Service>;
    volumes: Record<string, null>;
  }>("packaging/docker/compose.yaml");
  deepStrictEqual(Object.keys(services), [
    ...["collector", "agent", "job", "user", "login"],
  ]);
  for (const [name, service] of Object.entries(services)) {
    ok(service.read_only, name);
    deepStrictEqual(service.cap_drop, ["ALL"]);
    ok(service.command.every((word) => typeof word === "string"), name);
    for (const volume of service.volumes) {
      ok(volume.split(":")[0]! in volumes, volume);
    }
    for (const other of service.depends_on ?? []) ok(other in services);
  }
});
