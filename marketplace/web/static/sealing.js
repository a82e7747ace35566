// Sealing in the browser, all of it; the work page, which is to be small, takes what it needs from the modules below.
// The format is described in docs/sealing.md, the names are those of security/sealing; WebCrypto does the work. Nothing
// here logs, stores or shows anything.
//
// A header is a plain object with the members of docs/sealing.md; bytes are Uint8Arrays; everything that needs
// WebCrypto is a promise; whatever does not open throws a SealingError, whose `code` says why.

export { fromBase64, toBase64 } from "asset:sealing-bytes.js";
export { newCampaignKey, openCampaignKey } from "asset:sealing-campaign.js";
export { canonical } from "asset:sealing-canonical.js";
export { seal, sealStream, unseal, unsealStream } from "asset:sealing-envelope.js";
export { SealingError } from "asset:sealing-errors.js";
export { headerBytes, headerHash, readHeader } from "asset:sealing-header.js";
export { deviceThumbprint, enrolmentNonce, isThumbprint, thumbprint } from "asset:sealing-keys.js";
export { wrapRecovery } from "asset:sealing-recovery.js";
export { sign, signDigest, verify, verifyDigest } from "asset:sealing-signatures.js";
export { unwrap, wrap } from "asset:sealing-slots.js";
