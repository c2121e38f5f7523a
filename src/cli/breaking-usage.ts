import { type BreakingChange, BreakingChangeType } from 'graphql';
import type { UsageReport } from '../usage/usage-report.ts';
import { type CoordinateUser, usersOf } from './coordinate-users.ts';

interface Coordinates {
  /** `Product.*` means every member of the type. */
  readonly names: readonly string[];
  /** Whether an operation has to use all of them. */
  readonly needsAll?: boolean;
}

const any = (...names: string[]): Coordinates => ({ names });
const all = (...names: (string | undefined)[]): Coordinates => ({ names: names.map(String), needsAll: true });

/** The coordinates whose users a change can break, by its kind, from the words of its description and the last of them. */
const CONCERNED: Readonly<Record<string, (words: readonly string[], last: string) => Coordinates>> = {
  [BreakingChangeType.TYPE_REMOVED]: ([type]) => any(`${type}`, `${type}.*`),
  [BreakingChangeType.TYPE_CHANGED_KIND]: ([type]) => any(`${type}`, `${type}.*`),
  [BreakingChangeType.TYPE_REMOVED_FROM_UNION]: ([type], union) => all(type, union),
  [BreakingChangeType.VALUE_REMOVED_FROM_ENUM]: ([value], type) => any(`${type}.${value}`),
  // "A required field F on input type T was added."
  [BreakingChangeType.REQUIRED_INPUT_FIELD_ADDED]: (words) => any(`${words[7]}`),
  [BreakingChangeType.IMPLEMENTED_INTERFACE_REMOVED]: ([type], parent) => all(type, parent),
  [BreakingChangeType.FIELD_REMOVED]: ([type, field]) => any(`${type}.${field}`),
  [BreakingChangeType.FIELD_CHANGED_KIND]: ([type, field]) => any(`${type}.${field}`),
  // "A required arg A on T.F was added."
  [BreakingChangeType.REQUIRED_ARG_ADDED]: (words) => any(`${words[5]}.${words[6]}`),
  // "T.F arg A was removed."
  [BreakingChangeType.ARG_REMOVED]: (words) => any(`${words[0]}.${words[1]}(${words[3]}:)`),
  [BreakingChangeType.ARG_CHANGED_KIND]: (words) => any(`${words[0]}.${words[1]}(${words[3]}:)`),
  [BreakingChangeType.DIRECTIVE_REMOVED]: ([name]) => any(`@${name}`),
  [BreakingChangeType.DIRECTIVE_ARG_REMOVED]: ([argument], name) => any(`@${name}(${argument}:)`),
  // "A required arg A on directive D was added."
  [BreakingChangeType.REQUIRED_DIRECTIVE_ARG_ADDED]: (words) => any(`@${words[6]}`),
  [BreakingChangeType.DIRECTIVE_REPEATABLE_REMOVED]: (_, name) => any(`@${name}`),
  [BreakingChangeType.DIRECTIVE_LOCATION_REMOVED]: (_, name) => any(`@${name}`),
};

/**
 * Returns who uses what a breaking change concerns; `undefined` where that is not known, so that the change must count as used. The
 * reference implementation describes changes in words only.
 */
export function usersOfChange(
  { type, description }: Pick<BreakingChange, 'type' | 'description'>,
  report: UsageReport,
): CoordinateUser[] | undefined {
  const words = description.match(/\w+/g) ?? [];
  const concerned = CONCERNED[type]?.(words, words.at(-1) ?? '');
  return concerned && usersOfAll(concerned, report);
}

function usersOfAll({ names, needsAll = false }: Coordinates, report: UsageReport): CoordinateUser[] {
  if (!needsAll) return usersOf(report, (coordinate) => names.some((name) => isMeant(name, coordinate)));
  const operations = report.operations.filter(({ used, possible }) =>
    names.every((name) => used.includes(name) || possible.includes(name)),
  );
  return usersOf({ ...report, operations }, (coordinate) => names.includes(coordinate));
}

function isMeant(name: string, coordinate: string): boolean {
  return name.endsWith('.*') ? coordinate.startsWith(name.slice(0, -1)) : coordinate === name;
}
