// Package signature says what a capture came to, in a form that another capture of
// the same failure shares.
//
// In comes what package story reads of a capture, out comes a Signature: for each
// client and each thing that it wanted, whether it was reached, what certificate was
// shown, how TLS and the connection ended, what was answered inside. Addresses,
// ports, times, counts and keys do not enter, nor does what is sent again. Two
// signatures are compared field by field.
package signature
