package client

import (
	"strings"

	"rehearse/proxy/revocation"
)

// The codes of outcomes that are not certificate codes (revocation.Codes),
// exception ids of the interceptor, or of the families of Families.
const (
	codeTimeout      = "timeout"
	codeClosed       = "closed"
	codeReset        = "reset"
	codeRefused      = "connection_refused"
	codeUnreachable  = "unreachable"
	codeNoName       = "nxdomain"
	codeDNSTimeout   = "dns_timeout"
	codeNoTLS        = "not_tls"
	codeProtocol     = "protocol_error"
	codeAddress      = "bad_address"
	codeNoServer     = "no_server"
	codeNotSignedIn  = "not_signed_in"
	codeNotInMeeting = "not_in_meeting"
	codeNoMeeting    = "no_meeting"
	codeSignature    = "bad_signature"
	codeUnsigned     = "unsigned"
	codeScheme       = "no_common_scheme"
	codeNoRelay      = "no_relay"
	codeNoMedia      = "no_media"
	codeLost         = "media_lost"
	codeOneWay       = "media_one_way"
)

// Code is a code of an outcome and what it says, as the end of a sentence for a
// person. The words are this project's, not the vendor's.
type Code struct{ Code, Words string }

// Codes lists the codes of outcomes that are made here. Certificate codes are in
// revocation.Codes.
var Codes = []Code{
	{codeTimeout, "no answer in time"},
	{codeClosed, "the other end hung up"},
	{codeReset, "the connection was reset"},
	{codeRefused, "nobody listens there"},
	{codeUnreachable, "the network leads nowhere"},
	{codeNoName, "the name is not known"},
	{codeDNSTimeout, "no answer to the look-up of the name"},
	{codeNoTLS, "the answer is not TLS"},
	{codeProtocol, "the answer is not what the protocol allows"},
	{codeAddress, "the address cannot be read"},
	{codeNoServer, "no server was found for the sign-in address"},
	{codeNotSignedIn, "this client is not signed in"},
	{codeNotInMeeting, "this client is in no meeting"},
	{codeNoMeeting, "the address leads to no meeting"},
	{codeSignature, "the server's signature is wrong"},
	{codeUnsigned, "the server's answer is not signed"},
	{codeScheme, "the server offers no authentication that this client has"},
	{codeNoRelay, "the server names no media relay"},
	{codeNoMedia, "the meeting's audio cannot be reached"},
	{codeLost, "audio was sent, too little came back"},
	{codeOneWay, "the meeting can be heard, but does not hear this client"},
}

// Family is a family of codes: what follows the prefix is a name or number of a
// protocol.
type Family struct{ Prefix, Words string }

// Families lists the families of codes.
var Families = []Family{
	{"alert_", "the other end broke off the TLS handshake with alert "},
	{"http_", "the answer was HTTP status "},
	{"sip_", "the server answered SIP status "},
	{"msturn_", "the media relay answered error "},
	{"turn_", "the TURN server answered error "},
}

// reason is a code as the end of a sentence. Codes that are known nowhere are
// exception ids.
func reason(code string) string {
	for _, c := range Codes {
		if c.Code == code {
			return c.Words
		}
	}
	for _, c := range revocation.Codes {
		if c.Symbol == code {
			return c.Doc
		}
	}
	for _, f := range Families {
		if rest, ok := strings.CutPrefix(code, f.Prefix); ok {
			return f.Words + rest
		}
	}
	return "the proxy answered " + code
}
