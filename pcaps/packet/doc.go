// Package packet takes recorded packets apart down to TCP segments and UDP
// datagrams.
//
// In comes a packet of any link type that package capture names, out come to a
// Handler the segments and datagrams in it, those inside tunnels after their
// carriers, those of fragmented datagrams when the last fragment has come.
//
// The layers are gopacket's where those stand hostile bytes; its decoders of GRE,
// GTP, GENEVE and IPv6 extensions index past the end of short ones, so these are
// read here. A packet that is damaged gives what stands before the damage.
package packet
