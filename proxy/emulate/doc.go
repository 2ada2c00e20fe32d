// Package emulate makes the certificates that an interceptor shows in place of
// the origins' own, and answers for them: their CRLs and their OCSP answers.
//
// An Authority issues certificates, keeps a ledger of what it issued and revoked,
// and signs CRL and OCSP answers about them; with an Answer it gives a named wrong
// one instead. A Responder serves those answers over HTTP. A Forge takes an
// origin's certificate and gives an emulated one, from its cache where it can.
//
// The one thing to know: verifiers compare dates. A certificate minted this minute
// is dated back by an hour, and an answer about it by minutes, but never to before
// the certificate; otherwise a verifier that took its time before it fetched calls
// the answer not yet valid, or older than the certificate, and refuses.
package emulate
