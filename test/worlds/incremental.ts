import type { GraphQLFormattedError } from 'graphql';
import { incrementalTexts } from '../../src/graphql-http/incremental/incremental-text.ts';
import type { IncrementalProtocol } from '../../src/graphql-http/incremental/negotiate.ts';
import type { EngineRequest } from '../../src/pipeline/engine.ts';
import { resultText } from '../../src/pipeline/execution-result.ts';
import type { World } from './world.ts';

type Path = readonly (string | number)[];
// biome-ignore lint/suspicious/noExplicitAny: tests look into answers freely
type Json = any;

/** One message of a client's stream, in either protocol. */
export interface Message {
  readonly data?: Json;
  readonly errors?: readonly GraphQLFormattedError[];
  readonly pending?: readonly { readonly id: string; readonly path: Path; readonly label?: string }[];
  readonly incremental?: readonly {
    readonly data?: Json;
    readonly items?: readonly Json[] | null;
    readonly path?: Path;
    readonly label?: string;
    readonly id?: string;
    readonly subPath?: Path;
    readonly errors?: readonly GraphQLFormattedError[];
    readonly extensions?: Json;
  }[];
  readonly completed?: readonly { readonly id: string; readonly errors?: readonly GraphQLFormattedError[] }[];
  readonly hasNext?: boolean;
  readonly extensions?: Json;
}

/** A request of a client that reads parts. */
type IncrementalRequest = Partial<EngineRequest> & { readonly protocol?: IncrementalProtocol };

/** Executes a query for a client that reads parts, and returns the messages that it would get. */
export async function messagesOf(world: World, query: string, request?: IncrementalRequest): Promise<Message[]> {
  const messages: Message[] = [];
  for await (const message of eachMessage(world, query, request)) messages.push(message);
  return messages;
}

/** Executes a query for a client that reads parts, and yields each message that it would get when it comes. */
export async function* eachMessage(
  world: World,
  query: string,
  { protocol = 'v0.2', ...request }: IncrementalRequest = {},
): AsyncGenerator<Message, undefined> {
  const client = { requestId: 'test', headers: {} };
  const result = await world.engine.stream({ query, client, incremental: true, ...request });
  if (result.kind === 'single') yield JSON.parse(resultText(result));
  else for await (const text of incrementalTexts(result.payloads, protocol, () => {})) yield JSON.parse(text);
}

/** What a client has when the stream has ended. */
export interface Merged {
  readonly data: Json;
  readonly errors: readonly GraphQLFormattedError[];
  /** The paths of the fragments and lists that failed. */
  readonly failed: readonly Path[];
}

/** Merges the messages of a stream as its protocol says. Throws where they break it. */
export function mergeMessages(messages: readonly Message[]): Merged {
  // what was received stays as it is, for messages about it
  const [first, ...rest] = structuredClone(messages);
  if (first === undefined) throw new Error('the stream is empty');
  const merger = new Merger(first);
  let isOver = first.hasNext !== true;
  for (const message of rest) {
    if (isOver) throw new Error('a message follows the last one');
    merger.add(message);
    isOver = message.hasNext === false;
  }
  if (!isOver) throw new Error('the stream has no last message');
  return merger.end();
}

class Merger {
  private readonly data: Json;
  private readonly errors: GraphQLFormattedError[];
  private readonly failed: Path[] = [];
  private readonly pending = new Map<string, Path>();
  /** The labels and paths of what was announced: a fragment of the document is announced once for an object. */
  private readonly announced = new Set<string>();
  private readonly completed = new Set<string>();
  private readonly failedLists = new Set<string>();

  constructor({ data, errors = [], pending = [] }: Message) {
    this.data = data;
    this.errors = [...errors];
    this.announce(pending);
  }

  add({ pending = [], incremental = [], completed = [] }: Message): void {
    this.announce(pending);
    for (const part of incremental) {
      this.errors.push(...(part.errors ?? []));
      const path = part.id === undefined ? (part.path ?? []) : this.pathOf(part.id, part.subPath);
      if (part.items !== undefined) this.addItems(part.items, path, part.id !== undefined);
      else if (part.data === null) this.failed.push(path);
      else addFields(at(this.data, path), part.data, path, part.id !== undefined);
    }
    for (const { id, errors } of completed) {
      if (errors) {
        this.errors.push(...errors);
        this.failed.push(this.pathOf(id, []));
      }
      this.pathOf(id, []);
      this.completed.add(id);
    }
  }

  /** @param path of the list, with the index of the first item where parts have no ids */
  private addItems(items: readonly Json[] | null, path: Path, hasId: boolean): void {
    const list = hasId ? path : path.slice(0, -1);
    const key = list.join('.');
    if (this.failedLists.has(key)) throw new Error(`items follow the end of ${key}`);
    const known = at(this.data, list);
    if (!Array.isArray(known)) throw new Error(`there is no list at ${key}`);
    if (!hasId && path.at(-1) !== known.length)
      throw new Error(`item ${path.at(-1)} follows ${known.length} at ${key}`);
    if (items === null) {
      this.failed.push(list);
      this.failedLists.add(key);
    } else known.push(...items);
  }

  end(): Merged {
    const open = [...this.pending.keys()].filter((id) => !this.completed.has(id));
    if (open.length > 0) throw new Error(`never completed: ${open.join()}`);
    return { data: this.data, errors: this.errors, failed: this.failed };
  }

  private announce(pending: NonNullable<Message['pending']>): void {
    for (const { id, path, label } of pending) {
      if (this.pending.has(id)) throw new Error(`${id} is announced twice`);
      this.pending.set(id, path);
      const place = `${label} at ${path.join('.')}`;
      if (label !== undefined && this.announced.has(place)) throw new Error(`${place} is announced twice`);
      this.announced.add(place);
    }
  }

  private pathOf(id: string, subPath: Path = []): Path {
    const path = this.pending.get(id);
    if (path === undefined) throw new Error(`${id} was not announced`);
    if (this.completed.has(id)) throw new Error(`${id} was completed already`);
    return [...path, ...subPath];
  }
}

function at(data: Json, path: Path): Json {
  let value = data;
  for (const step of path) value = value?.[step];
  if (typeof value !== 'object' || value === null) throw new Error(`there is no object at ${path.join('.')}`);
  return value;
}

/** Adds fields to an object: only new ones where `isStrict`, else objects are merged deeply. */
function addFields(into: Json, from: Json, path: Path, isStrict: boolean): void {
  for (const [key, value] of Object.entries(from)) {
    const known = into[key];
    if (known === undefined) into[key] = value;
    else if (isStrict || typeof known !== 'object' || known === null || Array.isArray(known))
      throw new Error(`"${key}" at ${path.join('.')} comes twice`);
    else addFields(known, value, [...path, key], isStrict);
  }
}
