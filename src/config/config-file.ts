import {
  type Document,
  isCollection,
  isMap,
  isPair,
  isScalar,
  LineCounter,
  type Node,
  parse,
  parseDocument,
  Scalar,
  visit,
} from 'yaml';
import type { z } from 'zod';
import { ExactNumber, numberOf } from '../shared/exact-json.ts';
import { configFileSchema, type FileConfig } from './config.ts';
import { type Env, expand, hasReference, malformedReference } from './expand.ts';
import { correctionFor, expectation, innermostIssues, type ValueIssue } from './expectation.ts';
import { keyText } from './key-text.ts';
import { keysWithoutEffect } from './keys-without-effect.ts';
import { didYouMean, knownKeys } from './known-keys.ts';
import { hintForOtherGateway } from './other-gateway-keys.ts';
import type { Problem } from './problem.ts';
import { conflictMessage, type KeyRename, renameKeys, writtenPath } from './renamed-keys.ts';

export type ConfigFileRead =
  | { readonly ok: true; readonly config: FileConfig; readonly renamed: readonly KeyRename[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

type Path = readonly PropertyKey[];

interface Reading {
  readonly file: string;
  readonly document: Document;
  readonly lines: LineCounter;
}

/** Reads `headgate.yaml`. */
export function readConfigFile(file: string, text: string, env: Env): ConfigFileRead {
  const read = readYamlFile(file, text, env, configFileSchema);
  return read.ok ? { ok: true, config: read.value, renamed: read.renamed } : read;
}

export type YamlFileRead<T> =
  | { readonly ok: true; readonly value: T; readonly renamed: readonly KeyRename[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Reads a file of settings: YAML, then variables, then the schema. A key without a value counts as not written. */
export function readYamlFile<T>(file: string, text: string, env: Env, schema: z.ZodType<T>): YamlFileRead<T> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const reading = { file, document, lines };
  const [broken] = document.errors;
  // only the first one: it causes most of the later errors
  if (broken !== undefined) {
    return { ok: false, problems: [problemAt(reading, broken.pos[0], 'INVALID_YAML', broken.message)] };
  }
  const unset = expandScalars(reading, env);
  if (unset.length > 0) return { ok: false, problems: unset };
  const { value, renamed, conflicts } = renameKeys(withoutNulls(document.toJS()) ?? {}, renamesOf(schema));
  const parsed = schema.safeParse(value);
  const unused = parsed.success && isConfigFile(schema) ? keysWithoutEffect(value, env) : [];
  if (parsed.success && conflicts.length === 0 && unused.length === 0) return { ok: true, value: parsed.data, renamed };
  const issues = parsed.error?.issues ?? [];
  const problems = [
    ...conflicts.map((rename) => conflictProblem(reading, rename)),
    ...unused.flatMap((issue) => problemsOf(reading, { ...issue, code: 'custom' }, schema)),
    ...issues.flatMap(innermostIssues).flatMap((issue) => problemsOf(reading, issue, schema)),
  ];
  return { ok: false, problems: problems.sort((a, b) => a.line - b.line || a.column - b.column) };
}

/** Only `headgate.yaml` itself has renamed keys. */
function renamesOf(schema: z.ZodType): ReadonlyMap<string, string> | undefined {
  return isConfigFile(schema) ? undefined : new Map();
}

function isConfigFile(schema: z.ZodType): boolean {
  return schema === configFileSchema;
}

function conflictProblem(reading: Reading, rename: KeyRename): Problem {
  const hint = `Keep "${keyText(rename.to)}" and remove the other.`;
  const offset = keyOffset(reading, rename.from.slice(0, -1), rename.from.at(-1) ?? '');
  return problemAt(reading, offset, 'CONFLICTING_KEYS', conflictMessage(rename), hint);
}

/** Expands `${VAR}` in values. A plain (unquoted) result is parsed as YAML again, so that `${N:-5}` may be a number. */
function expandScalars(reading: Reading, env: Env): Problem[] {
  const problems: Problem[] = [];
  visit(reading.document, {
    Scalar(key, node, path) {
      if (key === 'key') return;
      if (typeof node.value === 'number' && isForConnectors(path)) node.value = exactValue(node.source, node.value);
      if (typeof node.value !== 'string') return;
      const malformed = malformedReference(node.value);
      if (malformed !== undefined) problems.push(notAReference(reading, node, malformed));
      if (!hasReference(node.value)) return;
      const expansion = expand(node.value, env);
      if (expansion.ok) {
        const value = node.type === Scalar.PLAIN ? plainValue(expansion.text) : expansion.text;
        node.value = typeof value === 'number' && isForConnectors(path) ? exactValue(expansion.text, value) : value;
        return;
      }
      const { variable } = expansion;
      const message = `The environment variable ${variable} is not set.`;
      const hint = `Set it, or give it a default: \${${variable}:-…}`;
      problems.push(problemAt(reading, node.range?.[0], 'UNSET_VARIABLE', message, hint));
    },
  });
  return problems;
}

/** Whether a value belongs to `$config`, which connectors send exactly as written. */
function isForConnectors(path: readonly unknown[]): boolean {
  return path.some((node) => isPair(node) && isScalar(node.key) && node.key.value === '$config');
}

/** Returns a number with all its digits, if it is written as in JSON. */
function exactValue(text: string | undefined, value: number): number | ExactNumber {
  return text !== undefined && JSON_NUMBER.test(text) ? numberOf(text) : value;
}

const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

function notAReference(reading: Reading, { range }: Scalar, malformed: string): Problem {
  const hint = malformed.startsWith('${file.')
    ? 'Values cannot be read from files. For certificates and keys, write the path of the file.'
    : `Write \${NAME}, or with a default \${NAME:-value}; names have letters, digits and "_".`;
  return problemAt(reading, range?.[0], 'INVALID_VARIABLE', `${malformed} is not a valid variable reference.`, hint);
}

function plainValue(text: string): unknown {
  const value: unknown = parse(text);
  return typeof value === 'object' && value !== null ? text : value;
}

function withoutNulls(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof ExactNumber) {
    return value ?? undefined;
  }
  const entries = Object.entries(value).map(([key, inner]) => [key, withoutNulls(inner)] as const);
  return Object.fromEntries(entries.filter(([, inner]) => inner !== undefined));
}

function problemsOf(reading: Reading, issue: ValueIssue, schema: z.ZodType): Problem[] {
  if (issue.code !== 'unrecognized_keys') {
    const path = asWritten(reading.document, issue.path);
    const name = path.length === 0 ? '' : `${keyText(path)}: `;
    const hint = correctionFor({ ...issue, path }, reading.document.getIn(path), knownKeys(schema, issue.path));
    const offset = offsetOf(reading, path);
    return [problemAt(reading, offset, 'INVALID_CONFIG', `${name}${expectation(issue)}`, hint)];
  }
  return (issue.keys ?? []).map((key) => {
    const message = `Unknown key "${keyText([...issue.path, key])}".`;
    const instead = isConfigFile(schema) ? hintForOtherGateway([...issue.path, key]) : undefined;
    const hint = instead ?? didYouMean(schema, issue.path, key);
    return problemAt(reading, keyOffset(reading, issue.path, key), 'UNKNOWN_CONFIG_KEY', message, hint);
  });
}

/** Returns where the last key of a path is written in a config file, or an item of a list. For a missing one it is the innermost section on the path. */
export function placeOfKey(text: string, path: readonly string[]): Pick<Problem, 'line' | 'column'> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const written = asWritten(document, path);
  const reading = { file: '', document, lines };
  const offset = keyOffset(reading, written.slice(0, -1), String(written.at(-1) ?? '')) ?? offsetOf(reading, written);
  const { line, col } = lines.linePos(offset ?? 0);
  return { line, column: col };
}

/** Returns where the value at a path begins in a config file. For a missing value it is the innermost section on the path. */
export function placeOfValue(text: string, path: readonly string[]): Pick<Problem, 'line' | 'column'> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const { line, col } = lines.linePos(offsetOf({ file: '', document, lines }, asWritten(document, path)) ?? 0);
  return { line, column: col };
}

function asWritten(document: Document, path: Path): Path {
  return writtenPath(path, (other) => document.hasIn(other));
}

/** Returns where the value at a path begins, or the innermost section on the path that exists. */
function offsetOf({ document }: Reading, path: Path): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return document.contents?.range?.[0];
}

function keyOffset({ document }: Reading, path: Path, key: string): number | undefined {
  const parent = path.length === 0 ? document.contents : document.getIn(path, true);
  if (!isMap(parent)) return undefined;
  const pair = parent.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
  return isScalar(pair?.key) ? pair.key.range?.[0] : undefined;
}

function isNode(value: unknown): value is Node {
  return isScalar(value) || isCollection(value);
}

function problemAt(
  reading: Reading,
  offset: number | undefined,
  code: string,
  message: string,
  hint?: string,
): Problem {
  const { line, col } = reading.lines.linePos(offset ?? 0);
  return { file: reading.file, line: Math.max(line, 1), column: Math.max(col, 1), code, message, hint };
}
