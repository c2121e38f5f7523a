// Mercurius with its query compiler, on PORT. It reads no supergraph: it asks the subgraphs at SUBGRAPHS for their schemas.
import gateway from '@mercuriusjs/gateway';
import fastify from 'fastify';

const { PORT, SUBGRAPHS } = process.env;
const services = ['accounts', 'inventory', 'products', 'reviews'].map((name) => ({
  name,
  url: `${SUBGRAPHS}/${name}`,
}));
const app = fastify();
app.register(gateway, { jit: 1, gateway: { services } });
await app.listen({ host: '127.0.0.1', port: Number(PORT) });
