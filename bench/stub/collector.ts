import { createServer } from 'node:http';

/** A collector of traces that reads what it gets and keeps nothing. Prints its port. */
const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
  request.on('end', () => response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end());
  request.resume();
});

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  console.log(typeof address === 'object' && address !== null ? address.port : 0);
});
