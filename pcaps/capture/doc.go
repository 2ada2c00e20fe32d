// Package capture reads packets out of capture files.
//
// In comes a stream of bytes: pcap in its variants or pcapng, perhaps gzipped. Out
// come the packets, one Next at a time, and what the file says besides: interfaces,
// comments, names of addresses, TLS secrets. A file that is cut short or damaged
// gives the packets before the damage and then a *Damage that says where it is.
//
// The one thing to know: a Packet lies in the reader and holds until the next call
// of Next. Memory is bounded by the longest block that is allowed,
// 16 MiB, and by the limits on what is kept (Names, Secrets, Interfaces).
package capture
