package diagnose

const publish = "Publish CRLs and OCSP answers that are in force and signed by the authority that issues the emulated certificates"

// causes is the table of causes.
var causes = [...]Cause{
	{
		ID: NoPointers, Title: "the certificate has no revocation pointers, and the client enforces revocation", Code: "CRYPT_E_NO_REVOCATION_CHECK",
		Means:    "The certificate that the client gets names neither a CRL nor an OCSP responder, as the certificates that an interceptor before SGOS 6.5.10.1 emulates do. A client that enforces revocation has nothing to ask and hangs up, by an alert in the handshake or a bare FIN or RST right after it. Browsers go on working.",
		Remedies: []string{"Upgrade the appliance to 6.5.10.1 or later and give emulated certificates pointers", "On 6.5.6.1 and later, bypass by name: url.host.substring=lync.com ssl.forward_proxy(no)"},
		Source:   "KB 169283; [wincrypt] 0x80092012",
	},
	{
		ID: ResponderUnreachable, Title: "the CRL or OCSP responder that the certificate points to cannot be reached", Code: "CRYPT_E_REVOCATION_OFFLINE",
		Means:    "The client asks for the certificate's status where its pointers say, and gets nowhere: the name is not known, the connection is not made, or the answer is an HTTP error. A client that enforces revocation then gives up.",
		Remedies: []string{"Let clients resolve and reach the host of the pointers over plain HTTP, without proxy authentication and interception", "See what the pointers of the emulated certificates say, and that this host is up"},
		Source:   "[wincrypt] 0x80092013; RFC 5280 4.2.1.13, 4.2.2.1",
	},
	{
		ID: ResponderSlow, Title: "the CRL or OCSP responder does not answer in time", Code: "CRYPT_E_REVOCATION_OFFLINE",
		Means:    "The client asks for the certificate's status and waits. Windows waits 15 seconds for a URL, and for all of them together 20 where the time is accumulated; then the status counts as unknown, and a client that enforces revocation gives up.",
		Remedies: []string{"See why the host of the pointers does not answer: a firewall that drops, a proxy that holds the request", "Put a pointer first that answers"},
		Source:   "[wincrypt] CertGetCertificateChain, CERT_CHAIN_REVOCATION_ACCUMULATIVE_TIMEOUT",
	},
	{
		ID: ResponderForbidden, Title: "a proxy or server forbids the fetch of the certificate's status", Code: "CRYPT_E_REVOCATION_OFFLINE",
		Means:    "The fetch of the CRL or OCSP answer is itself answered with 401, 403 or 407: the policy denies it or wants credentials, which a revocation check does not have.",
		Remedies: []string{"Allow the host of the pointers without authentication, above the rules that deny or authenticate"},
		Source:   "KB 169283; RFC 9110 15.5",
	},
	{
		ID: Stale, Title: "the CRL or OCSP answer is out of date", Code: "CRYPT_E_REVOCATION_OFFLINE",
		Means:    "The answer came, but its next update had passed by the capture's clock. Clients treat it as none.",
		Remedies: []string{publish, "Compare the clocks of the client and of the host that signs"},
		Source:   "RFC 5280 5.1.2.5, RFC 6960 4.2.2.1",
	},
	{
		ID: StatusUnusable, Title: "the answer about the certificate's status is of no use", Code: "CRYPT_E_REVOCATION_OFFLINE",
		Means:    "What came back is no CRL or OCSP answer, is broken, is not for this certificate, or says tryLater, unauthorized or unknown.",
		Remedies: []string{publish},
		Source:   "RFC 6960 2.3, 4.2.1",
	},
	{
		ID: Revoked, Title: "the certificate is revoked", Code: "CRYPT_E_REVOKED",
		Means:    "A CRL or OCSP answer says that the certificate is revoked, or the client says so in its alert.",
		Remedies: []string{"If it is an emulated certificate, or its issuer: see why it was revoked, and issue it anew", "If it is the origin's: nothing on the appliance mends that"},
		Source:   "[wincrypt] 0x80092010; RFC 8446 6.2",
	},
	{
		ID: UntrustedRoot, Title: "the client does not trust the certificate's issuer", Code: "CERT_E_UNTRUSTEDROOT",
		Means:    "The client gives up on the chain before it comes to check revocation: its root is not installed there, or an intermediate is missing. It says unknown_ca, or just hangs up.",
		Remedies: []string{"Install the interceptor's root certificate on the client", "Have the server send its intermediates"},
		Source:   "[wincrypt] 0x800B0109, 0x800B010A; RFC 8446 6.2",
	},
	{
		ID: NameMismatch, Title: "the certificate is for another name", Code: "CERT_E_CN_NO_MATCH",
		Means:    "The certificate does not name the host that the client asked for in its hello.",
		Remedies: []string{"Emulated certificates must keep the origin's names; see what the origin itself presents"},
		Source:   "[wincrypt] 0x800B010F; RFC 6125 6.4",
	},
	{
		ID: Expired, Title: "the certificate is outside its validity", Code: "CERT_E_EXPIRED",
		Means:    "By the capture's clock the certificate has expired or is not valid yet, or the client says so in its alert.",
		Remedies: []string{"Check the clocks, then renew the certificate, or its origin's"},
		Source:   "[wincrypt] 0x800B0101; RFC 8446 6.2",
	},
	{
		ID: Refused, Title: "the client refuses the server's certificate; why cannot be told",
		Means:    "The client hangs up where it has just seen the server's certificate, and what it did not like is not in the capture: the certificate is encrypted, or nothing is visibly wrong with it.",
		Remedies: []string{"Record again with keys, or see the client's own log: CAPI2 events, UccApi log"},
		Source:   "[schannel]: validation after the handshake",
	},
	{
		ID: SIPTakenForHTTP, Title: "SIP was decrypted and taken for HTTP", Code: "http_400",
		Means:    "An interceptor decrypts the SIP connection, expects HTTP in it, and answers the REGISTER with an HTTP error. The client's user reads that the server is unavailable.",
		Remedies: []string{"On 6.5.10.1 and later: detect protocols, ssl.forward_proxy(yes), and Detect Protocol on for the service", "Below that: do not intercept the SIP host"},
		Source:   "KB 169283",
	},
	{
		ID: PseudoTLSRefused, Title: "MS-TURN's pseudo-TLS was taken for TLS", Code: "alert_handshake_failure",
		Means:    "An interceptor takes the hello of MS-TURN for TLS. There is no common cipher suite, so it answers with the seven bytes 15 03 01 00 02 02 28 and closes, and calls and meetings have no relay. Sign-in works.",
		Remedies: []string{"Detect MS-TURN: 6.5.10.1 or later with Detect Protocol on for the service", "Below that: exempt the edge's addresses; the hello has no SNI, so no rule by name can match it"},
		Source:   "KB 169284; [MS-TURN] 2.1",
	},
	{
		ID: PolicyDenied, Title: "a policy denies it", Code: "policy_denied",
		Means:    "A proxy refuses the CONNECT or request with an error page, or resets the connection where no page can be shown.",
		Remedies: []string{"Find the rule: rehearse policy trace shows which one decides", "DENY client.protocol=!ssl tunneled=yes hits every tunnel without detection: exempt hosts above it"},
		Source:   "KB 169283, KB 166602, KB 173494",
	},
	{
		ID: ProxyAuthentication, Title: "the proxy wants credentials and the client has none", Code: "http_407",
		Means:    "The proxy answers with 407 and the client does not come back with credentials that are accepted.",
		Remedies: []string{"Exempt the service's hosts from proxy authentication"},
		Source:   "RFC 9110 15.5.8",
	},
	{
		ID: NotHTTP, Title: "the interceptor expected HTTP and got something else", Code: "invalid_request",
		Means:    "The interceptor's page says that the request is none, or of a protocol that it does not know.",
		Remedies: []string{"Use ssl.forward_proxy(yes), so that other protocols are detected or tunnelled"},
		Source:   "KB 168234",
	},
	{
		ID: NotTLS, Title: "TLS is answered in plain HTTP", Code: "not_tls",
		Means:    "The answer to the client's hello is an HTTP message in clear: a proxy's error page, or a server that speaks no TLS on this port.",
		Remedies: []string{"See the status and page of the answer", "Check the port, and what the service in front of it expects"},
		Source:   "RFC 9110 15",
	},
	{
		ID: OriginRefused, Title: "the interceptor could not use the origin",
		Means:    "The interceptor's error says that it could not connect to the origin, or did not accept its certificate.",
		Remedies: []string{"See the origin's certificate and its revocation status as the interceptor sees them", "Record between the interceptor and the origin as well"},
		Source:   "KB 169432, KB 168234",
	},
	{
		ID: TLSRefused, Title: "the server's side refuses the TLS handshake",
		Means:    "A fatal alert comes from the server's side: no common version or cipher suite, a client certificate that is missing or not accepted, or a name that it does not serve.",
		Remedies: []string{"Compare what the client offers with what the server, or the interceptor in front of it, accepts"},
		Source:   "RFC 8446 6.2",
	},
	{
		ID: ClosedUnanswered, Title: "the other end closes without an answer", Code: "closed",
		Means:    "The client said something and the other end closed the connection without a word. Interceptors do so where policy denies what is inside of TLS; servers do so when they fail.",
		Remedies: []string{"Look for a rule that denies tunnels or unknown protocols", "Record between the interceptor and the origin as well: it says who closed first"},
		Source:   "KB 169283",
	},
	{
		ID: NoAnswer, Title: "nobody answers on an open connection", Code: "timeout",
		Means:    "The connection is made, the client says its hello, and nothing comes back until it gives up.",
		Remedies: []string{"Look for a middlebox that waits for the server to speak first, or an origin that is down behind it"},
		Source:   "RFC 8446 4",
	},
	{
		ID: DNSFailure, Title: "a name cannot be resolved", Code: "nxdomain",
		Means:    "The look-up of the name fails or is not answered, and no other gives an address for it. For sign-in this is so only if none of the names of discovery is known.",
		Remedies: []string{"Add the record, or see which server the client asks"},
		Source:   "RFC 1035; [MS-DOC] lyncdiscover",
	},
	{
		ID: Unreachable, Title: "the server cannot be reached", Code: "connection_refused",
		Means:    "The connection is refused, or its SYN is not answered.",
		Remedies: []string{"See routes, firewalls and whether the service runs"},
		Source:   "RFC 9293 3.5",
	},
	{
		ID: SIPFailed, Title: "the SIP server refuses or fails",
		Means:    "The final answer to a SIP request is an error; ms-diagnostics, where there is one, says which component and why.",
		Remedies: []string{"Look ms-diagnostics up in [MS-OCER]: 1010 and 504 are trust between servers, 1008 an SRV record"},
		Source:   "[MS-OCER]; RFC 3261 21",
	},
	{
		ID: SignInRefused, Title: "the user's sign-in is refused",
		Means:    "The server goes on challenging, or forbids, what the client presents: a wrong password, a disabled user, a method that is not common.",
		Remedies: []string{"See the user's account, and which authentication server and client have in common"},
		Source:   "[MS-SIPAE]; RFC 3261 22",
	},
	{
		ID: NoRelay, Title: "the media relay gives no allocation", Code: "no_relay",
		Means:    "A client asks the relay for an allocation and is refused or gets no answer. Calls across the edge have no audio.",
		Remedies: []string{"See the error's code: 401 and 431 are credentials, 486 a quota", "Let the relay's ports through: UDP 3478 to 3481, TCP 443"},
		Source:   "[MS-TURN] 2.2.2.9; RFC 8656 7",
	},
	{
		ID: RelayClosed, Title: "the relay's connection is closed from the other side",
		Means:    "The connection to the media relay ends while the client would have gone on: the relay, or what stands before it, cuts it.",
		Remedies: []string{"Look for idle time limits of tunnels on the way", "Record at the relay as well: it says who closed first"},
		Source:   "[MS-TURN] 3.1",
	},
	{
		ID: OneWay, Title: "media flows in one direction only", Code: "media_lost",
		Means:    "Audio or video is sent and nothing comes back, or the other way round.",
		Remedies: []string{"Record on both sides of the relay: it shows where the other direction ends", "See whether the firewall lets the answers of UDP through"},
		Source:   "RFC 3550; RFC 8445",
	},
}
