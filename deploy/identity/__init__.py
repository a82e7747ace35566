"""The development identity providers: one per demo agency, run by npm's `oidc-provider` in one Node process."""
