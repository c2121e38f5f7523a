import { readFileSync } from 'node:fs';
import {
  type GraphQLField,
  type GraphQLInputType,
  getNamedType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
} from 'graphql';
import { unknownCoordinate } from '../bff/endpoints/config-check.ts';
import type { Config } from '../config/config.ts';
import { placeOfKey } from '../config/config-file.ts';
import { displayPath } from '../config/display-path.ts';
import { keyText } from '../config/key-text.ts';
import { nearest } from '../config/nearest.ts';
import type { Problem } from '../config/problem.ts';
import { tagsOf } from '../supergraph/contract.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';
import { unknownConnectors } from './connector-facts.ts';
import { unknownSubgraphs } from './unknown-subgraphs.ts';

/** A key of the config that names what the schema does not have. */
interface Misfit {
  readonly path: readonly (string | number)[];
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
}

/**
 * Everything in the config that names what the schema does not have: settings that would silently do nothing. Where the config is
 * a file, each problem has its place in it.
 */
export function configMismatches(config: Config, supergraph: Supergraph): Problem[] {
  const mismatches = [
    ...subgraphs(config, supergraph),
    ...connectors(config, supergraph),
    ...limitedFields(config, supergraph),
    ...limitedArguments(config, supergraph),
    ...overrideLabels(config, supergraph),
    ...contractTags(config, supergraph),
  ];
  return problemsAt(mismatches, config.file);
}

/** Fields of `bff.cache.hints`, which are looked for together with the endpoints by other commands. */
export function hintMismatches({ bff, file }: Config, { publicSchema }: Supergraph): Problem[] {
  const mismatches = Object.keys(bff.cache.hints).flatMap((coordinate) => {
    const unknown = unknownCoordinate(coordinate, publicSchema);
    return unknown ? [{ path: ['bff', 'cache', 'hints', coordinate], code: 'UNKNOWN_CACHE_HINT', ...unknown }] : [];
  });
  return problemsAt(mismatches, file);
}

function problemsAt(mismatches: readonly Misfit[], file: string | undefined): Problem[] {
  if (mismatches.length === 0) return [];
  const text = file === undefined ? undefined : readFileSync(file, 'utf8');
  return mismatches.map(({ path, message, ...rest }) => ({
    ...(file === undefined || text === undefined
      ? { file: 'config', line: 0, column: 0 }
      : { file: displayPath(file), ...placeOfKey(text, path.map(String)) }),
    ...rest,
    message: `${keyText(path)}: ${message}`,
  }));
}

function subgraphs(config: Config, { subgraphs }: Supergraph): Misfit[] {
  const names = subgraphs.map(({ name }) => name);
  return unknownSubgraphs(config, names).map((path) => {
    const name = path.at(-1) ?? '';
    const message = `there is no subgraph "${name}".`;
    return { path, code: 'UNKNOWN_SUBGRAPH', message, hint: nearestOf(name, names) };
  });
}

function connectors({ connectors }: Config, supergraph: Supergraph): Misfit[] {
  return unknownConnectors(connectors, supergraph).map(({ section, name, known }) => {
    const path = ['connectors', section, name];
    const [own] = section === 'sources' ? known.filter((source) => source.startsWith(`${name}.`)) : [];
    const message =
      section === 'sources'
        ? `no schema file has a @source of that name; expected SUBGRAPH.SOURCE.`
        : 'no schema file of that name has connectors.';
    return { path, code: 'UNKNOWN_CONNECTORS', message, hint: own ? `Did you mean "${own}"?` : nearestOf(name, known) };
  });
}

function limitedFields({ rate_limits }: Config, { publicSchema, types }: Supergraph): Misfit[] {
  return Object.keys(rate_limits.fields).flatMap((coordinate) => {
    const [type = '', field] = coordinate.split('.');
    const known = types.get(type);
    // what the public schema hides may still be limited
    if (known !== undefined && (field === undefined || ('fields' in known && known.fields.has(field)))) return [];
    const unknown = unknownCoordinate(coordinate, publicSchema);
    return unknown ? [{ path: ['rate_limits', 'fields', coordinate], code: 'UNKNOWN_COORDINATE', ...unknown }] : [];
  });
}

/** `arg:filter.owner` in `by` has to lead from an argument of the field through input objects; no other call would count. */
function limitedArguments({ rate_limits }: Config, { publicSchema }: Supergraph): Misfit[] {
  return Object.entries(rate_limits.fields).flatMap(([coordinate, limits]) => {
    const [typeName = '', fieldName] = coordinate.split('.');
    const type = publicSchema.getType(typeName);
    if (!isObjectType(type) && !isInterfaceType(type)) return [];
    const field = fieldName === undefined ? undefined : type.getFields()[fieldName];
    if (fieldName !== undefined && field === undefined) return [];
    return limits.flatMap(({ by }, index) =>
      by.flatMap((key) => {
        if (!key.startsWith('arg:')) return [];
        const mistake = field ? argumentMistake(field, key) : { message: `"${key}" has no use on a type.` };
        const path = ['rate_limits', 'fields', coordinate, index, 'by'];
        return mistake ? [{ path, code: 'UNKNOWN_ARGUMENT', ...mistake }] : [];
      }),
    );
  });
}

function argumentMistake(
  field: GraphQLField<unknown, unknown>,
  key: string,
): Pick<Misfit, 'message' | 'hint'> | undefined {
  let members: Readonly<Record<string, GraphQLInputType>> = Object.fromEntries(
    field.args.map(({ name, type }) => [name, type]),
  );
  let owner = 'the field';
  for (const name of key.slice('arg:'.length).split('.')) {
    const type = members[name];
    if (type === undefined) {
      const message = `"${key}" does not exist: ${owner} has no "${name}".`;
      return { message, hint: nearestOf(name, Object.keys(members)) };
    }
    const named = getNamedType(type);
    owner = `"${named.name}"`;
    members = isInputObjectType(named)
      ? Object.fromEntries(Object.values(named.getFields()).map((member) => [member.name, member.type]))
      : {};
  }
  return undefined;
}

function overrideLabels({ override_labels }: Config, { subgraphs }: Supergraph): Misfit[] {
  const named = Object.keys(override_labels.labels);
  if (named.length === 0) return [];
  const fields = subgraphs.flatMap(({ types }) => [...types.values()].flatMap((type) => [...type.fields.values()]));
  const known = new Set(fields.flatMap(({ overrideLabel }) => overrideLabel?.label ?? []));
  const unknown = named.filter((label) => !known.has(label));
  return unknown.map((label) => {
    const message = `no @override of the schema has the label "${label}".`;
    const path = ['override_labels', 'labels', label];
    return { path, code: 'UNKNOWN_LABEL', message, hint: nearestOf(label, [...known]) };
  });
}

function contractTags({ contracts }: Config, { sdl }: Supergraph): Misfit[] {
  if (contracts.length === 0) return [];
  const known = tagsOf(sdl);
  return contracts.flatMap((contract, index) =>
    (['include', 'exclude'] as const).flatMap((list) =>
      contract[list].flatMap((tag, at) => {
        if (known.has(tag)) return [];
        const message = `nothing in the schema has the tag "${tag}".`;
        return [
          { path: ['contracts', index, list, at], code: 'UNKNOWN_TAG', message, hint: nearestOf(tag, [...known]) },
        ];
      }),
    ),
  );
}

function nearestOf(name: string, known: readonly string[]): string {
  const [near] = nearest(name, known);
  if (near !== undefined) return `Did you mean "${near}"?`;
  return known.length === 0 ? 'There are none.' : `There are: ${known.join(', ')}.`;
}
