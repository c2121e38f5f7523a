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
import { readRegularFileSync } from '../shared/read-regular-file.ts';
import { runToEnd, type Steps } from '../shared/steps.ts';
import { tagsOf } from '../supergraph/contract.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';
import { unknownConnectors } from './connector-facts.ts';
import { eventSources, settingsOfEvents } from './event-mismatches.ts';
import { settingsWithoutTls } from './plain-subgraphs.ts';
import { unknownSubgraphs } from './unknown-subgraphs.ts';

/** A key of the config that names something that the schema does not have. */
export interface Mismatch {
  readonly path: readonly (string | number)[];
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
}

/**
 * Returns all keys of the config that name something that the schema does not have: settings without effect. If the config is a
 * file, each problem has its location.
 */
export function configMismatches(config: Config, supergraph: Supergraph): Problem[] {
  return runToEnd(configMismatchesInSteps(config, supergraph));
}

/** Does the same as {@link configMismatches}, in steps. */
export function* configMismatchesInSteps(config: Config, supergraph: Supergraph): Steps<Problem[]> {
  const mismatches = [
    ...subgraphs(config, supergraph),
    ...settingsOfGraphql(config, supergraph),
    ...operationNames(config, supergraph),
    ...urlsOfApis(config, supergraph),
    ...eventSources(config, supergraph),
    ...settingsOfEvents(config, supergraph),
    ...settingsWithoutTls(config, supergraph.subgraphs).map((setting) => ({ ...setting, code: 'NO_TLS' })),
    ...connectors(config, supergraph),
    ...limitedFields(config, supergraph),
    ...limitedArguments(config, supergraph),
    ...overrideLabels(config, supergraph),
    ...(yield* contractTags(config, supergraph)),
  ];
  return problemsAt(mismatches, config.file);
}

/** Returns unknown fields in `bff.cache.hints`. Other commands check them together with the endpoints. */
export function hintMismatches({ bff, file }: Config, { publicSchema }: Supergraph): Problem[] {
  const mismatches = Object.keys(bff.cache.hints).flatMap((coordinate) => {
    const unknown = unknownCoordinate(coordinate, publicSchema);
    return unknown ? [{ path: ['bff', 'cache', 'hints', coordinate], code: 'UNKNOWN_CACHE_HINT', ...unknown }] : [];
  });
  return problemsAt(mismatches, file);
}

function problemsAt(mismatches: readonly Mismatch[], file: string | undefined): Problem[] {
  if (mismatches.length === 0) return [];
  const text = file === undefined ? undefined : readRegularFileSync(file);
  return mismatches.map(({ path, message, ...rest }) => ({
    ...(file === undefined || text === undefined
      ? { file: 'config', line: 0, column: 0 }
      : { file: displayPath(file), ...placeOfKey(text, path.map(String)) }),
    ...rest,
    message: `${keyText(path)}: ${message}`,
  }));
}

/** Returns settings of GraphQL requests for subgraphs of REST APIs. */
function settingsOfGraphql({ traffic_shaping }: Config, { subgraphs }: Supergraph): Mismatch[] {
  return subgraphs.flatMap(({ name, inProcess }) => {
    const own = Object.hasOwn(traffic_shaping.subgraphs, name) ? traffic_shaping.subgraphs[name] : undefined;
    if (inProcess?.kind !== 'rest' || own === undefined) return [];
    const { max_entities_per_request: maxEntities, retry } = own;
    const codes = retry ? retry.error_codes : undefined;
    const refused = (key: readonly string[], reason: string): Mismatch => ({
      path: ['traffic_shaping', 'subgraphs', name, ...key],
      code: 'NOT_SUPPORTED',
      message: `"${name}" is a REST API, ${reason}`,
      hint: 'Remove the key.',
    });
    return [
      ...(maxEntities
        ? [refused(['max_entities_per_request'], 'whose connectors decide how many entities a call has.')]
        : []),
      ...(codes?.length
        ? [refused(['retry', 'error_codes'], 'whose responses have no GraphQL errors. Use `retry.on`.')]
        : []),
    ];
  });
}

/** Returns subgraphs with names for their operations that the gateway resolves itself: they are sent no operations. */
function operationNames({ traffic_shaping }: Config, { subgraphs }: Supergraph): Mismatch[] {
  return subgraphs.flatMap(({ name, inProcess }) => {
    const own = Object.hasOwn(traffic_shaping.subgraphs, name) ? traffic_shaping.subgraphs[name] : undefined;
    if (inProcess === undefined || !own?.operation_names) return [];
    const path = ['traffic_shaping', 'subgraphs', name, 'operation_names'];
    const message = `"${name}" is no federation subgraph, so the operations of plans are not sent to it.`;
    return [{ path, code: 'NOT_SUPPORTED', message, hint: 'Remove the key.' }];
  });
}

function subgraphs(config: Config, { subgraphs }: Supergraph): Mismatch[] {
  const names = subgraphs.map(({ name }) => name);
  return unknownSubgraphs(config, names).map(({ path, name }) => {
    const message = `there is no subgraph "${name}".`;
    return { path, code: 'UNKNOWN_SUBGRAPH', message, hint: nearestOf(name, names) };
  });
}

/** Returns settings of URLs for subgraphs whose connectors have their own. */
function urlsOfApis({ subgraphs }: Config, supergraph: Supergraph): Mismatch[] {
  return supergraph.subgraphs.flatMap(({ name, inProcess }) => {
    const own = inProcess?.kind === 'rest' && Object.hasOwn(subgraphs, name) ? subgraphs[name] : undefined;
    return Object.keys(own ?? {}).map((key) => ({
      path: ['subgraphs', name, key],
      code: 'NOT_FOR_CONNECTORS',
      message: `has no effect: the connectors of "${name}" have the URLs of their APIs.`,
      hint: `Set \`connectors.sources.${name}.SOURCE.override_url\` instead.`,
    }));
  });
}

function connectors({ connectors }: Config, supergraph: Supergraph): Mismatch[] {
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

function limitedFields({ rate_limits }: Config, { publicSchema, types }: Supergraph): Mismatch[] {
  return Object.keys(rate_limits.fields).flatMap((coordinate) => {
    const [type = '', field] = coordinate.split('.');
    const known = types.get(type);
    // a field that the public schema hides may have a limit, too
    if (known !== undefined && (field === undefined || ('fields' in known && known.fields.has(field)))) return [];
    const unknown = unknownCoordinate(coordinate, publicSchema);
    return unknown ? [{ path: ['rate_limits', 'fields', coordinate], code: 'UNKNOWN_COORDINATE', ...unknown }] : [];
  });
}

/** Checks keys like `arg:filter.owner` in `by`: the path begins with an argument of the field and continues through input objects. */
function limitedArguments({ rate_limits }: Config, { publicSchema }: Supergraph): Mismatch[] {
  return Object.entries(rate_limits.fields).flatMap(([coordinate, limits]) => {
    const [typeName = '', fieldName] = coordinate.split('.');
    const type = publicSchema.getType(typeName);
    if (!isObjectType(type) && !isInterfaceType(type)) return [];
    const field = fieldName === undefined ? undefined : type.getFields()[fieldName];
    if (fieldName !== undefined && field === undefined) return [];
    return limits.flatMap(({ by }, index) =>
      by.flatMap((key) => {
        if (!key.startsWith('arg:')) return [];
        const mistake = field ? argumentMistake(field, key) : { message: `"${key}" can only be used on a field.` };
        const path = ['rate_limits', 'fields', coordinate, index, 'by'];
        return mistake ? [{ path, code: 'UNKNOWN_ARGUMENT', ...mistake }] : [];
      }),
    );
  });
}

function argumentMistake(
  field: GraphQLField<unknown, unknown>,
  key: string,
): Pick<Mismatch, 'message' | 'hint'> | undefined {
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

function overrideLabels({ override_labels }: Config, { subgraphs }: Supergraph): Mismatch[] {
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

function* contractTags({ contracts }: Config, { sdl }: Supergraph): Steps<Mismatch[]> {
  if (contracts.length === 0) return [];
  const known = yield* tagsOf(sdl);
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
