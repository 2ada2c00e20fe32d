// Package decrypt opens TLS records with the secrets of a key log.
//
// In come the text of SSLKEYLOGFILE and what the two hellos say, out comes for each
// side a Half that opens its records one after the other: TLS 1.0 to 1.2 with AES
// in CBC or GCM mode and ChaCha20-Poly1305, and TLS 1.3.
//
// A Half counts records, so it has to be shown every encrypted record of its side
// from the first on; behind a loss nothing more of TLS can be opened.
package decrypt
