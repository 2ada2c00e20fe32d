package sipauth

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// Header is the value of one authentication header: WWW-Authenticate,
// Authorization, Authentication-Info or their Proxy- twins, [MS-SIPAE] 2.2.
type Header struct {
	Scheme  string // "NTLM", "Kerberos", "TLS-DSK"
	Realm   string
	Target  string // targetname
	Opaque  string // names the security context at the server
	Version int    // 0 when absent
	STS     string // sts-uri of TLS-DSK
	// GSSAPI is the decoded gssapi-data: nil when absent, empty when the client
	// asks for a CHALLENGE.
	GSSAPI []byte
	// Rand, Num and Signature are crand, cnum and response in a request and
	// srand, snum and rspauth in a response.
	Rand, Num, Signature string
}

// ParseHeader reads a header value. Parameters that it does not know are passed
// over.
func ParseHeader(value string) (Header, error) {
	scheme, rest, _ := strings.Cut(strings.TrimSpace(value), " ")
	if scheme == "" {
		return Header{}, fmt.Errorf("authentication header: got no scheme in %q, want NTLM, Kerberos or TLS-DSK", value)
	}
	h := Header{Scheme: scheme}
	for rest = strings.TrimLeft(rest, " ,\t"); rest != ""; rest = strings.TrimLeft(rest, " ,\t") {
		name, v, after, err := parameter(rest)
		if err != nil {
			return Header{}, err
		}
		if err := h.set(strings.ToLower(name), v); err != nil {
			return Header{}, err
		}
		rest = after
	}
	return h, nil
}

// parameter reads one name=value or name="value" and gives what follows.
func parameter(s string) (name, value, rest string, err error) {
	name, rest, ok := strings.Cut(s, "=")
	if !ok {
		return "", "", "", fmt.Errorf("authentication header: got %q, want name=value", s)
	}
	name = strings.TrimSpace(name)
	if quoted, isQuoted := strings.CutPrefix(rest, `"`); isQuoted {
		value, rest, ok = strings.Cut(quoted, `"`)
		if !ok {
			return "", "", "", fmt.Errorf("authentication header: value of %s: got no closing quote", name)
		}
		return name, value, rest, nil
	}
	value, rest, _ = strings.Cut(rest, ",")
	return name, strings.TrimSpace(value), rest, nil
}

func (h *Header) set(name, value string) (err error) {
	switch name {
	case "realm":
		h.Realm = value
	case "targetname":
		h.Target = value
	case "opaque":
		h.Opaque = value
	case "sts-uri":
		h.STS = value
	case "version":
		if h.Version, err = strconv.Atoi(value); err != nil {
			return fmt.Errorf("authentication header: version: got %q, want a number", value)
		}
	case "gssapi-data":
		if h.GSSAPI, err = base64.StdEncoding.DecodeString(value); err != nil {
			return fmt.Errorf("authentication header: gssapi-data: got %q, want base64", value)
		}
		if h.GSSAPI == nil {
			h.GSSAPI = []byte{}
		}
	case "crand", "srand":
		h.Rand = value
	case "cnum", "snum":
		h.Num = value
	case "response", "rspauth":
		h.Signature = value
	}
	return nil
}

// Challenge is the header as a server writes it into WWW-Authenticate.
func (h Header) Challenge() string {
	p := h.common()
	if h.STS != "" {
		p.quoted("sts-uri", h.STS)
	}
	return h.Scheme + " " + p.String()
}

// Authorization is the header as a client writes it.
func (h Header) Authorization() string {
	p := params{`qop="auth"`}
	p = append(p, h.common()...)
	if h.Signature != "" {
		p.quoted("crand", h.Rand)
		p.quoted("cnum", h.Num)
		p.quoted("response", h.Signature)
	}
	return h.Scheme + " " + p.String()
}

// Info is the header as a server writes it into Authentication-Info.
func (h Header) Info() string {
	p := params{`qop="auth"`}
	p.quoted("opaque", h.Opaque)
	p.quoted("srand", h.Rand)
	p.quoted("snum", h.Num)
	p.quoted("rspauth", h.Signature)
	p.quoted("targetname", h.Target)
	p.quoted("realm", h.Realm)
	p = append(p, "version="+strconv.Itoa(h.Version))
	return h.Scheme + " " + p.String()
}

// common are the parameters that challenge and credentials share.
func (h Header) common() params {
	var p params
	if h.Opaque != "" {
		p.quoted("opaque", h.Opaque)
	}
	p.quoted("realm", h.Realm)
	p.quoted("targetname", h.Target)
	if h.GSSAPI != nil {
		p.quoted("gssapi-data", base64.StdEncoding.EncodeToString(h.GSSAPI))
	}
	if h.Version != 0 {
		p = append(p, "version="+strconv.Itoa(h.Version))
	}
	return p
}

// params are header parameters on their way out.
type params []string

func (p *params) quoted(name, value string) { *p = append(*p, name+`="`+value+`"`) }

func (p params) String() string { return strings.Join(p, ", ") }
