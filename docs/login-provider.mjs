// An OpenID provider to try login with: anyone who gives a name is logged in. `node docs/login-provider.mjs [PORT]`
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const server = createServer();
await new Promise((resolve) => server.listen(Number(process.argv[2] ?? 5000), '127.0.0.1', resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'shop',
      client_secret: 'the secret of the shop',
      grant_types: ['authorization_code', 'refresh_token'],
      // RFC 8252, section 7.3: at whatever port of this machine the gateway is
      application_type: 'native',
      redirect_uris: ['http://localhost/bff/web/callback'],
      post_logout_redirect_uris: ['http://localhost/'],
    },
  ],
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, name: `The one called ${id}` }) }),
  claims: { openid: ['sub'], profile: ['name'] },
  interactions: { url: (_, { uid }) => `/names/${uid}` },
  issueRefreshToken: () => true,
  async loadExistingGrant({ oidc: { client, session } }) {
    const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
    grant.addOIDCScope('openid profile');
    await grant.save();
    return grant;
  },
  features: { devInteractions: { enabled: false }, revocation: { enabled: true } },
});

const serve = provider.callback();
server.on('request', (req, res) => {
  const { pathname, searchParams } = new URL(req.url, issuer);
  const name = searchParams.get('name');
  if (!pathname.startsWith('/names/')) serve(req, res);
  // with the consent that programs at a loopback address are to be asked for
  else if (name) provider.interactionFinished(req, res, { login: { accountId: name }, consent: {} });
  else {
    res.setHeader('content-type', 'text/html');
    res.end('<!doctype html><title>Log in</title><form><label>Name <input name="name"></label> <button>Log in</button></form>');
  }
});
console.log(`OpenID provider at ${issuer}`);
