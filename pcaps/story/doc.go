// Package story reads what a capture tells: which flows there are, what protocols
// they speak, and how each of them went.
//
// In comes a capture, out comes a Summary: counts, one line a flow, and for TLS,
// HTTP, OCSP, CRL, SIP, STUN, TURN, MS-TURN and DNS what was seen of each. The
// protocols are told by their bytes, on whatever port, from either side, and also
// inside a tunnel that an HTTP proxy opened; ports only break a tie.
//
// A capture is full of holes: it begins in the middle of conversations, lacks a
// side, loses packets. A reader here never trusts that a message is whole or that
// the one before it was seen, and finds its way again at the start of a segment.
package story
