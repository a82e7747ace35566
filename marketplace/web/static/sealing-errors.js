// Why something sealed stays closed. The names are those of security/sealing/errors.py; docs/sealing.md says when each
// is given. None of them carries content or keys.

export class SealingError extends Error {
  constructor(code) {
    super(code);
    this.name = "SealingError";
    this.code = code;
  }
}

export function refuse(code) {
  throw new SealingError(code);
}

// What `act` gives; whatever it throws becomes a refusal by this name. For steps where WebCrypto's own words
// ("OperationError") would say less than we know.
export async function orRefuse(code, act) {
  try {
    return await act();
  } catch {
    throw new SealingError(code);
  }
}
