// Package foreign puts an interceptor made elsewhere in the place of the reference
// interceptor: squid, mitmproxy, an appliance in a laboratory.
//
// In goes where it listens and whose certificates it emulates; out comes, for each
// scenario, a Place: a world of real sockets in which clients reach the servers
// through that interceptor and through nothing else. The interceptor is a program of
// its own, set up by somebody else, so it is taken as it is. What has to be arranged
// with it is how it gets to the simulated servers, and there are two ways.
//
// The Exit is an HTTP proxy that leads into the world. An interceptor that can be
// told of a proxy above it needs nothing else: no names, no addresses, no low ports.
// Plain places have the servers at loopback addresses of their own, at the ports that
// they really have, and a DNS server that knows them, for an interceptor that goes to
// servers by itself.
package foreign
