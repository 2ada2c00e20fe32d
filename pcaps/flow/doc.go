// Package flow follows the flows of a capture: which packets belong together, who
// is the client, what the two sides of a TCP connection said, in order.
//
// In come segments and datagrams (a Table is a packet.Handler), out go to a Reader
// per flow the bytes of each side as the receiver saw them, the places where bytes
// are missing, and how each side ended it. TCP streams are told apart as Wireshark
// numbers them: by their ends, and a new one begins with a SYN of another sequence
// number.
//
// The one thing to know: bytes out of order wait for the hole before them to be
// filled, but not for ever. A hole is given up when the receiver acknowledged it
// and it did not come for a while, when too much waits behind it, and at the end.
package flow
