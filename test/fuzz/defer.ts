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
import { compareParts } from './compare-parts.ts';
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
  const later = withDelays(world, fuzzCase, chance);
  const checked = { streamed: 0, failed: 0 };
  const schema = publicSchemaOf(world);
  const hasHiddenErrors = fuzzCase.world.requiredFail === true;
  for (const { query, variables } of fuzzCase.queries) {
    const deferred = withDefer(chance.happens(0.7) ? withStreams(query, schema, chance) : query, chance);
    world.heal();
    const healthy = await world.query(deferred, variables).catch(() => undefined);
    if (fuzzCase.down !== undefined) world.fault({ kind: 'failure', subgraph: fuzzCase.down });
    const whole = await world.query(deferred, variables).catch(() => undefined);
    const conditions = { hasHiddenErrors, healthy: healthy?.data };
    if (whole?.dataText === undefined) continue;
    for (const protocol of ['v0.2', '20220824'] as const) {
      const messages = await messagesOf(later, deferred, { variables, protocol });
      try {
        if (messages.length === 1) {
          const [single] = messages;
          compareParts(whole, { data: single?.data, errors: single?.errors ?? [], failed: [] }, conditions);
          continue;
        }
        checked.streamed++;
        const merged = mergeMessages(messages);
        checked.failed += merged.failed.length;
        compareParts(whole, merged, conditions);
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

interface Result {
  readonly data: unknown;
  readonly errors: readonly { readonly path?: readonly (string | number)[] | undefined }[];
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
