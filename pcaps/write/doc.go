// Package write makes capture files of rehearsals.
//
// In comes what a world's tape recorded, the TLS secrets, and notes of what was
// going on; out goes pcapng that Wireshark opens decrypted: Ethernet frames with the
// TCP that carried the bytes (handshake, sequence numbers, acknowledgements,
// retransmissions, FIN and RST), DNS, ICMP, names, and comments at the packets they
// are about.
//
// The one thing to know: each conversation is recorded where a sniffer beside the
// host that began it would have stood, and each such host is an interface of the
// file. What was lost on its way to that host is not in the capture, what was lost
// on its way from there is. All times are the rehearsal's own clock. Random numbers
// and signatures of TLS differ from run to run, and so do the bytes of two captures
// of one scenario; what they tell does not.
package write
