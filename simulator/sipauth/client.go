package sipauth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// NTLM is the scheme's name in headers.
const NTLM = "NTLM"

// protocolVersion is the newest [MS-SIPAE] version spoken here.
const protocolVersion = 4

// ErrSignature says that a message's signature is not the one its text has.
var ErrSignature = errors.New("signature is wrong")

// ErrUnsigned says that a message lacks a signature it must have.
var ErrUnsigned = errors.New("message is not signed")

// ClientConfig is what a client signs in with.
type ClientConfig struct {
	User        string // "alice@contoso.test", or "alice" with a Domain
	Domain      string // NetBIOS domain, may be empty
	Password    string
	Workstation string // may be empty
	// Certificate answers challenges by TLS-DSK; nil means that those are not.
	Certificate *tls.Certificate
	Now         func() time.Time // nil is time.Now
	Rand        io.Reader        // nil is crypto/rand
}

// Client is the client's end of one security context: one registration at one
// server. It is not safe for concurrent use.
type Client struct {
	cfg        ClientConfig
	realm      string
	target     string
	opaque     string
	version    int
	challenged bool
	scheme     string // of the last challenge
	auth       []byte // the AUTHENTICATE, or the TLS flight, to send with the next request
	flags      uint32
	dsk        *dskClientEnd
	// signMAC and verifyMAC are those of the two directions.
	signMAC, verifyMAC func(text []byte) []byte
	ready              bool
	num                int
}

// NewClient returns a context that waits for the server's first challenge.
func NewClient(cfg ClientConfig) *Client {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	return &Client{cfg: cfg}
}

// Ready says whether the security context stands: requests are signed and
// responses must be.
func (c *Client) Ready() bool { return c.ready }

// Challenge takes a WWW-Authenticate value from a 401 (407), of scheme NTLM or, with
// a certificate, TLS-DSK. The next request's Authorize answers it.
func (c *Client) Challenge(header string) error {
	h, err := ParseHeader(header)
	if err != nil {
		return err
	}
	dsk := strings.EqualFold(h.Scheme, TLSDSK) && c.cfg.Certificate != nil
	if !dsk && !strings.EqualFold(h.Scheme, NTLM) {
		return fmt.Errorf("challenge: got scheme %q, want %s", h.Scheme, NTLM)
	}
	c.realm, c.target, c.opaque, c.version = h.Realm, h.Target, h.Opaque, h.Version
	if c.version > protocolVersion {
		c.version = protocolVersion
	}
	c.challenged, c.ready, c.auth, c.scheme = true, false, nil, NTLM
	switch {
	case dsk:
		c.scheme = TLSDSK
		return c.shake(h.GSSAPI)
	case len(h.GSSAPI) == 0:
		return nil
	}
	return c.answer(h.GSSAPI)
}

// Close ends a handshake that is under way, with its goroutine.
func (c *Client) Close() {
	if c.dsk != nil {
		c.dsk.close()
	}
}

// answer makes the AUTHENTICATE message and the session keys.
func (c *Client) answer(gssapi []byte) error {
	ch, err := parseChallenge(gssapi)
	if err != nil {
		return err
	}
	if missing := flagsNeeded &^ ch.flags; missing != 0 {
		return fmt.Errorf("NTLM CHALLENGE: flags %#08x lack %#08x of connectionless NTLMv2", ch.flags, missing)
	}
	c.flags = ch.flags & flagsOffered
	if c.flags&flag128 != 0 {
		c.flags &^= flag56
	}
	c.flags |= flagRequestTarget
	var exported []byte
	if c.auth, exported, err = c.respond(ch, c.flags); err != nil {
		return err
	}
	out, in := keysOf(exported, c.flags, toServer), keysOf(exported, c.flags, toClient)
	c.signMAC = func(text []byte) []byte { return out.mac(c.flags, sequence, text) }
	c.verifyMAC = func(text []byte) []byte { return in.mac(c.flags, sequence, text) }
	c.ready, c.num = true, 0
	return nil
}

// respond is the AUTHENTICATE that answers a CHALLENGE, with the session key that it
// carries.
func (c *Client) respond(ch challenge, flags uint32) (auth, exported []byte, err error) {
	var random [8 + 16]byte
	if _, err := io.ReadFull(c.cfg.Rand, random[:]); err != nil {
		return nil, nil, err
	}
	nonce, exported := random[:8], random[8:]
	key := ntowfv2(c.cfg.Password, c.cfg.User, c.cfg.Domain)
	b := blob(c.time(ch.targetInfo), nonce, ch.targetInfo)
	nt, base := proof(key, ch.nonce[:], b)
	return authenticate{
		lm: lmv2(key, ch.nonce[:], nonce), nt: append(nt, b...),
		domain: c.cfg.Domain, user: c.cfg.User, workstation: c.cfg.Workstation,
		sessionKey: rc4Once(base, exported), flags: flags, version: version(),
	}.append(nil), exported, nil
}

// time is the server's own time where the challenge has it, else the client's.
func (c *Client) time(targetInfo []byte) uint64 {
	if v, ok := findAV(targetInfo, avTimestamp); ok && len(v) == 8 {
		return binary.LittleEndian.Uint64(v)
	}
	return filetime(c.cfg.Now())
}

// Authorize is the Authorization value for a request with these fields: it asks
// for a CHALLENGE, answers one, or signs. It is "" before any challenge came.
func (c *Client) Authorize(f Fields) (string, error) {
	if !c.challenged {
		return "", nil
	}
	h := Header{Scheme: c.scheme, Realm: c.realm, Target: c.target, Opaque: c.opaque}
	switch {
	case !c.ready:
		h.GSSAPI, h.Version = append([]byte{}, c.auth...), c.version // NTLM: nothing yet
		return h.Authorization(), nil
	case c.auth != nil:
		h.GSSAPI, h.Version = c.auth, c.version
		c.auth = nil
		if c.version < protocolVersion {
			return h.Authorization(), nil
		}
	}
	var random [4]byte
	if _, err := io.ReadFull(c.cfg.Rand, random[:]); err != nil {
		return "", err
	}
	c.num++
	h.Rand, h.Num = hex.EncodeToString(random[:]), strconv.Itoa(c.num)
	h.Signature = hex.EncodeToString(c.signMAC(c.text(f, h)))
	return h.Authorization(), nil
}

// Verify checks the Authentication-Info value of a response (or of a request
// from the server) with these fields. It gives ErrUnsigned for an empty value
// and ErrSignature for a wrong one.
func (c *Client) Verify(header string, f Fields) error {
	if header == "" {
		return ErrUnsigned
	}
	h, err := ParseHeader(header)
	if err != nil {
		return err
	}
	got, err := hex.DecodeString(h.Signature)
	if err != nil {
		return fmt.Errorf("rspauth: got %q, want hexadecimal digits", h.Signature)
	}
	if !c.ready || !hmac.Equal(got, c.verifyMAC(c.text(f, h))) {
		return ErrSignature
	}
	return nil
}

func (c *Client) text(f Fields, h Header) []byte {
	f.Scheme, f.Rand, f.Num, f.Realm, f.Target = c.scheme, h.Rand, h.Num, c.realm, c.target
	return []byte(f.Text(c.version))
}
