import { expect, test } from 'vitest';
import { storingSubgraph, upload } from '../../gateway/upload-world.ts';
import { fakeSubgraph } from '../fake-subgraph.ts';
import { gatewayOver } from './gateway.ts';

async function gateway(rename = '') {
  const { sdl, listener } = storingSubgraph();
  const { url } = await fakeSubgraph(listener);
  const text = `extend schema @service(url: "${url}")\n${sdl}`;
  const other = 'extend schema @subgraph(url: "http://127.0.0.1:1/graphql")\ntype Query { other: Int }';
  return gatewayOver(
    { files: rename === '' ? text : text.replace('type Stored {', `type Stored ${rename} {`), other },
    { file_upload: { enabled: true } },
  );
}

const one = { name: '0', content: 'x'.repeat(300_000) };

test('a plain GraphQL service takes files', async () => {
  const { url } = await gateway();
  const { body } = await upload(url, {
    operations: {
      query:
        'mutation ($file: Upload!, $title: String) { store(file: $file, title: $title) { __typename size title } }',
      variables: { file: null, title: 'plain' },
    },
    map: { 0: ['variables.file'] },
    files: [one],
  });
  expect(body).toEqual({ data: { store: { __typename: 'Stored', size: 300_000, title: 'plain' } } });
});

test('a plain GraphQL service with other names takes files, in lists and in input objects', async () => {
  const { url } = await gateway('@rename(to: "Kept")');
  const { body } = await upload(url, {
    operations: {
      query:
        'mutation ($input: StoreInput!, $files: [Upload!]!) { storeInput(input: $input) { __typename size parts } storeAll(files: $files) { __typename size } }',
      variables: { input: { cover: null, parts: [null] }, files: [null, null] },
    },
    map: {
      0: ['variables.input.cover'],
      p: ['variables.input.parts.0'],
      1: ['variables.files.0'],
      2: ['variables.files.1'],
    },
    files: [one, { name: 'p', content: 'part' }, { name: '1', content: 'a' }, { name: '2', content: 'bb' }],
  });
  expect(body).toEqual({
    data: {
      storeInput: { __typename: 'Kept', size: 300_000, parts: ['part'] },
      storeAll: [
        { __typename: 'Kept', size: 1 },
        { __typename: 'Kept', size: 2 },
      ],
    },
  });
});
