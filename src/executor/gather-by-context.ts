import type { LookupPart, PlannedLookup } from '../planner/plan.ts';
import type { ContextSource, ContextValue } from '../planner/positions.ts';
import { stringifyJson } from '../shared/exact-json.ts';
import type { CompiledLookup } from './compile.ts';
import { type ContextReader, compileContextReader } from './context-reader.ts';
import { DistinctEntities, type GatheredEntities } from './gather-entities.ts';
import { quote } from './json-text.ts';
import { isOfType, type ResponseObject } from './objects.ts';
import type { ResponseObjects } from './response-objects.ts';

/** The precomputed part of a look-up with values from contexts. */
export interface CompiledContexts {
  readonly planned: PlannedLookup;
  /** For each target and each variable, how its value is read. */
  readonly readers: readonly (readonly CompiledValue[])[];
  /** The parts of the document for further sets of values, for as many sets as have occurred. */
  readonly parts: LookupPart[];
}

interface CompiledValue {
  /** Whether null is not allowed: a field that would take it is then not requested. */
  readonly nonNull: boolean;
  readonly sources: readonly { readonly source: ContextSource; readonly read: ContextReader }[];
}

/** The most parts that are cached for later requests. */
const MAX_CACHED = 100;

/** Compiles the readers of a look-up's contexts; `undefined` where it has none. */
export function compileContexts(planned: PlannedLookup): CompiledContexts | undefined {
  if (planned.contextVariables.length === 0) return undefined;
  const compileValue = ({ type, sources }: ContextValue): CompiledValue => ({
    nonNull: type.endsWith('!'),
    sources: sources.map((source) => ({ source, read: compileContextReader(source) })),
  });
  return { planned, readers: planned.targets.map(({ contexts }) => contexts.map(compileValue)), parts: [planned] };
}

/**
 * Gathers the objects at the targets of a look-up by the values that they get from contexts. Each distinct set of
 * values becomes a look-up of its own, and an entity is requested once with each.
 *
 * @returns the objects for which a value could not be fetched, or is null where it must not be
 */
export function gatherByContext(
  lookup: CompiledLookup,
  contexts: CompiledContexts,
  targets: ResponseObjects,
  into: GatheredEntities[],
): ResponseObject[] {
  const groups = new Map<string, Group>();
  const left: ResponseObject[] = [];
  lookup.targets.forEach(({ position, types }, target) => {
    const readers = contexts.readers[target] ?? [];
    const above = readers.map(({ sources }) =>
      sources.map(({ source }) => targets.ancestorsAt(position, source.position)),
    );
    for (const [i, object] of targets.at(position).entries()) {
      if (types !== undefined && !isOfType(object, types)) continue;
      const texts = readers.map((value, index) => readValue(value, above[index] ?? [], i));
      if (isWhole(texts)) {
        const make = () => new Group(lookup, partFor(contexts, groups.size), texts);
        getOrMake(groups, texts.join(), make).add(object);
      } else {
        left.push(object);
      }
    }
  });
  for (const group of groups.values()) into.push(group.gathered());
  return left;
}

function getOrMake(groups: Map<string, Group>, key: string, make: () => Group): Group {
  const group = groups.get(key) ?? make();
  groups.set(key, group);
  return group;
}

function isWhole(texts: readonly (string | undefined)[]): texts is readonly string[] {
  return !texts.includes(undefined);
}

function readValue(
  { sources, nonNull }: CompiledValue,
  above: readonly (readonly ResponseObject[])[],
  index: number,
): string | undefined {
  for (let i = 0; i < sources.length; i++) {
    const { source, read } = sources[i] as CompiledValue['sources'][number];
    const object = above[i]?.[index] as ResponseObject;
    if (source.possible !== undefined && !isOfType(object, source.possible)) continue;
    const value = read(object);
    return value === undefined || (value === null && nonNull) ? undefined : stringifyJson(value);
  }
  return nonNull ? undefined : 'null';
}

function partFor({ planned, parts }: CompiledContexts, n: number): LookupPart {
  const part = parts[n] ?? planned.partForSet(n);
  if (n < MAX_CACHED) parts[n] = part;
  return part;
}

/** The objects with the same context values. */
class Group {
  private readonly lookup: CompiledLookup;
  private readonly part: LookupPart;
  private readonly contextTexts: string;
  private readonly distinct: DistinctEntities;
  private readonly objects: ResponseObject[] = [];
  private readonly slots: number[] = [];
  private skipped: ResponseObject[] | undefined;

  constructor(lookup: CompiledLookup, part: LookupPart, texts: readonly string[]) {
    this.lookup = lookup;
    this.part = part;
    this.contextTexts = texts.map((text, index) => `,${quote(part.contextVariables[index] ?? '')}:${text}`).join('');
    this.distinct = new DistinctEntities(lookup.representation);
  }

  add(object: ResponseObject): void {
    const index = this.distinct.indexOf(object);
    if (index < 0) {
      this.skipped ??= [];
      this.skipped.push(object);
      return;
    }
    this.objects.push(object);
    this.slots.push(index);
  }

  gathered(): GatheredEntities {
    const { lookup, part, objects, slots, distinct, skipped } = this;
    const variables = `${quote(part.variable)}:[${distinct.texts}]${this.contextTexts}`;
    return { lookup, part, objects, slots, borders: [], count: distinct.count, skipped, variables };
  }
}
