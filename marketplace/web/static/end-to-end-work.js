// The work page of a campaign that is sealed end to end: nothing that the server merely names is trusted. That a device
// of the owner's agency sealed the item, and to which key the answer goes, is shown before anything is opened; and so is
// whose devices a draft is sealed to.

import { checkEvidence } from "asset:key-trust.js";
import { checkEndToEndBy } from "asset:sealed-checks.js";
import { checkSignature } from "asset:sealed-parts.js";

checkEndToEndBy(async ({ item, answer, draft, evidence }, device) => {
  const sealer = await checkEvidence(evidence[item.signer], item.signer);
  await checkSignature(item, sealer.signingKey, answer.key_id);
  return shownToBeMine(draft.devices, evidence, device);
});

// Those of the devices that are shown to be of the person whose this one is; the others are left out.
async function shownToBeMine(devices, evidence, { thumbprint }) {
  const own = evidence[thumbprint];
  const here = await checkEvidence(own, thumbprint, [own?.issuer]);
  const one = (each) => checkEvidence(evidence[each.thumbprint], each.thumbprint, [here.issuer]).catch(() => null);
  const vouched = await Promise.all(devices.map(one));
  const mine = vouched.filter((each) => each?.subject === here.subject);
  return mine.map((each) => ({ thumbprint: each.thumbprint, public_key: each.encryptionKey }));
}
