// Which of the devices that the server calls one's own are shown to be of the person whose this one is: confirmed for the
// same name at the same sign-in service, on the witnessed record. What is sealed "for my devices" is sealed to these.

import { checkEvidence } from "asset:key-trust.js";

// Those of the `devices` ({thumbprint, …}), each as `checkEvidence` gives it; the others are left out. `evidence`: by
// thumbprint; `issuers`: the sign-in services that count for this device, by default those that came with the page.
// Throws EvidenceRefused where nothing shows whose this device is.
export async function shownToBeMine(devices, evidence, { thumbprint }, issuers = undefined) {
  const here = await checkEvidence(evidence[thumbprint], thumbprint, issuers);
  const one = (each) => checkEvidence(evidence[each.thumbprint], each.thumbprint, [here.issuer]).catch(() => null);
  const vouched = await Promise.all(devices.map(one));
  return vouched.filter((each) => each?.subject === here.subject);
}
