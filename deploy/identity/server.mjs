// The identity providers of the demonstration: one process, one issuer per agency, npm's oidc-provider inside.
//
// One line of JSON on standard input says everything (deploy/identity/registry.py makes it); the pipe stays open,
// and when it closes, whoever started us is gone and we go too. One line of JSON on standard output: ready.

import http from 'node:http';
import readline from 'node:readline';

import { makeProvider } from './provider.mjs';
import { signInRoutes } from './sign-in.mjs';

const servers = [];

function listen(issuer, marketplace) {
  const provider = makeProvider(issuer, marketplace);
  const routes = signInRoutes(provider, issuer, marketplace);
  const speakProtocol = provider.callback();
  const server = http.createServer(async (request, response) => {
    if (!(await routes(request, response))) speakProtocol(request, response);
  });
  servers.push(server);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(issuer.port, '127.0.0.1', resolve);
  });
}

function stop() {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
  process.exit(0);
}

async function start(line) {
  const { issuers, marketplace } = JSON.parse(line);
  try {
    for (const issuer of issuers) await listen(issuer, marketplace);
  } catch (error) {
    const reason = error.code === 'EADDRINUSE' ? `port ${error.port} is taken by another program` : error.message;
    process.stderr.write(`The identity providers cannot start: ${reason}.\n`);
    process.exit(1);
  }
  const ready = Object.fromEntries(issuers.map(({ slug, issuer }) => [slug, issuer]));
  process.stdout.write(`${JSON.stringify({ ready })}\n`);
}

process.on('SIGTERM', stop);
process.on('SIGINT', stop);
const input = readline.createInterface({ input: process.stdin });
input.once('line', start);
input.once('close', stop);
