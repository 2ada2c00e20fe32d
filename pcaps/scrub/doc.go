// Package scrub makes a capture fit to be shared.
//
// In comes a capture, out comes one of the same shape in which names, users and
// addresses are others (the same one always the same other one), certificates have
// other names, keys, serial numbers and signatures of the same lengths, and what was
// encrypted or is of no known protocol is replaced by bytes that mean nothing. Keys,
// comments and names that the file held are left out.
//
// The one thing to know: every replacement is as long as what it replaces. So all
// lengths, sequence numbers and record boundaries stay, and what pcap diagnose says
// of the capture does too. What is only visible with keys is gone.
package scrub
