// Where a provider keeps sessions, codes and grants: in memory, each issuer its own, gone when the process ends.
// The shape is oidc-provider's adapter interface; one instance per kind of record.

export class Memory {
  #records = new Map();
  #byUid = new Map();
  #byGrant = new Map();

  async upsert(id, payload, seconds) {
    this.#forgetExpired();
    this.#records.set(id, { payload, until: Date.now() + seconds * 1000 });
    if (payload.uid) this.#byUid.set(payload.uid, id);
    if (payload.grantId) {
      this.#byGrant.set(payload.grantId, [...(this.#byGrant.get(payload.grantId) ?? []), id]);
    }
  }

  async find(id) {
    const record = this.#records.get(id);
    return record && record.until > Date.now() ? record.payload : undefined;
  }

  async findByUid(uid) {
    return this.find(this.#byUid.get(uid));
  }

  async findByUserCode() {
    return undefined;
  }

  async consume(id) {
    const payload = await this.find(id);
    if (payload) payload.consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id) {
    this.#forget(id);
  }

  async revokeByGrantId(grantId) {
    for (const id of this.#byGrant.get(grantId) ?? []) this.#forget(id);
    this.#byGrant.delete(grantId);
  }

  #forgetExpired() {
    const now = Date.now();
    for (const [id, { until }] of this.#records) if (until <= now) this.#forget(id);
  }

  #forget(id) {
    const uid = this.#records.get(id)?.payload.uid;
    if (uid) this.#byUid.delete(uid);
    this.#records.delete(id);
  }
}
