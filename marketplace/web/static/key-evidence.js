// Whose device it is, and that the marketplace let it in: what is checked before a key is given to it. The same checks
// as in security/key_transparency.py and security/asked_keys.py, by the same names, with WebCrypto alone.

import { fromBase64, sha256, hex, utf8 } from "asset:sealing-bytes.js";
import { deviceThumbprint, enrolmentNonce } from "asset:sealing-keys.js";
import { EvidenceRefused, isMapping, leewaySeconds, refuse, witnessed } from "asset:key-record.js";

export { EvidenceRefused, trusted } from "asset:key-record.js";

const members = [
  "checkpoint", "client_id", "encryption_key", "entry", "format", "id_token", "issuer", "issuer_key", "log", "salt",
  "signing_key", "thumbprint", "witnesses",
];

// The device that the evidence vouches for: {thumbprint, encryptionKey, signingKey, issuer, subject}, the last two being
// how its person is called where they sign in. `trust` comes from `trusted`; `issuers`: the sign-in services that
// agencies are known by; `now`: seconds since 1970. Throws EvidenceRefused.
export async function checkDevice(evidence, trust, issuers, now) {
  if (!isMapping(evidence) || Object.keys(evidence).sort().join() !== members.join()) refuse("EvidenceUnreadable");
  if (evidence.format !== "marketplace-device-evidence-1") refuse("EvidenceUnreadable");
  const { thumbprint, nonce } = await names(evidence);
  const issuer = evidence.issuer;
  if (!issuers.includes(issuer)) refuse("IssuerWrong");
  const claims = await checkToken(evidence.id_token, evidence.issuer_key, issuer, evidence.client_id, nonce);
  const { body } = await witnessed(evidence, trust, now);
  const digest = hex(await sha256(utf8(evidence.id_token)));
  const at = enrolledAt(body, thumbprint, digest);
  checkTime(claims, at, now);
  const { encryption_key: encryptionKey, signing_key: signingKey } = evidence;
  return { thumbprint, encryptionKey, signingKey, issuer, subject: claims.sub };
}

// Whether the record says that this device may have the key to this item until then. `asked`: {device, campaign,
// microtask, until}. Throws EvidenceRefused.
export async function checkAsked(shown, asked, trust, now) {
  if (!isMapping(shown) || Object.keys(shown).sort().join() !== "checkpoint,entry") refuse("EvidenceUnreadable");
  const { body } = await witnessed(shown, trust, now);
  const entry = parsed(body, "EntryWrong");
  const said = [entry.activity_name, entry.status, entry.resource?.type, entry.resource?.uid, entry.resource?.group];
  const wanted = ["key.ask", "done", "microtask", asked.microtask, asked.campaign];
  if (said.some((value, at) => value !== wanted[at])) refuse("EntryWrong");
  if (entry.detail?.device !== asked.device || entry.detail?.until !== asked.until) refuse("EntryWrong");
  if (asked.until <= now) refuse("AskedTooLate");
}

// ---------- the device ----------

async function names({ encryption_key: encryption, signing_key: signing, thumbprint: said, salt }) {
  const thumbprint = await unreadable(() => deviceThumbprint(encryption, signing));
  const nonce = await unreadable(() => enrolmentNonce(thumbprint, salt));
  if (thumbprint !== said) refuse("ThumbprintWrong");
  return { thumbprint, nonce };
}

// ---------- the token ----------

// The claims of an ID token (RFC 7515, compact) by the provider's public key. No secret vouches for anything here.
async function checkToken(token, jwk, issuer, audience, nonce) {
  if (typeof token !== "string" || !isMapping(jwk)) refuse("EvidenceUnreadable");
  const [header, payload, signature, ...more] = token.split(".");
  if (signature === undefined || more.length) refuse("TokenSignatureWrong");
  const [head, value] = await signed(() => [parsed(fromBase64(header)), fromBase64(signature)]);
  const how = algorithms[head.alg];
  const kind = String(head.typ ?? "JWT").toUpperCase();
  if (!how || head.crit !== undefined || (jwk.alg ?? head.alg) !== head.alg || kind !== "JWT") refuse("TokenSignatureWrong");
  const key = await signed(() => importKey(jwk, how));
  const right = await signed(() => crypto.subtle.verify(how, key, value, utf8(`${header}.${payload}`)));
  if (!right) refuse("TokenSignatureWrong");
  const claims = await signed(() => parsed(fromBase64(payload)));
  if (claims.iss !== issuer) refuse("IssuerWrong");
  const named = Array.isArray(claims.aud) ? claims.aud : [claims.aud];
  const ours = typeof audience === "string" && named.length && named.every((each) => each === audience);
  if (!ours || (claims.azp ?? audience) !== audience) refuse("AudienceWrong");
  if (claims.nonce !== nonce) refuse("NonceWrong");
  if (typeof claims.sub !== "string" || !/^[\x20-\x7e]{1,255}$/.test(claims.sub)) refuse("EvidenceUnreadable");
  return claims;
}

const algorithms = {
  Ed25519: { kty: "OKP", crv: "Ed25519", name: "Ed25519" },
  EdDSA: { kty: "OKP", crv: "Ed25519", name: "Ed25519" },
  ES256: elliptic("P-256", 256),
  ES384: elliptic("P-384", 384),
  ES512: elliptic("P-521", 512),
  RS256: rsa("RSASSA-PKCS1-v1_5", 256),
  RS384: rsa("RSASSA-PKCS1-v1_5", 384),
  RS512: rsa("RSASSA-PKCS1-v1_5", 512),
  PS256: rsa("RSA-PSS", 256),
  PS384: rsa("RSA-PSS", 384),
  PS512: rsa("RSA-PSS", 512),
};

function elliptic(namedCurve, bits) {
  return { kty: "EC", crv: namedCurve, name: "ECDSA", namedCurve, hash: `SHA-${bits}` };
}

function rsa(name, bits) {
  return { kty: "RSA", name, hash: `SHA-${bits}`, saltLength: bits / 8 };
}

// Only what makes up the key: what a provider writes beside it ("use", "alg", certificates) decides nothing here.
function importKey(jwk, how) {
  const { kty, crv, x, y, n, e } = jwk;
  if (kty !== how.kty || crv !== how.crv) refuse("TokenSignatureWrong");
  const public_ = { EC: { kty, crv, x, y }, OKP: { kty, crv, x }, RSA: { kty, n, e } }[kty];
  return crypto.subtle.importKey("jwk", public_, how, false, ["verify"]);
}

// ---------- the enrolment on the record ----------

function enrolledAt(body, thumbprint, token) {
  const entry = parsed(body, "EntryWrong");
  const said = [entry.activity_name, entry.status, entry.detail?.thumbprint, entry.detail?.token];
  const wanted = ["device_key.enrol", "done", thumbprint, token];
  if (said.some((value, at) => value !== wanted[at]) || !Number.isFinite(entry.time)) refuse("EntryWrong");
  return entry.time / 1000;
}

// The token was fresh when it went on the record: one that was found later vouches for nothing.
function checkTime({ iat, exp }, at, now) {
  if (at > now + leewaySeconds) refuse("FromTheFuture");
  if (!Number.isFinite(iat) || !Number.isFinite(exp)) refuse("EvidenceUnreadable");
  if (at < iat - leewaySeconds || at >= exp + leewaySeconds) refuse("EnrolledAtAnotherTime");
}

// ---------- reading ----------

function parsed(bytes, otherwise = "EvidenceUnreadable") {
  try {
    const value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
    return isMapping(value) ? value : refuse(otherwise);
  } catch {
    throw new EvidenceRefused(otherwise);
  }
}

async function signed(act) {
  try {
    return await act();
  } catch {
    throw new EvidenceRefused("TokenSignatureWrong");
  }
}

async function unreadable(act) {
  try {
    return await act();
  } catch {
    throw new EvidenceRefused("EvidenceUnreadable");
  }
}
