/**
 * Puts an emitter together for this machine, user and working directory.
 *
 * @module
 */

import {
  type ConfigFile,
  NO_CONFIG_FILE,
  readConfigFile,
  type Settings,
  settingsOf,
  SettingsSource,
} from "../base/config.ts";
import { Deadline } from "../base/deadline.ts";
import { type AgentState, findAgent } from "../route/agent_file.ts";
import { offlineRoute, type Route } from "../route/route.ts";
import type { HandOver } from "../handover/hand_over.ts";
import type { Holding } from "../home/holding.ts";
import { type EmitterParts, EventEmitter } from "./emitter.ts";
import { generateNodeId, homeFolder, refusalOf } from "./identity.ts";
import { SETUP_TIMEOUT_SHARE } from "../base/limits.ts";
import { findProject, type ProjectFinding } from "./project.ts";
import { ulidFactory } from "../event/ulid.ts";
import type { World } from "../base/world.ts";

/** What the caller decides; everything else follows from the machine. */
export interface SetupOptions {
  readonly home?: string | undefined;
  readonly timeoutMs?: number | undefined;
  readonly contract?: string | undefined;
  /** The way to the server; without one, that of a process beside an agent. */
  readonly route?: Route;
  /** Whether one draft will come right away, so that its agent elsewhere is worth a connection already. */
  readonly isForOne?: boolean;
  /** Whether drafts stay in this home, whatever agent the environment names. */
  readonly staysHere?: boolean;
  readonly warn: (text: string) => void;
}

/** Stands for the node of a draft that goes to an agent elsewhere, which gives it its own. */
const NODE_OF_AGENT = "0".repeat(12);

/** @throws never: what cannot be used is warned about and left out */
export async function setUpEmitter(
  world: World,
  options: SetupOptions,
): Promise<{ emitter: EventEmitter; settings: Settings }> {
  const folder = await homeFolder(world, options.home);
  const refusal = folder === undefined ? undefined : await refusalOf(folder);
  const homePath = refusal ? undefined : folder;
  const { timeoutMs } = settingsOf(world, NO_CONFIG_FILE, options);
  const deadline = Deadline.in(
    world.elapsedMs,
    timeoutMs * SETUP_TIMEOUT_SHARE,
  );
  const agentUrl = options.staysHere
    ? undefined
    : world.env("SPEC_KITTY_AGENT_URL") || undefined;
  const isForAgent = options.isForOne === true && agentUrl !== undefined;
  // What hands over writes no file before it has asked, and waits then.
  if (!isForAgent) world.withstand?.();
  const opening = agentUrl === undefined
    ? undefined
    : openHandOver(world, agentUrl, homePath, options);
  const holding = homePath === undefined || agentUrl !== undefined
    ? undefined
    : await openingQueue(world, homePath, deadline);
  const { config, project, nodeId, agent } = await lookAround(
    world,
    homePath,
    {
      warn: options.warn,
      isBesideAgent: !options.route && agentUrl === undefined,
      isForAgent,
    },
    deadline,
  );
  const handOver = await opening;
  const settings = handOver
    ? handingOver(handOver, settingsOf(world, config, options))
    : settingsOf(world, config, options);
  for (const text of settings.problems) options.warn(text);
  if (project.warning) options.warn(project.warning);
  const emitter = new EventEmitter({
    world,
    settings: new SettingsSource(settings),
    nodeId,
    project: project.identity,
    homePath,
    ...refusal && { refusal },
    holding,
    route: options.route ??
      await routeBeside(world, handOver ? undefined : agent, homePath),
    ...handOver && { handOver },
    ...!handOver && { connect: connectorOf(world, nodeId, settings, options) },
    newId: ulidFactory(world.nowMs, world.randomBytes),
    warn: options.warn,
  });
  return { emitter, settings };
}

/** The home's lock, with its queue that is being opened while the rest is read. */
async function openingQueue(
  world: World,
  homePath: string,
  deadline: Deadline,
): Promise<Holding> {
  const { beginHolding } = await import("./own_queue.ts");
  const { holding, looked } = beginHolding(homePath, world);
  // Only this turn of the event loop starts the opening.
  await deadline.race(looked, "look at the queue").catch(() => {});
  return holding;
}

/** Opens connections of this process. */
function connectorOf(
  world: World,
  nodeId: string,
  { timeoutMs }: Settings,
  { warn }: SetupOptions,
): NonNullable<EmitterParts["connect"]> {
  return async (home) => {
    const { connect } = await import("../delivery/connected.ts");
    return await connect(home, world, { nodeId, timeoutMs, warn });
  };
}

/** Gets ready to hand over to an agent elsewhere. */
async function openHandOver(
  world: World,
  agentUrl: string,
  homePath: string | undefined,
  { isForOne }: SetupOptions,
): Promise<HandOver> {
  // Loaded only here: most homes stay.
  const { HandOver } = await import("../handover/hand_over.ts");
  const handOver = HandOver.open(world, agentUrl);
  if (isForOne) handOver.prepare(homePath);
  return handOver;
}

/** Settings of a home that hands over: what is wrong with the agent's address is a problem of theirs. */
function handingOver(handOver: HandOver, settings: Settings): Settings {
  handOver.trust(settings);
  const { problem } = handOver;
  return problem === undefined
    ? settings
    : { ...settings, problems: [...settings.problems, problem.message] };
}

/** The way of a process beside the home's agent, if there is one. */
async function routeBeside(
  world: World,
  agent: AgentState | undefined,
  homePath: string | undefined,
): Promise<Route> {
  if (!agent || homePath === undefined) return offlineRoute;
  const { agentRoute } = await import("../route/agent_route.ts");
  return agentRoute(agent.state, homePath, world);
}

/** What lies on disk around a call. */
interface Surroundings {
  readonly config: ConfigFile;
  readonly project: ProjectFinding;
  readonly nodeId: string;
  /** Undefined where no agent runs. */
  readonly agent: AgentState | undefined;
}

/** Reads what lies on disk; a file system that hangs must not cost the event. */
async function lookAround(
  world: World,
  homePath: string | undefined,
  options: Pick<SetupOptions, "warn"> & {
    readonly isBesideAgent: boolean;
    readonly isForAgent: boolean;
  },
  deadline: Deadline,
): Promise<Surroundings> {
  let config = NO_CONFIG_FILE;
  let agent: AgentState | undefined;
  let project: ProjectFinding = { identity: {} };
  const reading = Promise.all([
    homePath !== undefined &&
    readConfigFile(homePath).then((found) => config = found),
    findProject(world.cwd()).then((found) => project = found),
    homePath !== undefined && options.isBesideAgent &&
    findAgent(homePath, world.nowMs()).then((found) => agent = found),
  ]);
  const [nodeId] = await Promise.all([
    options.isForAgent ? NODE_OF_AGENT : generateNodeId(world),
    deadline.race(reading, "read config.toml and the project's configuration")
      .catch((error) => options.warn(`${error.message}: done without`)),
  ]);
  return { config, project, nodeId, agent };
}
