import { type ArgumentNode, Kind, type ValueNode, valueFromASTUntyped } from 'graphql';
import { ExactNumber } from '../../shared/exact-json.ts';
import { type Cost, costOf } from './cost.ts';
import type { CostlyInput, CostModel, ListSize } from './cost-model.ts';

type Variables = Readonly<Record<string, unknown>>;

interface Given {
  /** What one slicing argument is given as; `undefined` where it is not given. */
  readonly given: (variables: Variables) => unknown;
  /** Whether that depends on variables. */
  readonly isOpen: boolean;
}

interface Slice extends Given {
  /** What it is where it is not given; `undefined` without a default. */
  readonly byDefault: unknown;
}

const NOT_GIVEN: Given = { given: () => undefined, isOpen: false };
const NULL: Given = { given: () => null, isOpen: false };

export interface SizedList {
  readonly size: Cost;
  /** Whether the arguments break `requireOneSlicingArgument`. */
  readonly isAmbiguous: ((variables: Variables) => boolean) | undefined;
}

export interface SizeOptions {
  readonly args: readonly ArgumentNode[];
  /** The field's arguments. */
  readonly inputs: ReadonlyMap<string, CostlyInput>;
  readonly model: Pick<CostModel, 'fieldsOfInput'>;
  /** How many items a list is taken to have that nothing is known of. */
  readonly otherwise: number;
}

/**
 * How many items a field with `@listSize` is taken to give: the largest of its slicing arguments, each as it is given or else
 * its default; where there is none, `assumedSize`, else `otherwise`. What is no size (null, less than 0, no number) may mean
 * anything to the subgraph, all of the list included: then it is at least what it would be without the argument.
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
  const isOpen = slices.some((slice) => slice.isOpen);
  const hasDefault = slices.some(({ byDefault }) => byDefault !== undefined && byDefault !== null);
  const mustBeOne = requireOneSlicingArgument && slicingArguments.length > 0;
  const isAmbiguous = (variables: Variables): boolean => {
    const asked = slices.filter(({ given }) => (given(variables) ?? null) !== null).length;
    return asked > 1 || (asked === 0 && !hasDefault);
  };
  if (isOpen) return { size, isAmbiguous: mustBeOne ? isAmbiguous : undefined };
  return { size: costOf(size, {}), isAmbiguous: mustBeOne && isAmbiguous({}) ? () => true : undefined };
}

function sizeIn({ given, byDefault }: Slice, variables: Variables, assumed: number): number | undefined {
  const value = given(variables);
  if (value === undefined) return byDefault === undefined ? undefined : (sizeFrom(byDefault) ?? assumed);
  return sizeFrom(value) ?? Math.max(assumed, sizeFrom(byDefault) ?? 0);
}

/** More is asked of nobody, and what is larger is no longer exact. */
const LARGEST = Number.MAX_SAFE_INTEGER;

/** A number, as text too; of a list, for arguments such as `ids`, its length. `undefined` for what is no size. */
function sizeFrom(value: unknown): number | undefined {
  if (Array.isArray(value)) return value.length;
  const isText = typeof value === 'string' && /^\d+$/.test(value);
  const number = isText || value instanceof ExactNumber ? Number(value) : value;
  return typeof number === 'number' && number >= 0 ? Math.min(Math.ceil(number), LARGEST) : undefined;
}

/** Follows `input.first` through what is written, and from where a variable stands through its value. */
function sliceOf([name = '', ...path]: readonly string[], { args, inputs, model }: SizeOptions): Slice {
  const input = inputs.get(name);
  const byDefault = follow(undefined, input, path, model).given({});
  const node = args.find((argument) => argument.name.value === name)?.value;
  return { ...(node === undefined ? NOT_GIVEN : follow(node, input, path, model)), byDefault };
}

/** What stands at the path within a value or, where there is no value, within its default. */
function follow(
  node: ValueNode | undefined,
  input: CostlyInput | undefined,
  path: readonly string[],
  model: SizeOptions['model'],
): Given {
  const value = node ?? input?.default;
  if (value === undefined) return NOT_GIVEN;
  if (value.kind === Kind.VARIABLE) {
    const { value: name } = value.name;
    const byDefault = follow(undefined, input, path, model).given({});
    const given = (variables: Variables) =>
      variables[name] === undefined ? byDefault : path.reduce(memberOf, variables[name]);
    return { given, isOpen: true };
  }
  const [key, ...rest] = path;
  if (key === undefined) {
    const constant: unknown = valueFromASTUntyped(value, {});
    return { given: () => constant, isOpen: false };
  }
  if (value.kind !== Kind.OBJECT) return value.kind === Kind.NULL ? NULL : NOT_GIVEN;
  const inner = input && model.fieldsOfInput(input.namedType).get(key);
  return follow(value.fields.find((field) => field.name.value === key)?.value, inner, rest, model);
}

function memberOf(value: unknown, key: string): unknown {
  if (value === null) return null;
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}
