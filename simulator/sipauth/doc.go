// Package sipauth authenticates and signs SIP messages as Skype for Business
// does: the SIP Authentication Extensions, [MS-SIPAE], with NTLM.
//
// A server answers a request without credentials with a challenge; two more
// rounds set up a security context; from then on every message carries a
// signature over the same list of its fields (Fields), made with that context.
// Server and Client are the two ends. Both take and give header values and
// Fields: they do no I/O, and clock and randomness are handed to them.
//
//	client                              server
//	REGISTER                       ->
//	                               <-   401 WWW-Authenticate: Server.Challenge
//	REGISTER Authorization:        ->   Server.Authorize: Continue
//	  Client.Authorize, gssapi ""
//	                               <-   401 with CHALLENGE in gssapi-data
//	REGISTER with AUTHENTICATE,    ->   Server.Authorize: Accepted
//	  already signed (version 4)
//	                               <-   200 Authentication-Info: Server.Sign
//	any request, signed            ->   Server.Authorize: Accepted
//
// NTLM here is the connectionless NTLMv2 of [MS-NLMP] with extended session
// security and key exchange; the signature's sequence number is always 100.
package sipauth
