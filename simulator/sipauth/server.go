package sipauth

import (
	"cmp"
	"crypto/hmac"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Realm is the realm of every Skype for Business server, [MS-SIPAE] 2.2.
const Realm = "SIP Communications Service"

// ErrPassword says that an AUTHENTICATE was not made with the account's
// password, or that there is no such account.
var ErrPassword = errors.New("user name or password is wrong")

// maxSkew is how far the time in an NTLMv2 response may be off, [MS-NLMP]
// 3.1.1.1 MaxLifetime.
const maxSkew = 36 * time.Hour

// ServerConfig is what a server authenticates its clients with.
type ServerConfig struct {
	Target    string // its own FQDN: targetname
	Version   int    // 3 or 4; 0 is 4
	Domain    string // NetBIOS domain, "CONTOSO"
	DNSDomain string // "contoso.test"
	// Password looks up an account as the client named it.
	Password func(user, domain string) (string, bool)
	DSK      *DSKConfig       // nil: TLS-DSK is not offered
	Now      func() time.Time // nil is time.Now
	Rand     io.Reader        // nil is crypto/rand
}

// Verdict is what a server makes of a request's credentials.
type Verdict int

// The verdicts.
const (
	// Challenged: answer 401 with Server.Challenge.
	Challenged Verdict = iota
	// Accepted: the request is signed as it should be (or, in version 3, ends the
	// rounds with a right AUTHENTICATE).
	Accepted
	// Refused: the credentials are wrong; the error says how. A wrong password
	// and a wrong signature are answered 401 with Server.Challenge.
	Refused
)

// Server is the server's end of one security context, for one connection. It
// is not safe for concurrent use.
type Server struct {
	cfg       ServerConfig
	opaque    string
	scheme    string // of the context that stands or is being made; "" is NTLM
	challenge []byte // the CHALLENGE, or the TLS flight, last sent; nil before
	nonce     [8]byte
	dsk       *dskServerEnd
	// verifyMAC and signMAC are those of the two directions.
	verifyMAC, signMAC func(text []byte) []byte
	ready              bool
	user               string
	domain             string
	seen               uint64 // highest cnum so far
	num                int
}

// NewServer returns a context that has challenged nobody yet.
func NewServer(cfg ServerConfig) *Server { return &Server{cfg: cfg.complete()} }

func (c ServerConfig) complete() ServerConfig {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Version == 0 {
		c.Version = protocolVersion
	}
	return c
}

// Ready says whether the security context stands: requests must be signed, and
// all answers are.
func (s *Server) Ready() bool { return s.ready }

// Account is the user and domain that the client named, once Ready.
func (s *Server) Account() (user, domain string) { return s.user, s.domain }

// Challenge is the WWW-Authenticate value for a 401: a first challenge by NTLM, or,
// in a handshake, the next message of its scheme.
func (s *Server) Challenge() string { return s.Challenges()[0] }

// Challenges are all WWW-Authenticate values for a 401, a header each: one a scheme,
// in a handshake only that of its scheme.
func (s *Server) Challenges() []string {
	h := Header{Scheme: cmp.Or(s.scheme, NTLM), Realm: Realm, Target: s.cfg.Target, Opaque: s.opaque, GSSAPI: s.challenge, Version: s.cfg.Version}
	all := []string{h.Challenge()}
	if s.scheme == "" && s.challenge == nil && s.cfg.DSK != nil {
		h.Scheme, h.STS = TLSDSK, s.cfg.DSK.STS
		all = append(all, h.Challenge())
	}
	return all
}

// Authorize judges a request with these fields by its Authorization value, ""
// when it has none.
func (s *Server) Authorize(header string, f Fields) (Verdict, error) {
	if header == "" {
		s.reset()
		return Challenged, nil
	}
	h, err := ParseHeader(header)
	if err != nil {
		return Refused, err
	}
	dsk := s.cfg.DSK != nil && strings.EqualFold(h.Scheme, TLSDSK)
	switch {
	case !dsk && !strings.EqualFold(h.Scheme, NTLM), s.ready && !strings.EqualFold(h.Scheme, cmp.Or(s.scheme, NTLM)):
		s.reset()
		return Challenged, nil
	case dsk && len(h.GSSAPI) > 0:
		return s.continueDSK(h)
	case h.GSSAPI != nil && len(h.GSSAPI) == 0:
		return Challenged, s.begin()
	case h.GSSAPI != nil:
		return s.finish(h, f)
	case !s.ready || h.Opaque != s.opaque:
		s.reset()
		return Challenged, nil
	}
	return s.verify(h, f)
}

// reset forgets the context: the next round starts anew.
func (s *Server) reset() {
	s.Close()
	*s = Server{cfg: s.cfg}
}

// Close ends a handshake that is under way, with its goroutine.
func (s *Server) Close() {
	if s.dsk != nil {
		s.dsk.close()
	}
}

func (s *Server) newOpaque() (string, error) {
	var random [4]byte
	if _, err := io.ReadFull(s.cfg.Rand, random[:]); err != nil {
		return "", err
	}
	return strings.ToUpper(hex.EncodeToString(random[:])), nil
}

// begin makes the CHALLENGE.
func (s *Server) begin() error {
	s.reset()
	if _, err := io.ReadFull(s.cfg.Rand, s.nonce[:]); err != nil {
		return err
	}
	opaque, err := s.newOpaque()
	s.opaque, s.challenge = opaque, s.cfg.challenge(flagsOffered, s.nonce)
	return err
}

// challenge is the CHALLENGE with a nonce.
func (c ServerConfig) challenge(flags uint32, nonce [8]byte) []byte {
	computer, _, _ := strings.Cut(c.Target, ".")
	var b []byte
	b = appendAV(b, avDomain, utf16le(c.Domain))
	b = appendAV(b, avComputer, utf16le(strings.ToUpper(computer)))
	b = appendAV(b, avDNSDomain, utf16le(c.DNSDomain))
	b = appendAV(b, avDNSComputer, utf16le(c.Target))
	b = appendAV(b, avTimestamp, binary.LittleEndian.AppendUint64(nil, filetime(c.Now())))
	b = appendAV(b, avEnd, nil)
	return challenge{flags: flags, nonce: nonce, targetName: c.Domain, targetInfo: b, version: version()}.append(nil)
}

// finish judges the AUTHENTICATE and, in version 4, the signature beside it.
func (s *Server) finish(h Header, f Fields) (Verdict, error) {
	if s.challenge == nil || h.Opaque != s.opaque {
		s.reset()
		return Challenged, nil
	}
	sent := s.challenge
	exported, a, err := s.check(h.GSSAPI, sent)
	if err != nil {
		s.reset()
		return Refused, err
	}
	s.challenge = nil
	s.user, s.domain = a.user, a.domain
	in, out := keysOf(exported, a.flags, toServer), keysOf(exported, a.flags, toClient)
	s.verifyMAC = func(text []byte) []byte { return in.mac(a.flags, sequence, text) }
	s.signMAC = func(text []byte) []byte { return out.mac(a.flags, sequence, text) }
	s.ready, s.seen, s.num = true, 0, 0
	if s.cfg.Version < protocolVersion && h.Signature == "" {
		return Accepted, nil
	}
	return s.verify(h, f)
}

// check is the server's part of [MS-NLMP] 3.3.2: it gives the exported session
// key when the response proves the password.
func (s *Server) check(message, sent []byte) (exported []byte, a authenticate, err error) {
	if a, err = parseAuthenticate(message); err != nil {
		return nil, a, err
	}
	if missing := flagsNeeded &^ a.flags; missing != 0 {
		return nil, a, fmt.Errorf("NTLM AUTHENTICATE: flags %#08x lack %#08x of connectionless NTLMv2", a.flags, missing)
	}
	if len(a.sessionKey) != 16 {
		return nil, a, fmt.Errorf("NTLM AUTHENTICATE: got a key of %d bytes, want 16", len(a.sessionKey))
	}
	base, err := s.cfg.prove(a, s.nonce)
	if err != nil {
		return nil, a, err
	}
	exported = rc4Once(base, a.sessionKey)
	if a.hasMIC() {
		if got, want := mic(exported, nil, sent, message); !hmac.Equal(got, want) {
			return nil, a, fmt.Errorf("NTLM AUTHENTICATE: integrity code: %w", ErrSignature)
		}
	}
	return exported, a, nil
}

// The parts of an NT response: the proof, then a blob with the time 8 bytes into it
// and AV pairs behind 28.
const (
	proofLength = 16
	blobTime    = proofLength + 8
	blobPairs   = proofLength + 28
)

// prove gives the session base key when the NTLMv2 response proves the password.
func (c ServerConfig) prove(a authenticate, nonce [8]byte) (base []byte, err error) {
	if len(a.nt) < blobPairs {
		return nil, fmt.Errorf("NTLM AUTHENTICATE: got an NT response of %d bytes, want an NTLMv2 response of at least %d", len(a.nt), blobPairs)
	}
	password, known := c.Password(a.user, a.domain)
	want, base := proof(ntowfv2(password, a.user, a.domain), nonce[:], a.nt[proofLength:])
	if !known || !hmac.Equal(want, a.nt[:proofLength]) {
		return nil, ErrPassword
	}
	if skew := c.Now().Sub(fromFiletime(binary.LittleEndian.Uint64(a.nt[blobTime:]))).Abs(); skew > maxSkew {
		return nil, fmt.Errorf("NTLM AUTHENTICATE: its time is %v off, want within %v", skew, maxSkew)
	}
	return base, nil
}

// hasMIC says whether the message carries an integrity code.
func (a authenticate) hasMIC() bool {
	v, ok := findAV(a.nt[blobPairs:], avFlags)
	return ok && len(v) == 4 && v[0]&flagMIC != 0
}

// verify judges a signature. Numbers must rise: a repeated one is a replay.
func (s *Server) verify(h Header, f Fields) (Verdict, error) {
	if h.Signature == "" {
		return Refused, ErrUnsigned
	}
	got, err := hex.DecodeString(h.Signature)
	if err != nil {
		return Refused, fmt.Errorf("response: got %q, want hexadecimal digits", h.Signature)
	}
	num, err := strconv.ParseUint(h.Num, 10, 32)
	if err != nil || num <= s.seen {
		return Refused, fmt.Errorf("cnum: got %q, want a number above %d", h.Num, s.seen)
	}
	if !hmac.Equal(got, s.verifyMAC(s.text(f, h))) {
		return Refused, ErrSignature
	}
	s.seen = num
	return Accepted, nil
}

// Sign is the Authentication-Info value for a response, or a request from the
// server, with these fields; "" before the context is ready.
func (s *Server) Sign(f Fields) string {
	if !s.ready {
		return ""
	}
	var random [4]byte
	if _, err := io.ReadFull(s.cfg.Rand, random[:]); err != nil {
		return ""
	}
	s.num++
	h := Header{Scheme: cmp.Or(s.scheme, NTLM), Realm: Realm, Target: s.cfg.Target, Opaque: s.opaque, Version: s.cfg.Version,
		Rand: strings.ToUpper(hex.EncodeToString(random[:])), Num: strconv.Itoa(s.num)}
	h.Signature = strings.ToUpper(hex.EncodeToString(s.signMAC(s.text(f, h))))
	return h.Info()
}

func (s *Server) text(f Fields, h Header) []byte {
	f.Scheme, f.Rand, f.Num, f.Realm, f.Target = cmp.Or(s.scheme, NTLM), h.Rand, h.Num, Realm, s.cfg.Target
	return []byte(f.Text(s.cfg.Version))
}
