import { type ArgumentNode, type ConstValueNode, Kind, type ValueNode } from 'graphql';
import { type Cost, costOf } from './cost.ts';
import type { CostlyInput, ListSize } from './cost-model.ts';

type Variables = Readonly<Record<string, unknown>>;

/** How many items are asked for by one argument; `undefined` where it is not given. */
type Slice = number | undefined | ((variables: Variables) => number | undefined);

export interface SizedList {
  readonly size: Cost;
  /** Whether the arguments break `requireOneSlicingArgument`. */
  readonly isAmbiguous: ((variables: Variables) => boolean) | undefined;
}

/**
 * How many items a field with `@listSize` is taken to give: the largest of its slicing arguments, where none is given the
 * largest of their defaults, else `assumedSize`, else `otherwise`.
 */
export function sizeOf(
  { slicingArguments, assumedSize, requireOneSlicingArgument }: ListSize,
  args: readonly ArgumentNode[],
  inputs: ReadonlyMap<string, CostlyInput>,
  otherwise: number,
): SizedList {
  const slices = slicingArguments.map((path) => sliceOf(path.split('.'), args));
  const defaults = slicingArguments.flatMap((path) => numberIn(inputs.get(path)?.default) ?? []);
  const fallback = defaults.length > 0 ? Math.max(0, ...defaults) : (assumedSize ?? otherwise);
  const size = (variables: Variables): number => {
    const asked = slices.map((slice) => given(slice, variables)).filter((number) => number !== undefined);
    return asked.length === 0 ? fallback : Math.max(0, ...asked);
  };
  const isOpen = slices.some((slice) => typeof slice === 'function');
  const mustBeOne = requireOneSlicingArgument && slicingArguments.length > 0;
  const isAmbiguous = (variables: Variables): boolean => {
    const asked = slices.filter((slice) => given(slice, variables) !== undefined).length;
    return asked > 1 || (asked === 0 && defaults.length === 0);
  };
  if (isOpen) return { size, isAmbiguous: mustBeOne ? isAmbiguous : undefined };
  return { size: costOf(size, {}), isAmbiguous: mustBeOne && isAmbiguous({}) ? () => true : undefined };
}

function given(slice: Slice, variables: Variables): number | undefined {
  return typeof slice === 'function' ? slice(variables) : slice;
}

/** Follows `input.first` through what is written, and from where a variable stands through its value. */
function sliceOf([name, ...rest]: readonly string[], args: readonly ArgumentNode[]): Slice {
  let value: ValueNode | undefined = args.find((argument) => argument.name.value === name)?.value;
  const path = [...rest];
  while (value?.kind === Kind.OBJECT && path.length > 0) {
    const key = path.shift();
    value = value.fields.find((field) => field.name.value === key)?.value;
  }
  if (value?.kind !== Kind.VARIABLE) return path.length === 0 ? numberIn(value) : undefined;
  const { value: variable } = value.name;
  return (variables) => {
    const inner = path.reduce(memberOf, variables[variable]);
    return typeof inner === 'number' ? inner : undefined;
  };
}

function numberIn(value: ValueNode | ConstValueNode | undefined): number | undefined {
  return value?.kind === Kind.INT ? Number(value.value) : undefined;
}

function memberOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}
