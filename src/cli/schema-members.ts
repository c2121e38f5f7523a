import {
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
} from 'graphql';
import { nearest } from '../config/nearest.ts';
import { UsageError } from './failure.ts';

/** A field, an argument, an input field or an enum value. */
export interface Member {
  /** Its own coordinate, and those of the interfaces that it implements: a field that is used there is used here. */
  readonly coordinates: readonly string[];
  readonly isDeprecated: boolean;
}

/** Lists fields, arguments, input fields and enum values of a schema. */
export function membersOf(schema: GraphQLSchema): Member[] {
  const members: Member[] = [];
  const types = Object.values(schema.getTypeMap()).filter((type) => !isIntrospectionType(type));
  for (const type of types) {
    if (isObjectType(type) || isInterfaceType(type)) {
      for (const field of Object.values(type.getFields())) {
        const owners = [type, ...type.getInterfaces().filter((parent) => field.name in parent.getFields())];
        const names = owners.map(({ name }) => `${name}.${field.name}`);
        const isDeprecated = field.deprecationReason != null;
        members.push({ coordinates: names, isDeprecated });
        for (const argument of field.args)
          members.push({
            coordinates: names.map((name) => `${name}(${argument.name}:)`),
            isDeprecated: argument.deprecationReason != null,
          });
      }
    } else if (isInputObjectType(type) || isEnumType(type)) {
      const own = isEnumType(type) ? type.getValues() : Object.values(type.getFields());
      for (const { name, deprecationReason } of own)
        members.push({ coordinates: [`${type.name}.${name}`], isDeprecated: deprecationReason != null });
    }
  }
  return members.sort((one, other) => coordinateOf(one).localeCompare(coordinateOf(other)));
}

function coordinateOf({ coordinates: [own = ''] }: Member): string {
  return own;
}

/**
 * Returns the coordinates whose users use a coordinate of a schema: its own, and those of interfaces. Throws `UsageError` if the
 * schema has no such coordinate.
 */
export function sameCoordinates(coordinate: string, schema: GraphQLSchema): readonly string[] {
  const members = membersOf(schema);
  const member = members.find((one) => coordinateOf(one) === coordinate);
  if (member) return member.coordinates;
  const directives = schema
    .getDirectives()
    .flatMap(({ name, args }) => [`@${name}`, ...args.map((argument) => `@${name}(${argument.name}:)`)]);
  const others = [...Object.keys(schema.getTypeMap()), ...directives];
  if (others.includes(coordinate)) return [coordinate];
  const [near] = nearest(coordinate, [...members.map(coordinateOf), ...others]);
  const hint =
    near === undefined
      ? 'Expected one such as Product.price, Query.products(first:) or Color.RED.'
      : `Did you mean "${near}"?`;
  throw new UsageError(`--field: the schema has no such coordinate: "${coordinate}". ${hint}`);
}
