// By whom a page checks the evidence of devices: the record's key, its witnesses and the sign-in services that came with
// the page (parts/key_trust.html). What the marketplace says later changes nothing about them.

import { checkDevice, EvidenceRefused, trusted } from "asset:key-evidence.js";
import { refuse } from "asset:key-record.js";

const place = document.querySelector("[data-key-trust]");

// The agencies whose sign-in services count here, by issuer.
export const agencies = new Map(all("issuer").map((each) => [each.dataset.issuer, each.textContent]));

let known = null;

// The keys of the record and of its witnesses. Throws TypeError where the page came without.
export async function trust() {
  known ??= await trusted(place?.dataset.log ?? "", all("witness").map((each) => each.dataset.witness));
  return known;
}

// The device of this thumbprint, where the evidence vouches for it, as `checkDevice` gives it. Throws EvidenceRefused,
// with the `sentence` for it.
export async function checkEvidence(evidence, thumbprint, issuers = [...agencies.keys()]) {
  try {
    const vouched = await checkDevice(evidence, await trust(), issuers, Math.floor(Date.now() / 1000));
    if (vouched.thumbprint !== thumbprint) refuse("ThumbprintWrong");
    return vouched;
  } catch (error) {
    throw error instanceof EvidenceRefused ? Object.assign(error, { sentence: reason(error.code) }) : error;
  }
}

// The sentence for what does not hold.
export function reason(code) {
  return all("reason").find((each) => each.dataset.reason === code)?.textContent ?? code;
}

function all(name) {
  return [...(place?.querySelectorAll(`[data-${name}]`) ?? [])];
}
