import { it } from 'vitest';
import { BOUNDARY, field, HEADERS, multipart, send, uploadWorld } from '../gateway/upload-world.ts';
const STORE = 'mutation ($file: Upload!) { store(file: $file) { name type size } }';
const ONE = { operations: { query: STORE, variables: { file: null } }, map: { 0: ['variables.file'] } };
const named = (disposition: string, type = 'text/plain') =>
    Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; ${disposition}\r\nContent-Type: ${type}\r\n\r\nsmall\r\n`);
  const sent = (part: Buffer) => [
    field('operations', JSON.stringify(ONE.operations)),
    field('map', JSON.stringify(ONE.map)),
    part,
    Buffer.from(`--${BOUNDARY}--\r\n`),
  ];
function head(headers: Record<string, string>): string {
  const lines = Object.entries({ host: 'x', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST /graphql HTTP/1.1\r\n${lines.join('')}\r\n`;
}
it('x', async () => {
    const { url, lines, server } = await uploadWorld({ file_upload: { max_file_size: '100KiB' } });
    for (const d of ['filename="a"', 'name=""; filename="a"', 'name="1"; name="0"; filename="a"', "name=\"0\"; filename*=UTF-8''a%0D%0AX-Evil:%201%0D%0A%0D%0Abody"]) {
      const t = performance.now();
      const { status, body } = await send(url, sent(named(d)));
      console.log(d, status, JSON.stringify(body), performance.now() - t);
    }
    console.log(JSON.stringify(lines.filter(({ level }) => level === 'error')).slice(0, 1500));
    const t = performance.now(); await server.close(); console.log('closed in', performance.now() - t);
});
