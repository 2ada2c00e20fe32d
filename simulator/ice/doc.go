// Package ice has what the two ends of a Skype for Business call say to find a
// path for media: candidates, as lines of SDP, and connectivity checks, as STUN
// messages: in the dialect of [MS-ICE2] (RFC 8445) and in the older one of [MS-ICE]
// (draft 6).
//
// Values and bytes only; who sends what when is the caller's affair. What is
// particular about Microsoft's dialect is the message integrity of its checks,
// see Check.
package ice
