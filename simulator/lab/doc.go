// Package lab opens the Skype for Business estate to programs made elsewhere: on
// real sockets at loopback addresses, with a DNS server that knows its names.
//
// In goes how the ports are chosen; out comes a running Lab that says where every
// server is, who may sign in, and which root to trust. The one thing to know: all
// addresses are what they seem, in the estate's documents as on the wire, so that a
// foreign client needs nothing but the root and either the DNS server or the list.
//
// Revocation pointers lead to an address, not to a name: whoever checks a
// certificate asks the system's resolver, which does not know the estate.
package lab
