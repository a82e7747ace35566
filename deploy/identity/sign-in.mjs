// The pages between "sign in" and "signed in": choose who you are, and confirm with a key where two factors are asked.

import { failedPage, frontPage, keyPage, personPage } from './pages.mjs';
import { ONE_FACTOR, TWO_FACTORS, wantsSecondFactor } from './provider.mjs';

const LONGEST_FORM = 4096;

export function signInRoutes(provider, issuer, marketplace) {
  const send = (response, { html, policy }, status = 200) => {
    response.writeHead(status, {
      'Cache-Control': 'no-store',
      'Content-Security-Policy': policy,
      'Content-Type': 'text/html; charset=utf-8',
      'Referrer-Policy': 'no-referrer',
      'X-Content-Type-Options': 'nosniff',
    });
    response.end(html);
  };

  async function ask(request, response) {
    const { params, prompt, session, uid } = await provider.interactionDetails(request, response);
    const known = issuer.people.find((person) => person.sub === session?.accountId);
    const onlySecond = known && prompt.reasons.every((reason) => reason === 'second_factor');
    const page = onlySecond ? keyPage(issuer, marketplace, uid, known) : personPage(issuer, marketplace, uid, {
      typed: params.login_hint ?? '',
    });
    send(response, page);
  }

  async function answer(request, response) {
    const { params, uid } = await provider.interactionDetails(request, response);
    const form = await readForm(request);
    if (form.get('cancel')) return finish(request, response, { error: 'access_denied', error_description: 'cancelled' });
    const typed = (form.get('login') ?? '').trim().toLowerCase();
    const person = issuer.people.find(({ login, email }) => login === typed || email === typed);
    if (!person) return send(response, personPage(issuer, marketplace, uid, { typed, unknown: true }), 422);
    if (wantsSecondFactor(params) && form.get('key') !== 'present') {
      return send(response, keyPage(issuer, marketplace, uid, person));
    }
    const both = form.get('key') === 'present';
    const login = {
      accountId: person.sub, acr: both ? TWO_FACTORS : ONE_FACTOR, amr: both ? ['pwd', 'hwk', 'mfa'] : ['pwd'],
    };
    return finish(request, response, { login });
  }

  const finish = (request, response, result) => (
    provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false })
  );

  // Answers true when the request was one of ours; everything else belongs to the protocol.
  return async function route(request, response) {
    const { pathname } = new URL(request.url, issuer.issuer);
    if (pathname === '/' && request.method === 'GET') {
      send(response, frontPage(issuer, marketplace));
      return true;
    }
    if (!pathname.startsWith('/sign-in/')) return false;
    try {
      await (request.method === 'POST' ? answer(request, response) : ask(request, response));
    } catch (error) {
      const details = { error: error.name, error_description: 'This sign-in is over. Begin again at the marketplace.' };
      send(response, failedPage(issuer, details, marketplace), error.statusCode ?? 400);
    }
    return true;
  };
}

async function readForm(request) {
  let text = '';
  for await (const part of request) {
    text += part;
    if (text.length > LONGEST_FORM) throw new Error('form too long');
  }
  return new URLSearchParams(text);
}
