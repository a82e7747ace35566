// The HTML of the identity providers: no script, nothing loaded from elsewhere, light and dark, large targets.

import { createHash } from 'node:crypto';

const TINTS = { amber: '#8a5200', blue: '#1f5fa8', violet: '#5b3fa6' };

const STYLE = `
:root{color-scheme:light dark;--ink:#17191c;--soft:#565d66;--ground:#f4f5f7;--card:#fff;--line:#868d96;--bad:#b3261e}
@media (prefers-color-scheme:dark){:root{--ink:#f0f1f3;--soft:#b3bac3;--ground:#14161a;--card:#1e2126;--bad:#ffb4ab}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1rem;background:var(--ground);color:var(--ink);
font:1.0625rem/1.5 system-ui,sans-serif}
main{width:min(26rem,100%);background:var(--card);border-radius:.75rem;padding:1.75rem;box-shadow:0 1px 4px #0003}
header{display:flex;gap:.75rem;align-items:center}
header b{flex:none;width:2.75rem;height:2.75rem;border-radius:.5rem;display:grid;place-items:center;color:#fff}
header b.amber{background:${TINTS.amber}}header b.blue{background:${TINTS.blue}}header b.violet{background:${TINTS.violet}}
h1{font-size:1.375rem;line-height:1.25;margin:1.25rem 0 .25rem}p{margin:.25rem 0 1rem;color:var(--soft)}
ul{list-style:none;margin:1rem 0;padding:0;display:grid;gap:.5rem}
button,input{font:inherit;color:inherit;width:100%;min-height:3rem;padding:.5rem .875rem;border-radius:.5rem;
border:1px solid var(--line);background:transparent;text-align:start}
button{cursor:pointer}button:hover{border-color:currentColor;text-decoration:underline}
button.main{background:var(--ink);color:var(--card);text-align:center;font-weight:600}
button.quiet{border-color:transparent;text-align:center;text-decoration:underline}
:focus-visible{outline:3px solid #d97706;outline-offset:2px}
label{display:block;font-weight:600;margin-bottom:.25rem}form{margin:0}form+form,.gap{margin-top:1rem}
.bad{color:var(--bad);font-weight:600}small{color:var(--soft);display:block;margin-top:1.25rem}a{color:inherit}
`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

const escape = (text) => String(text ?? '').replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

// form-action names the marketplace too: browsers apply it to the redirects that follow a form.
function page(issuer, marketplace, title, body) {
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)} – ${escape(issuer.name)}</title><style>${STYLE}</style></head>
<body><main><header><b class="${escape(issuer.tint)}" aria-hidden="true">${escape(issuer.initials)}</b>
<span>${escape(issuer.name)}</span></header>
<h1>${escape(title)}</h1>
${body}
<small>A demonstration: this stands in for the agency's own sign-in and asks for no password.</small></main></body></html>`;
  const policy = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action 'self' ${marketplace.join(' ')}; `
    + "base-uri 'none'; frame-ancestors 'none'";
  return { html, policy };
}

const form = (uid, body) => `<form method="post" action="/sign-in/${escape(uid)}">${body}</form>`;

const cancel = (uid) => form(uid, '<button class="quiet" name="cancel" value="yes">Cancel and go back</button>');

export function personPage(issuer, marketplace, uid, { typed = '', unknown = false } = {}) {
  const people = issuer.people
    .map(({ login, name }) => `<li><button name="login" value="${escape(login)}">${escape(name)}</button></li>`)
    .join('\n');
  const complaint = unknown ? '<p class="bad" id="unknown">Nobody here has this login. Check the spelling.</p>' : '';
  const described = unknown ? ' aria-describedby="unknown" aria-invalid="true"' : '';
  return page(issuer, marketplace, 'Sign in', `<p>Choose who you are.</p>
${form(uid, `<ul>${people}</ul>`)}
${form(uid, `${complaint}<label for="login">Or type your login</label>
<input id="login" name="login" value="${escape(typed)}" autocomplete="username" autocapitalize="none" required${described}>
<button class="main gap">Sign in</button>`)}
${cancel(uid)}`);
}

export function keyPage(issuer, marketplace, uid, { login, name }) {
  return page(issuer, marketplace, 'Confirm it is you', `<p>${escape(name)}, this needs a second proof.</p>
${form(uid, `<input type="hidden" name="login" value="${escape(login)}"><input type="hidden" name="key" value="present">
<button class="main">Confirm with your key</button>`)}
${cancel(uid)}`);
}

export function signOutPage(issuer, logoutForm, marketplace) {
  return page(issuer, marketplace, 'Sign out', `<p>Do you want to sign out of ${escape(issuer.name)} as well?</p>
${logoutForm}
<button class="main" form="op.logoutForm" name="logout" value="yes">Yes, sign out</button>
<button class="quiet gap" form="op.logoutForm">No, stay signed in</button>`);
}

export function signedOutPage(issuer, marketplace) {
  return page(issuer, marketplace, 'You are signed out', back(marketplace));
}

export function frontPage(issuer, marketplace) {
  return page(issuer, marketplace, 'Sign-in service', `<p>Begin at the marketplace; it sends you here.</p>${back(marketplace)}`);
}

export function failedPage(issuer, { error, error_description: sentence }, marketplace) {
  return page(issuer, marketplace, 'This did not work', `<p class="bad">${escape(sentence ?? error)}</p>${back(marketplace)}`);
}

const back = ([address]) => `<p><a href="${escape(address)}/">Go to the marketplace</a></p>`;
