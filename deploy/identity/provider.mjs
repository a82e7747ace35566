// One agency's OpenID provider: code flow with PKCE only, a confidential client, and claims the marketplace needs.

import { Provider, interactionPolicy } from 'oidc-provider';

import { Memory } from './memory.mjs';
import { failedPage, signedOutPage, signOutPage } from './pages.mjs';

export const ONE_FACTOR = 'urn:marketplace:acr:sfa';
export const TWO_FACTORS = 'urn:marketplace:acr:mfa';

const CLAIMS = {
  openid: ['sub', 'organisation', 'acr', 'amr', 'auth_time'],
  profile: ['name', 'locale'],
  email: ['email', 'email_verified'],
};

const MINUTE = 60;
const TTL = {
  AccessToken: 5 * MINUTE,
  AuthorizationCode: MINUTE,
  Grant: 8 * 60 * MINUTE,
  IdToken: 5 * MINUTE,
  Interaction: 30 * MINUTE,
  Session: 8 * 60 * MINUTE,
};

export function wantsSecondFactor(params) {
  return (params.acr_values ?? '').split(' ').includes(TWO_FACTORS);
}

export function makeProvider(issuer, marketplace) {
  return new Provider(issuer.issuer, {
    acrValues: [ONE_FACTOR, TWO_FACTORS],
    adapter: keeper(),
    claims: CLAIMS,
    clientAuthMethods: ['client_secret_basic', 'private_key_jwt'],
    clients: [client(issuer)],
    conformIdTokenClaims: false,
    cookies: cookies(issuer),
    features: {
      backchannelLogout: { enabled: true },
      claimsParameter: { enabled: true },
      devInteractions: { enabled: false },
      pushedAuthorizationRequests: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => show(ctx, signOutPage(issuer, form, marketplace)),
        postLogoutSuccessSource: (ctx) => show(ctx, signedOutPage(issuer, marketplace)),
      },
    },
    fetch: (url, options) => reach(url, options, marketplace),
    findAccount: (ctx, sub) => findAccount(issuer, sub),
    interactions: { policy: policy(), url: (ctx, interaction) => `/sign-in/${interaction.uid}` },
    jwks: issuer.jwks,
    loadExistingGrant: (ctx) => grantEverythingAsked(ctx),
    pkce: { required: () => true },
    renderError: (ctx, out) => show(ctx, failedPage(issuer, out, marketplace)),
    responseTypes: ['code'],
    scopes: ['openid', 'profile', 'email'],
    ttl: TTL,
  });
}

function show(ctx, { html, policy: contentPolicy }) {
  ctx.type = 'html';
  ctx.set('Content-Security-Policy', contentPolicy);
  ctx.set('Cache-Control', 'no-store');
  ctx.body = html;
}

function client(issuer) {
  return {
    client_id: issuer.client_id,
    ...authentication(issuer),
    backchannel_logout_session_required: true,
    backchannel_logout_uri: issuer.back_channel_logout_uri,
    grant_types: ['authorization_code'],
    post_logout_redirect_uris: issuer.post_logout_redirect_uris,
    redirect_uris: issuer.redirect_uris,
    require_auth_time: true,
    response_types: ['code'],
  };
}

function authentication(issuer) {
  if (issuer.authentication !== 'private_key_jwt') {
    return { client_secret: issuer.client_secret, token_endpoint_auth_method: issuer.authentication };
  }
  return {
    jwks: issuer.client_jwks,
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'ES256',
  };
}

// The provider's own guard refuses loopback, where the marketplace of the demonstration lives; only it is let through.
function reach(url, options, marketplace) {
  if (!marketplace.some((address) => new URL(address).origin === new URL(url).origin)) return fetch(url, options);
  const { dispatcher, ...unguarded } = options;
  return fetch(url, unguarded);
}

// Cookies know no ports: issuers on one address need names of their own.
function cookies(issuer) {
  const name = (part) => `${issuer.slug}_${part}`;
  return {
    keys: issuer.cookie_keys,
    names: {
      interaction: name('interaction'), resume: name('resume'), session: name('session'), state: name('state'),
    },
  };
}

function keeper() {
  const kinds = new Map();
  return (kind) => {
    if (!kinds.has(kind)) kinds.set(kind, new Memory());
    return kinds.get(kind);
  };
}

function findAccount(issuer, sub) {
  const person = issuer.people.find((one) => one.sub === sub);
  if (!person) return undefined;
  const { name, email, locale } = person;
  return {
    accountId: sub,
    claims: () => ({ sub, name, email, email_verified: true, locale, organisation: issuer.slug }),
  };
}

// Asking for two factors while the session has one leads back to the sign-in page.
function policy() {
  const prompts = interactionPolicy.base();
  prompts.get('login').checks.add(new interactionPolicy.Check(
    'second_factor',
    'a second factor is required',
    ({ oidc }) => wantsSecondFactor(oidc.params) && oidc.session.acr !== TWO_FACTORS,
  ));
  return prompts;
}

// The agency decided for its people; nobody is asked again for consent.
async function grantEverythingAsked(ctx) {
  const { client: { clientId }, params, provider, session } = ctx.oidc;
  const grant = new provider.Grant({ clientId, accountId: session.accountId });
  grant.addOIDCScope(params.scope);
  grant.addOIDCClaims(CLAIMS.openid);
  await grant.save();
  return grant;
}
