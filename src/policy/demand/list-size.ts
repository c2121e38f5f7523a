import { type ArgumentNode, Kind, type ValueNode, valueFromASTUntyped } from 'graphql';
import { ExactNumber } from '../../shared/exact-json.ts';
import { type Cost, costOf } from './cost.ts';
import type { CostlyInput, CostModel, ListSize } from './cost-model.ts';

type Variables = Readonly<Record<string, unknown>>;

/** The value of a slicing argument. */
interface SlicingValue {
  /** Returns the value; `undefined` if the argument is not given. */
  readonly value: (variables: Variables) => unknown;
  /** Whether the value depends on variables. */
  readonly isVariable: boolean;
}

interface Slice extends SlicingValue {
  /** The value when the argument is not given; `undefined` without a default. */
  readonly byDefault: unknown;
}

const NOT_GIVEN: SlicingValue = { value: () => undefined, isVariable: false };
const NULL: SlicingValue = { value: () => null, isVariable: false };

export interface SizedList {
  readonly size: Cost;
  /** Whether a request violates `requireOneSlicingArgument`. */
  readonly isAmbiguous: ((variables: Variables) => boolean) | undefined;
}

export interface SizeOptions {
  readonly args: readonly ArgumentNode[];
  /** The field's arguments. */
  readonly inputs: ReadonlyMap<string, CostlyInput>;
  readonly model: Pick<CostModel, 'fieldsOfInput'>;
  /** Assumed number of items of other lists. */
  readonly otherwise: number;
}

/**
 * Estimates the number of items of a field with `@listSize`: the largest of its slicing arguments, or their defaults; without
 * any, `assumedSize` or `otherwise`. A subgraph may return the whole list for an argument that is not a size (null, negative, not
 * a number), so such an argument never lowers the estimate.
 */
export function sizeOf(
  { slicingArguments, assumedSize, requireOneSlicingArgument }: ListSize,
  options: SizeOptions,
): SizedList {
  const slices = slicingArguments.map((path) => sliceOf(path.split('.'), options));
  const assumed = assumedSize ?? options.otherwise;
  const size = (variables: Variables): number => {
    const sizes = slices.flatMap((slice) => sizeIn(slice, variables, assumed) ?? []);
    return sizes.length === 0 ? assumed : Math.max(...sizes);
  };
  const isVariable = slices.some((slice) => slice.isVariable);
  const hasDefault = slices.some(({ byDefault }) => byDefault !== undefined && byDefault !== null);
  const mustBeOne = requireOneSlicingArgument && slicingArguments.length > 0;
  const isAmbiguous = (variables: Variables): boolean => {
    const given = slices.filter(({ value }) => (value(variables) ?? null) !== null).length;
    return given > 1 || (given === 0 && !hasDefault);
  };
  if (isVariable) return { size, isAmbiguous: mustBeOne ? isAmbiguous : undefined };
  return { size: costOf(size, {}), isAmbiguous: mustBeOne && isAmbiguous({}) ? () => true : undefined };
}

function sizeIn(slice: Slice, variables: Variables, assumed: number): number | undefined {
  const { byDefault } = slice;
  const value = slice.value(variables);
  if (value === undefined) return byDefault === undefined ? undefined : (sizeFrom(byDefault) ?? assumed);
  return sizeFrom(value) ?? Math.max(assumed, sizeFrom(byDefault) ?? 0);
}

/** Larger numbers are not exact. */
const LARGEST = Number.MAX_SAFE_INTEGER;

/** Returns the size that a value stands for: a number, also as a string, or the length of a list such as `ids`. */
function sizeFrom(value: unknown): number | undefined {
  if (Array.isArray(value)) return value.length;
  const isText = typeof value === 'string' && /^\d+$/.test(value);
  const number = isText || value instanceof ExactNumber ? Number(value) : value;
  return typeof number === 'number' && number >= 0 ? Math.min(Math.ceil(number), LARGEST) : undefined;
}

/** Follows `input.first` through the written value, and through the values of variables in it. */
function sliceOf([name = '', ...path]: readonly string[], { args, inputs, model }: SizeOptions): Slice {
  const input = inputs.get(name);
  const byDefault = follow(undefined, input, path, model).value({});
  const node = args.find((argument) => argument.name.value === name)?.value;
  return { ...(node === undefined ? NOT_GIVEN : follow(node, input, path, model)), byDefault };
}

/** Returns the value at a path within a written value or, if there is none, within its default. */
function follow(
  node: ValueNode | undefined,
  input: CostlyInput | undefined,
  path: readonly string[],
  model: SizeOptions['model'],
): SlicingValue {
  const written = node ?? input?.default;
  if (written === undefined) return NOT_GIVEN;
  if (written.kind === Kind.VARIABLE) {
    const { value: name } = written.name;
    const byDefault = follow(undefined, input, path, model).value({});
    const value = (variables: Variables) =>
      variables[name] === undefined ? byDefault : path.reduce(memberOf, variables[name]);
    return { value, isVariable: true };
  }
  const [key, ...rest] = path;
  if (key === undefined) {
    const constant: unknown = valueFromASTUntyped(written, {});
    return { value: () => constant, isVariable: false };
  }
  if (written.kind !== Kind.OBJECT) return written.kind === Kind.NULL ? NULL : NOT_GIVEN;
  const inner = input && model.fieldsOfInput(input.namedType).get(key);
  return follow(written.fields.find((field) => field.name.value === key)?.value, inner, rest, model);
}

function memberOf(value: unknown, key: string): unknown {
  if (value === null) return null;
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}
