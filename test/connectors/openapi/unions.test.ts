import { expect, test } from 'vitest';
import { composeSupergraph } from '../../../src/composition/compose.ts';
import { readSource } from '../../../src/composition/read-source.ts';
import { formatProblem } from '../../../src/config/problem.ts';
import { convertOpenApi } from '../../../src/connectors/openapi/convert.ts';
import type { OpenApiDocument } from '../../../src/connectors/openapi/document.ts';
import { ask, restSource, stubApi } from '../../sources/rest/stub-api.ts';

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const CAT = {
  type: 'object',
  required: ['pet-type', 'lives'],
  properties: { 'pet-type': { type: 'string' }, lives: { type: 'integer' }, home: ref('Home') },
};
const DOG = {
  allOf: [
    ref('Animal'),
    { type: 'object', properties: { tricks: { type: 'array', items: { type: 'string' } }, home: ref('Home') } },
  ],
};
const SCHEMAS = {
  Animal: { type: 'object', required: ['pet-type'], properties: { 'pet-type': { type: 'string' } } },
  Cat: CAT,
  Dog: DOG,
  Home: { type: 'object', properties: { city: { type: 'string' } } },
  Owner: { type: 'object', properties: { name: { type: 'string' }, pet: ref('Pet') } },
};

function converted(url: string, schemas: object): string {
  const answer = (schema: object) => ({ '200': { content: { 'application/json': { schema } } } });
  const paths = {
    '/pets': { get: { operationId: 'pets', responses: answer({ type: 'array', items: ref('Pet') }) } },
    '/owner': { get: { operationId: 'owner', responses: answer(ref('Owner')) } },
  };
  const document = { openapi: '3.0.3', servers: [{ url }], paths, components: { schemas: { ...SCHEMAS, ...schemas } } };
  const { sdl } = convertOpenApi(document as OpenApiDocument, { name: 'zoo' });
  const source = readSource({ name: 'zoo', file: 'zoo.graphql', text: sdl }, {});
  if (!('kind' in source)) throw new Error(source.map(formatProblem).join('\n'));
  expect(composeSupergraph([source])).toMatchObject({ ok: true });
  return sdl;
}

test.each([
  ['a mapping', { cat: '#/components/schemas/Cat', kitten: 'Cat', dog: '#/components/schemas/Dog' }, ['kitten', 'dog']],
  ['names of schemas', undefined, ['Cat', 'Dog']],
])('oneOf with a discriminator is a union that answers, by %s', async (_, mapping, [cat, dog]) => {
  const pets = [
    { 'pet-type': cat, lives: 9, home: { city: 'Rome' } },
    { 'pet-type': dog, tricks: ['sit'], home: { city: 'Oslo' } },
  ];
  const api = await stubApi(({ url }) => (url === '/pets' ? pets : { name: 'A', pet: pets[1] }));
  const discriminator = { propertyName: 'pet-type', mapping };
  const sdl = converted(api.url, { Pet: { oneOf: [ref('Cat'), ref('Dog')], discriminator } });
  expect(sdl).toContain('union Pet = Cat | Dog');
  const fields = '__typename ... on Cat { lives petType home { city } } ... on Dog { tricks home { city } }';
  expect(await ask(restSource(api, sdl), `{ pets { ${fields} } owner { name pet { ${fields} } } }`)).toEqual({
    data: {
      pets: [
        { __typename: 'Cat', lives: 9, petType: cat, home: { city: 'Rome' } },
        { __typename: 'Dog', tricks: ['sit'], home: { city: 'Oslo' } },
      ],
      owner: { name: 'A', pet: { __typename: 'Dog', tricks: ['sit'], home: { city: 'Oslo' } } },
    },
  });
});

test.each<[string, object]>([
  ['no discriminator', { oneOf: [ref('Cat'), ref('Dog')] }],
  [
    'an inline choice that no value names',
    {
      oneOf: [ref('Cat'), { type: 'object', properties: { x: { type: 'string' } } }],
      discriminator: { propertyName: 'pet-type' },
    },
  ],
  [
    'fields of one name that have different fields',
    {
      oneOf: [ref('Cat'), ref('Odd')],
      discriminator: { propertyName: 'pet-type' },
    },
  ],
])('%s leaves one type with the fields of all', (_, pet) => {
  const odd = { type: 'object', properties: { home: { type: 'object', properties: { street: { type: 'string' } } } } };
  const sdl = converted('http://zoo.test', { Pet: pet, Odd: odd });
  expect(sdl).toContain('type Pet {');
  expect(sdl).not.toContain('union');
});
