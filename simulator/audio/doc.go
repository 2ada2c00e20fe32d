// Package audio has what the two ends of a call know about its sound: packets of
// it, how well they arrive, and the reports in which each side tells the other (RFC
// 3550, RTP and RTCP, with the audio profile of RFC 3551).
//
// Values and bytes only; protection is srtp's affair, the way ice's. The one thing
// to know: loss is counted from sequence numbers, so each direction has to have
// numbers of its own; a Source gives them.
package audio
