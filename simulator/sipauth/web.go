package sipauth

import (
	"crypto/hmac"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
)

// webFlags are those of NTLM over HTTP: it authenticates a connection and signs
// nothing.
const webFlags = flagUnicode | flagNTLM | flagAlwaysSign | flagExtended | flagTargetInfo | flagRequestTarget | flagVersion |
	flag128 | flag56 | flagKeyExchange | flagSign

// WebServer is the server's end of NTLM over HTTP, [MS-NTHT], for one connection. It
// is not safe for concurrent use.
//
//	client                              server
//	GET                            ->
//	                               <-   401 WWW-Authenticate: NTLM
//	GET Authorization: NTLM T1     ->
//	                               <-   401 WWW-Authenticate: NTLM T2
//	GET Authorization: NTLM T3     ->
//	                               <-   200, and all that follows on the connection
type WebServer struct {
	cfg             ServerConfig
	negotiate, sent []byte
	nonce           [8]byte
	user, domain    string
	ready           bool
}

// NewWebServer returns the end of a connection that has not been authenticated.
func NewWebServer(cfg ServerConfig) *WebServer { return &WebServer{cfg: cfg.complete()} }

// Account is the user and domain that the client named, once accepted.
func (s *WebServer) Account() (user, domain string) { return s.user, s.domain }

// Authorize judges a request by its Authorization value, "" when it has none. Unless
// it is Accepted, answer 401 with WWW-Authenticate: challenge.
func (s *WebServer) Authorize(header string) (v Verdict, challenge string, err error) {
	if header == "" && s.ready {
		return Accepted, "", nil
	}
	token, err := webToken(header)
	switch {
	case err != nil:
		return Refused, NTLM, err
	case len(token) == 0:
		*s = WebServer{cfg: s.cfg}
		return Challenged, NTLM, nil
	case s.sent == nil:
		return s.begin(token)
	}
	if err := s.finish(token); err != nil {
		*s = WebServer{cfg: s.cfg}
		return Refused, NTLM, err
	}
	s.ready, s.sent = true, nil
	return Accepted, "", nil
}

// begin answers a NEGOTIATE.
func (s *WebServer) begin(token []byte) (Verdict, string, error) {
	if _, err := parseNegotiate(token); err != nil {
		return Refused, NTLM, err
	}
	if _, err := io.ReadFull(s.cfg.Rand, s.nonce[:]); err != nil {
		return Refused, NTLM, err
	}
	s.ready, s.negotiate = false, token
	s.sent = s.cfg.challenge(webFlags, s.nonce)
	return Challenged, NTLM + " " + base64.StdEncoding.EncodeToString(s.sent), nil
}

func (s *WebServer) finish(token []byte) error {
	a, err := parseAuthenticate(token)
	if err != nil {
		return err
	}
	key, err := s.cfg.prove(a, s.nonce)
	if err != nil {
		return err
	}
	if a.flags&flagKeyExchange != 0 && len(a.sessionKey) == 16 {
		key = rc4Once(key, a.sessionKey)
	}
	if a.hasMIC() {
		if got, want := mic(key, s.negotiate, s.sent, token); !hmac.Equal(got, want) {
			return fmt.Errorf("NTLM AUTHENTICATE: integrity code: %w", ErrSignature)
		}
	}
	s.user, s.domain = a.user, a.domain
	return nil
}

// webToken is what follows the scheme.
func webToken(header string) ([]byte, error) {
	scheme, token, _ := strings.Cut(strings.TrimSpace(header), " ")
	if scheme != "" && !strings.EqualFold(scheme, NTLM) {
		return nil, fmt.Errorf("authorization: got scheme %q, want %s", scheme, NTLM)
	}
	b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(token))
	if err != nil {
		return nil, fmt.Errorf("authorization: %w", err)
	}
	return b, nil
}

// WebNegotiate is the Authorization value of a client's first attempt.
func WebNegotiate() string {
	return NTLM + " " + base64.StdEncoding.EncodeToString(negotiate(webFlags))
}

// WebAnswer is the Authorization value that answers the WWW-Authenticate value with
// the CHALLENGE. It fails where the server sent none: then the first attempt, or the
// password, was refused.
func WebAnswer(header string, cfg ClientConfig) (string, error) {
	token, err := webToken(header)
	if err != nil {
		return "", err
	}
	if len(token) == 0 {
		return "", ErrPassword
	}
	ch, err := parseChallenge(token)
	if err != nil {
		return "", err
	}
	c := NewClient(cfg)
	a, _, err := c.respond(ch, ch.flags&webFlags)
	if err != nil {
		return "", err
	}
	return NTLM + " " + base64.StdEncoding.EncodeToString(a), nil
}
