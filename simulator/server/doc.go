// Package server has the servers of a rehearsal: a Skype for Business estate and
// sites that speak other protocols.
//
// Start makes the estate on hosts of a world: the access edge with the front end
// behind it (SIP over TLS), the web services (discovery and meeting pages), the
// A/V edge (MS-TURN on TCP and UDP), a TURN server of the RFC's kind inside TLS,
// the A/V conferencing server, and the public PKI's status host. StartSite makes
// one site that speaks one protocol. All speak the real protocols, so that a
// program made elsewhere can be the client.
//
// Every server records what it saw in the journal. The actor is the server's
// host name, the flow the remote address as the server sees it: behind an
// interceptor that is the interceptor's own leg.
//
// What can be made to fail is in one table, Faults; Estate.Impose puts a fault on.
package server
