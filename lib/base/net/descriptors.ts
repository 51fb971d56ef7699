/**
 * Descriptors: how many connections there are some for, and whether one was
 * missing.
 *
 * @module
 */

/** Descriptors that one connection may take: its own, and both ends of the way to the server behind. */
const CONNECTION_DESCRIPTORS = 3;

/** And both ends of the way through TLS. */
const TLS_DESCRIPTORS = 2;

/** Descriptors that connections never take: files, locks and Deno KV need some, and must not fail. */
const DESCRIPTORS_KEPT = 64;

/** Connections that are accepted at least, however few descriptors there are. */
const CONNECTIONS_MIN = 4;

/** How the system says that it has no room for another connection, on each platform by the same names. */
const NO_ROOM: ReadonlySet<unknown> = new Set(
  ["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"],
);

/**
 * Connections that there are descriptors for. The limit can be read nowhere
 * that a program with few rights may look, so it is tried out, once.
 *
 * @param connectionsMax connections that are wanted
 */
export function placesFor({ folder, connectionsMax, hasTls }: {
  readonly folder: string | undefined;
  readonly connectionsMax: number;
  readonly hasTls: boolean;
}): number {
  const each = CONNECTION_DESCRIPTORS + (hasTls ? TLS_DESCRIPTORS : 0);
  if (Deno.build.os === "windows") return connectionsMax;
  const opened: Deno.FsFile[] = [];
  const wanted = connectionsMax * each + DESCRIPTORS_KEPT;
  try {
    while (opened.length < wanted) {
      opened.push(Deno.openSync(folder ?? "/", { read: true }));
    }
  } catch {
    // So many there are.
  }
  opened.forEach((file) => file.close());
  const places = Math.floor(
    (opened.length - DESCRIPTORS_KEPT) / each,
  );
  return Math.max(CONNECTIONS_MIN, places);
}

/**
 * Whether an error says that there is no descriptor, or no memory, for another
 * connection; else the one that came has gone, and the next is as good as any.
 */
export function isNoRoom(error: unknown): boolean {
  return error instanceof Error && "code" in error && NO_ROOM.has(error.code);
}
