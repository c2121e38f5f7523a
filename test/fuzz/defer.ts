import { transformSupergraphToPublicSchema } from '@theguild/federation-composition';
import {
  buildASTSchema,
  type DocumentNode,
  type GraphQLSchema,
  getNullableType,
  isListType,
  Kind,
  type OperationDefinitionNode,
  parse,
  print,
  type SelectionNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { createEngine } from '../../src/pipeline/pipeline.ts';
import { readSupergraph } from '../../src/supergraph/supergraph.ts';
import { mergeMessages, messagesOf } from '../worlds/incremental.ts';
import type { World } from '../worlds/world.ts';
import type { FuzzCase } from './arbitrary.ts';
import type { Chance } from './chance.ts';
import type { GeneratedQuery } from './generate-query.ts';
import { isLabelOn } from './model.ts';
import { makeWorld } from './property.ts';

/** What came of checking a case. */
export interface CheckedDefer {
  /** How many queries were answered in parts. */
  readonly streamed: number;
  /** How many fragments failed. */
  readonly failed: number;
}

/**
 * Sends queries with random `@defer` and `@stream`, once for a whole result and once in parts in each protocol, over subgraphs that
 * respond in random order. Throws where the merged parts are not the whole result, or break the protocol.
 */
export async function checkDefer(fuzzCase: FuzzCase, chance: Chance): Promise<CheckedDefer | undefined> {
  const made = makeWorld(fuzzCase.world);
  if (!made) return undefined;
  const { world } = made;
  if (fuzzCase.down !== undefined) world.fault({ kind: 'failure', subgraph: fuzzCase.down });
  const later = withDelays(world, fuzzCase, chance);
  const checked = { streamed: 0, failed: 0 };
  const schema = publicSchemaOf(world);
  for (const { query, variables } of fuzzCase.queries) {
    const deferred = withDefer(chance.happens(0.7) ? withStreams(query, schema, chance) : query, chance);
    const whole = await world.query(deferred, variables).catch(() => undefined);
    if (whole?.dataText === undefined) continue;
    for (const protocol of ['v0.2', '20220824'] as const) {
      const messages = await messagesOf(later, deferred, { variables, protocol });
      try {
        if (messages.length === 1) {
          const [single] = messages;
          if (JSON.stringify(single?.data) !== whole.dataText)
            compare(
              whole,
              { data: single?.data, errors: single?.errors ?? [], failed: [] },
              fuzzCase.down !== undefined,
            );
          continue;
        }
        checked.streamed++;
        const merged = mergeMessages(messages);
        checked.failed += merged.failed.length;
        compare(whole, merged, fuzzCase.down !== undefined);
        if (world.violations.length > 0) throw new Error(world.violations.flatMap(({ problems }) => problems).join());
      } catch (error) {
        throw disagreement(world, { query: deferred, variables }, fuzzCase.down, whole, messages, error as Error);
      }
    }
  }
  return checked;
}

/** The same world with an engine whose subgraphs respond after random numbers of turns. */
function withDelays(world: World, { world: description }: FuzzCase, chance: Chance): World {
  const sources = new Map(
    [...world.sources].map(([name, source]) => {
      const send: typeof source.send = (request, done) => {
        let turns = chance.between(0, 6);
        const wait = () => (turns-- > 0 ? setImmediate(wait) : source.send(request, done));
        wait();
      };
      return [name, { ...source, send }];
    }),
  );
  const overrideLabels = (labels: readonly string[]) => labels.filter((label) => isLabelOn(description, label));
  const supergraph = readSupergraph(world.supergraphSdl);
  // lists have few items
  const engine = createEngine({ supergraph, sources, overrideLabels, smallestSlice: 1 });
  return { ...world, engine };
}

function publicSchemaOf({ supergraphSdl }: World): GraphQLSchema {
  return buildASTSchema(transformSupergraphToPublicSchema(parse(supergraphSdl)));
}

/** Adds `@stream` to lists. Fields with the same response key get the same. */
export function withStreams(query: string, schema: GraphQLSchema, chance: Chance): string {
  const types = new TypeInfo(schema);
  const directives = new Map<string, string>();
  const streamOf = (key: string): string => {
    const known = directives.get(key);
    if (known !== undefined) return known;
    const count = chance.between(0, 2);
    const made = chance.happens(0.6) ? `@stream(initialCount: ${count})` : chance.happens(0.3) ? '@stream' : '';
    directives.set(key, made);
    return made;
  };
  const changed: DocumentNode = visit(
    parse(query),
    visitWithTypeInfo(types, {
      Field(node) {
        const type = types.getType();
        if (!type || !isListType(getNullableType(type)) || types.getParentType() === schema.getMutationType()) return;
        const text = streamOf(node.alias?.value ?? node.name.value);
        if (text === '') return;
        const [field] = selectionsOf(`{ x ${text} }`);
        return { ...node, directives: [...(node.directives ?? []), ...(field?.directives ?? [])] };
      },
    }),
  );
  return print(changed);
}

/** Adds `@defer` to fragments of a query, and fragments with it around selections. */
export function withDefer(query: string, chance: Chance): string {
  const document = parse(query);
  const wrap = (selections: readonly SelectionNode[]): readonly SelectionNode[] => {
    const [inside, outside]: [SelectionNode[], SelectionNode[]] = [[], []];
    for (const selection of selections) (chance.happens(0.5) ? inside : outside).push(selection);
    if (print(inside[0] ?? document).length < 200) outside.push(...inside.filter(() => chance.happens(0.1)));
    if (inside.length === 0) return selections;
    const [fragment] = selectionsOf(`{ ... @defer { ${inside.map((one) => print(one)).join(' ')} } }`);
    return [...outside, fragment as SelectionNode];
  };
  const changed: DocumentNode = visit(document, {
    SelectionSet: {
      leave(node, _key, parent) {
        const isRootOfMutation =
          !Array.isArray(parent) && (parent as OperationDefinitionNode | undefined)?.operation === 'mutation';
        if (isRootOfMutation || !chance.happens(0.5)) return undefined;
        return { ...node, selections: wrap(node.selections) };
      },
    },
  });
  // selections are copied, and labels are unique
  let label = 0;
  return print(changed).replaceAll('@defer', () => (chance.happens(0.5) ? `@defer(label: "l${label++}")` : '@defer'));
}

function selectionsOf(text: string): readonly SelectionNode[] {
  const [definition] = parse(text).definitions;
  return definition?.kind === Kind.OPERATION_DEFINITION ? definition.selectionSet.selections : [];
}

type Path = readonly (string | number)[];

interface Result {
  readonly data: unknown;
  readonly errors: readonly { readonly path?: Path | undefined }[];
}

/**
 * Compares merged parts with the whole result: they are equal except where fragments failed, whose objects became null there.
 * @param isDown whether a subgraph is down: then a list that each request has on its own may have come with another part only
 */
function compare(whole: Result, merged: Result & { readonly failed: readonly Path[] }, isDown: boolean): void {
  const nulls = isDown ? merged.errors.flatMap(({ path }) => (path ? [path] : [])) : [];
  const places = [...merged.failed, ...nulls];
  const isFailed = (path: Path) => places.some((one) => isPrefix(one, path) || isPrefix(path, one));
  const wrong = difference(whole.data, merged.data, [], isFailed);
  if (wrong !== undefined) throw new Error(wrong);
  if (whole.errors.length === 0 && merged.errors.length > 0) throw new Error('only the parts have errors');
  if (merged.failed.length > 0) return;
  const [expected, found] = [pathsOf(whole), pathsOf(merged)];
  // a path is that of the object around where the type of that is not known yet
  const isNear = (path: string, others: ReadonlySet<string>) =>
    [...others].some((one) => one !== '' && (`${path}.`.startsWith(`${one}.`) || `${one}.`.startsWith(`${path}.`)));
  // what is within null is not fetched where it is known to be
  const isGone = (data: unknown, path: string) => isWithinNull(data, path.split('.'));
  for (const path of found)
    if (path !== '' && !isNear(path, expected) && !isGone(whole.data, path))
      throw new Error(`there is a new error at ${path}`);
  for (const path of expected) {
    if (path === '' || isNear(path, found) || isGone(merged.data, path)) continue;
    if (!(isDown && isEmpty(merged.data, path))) throw new Error(`the error at ${path} is missing`);
  }
}

/** The paths of the errors without indices: a failed request is reported once for each of its fields. */
function pathsOf({ errors }: Result): ReadonlySet<string> {
  return new Set(errors.map(({ path = [] }) => path.filter((step) => typeof step === 'string').join('.')));
}

function isWithinNull(data: unknown, keys: readonly string[]): boolean {
  const [key, ...rest] = keys;
  if (typeof data !== 'object' || data === null) return data === null;
  if (Array.isArray(data)) return data.length === 0 || data.some((item) => isWithinNull(item, keys));
  return key !== undefined && rest.length > 0 && isWithinNull((data as Record<string, unknown>)[key], rest);
}

/** Returns whether there is no object at a path: then nothing of what a part fetches is missing. */
function isEmpty(data: unknown, path: string): boolean {
  // as if one more field was selected there
  return isWithinNull(data, [...path.split('.'), '']);
}

function isPrefix(short: Path, long: Path): boolean {
  return short.length <= long.length && short.every((step, i) => long[i] === step);
}

function difference(
  whole: unknown,
  merged: unknown,
  path: Path,
  isFailed: (path: Path) => boolean,
): string | undefined {
  if (typeof whole !== 'object' || whole === null || typeof merged !== 'object' || merged === null) {
    if (Object.is(whole, merged) || ((whole === null || merged === null) && isFailed(path))) return undefined;
    return `${path.join('.')} is ${JSON.stringify(merged)}, not ${JSON.stringify(whole)}`;
  }
  const known = merged as Record<string, unknown>;
  for (const key of Object.keys(known)) if (!Object.hasOwn(whole, key)) return `${path.join('.')} has a new "${key}"`;
  for (const [key, value] of Object.entries(whole)) {
    const below = [...path, Array.isArray(whole) ? Number(key) : key];
    if (!Object.hasOwn(known, key)) {
      if (isFailed(path)) continue;
      return `${below.join('.')} is missing`;
    }
    const found = difference(value, known[key], below, isFailed);
    if (found) return found;
  }
  return undefined;
}

function disagreement(
  world: World,
  { query, variables }: GeneratedQuery,
  down: string | undefined,
  whole: Result,
  messages: readonly unknown[],
  { message, stack }: Error,
): Error {
  const lines = [
    ...[...world.schemas.keys()].map((name) => `# subgraph ${name}${name === down ? ' (down)' : ''}`),
    `# query\n${query}`,
    `# variables\n${JSON.stringify(variables)}`,
    `# whole\n${JSON.stringify({ data: whole.data, errors: whole.errors })}`,
    `# parts\n${messages.map((one) => JSON.stringify(one)).join('\n')}`,
    `# found\n${message} ${stack}`,
  ];
  return new Error(lines.join('\n'));
}
