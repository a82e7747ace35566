// The work page of a campaign that is sealed end to end: nothing that the server merely names is trusted. That a device
// of the owner's agency sealed the item, and to which key the answer goes, is shown before anything is opened; and so is
// whose devices a draft is sealed to.

import { checkEvidence } from "asset:key-trust.js";
import { shownToBeMine } from "asset:own-devices.js";
import { checkEndToEndBy } from "asset:sealed-checks.js";
import { checkSignature } from "asset:sealed-parts.js";

// The sign-in services that confirm the devices of whoever works here.
const ownIssuers = document.querySelector("[data-sealed-work]").dataset.issuers.split(" ");

checkEndToEndBy(async ({ item, answer, draft, evidence }, device) => {
  const sealer = await checkEvidence(evidence[item.signer], item.signer);
  await checkSignature(item, sealer.signingKey, answer.key_id);
  const mine = await shownToBeMine(draft.devices, evidence, device, ownIssuers);
  return mine.map(({ thumbprint, encryptionKey }) => ({ thumbprint, public_key: encryptionKey }));
});
