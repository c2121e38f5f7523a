import { createServer } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';

/**
 * What WebSockets cost without a gateway: a server that accepts subscriptions, and sends one text to all of them on each request to
 * `/publish`. As a subgraph, it has one subscription; as a floor, it has all clients. Prints its port.
 */
const open = new Map<WebSocket, Set<string>>();
const server = createServer((request, response) => {
  if (request.url !== '/publish') return response.end('ok');
  for (const [socket, ids] of open)
    for (const id of ids)
      socket.send(`{"id":"${id}","type":"next","payload":{"data":{"reviewAdded":{"body":"good"}}}}`);
  response.end('ok');
});
const sockets = new WebSocketServer({
  server,
  perMessageDeflate: false,
  handleProtocols: () => 'graphql-transport-ws',
});
sockets.on('connection', (socket) => {
  const ids = new Set<string>();
  open.set(socket, ids);
  socket.on('message', (data) => {
    const { type, id } = JSON.parse(String(data));
    if (type === 'connection_init') socket.send('{"type":"connection_ack"}');
    if (type === 'ping') socket.send('{"type":"pong"}');
    if (type === 'subscribe') ids.add(id);
    if (type === 'complete') ids.delete(id);
  });
  socket.on('error', () => {});
  socket.on('close', () => open.delete(socket));
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  console.log(typeof address === 'object' ? address?.port : '');
});
