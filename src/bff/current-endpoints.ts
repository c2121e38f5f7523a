import { hash } from 'node:crypto';
import type { ClientInfo } from '../client/identity.ts';
import type { Problem } from '../config/problem.ts';
import type { Engine } from '../pipeline/engine.ts';
import { runInSlices, runToEnd, type Steps } from '../shared/steps.ts';
import type { BffOptions } from './bff.ts';
import { KnownRequests } from './caching/known-requests.ts';
import { compileEndpointsInSteps } from './endpoints/endpoints.ts';
import { type EndpointFolder, readEndpointFolder } from './endpoints/folder.ts';
import { buildRoutingTable } from './endpoints/router.ts';
import type { EndpointSnapshot } from './handlers/call.ts';
import { defaultHeadersOf } from './responses/client-headers.ts';
import { clientPolicies } from './responses/cors.ts';
import { type LoadedShapes, loadShapes } from './shapes/load-shapes.ts';

type Options = Pick<BffOptions, 'dir' | 'engine' | 'onProblems' | 'endpointConfig' | 'onRefused' | 'rules'>;

/** The files of the `bff/` folder as they were last read. */
interface Files {
  readonly folder: EndpointFolder;
  readonly shapes: LoadedShapes;
}

/** The endpoints of the `bff/` folder. They are checked again when the folder is read again, or the engine changes. */
export class CurrentEndpoints {
  readonly #options: Options;
  #files: Files | undefined;
  /** The snapshot that was used last. */
  #snapshot: EndpointSnapshot | undefined;
  /** There are two while a canary runs. */
  readonly #known = new WeakMap<Engine, EndpointSnapshot>();
  /** Endpoints for an engine or a folder that is not in use yet. */
  #prepared: EndpointSnapshot | undefined;

  constructor(options: Options) {
    this.#options = options;
  }

  /**
   * Reads the folder, and checks its endpoints. Rejects when the folder exists but cannot be read.
   * @returns the problems because of which the previous endpoints stay
   */
  async read({ keepsWorking } = { keepsWorking: false }): Promise<readonly Problem[]> {
    const folder = readEndpointFolder(this.#options.dir);
    const files = { folder, shapes: await loadShapes(folder.shapes) };
    const engine = this.#options.engine();
    if (engine) {
      const next = await runInSlices(checkAgainst(engine, files, this.#options), undefined, 1);
      const { problems } = next.loaded;
      if (keepsWorking && problems.length > 0 && breaksSome(this.snapshot(), next)) return problems;
      this.#prepared = next;
    }
    this.#files = files;
    this.snapshot();
    return [];
  }

  /** Checks the endpoints against an engine before it becomes the current one, in steps. */
  *prepare(engine: Engine): Steps<void> {
    if (this.#files) this.#prepared = yield* checkAgainst(engine, this.#files, this.#options);
  }

  /** Returns the endpoints for the engine of a client, the current engine without a client; `undefined` while no schema is loaded. */
  snapshot(client?: ClientInfo): EndpointSnapshot | undefined {
    const engine = this.#options.engine(client);
    const files = this.#files;
    if (engine === undefined || files === undefined) return undefined;
    if (this.#snapshot?.engine === engine && this.#snapshot.folder === files.folder) return this.#snapshot;
    const known = this.#known.get(engine);
    this.#snapshot = known?.folder === files.folder ? known : this.#check(engine, files);
    return this.#snapshot;
  }

  #check(engine: Engine, files: Files): EndpointSnapshot {
    const prepared = this.#prepared;
    const isPrepared = prepared?.engine === engine && prepared.folder === files.folder;
    const snapshot = isPrepared ? prepared : runToEnd(checkAgainst(engine, files, this.#options));
    this.#prepared = undefined;
    this.#known.set(engine, snapshot);
    this.#options.onProblems?.(snapshot.loaded.problems);
    return snapshot;
  }
}

/** Whether an endpoint that works is missing from the next snapshot. */
function breaksSome(current: EndpointSnapshot | undefined, next: EndpointSnapshot): boolean {
  const working = new Set(next.loaded.endpoints.map(({ id }) => id));
  return current?.loaded.endpoints.some(({ id }) => !working.has(id)) ?? false;
}

function* checkAgainst(
  engine: Engine,
  { folder, shapes }: Files,
  { endpointConfig, onRefused, rules }: Options,
): Steps<EndpointSnapshot> {
  const loaded = yield* compileEndpointsInSteps(folder, engine.supergraph, { ...endpointConfig, shapes });
  const defaultHeaders = new Map<string, ReadonlyMap<string, string>>();
  for (const { client, version, settings } of [...loaded.endpoints, ...loaded.broken]) {
    const headers = defaultHeadersOf(settings, version);
    if (headers) defaultHeaders.set(version === undefined ? client : `${client}/${version}`, headers);
  }
  const parts = [folder.digest, shapes.digest, rules?.() ?? '', engine.supergraph.sdl];
  const digest = hash('sha256', parts.join('\n'), 'base64url');
  const table = buildRoutingTable(loaded);
  const cors = clientPolicies(table, onRefused);
  return { engine, folder, loaded, table, digest, knownRequests: new KnownRequests(), defaultHeaders, cors };
}
