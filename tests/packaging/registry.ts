/** A registry of npm packages, as far as an installation asks it. */

import { unpackTar } from "modern-tar";

/** Serves the npm packages of a folder. */
export class NpmRegistry implements AsyncDisposable {
  readonly #folder: string;
  readonly #documents = new Map<string, unknown>();
  readonly #http: Deno.HttpServer<Deno.NetAddr>;

  private constructor(folder: string) {
    this.#folder = folder;
    const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
    this.#http = Deno.serve(options, (request) => this.#answer(request));
  }

  /** Reads the packages, and listens. */
  static async start(
    folder: string,
    names: readonly string[],
  ): Promise<NpmRegistry> {
    const registry = new NpmRegistry(folder);
    for (const name of names) await registry.#add(name);
    return registry;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#http.addr.port}/`;
  }

  async #add(file: string): Promise<void> {
    const content = await Deno.readFile(`${this.#folder}/${file}`);
    const manifest = await manifestIn(content);
    const hash = await crypto.subtle.digest("SHA-512", content);
    const dist = {
      tarball: `${this.url}files/${file}`,
      integrity: `sha512-${new Uint8Array(hash).toBase64()}`,
    };
    this.#documents.set(manifest.name, {
      name: manifest.name,
      "dist-tags": { latest: manifest.version },
      versions: { [manifest.version]: { ...manifest, dist } },
    });
  }

  async #answer(request: Request): Promise<Response> {
    const path = decodeURIComponent(new URL(request.url).pathname).slice(1);
    if (path.startsWith("files/")) {
      const file = path.slice("files/".length);
      return new Response(await Deno.readFile(`${this.#folder}/${file}`));
    }
    const document = this.#documents.get(path);
    return document
      ? Response.json(document)
      : Response.json({ error: "not found" }, { status: 404 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#http.shutdown();
  }
}

/** The `package.json` of a package. */
export async function manifestIn(
  content: Uint8Array<ArrayBuffer>,
): Promise<{ name: string; version: string } & Record<string, unknown>> {
  const tar = new Blob([content]).stream()
    .pipeThrough(new DecompressionStream("gzip"));
  const [entry] = await unpackTar(tar, {
    filter: ({ name }) => name === "package/package.json",
  });
  return JSON.parse(new TextDecoder().decode(entry!.data));
}
